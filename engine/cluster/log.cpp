#include "engine/cluster/log.hpp"

#include <cassert>
#include <utility>

namespace souk::engine::cluster {
namespace {

/// Epochs change when members do; what is older than this many changes is looked up on disk.
constexpr std::size_t kRunsMax = 64;

}  // namespace

Epoch Log::epoch_at(Position position) const {
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    if (run->position <= position) return run->epoch;
  }
  return 0;
}

void Log::append(Record record) {
  assert(record.position == last() + 1);
  if (runs_.empty() || runs_.back().epoch != record.epoch) {
    if (runs_.size() == kRunsMax) runs_.erase(runs_.begin());
    runs_.push_back(record.mark());
  }
  bytes_ += record.size();
  records_.push_back(std::move(record));
}

void Log::cut(Position position) {
  assert(position >= memory_);
  while (last() > position) {
    bytes_ -= records_.back().size();
    records_.pop_back();
  }
  while (!runs_.empty() && runs_.back().position > position) runs_.pop_back();
}

void Log::shrink(Position upto, std::size_t bytes) {
  while (!records_.empty() && memory_ < upto && bytes_ > bytes) {
    bytes_ -= records_.front().size();
    records_.pop_front();
    ++memory_;
  }
}

void Log::reset(Mark base) {
  records_.clear();
  bytes_ = 0;
  runs_.assign(base.position > 0 ? 1 : 0, base);
  memory_ = base.position;
}

}  // namespace souk::engine::cluster
