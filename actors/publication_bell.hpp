#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "engine/types/shard.hpp"

namespace souk::actors {

/// Rings when a newer state of a shard can be searched on this node. Thread-safe.
class PublicationBell {
public:
  using Heard = std::function<void(engine::ShardPosition)>;

  /// `heard` is called on the thread that publishes, right after it did: it must not block, and
  /// not ring. One who hears; a later call takes the place of an earlier.
  void on_ring(Heard heard) {
    auto kept = std::make_shared<const Heard>(std::move(heard));
    const std::lock_guard lock{mutex_};
    heard_ = std::move(kept);
    is_heard_.store(true, std::memory_order_release);
  }
  void ring(engine::ShardPosition position) const {
    if (!is_heard_.load(std::memory_order_acquire)) return;
    std::shared_ptr<const Heard> heard;
    {
      const std::lock_guard lock{mutex_};
      heard = heard_;
    }
    if (*heard) (*heard)(position);
  }

private:
  std::atomic<bool> is_heard_{false};
  mutable std::mutex mutex_;
  std::shared_ptr<const Heard> heard_;
};
using PublicationBellPtr = std::shared_ptr<PublicationBell>;

}  // namespace souk::actors
