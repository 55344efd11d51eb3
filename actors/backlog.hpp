#pragma once

#include <cstdint>
#include <deque>

#include "engine/types/shard.hpp"

namespace souk::actors {

/// How many journal bytes lie behind which position: when to materialise, and what to keep of the
/// journal.
class Backlog {
public:
  explicit Backlog(engine::Position recovered) : last_{recovered} {}

  void add(engine::Position position, std::size_t bytes) {
    last_ = position;
    unmaterialised_ += bytes;
    kept_ += bytes;
    records_.push_back({position, bytes, false});
  }
  void materialised(engine::Position upto) {
    for (Entry& entry : records_) {
      if (entry.position > upto) break;
      if (!entry.materialised) unmaterialised_ -= entry.bytes;
      entry.materialised = true;
    }
  }
  /// The position above which the newest `bytes` of the journal lie; forgets what is below.
  engine::Position keep_after(std::uint64_t bytes) {
    while (!records_.empty() && kept_ - records_.front().bytes >= bytes &&
           records_.front().materialised) {
      kept_ -= records_.front().bytes;
      forgotten_ = records_.front().position;
      records_.pop_front();
    }
    return forgotten_;
  }
  /// Bytes not yet materialised.
  std::uint64_t bytes() const { return unmaterialised_; }
  engine::Position last() const { return last_; }

private:
  struct Entry {
    engine::Position position = 0;
    std::uint64_t bytes = 0;
    bool materialised = false;
  };
  std::deque<Entry> records_;
  std::uint64_t unmaterialised_ = 0;
  std::uint64_t kept_ = 0;
  engine::Position last_ = 0;
  engine::Position forgotten_ = 0;
};

}  // namespace souk::actors
