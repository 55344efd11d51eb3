#pragma once

#include <cassert>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "engine/types/shard.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::actors {

/// A shard's records between decision and commit, and the answers that wait for them. Several
/// records may be in flight; positions are contiguous. `Pending` is whatever the owner needs to
/// answer one command.
template <class Record, class Pending>
class RecordPipeline {
public:
  RecordPipeline(engine::Position recovered, engine::Epoch epoch, std::size_t in_flight_max)
      : decided_{recovered}, committed_{recovered}, epoch_{epoch}, in_flight_max_{in_flight_max} {}

  /// The last position that was decided, and the last that is committed.
  engine::Position decided() const { return decided_; }
  engine::Epoch epoch() const { return epoch_; }
  engine::Position committed() const { return committed_; }
  bool full() const { return in_flight_.size() >= in_flight_max_; }
  bool idle() const { return in_flight_.empty() && answers_.empty(); }

  /// An empty record for the next position. It takes the position only when it is pushed.
  Record next(engine::Timestamp now) const {
    Record record;
    record.epoch = epoch_;
    record.position = decided_ + 1;
    record.time = now;
    return record;
  }
  void push(Record record) {
    assert(record.position == decided_ + 1);
    decided_ = record.position;
    in_flight_.push_back(std::move(record));
  }

  /// Keeps an answer until its position is committed. Pre: committed() < position <= decided().
  void hold(engine::Position position, Pending pending) {
    assert(position > committed_);
    // Answers come nearly in order of position: a refusal may name an earlier record than its
    // neighbours.
    auto place = answers_.end();
    while (place != answers_.begin() && std::prev(place)->first > position) --place;
    answers_.emplace(place, position, std::move(pending));
  }

  /// The records that became committed with `upto`, in order; they are to be applied.
  std::vector<Record> commit(engine::Position upto) {
    assert(upto <= decided_);
    std::vector<Record> records;
    while (!in_flight_.empty() && in_flight_.front().position <= upto) {
      records.push_back(std::move(in_flight_.front()));
      in_flight_.pop_front();
    }
    if (upto > committed_) committed_ = upto;
    return records;
  }
  /// The answers that may go out now.
  template <class Answer>
  void release(Answer answer) {
    while (!answers_.empty() && answers_.front().first <= committed_) {
      auto due = std::move(answers_.front());
      answers_.pop_front();
      answer(due.first, std::move(due.second));
    }
  }
  /// Begins anew behind `last`, under a new leadership. Pre: idle().
  void restart(engine::Position last, engine::Epoch epoch) {
    assert(idle());
    decided_ = committed_ = last;
    epoch_ = epoch;
  }
  /// Nothing in flight is ours any more: it may be committed or not, by whoever leads now.
  template <class Answer>
  void abandon(Answer answer) {
    in_flight_.clear();
    while (!answers_.empty()) {
      auto due = std::move(answers_.front());
      answers_.pop_front();
      answer(due.first, std::move(due.second));
    }
  }

private:
  std::deque<Record> in_flight_;
  std::deque<std::pair<engine::Position, Pending>> answers_;
  engine::Position decided_;
  engine::Position committed_;
  engine::Epoch epoch_;
  std::size_t in_flight_max_;
};

}  // namespace souk::actors
