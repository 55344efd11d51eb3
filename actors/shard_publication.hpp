#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "actors/publication_bell.hpp"
#include "engine/cluster/update.hpp"
#include "engine/index/catalog_snapshot.hpp"
#include "engine/state/slot_ownership.hpp"
#include "engine/types/shard.hpp"

namespace souk::actors {

/// What a shard's owner shows to other threads: its place in the journal, its search snapshot, how
/// long its queue is. Written by the shard and the journal writer, read by anyone without asking
/// the actor.
class ShardPublication {
public:
  /// `rung`: rings after each publish.
  ShardPublication(engine::ShardId id, std::uint32_t queue_limit, PublicationBellPtr rung = nullptr)
      : shard{id}, queue_max{queue_limit}, bell_{std::move(rung)} {}

  const engine::ShardId shard;
  const std::uint32_t queue_max;

  std::atomic<engine::Position> stored{0};
  std::atomic<engine::Position> committed{0};
  std::atomic<engine::Position> applied{0};
  std::atomic<engine::Position> materialised{0};
  std::atomic<std::uint64_t> state_hash{0};
  std::atomic<std::uint64_t> products{0};
  std::atomic<std::uint64_t> skus{0};
  std::atomic<std::uint64_t> holds{0};
  std::atomic<std::uint64_t> orders{0};
  std::atomic<std::uint64_t> segments{0};
  std::atomic<std::uint64_t> index_bytes{0};
  // Written by the shard's replica of the journal (shard_replica.hpp).
  std::atomic<engine::cluster::Role> role{engine::cluster::Role::outside};
  std::atomic<engine::Epoch> epoch{0};
  /// This node leads the shard and takes commands.
  std::atomic<bool> open{false};
  /// The node that leads, as far as known; 0: nobody.
  std::atomic<std::uint64_t> leader{0};
  /// A linearizable read notes `leadership`, computes, and is true if `leadership` is still the
  /// same and steady_clock is before `lease_until` (since its epoch; max: nobody else can lead).
  std::atomic<std::uint64_t> leadership{0};
  std::atomic<std::chrono::steady_clock::rep> lease_until{0};
  /// Records after this one are wanted by other copies of the shard: not to be trimmed.
  std::atomic<engine::Position> needed_after{std::numeric_limits<engine::Position>::max()};
  /// True while bulk commands are refused: too much waits to be materialised or merged.
  std::atomic<bool> bulk_blocked{false};

  /// A place in the shard's queue. Every sender of a write takes one first and refuses with
  /// `overloaded` when it gets none; the shard gives it back when it answers. So the mailbox is
  /// bounded, and a refusal costs one atomic.
  bool enter() {
    if (queued_.fetch_add(1, std::memory_order_relaxed) < queue_max) return true;
    queued_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  void leave() { queued_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint32_t queued() const { return queued_.load(std::memory_order_relaxed); }

  /// The newest search snapshot; null until the first publish (and for orders shards).
  engine::SnapshotPtr snapshot() const {
    const std::lock_guard lock{mutex_};
    return snapshot_;
  }
  void publish(engine::SnapshotPtr snapshot) {
    const engine::Position position = snapshot ? engine::snapshot_position(*snapshot) : 0;
    {
      const std::lock_guard lock{mutex_};
      snapshot_.swap(snapshot);
    }
    ring(position);
  }
  /// The state from which what was split off is gone, and who has it, at one instant.
  void publish_forked(engine::SnapshotPtr snapshot, std::optional<engine::SlotRange> left,
                      const std::vector<std::shared_ptr<ShardPublication>>& children) {
    const engine::Position position = snapshot ? engine::snapshot_position(*snapshot) : 0;
    {
      const std::lock_guard lock{mutex_};
      snapshot_.swap(snapshot);
      slots_ = left;
      children_.insert(children_.end(), children.begin(), children.end());
    }
    ring(position);
  }
  /// Which slots the shown state has; nothing: not told.
  void set_slots(std::optional<engine::SlotRange> slots) {
    const std::lock_guard lock{mutex_};
    slots_ = slots;
  }
  std::optional<engine::SlotRange> slots() const {
    const std::lock_guard lock{mutex_};
    return slots_;
  }
  /// All of one instant.
  struct View {
    engine::SnapshotPtr snapshot;
    std::optional<engine::SlotRange> slots;
    std::vector<std::shared_ptr<ShardPublication>> children;  // split off while this node looked on
  };
  View view() const {
    const std::lock_guard lock{mutex_};
    return {snapshot_, slots_, children_};
  }

private:
  void ring(engine::Position position) const {
    if (bell_ && position != 0) bell_->ring({shard, position});
  }

  const PublicationBellPtr bell_;
  std::atomic<std::uint32_t> queued_{0};
  // libstdc++ 12's atomic<shared_ptr> spins on a bit that ThreadSanitizer cannot see; a mutex held
  // for one pointer copy costs the same and is visible to it.
  mutable std::mutex mutex_;
  engine::SnapshotPtr snapshot_;
  std::optional<engine::SlotRange> slots_;
  std::vector<std::shared_ptr<ShardPublication>> children_;
};
using PublicationPtr = std::shared_ptr<ShardPublication>;

}  // namespace souk::actors
