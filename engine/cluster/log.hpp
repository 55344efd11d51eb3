#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "engine/cluster/record.hpp"

namespace souk::engine::cluster {

/// What a replica keeps of its journal in memory: every record after `committed`, a bounded window
/// before it for resending, and the epochs of older positions as far as they are known.
class Log {
public:
  explicit Log(Mark base) : memory_{base.position} {
    if (base.position > 0) runs_.push_back(base);
  }

  Position last() const { return memory_ + records_.size(); }
  Mark last_mark() const { return {last(), epoch_at(last())}; }
  /// Records after this position are in memory.
  Position memory() const { return memory_; }
  /// 0: unknown, or the position before the first record. O(changes of epoch remembered).
  Epoch epoch_at(Position position) const;
  /// Pre: memory() < position ≤ last().
  const Record& at(Position position) const {
    return records_[static_cast<std::size_t>(position - memory_ - 1)];
  }

  /// Pre: record.position = last() + 1.
  void append(Record record);
  /// Drops everything after `position`. Pre: position ≥ memory().
  void cut(Position position);
  /// Forgets payloads from the front until at most `bytes` are kept of those up to `upto`.
  void shrink(Position upto, std::size_t bytes);
  /// Starts anew behind a checkpoint.
  void reset(Mark base);
  /// Of all records in memory.
  std::size_t bytes() const { return bytes_; }

private:
  Position memory_ = 0;
  std::deque<Record> records_;
  std::size_t bytes_ = 0;
  std::vector<Mark> runs_;  // {first known position, epoch}, ascending
};

/// Whether a checkpoint may take the place of a log that knows `committed` and whose record at the
/// checkpoint's position is of epoch `there` (0: it has none). A log that has the checkpoint's last
/// record has all before it; what it holds behind that may have been acknowledged by a member since
/// the checkpoint was asked for, and stays.
inline bool takes_place(Mark checkpoint, Position committed, Epoch there) {
  return checkpoint.position > committed && there != checkpoint.epoch;
}

}  // namespace souk::engine::cluster
