#include "actors/materialiser.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <unordered_map>
#include <utility>

#include "actors/failpoint.hpp"
#include "storage/catalog_store.hpp"
#include "storage/order_store.hpp"

namespace souk::actors {
namespace {

class Stopwatch {
public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

std::uint64_t rough_bytes(const engine::CatalogChanges& changes) {
  std::uint64_t bytes = 0;
  for (const auto& product : changes.products) bytes += 256 + product.document->size();
  const std::size_t small = changes.product_skus.size() + changes.skus.size() +
                            changes.claims.size() + changes.holds.size() +
                            changes.reservations.size() + changes.answers.size() +
                            changes.ledger.size();
  return bytes + 128 * small;
}

class MaterialiserActor final : public Materialiser::base {
public:
  MaterialiserActor(caf::actor_config& config, MaterialiserParts parts)
      : Materialiser::base{config}, parts_{std::move(parts)} {}

  const char* name() const override { return "materialiser"; }

private:
  behavior_type make_behavior() override {
    return {
        [this](const SaveCatalog& request) { return on_save_catalog(request); },
        [this](const SaveOrders& request) { return on_save_orders(request); },
        [this](const SaveCatalogFork& request) {
          const Stopwatch watch;
          storage::CatalogStore store{*parts_.database, request.parent};
          const auto saved = store.save_fork(request.child, *request.changes);
          failpoint("split.saved", request.parent);
          return saved ? Saved{{}, watch.seconds()} : failed(saved.error(), watch);
        },
        [this](const SaveOrdersFork& request) {
          const Stopwatch watch;
          storage::OrderStore store{*parts_.database, request.parent};
          const auto saved = store.save_fork(request.child, *request.changes);
          failpoint("split.saved", request.parent);
          return saved ? Saved{{}, watch.seconds()} : failed(saved.error(), watch);
        },
        [this](const FlushTables&) { return on_flush(); },
    };
  }

  Saved on_save_catalog(const SaveCatalog& request) {
    const Stopwatch watch;
    if (!parts_.segments.empty()) save_segments(request);
    storage::CatalogStore store{*parts_.database, request.shard};
    const auto saved = store.save(*request.changes);
    if (!saved) return failed(saved.error(), watch);
    note(request.shard, request.changes->position, request.keep_after,
         rough_bytes(*request.changes));
    return {{}, watch.seconds()};
  }

  Saved on_save_orders(const SaveOrders& request) {
    const Stopwatch watch;
    storage::OrderStore store{*parts_.database, request.shard};
    const auto saved = store.save(*request.changes);
    if (!saved) return failed(saved.error(), watch);
    note(request.shard, request.changes->position, request.keep_after,
         1024 * request.changes->entries.size());
    return {{}, watch.seconds()};
  }

  /// A segment that cannot be kept costs time at the next start and nothing else, so errors are not
  /// answered.
  void save_segments(const SaveCatalog& request) {
    storage::SegmentStore store{parts_.segments, request.shard};
    for (const auto& segment : request.segments) {
      if (!store.save(segment.name, segment.bytes.view())) return;
    }
    (void)store.keep_only(request.segment_names).has_value();
  }

  void note(engine::ShardId shard, engine::Position saved, engine::Position keep_after,
            std::uint64_t bytes) {
    saved_[shard] = {saved, std::min(saved, keep_after)};
    unflushed_bytes_ += bytes;
    if (unflushed_bytes_ >= parts_.flush_bytes) (void)flush_and_trim().has_value();
  }

  Saved on_flush() {
    const Stopwatch watch;
    const auto flushed = flush_and_trim();
    if (!flushed) return failed(flushed.error(), watch);
    return {{}, watch.seconds()};
  }

  engine::Result<void> flush_and_trim() {
    const auto flushed = parts_.database->flush();
    if (!flushed) {
      parts_.health->fail("the state cannot be flushed: " + flushed.error().detail);
      return flushed;
    }
    unflushed_bytes_ = 0;
    for (auto& [shard, at] : saved_) {
      if (at.trim_upto == 0) continue;
      const auto trimmed = parts_.journal->trim(shard, at.trim_upto);
      if (!trimmed) return trimmed;
      at.trim_upto = 0;
    }
    return {};
  }

  /// State that cannot be written leaves the journal growing for ever: better to stop and be looked
  /// at.
  Saved failed(const engine::Error& error, const Stopwatch& watch) {
    parts_.health->fail("the state cannot be saved: " + error.detail);
    return {error, watch.seconds()};
  }

  struct SavedAt {
    engine::Position position = 0;
    engine::Position trim_upto = 0;
  };
  MaterialiserParts parts_;
  std::unordered_map<engine::ShardId, SavedAt> saved_;
  std::uint64_t unflushed_bytes_ = 0;
};

class MergerActor final : public Merger::base {
public:
  explicit MergerActor(caf::actor_config& config) : Merger::base{config} {}

  const char* name() const override { return "merger"; }

private:
  behavior_type make_behavior() override {
    return {[](const RunMerge& request) {
      const Stopwatch watch;
      auto merged = engine::run_merge(*request.merge);
      return MergeDone{std::move(merged), watch.seconds()};
    }};
  }
};

}  // namespace

Materialiser spawn_materialiser(caf::actor_system& system, MaterialiserParts parts,
                                Placement placement) {
  if (placement == Placement::detached) {
    return system.spawn<MaterialiserActor, caf::detached>(std::move(parts));
  }
  return system.spawn<MaterialiserActor>(std::move(parts));
}

Merger spawn_merger(caf::actor_system& system, Placement placement) {
  if (placement == Placement::detached) return system.spawn<MergerActor, caf::detached>();
  return system.spawn<MergerActor>();
}

}  // namespace souk::actors
