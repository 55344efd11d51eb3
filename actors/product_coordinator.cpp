#include "actors/product_coordinator.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "actors/ask.hpp"
#include "actors/product_work.hpp"

namespace souk::actors {

namespace {

/// The coordinator's own stroke while imports wait for a shard to keep up.
struct ProductTick {};

}  // namespace

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ProductTick)

namespace souk::actors {

namespace {

using engine::Errc;
using engine::Error;
using engine::ProductId;
using engine::Sku;
using WorkPtr = std::shared_ptr<ProductWork>;
using Claims = std::vector<engine::ClaimSkus::Claim>;

constexpr std::chrono::milliseconds kTick{10};
constexpr std::size_t kPendingMax = 1'024;
constexpr std::size_t kChunksRunningMax = 4;
constexpr int kClaimRoundsMax = 4;

Error sku_taken(const Sku& sku, std::size_t variant, const ProductId& owner) {
  const std::string param = "variants[" + std::to_string(variant) + "].sku";
  return {Errc::sku_taken,
          "SKU " + sku.str() + " belongs to product " + owner.str(),
          param,
          {{param, Errc::sku_taken, sku.str(), 0, 0}}};
}

/// A line whose SKU another product claims.
struct Conflict {
  std::size_t line = 0;
  std::size_t variant = 0;
  ProductId owner;
};

/// What is gathered over one round of claims.
struct ClaimRound {
  std::vector<Conflict> conflicts;
  std::map<engine::ShardId, Claims> orphans;  // by claim shard
  bool astray = false;                        // a shard was not what this node took it for
};
using ClaimRoundPtr = std::shared_ptr<ClaimRound>;

using ProductSelf = ProductCoordinator::extend<caf::reacts_to<ProductTick>>;

class ProductCoordinatorActor final : public ProductSelf::base {
public:
  ProductCoordinatorActor(caf::actor_config& config, RouteTablePtr routes,
                          std::shared_ptr<SkuDirectory> directory)
      : ProductSelf::base{config}, routes_{std::move(routes)}, directory_{std::move(directory)} {}

  const char* name() const override { return "product_coordinator"; }

private:
  behavior_type make_behavior() override {
    return {
        [this](WriteProduct& request) { return on_write(request); },
        [this](RemoveProduct& request) { return on_remove(request); },
        [this](ImportProducts& request) { return on_import(request); },
        [this](const Drain&) { return on_drain(); },
        [this](const ProductTick&) { on_tick(); },
    };
  }

  // Taking requests.

  caf::result<ProductAnswer> on_write(WriteProduct& request) {
    if (auto refused = refuse_at_door()) return ProductAnswer{*refused, {}};
    auto promise = make_response_promise<ProductAnswer>();
    auto work = make_work(request.context, request.put.now, false);
    engine::PutProducts::Line wanted;
    wanted.put = std::move(request.put);
    add_line(*work, std::move(wanted));
    work->answer = [this, promise](ProductWork& over) { answer_write(over, promise); };
    admit(work);
    return promise;
  }

  caf::result<RemoveAnswer> on_remove(RemoveProduct& request) {
    if (auto refused = refuse_at_door()) return RemoveAnswer{*refused, {}};
    auto promise = make_response_promise<RemoveAnswer>();
    auto work = make_work(request.context, request.remove.now, false);
    engine::PutProducts::Line wanted;
    wanted.remove = true;
    wanted.put.product.id = std::move(request.remove.product);
    wanted.put.if_version = request.remove.if_version;
    wanted.put.now = request.remove.now;
    add_line(*work, std::move(wanted));
    work->answer = [promise](ProductWork& over) mutable {
      const auto& error = over.lines.front().error;
      promise.deliver(error ? RemoveAnswer{*error, {}}
                            : RemoveAnswer{engine::Acknowledged{}, std::move(over.token)});
    };
    admit(work);
    return promise;
  }

  caf::result<ImportAnswer> on_import(ImportProducts& request) {
    if (auto refused = refuse_at_door()) return ImportAnswer{*refused, {}};
    if (request.chunk.lines.empty()) return ImportAnswer{ImportReply{}, {}};
    auto promise = make_response_promise<ImportAnswer>();
    auto work = make_work(request.context, request.chunk.lines.front().put.now, true);
    work->import_id = std::move(request.chunk.import_id);
    work->lines.reserve(request.chunk.lines.size());
    for (auto& line : request.chunk.lines) add_line(*work, std::move(line));
    work->answer = [promise](ProductWork& over) mutable {
      ImportReply reply;
      reply.lines.reserve(over.lines.size());
      for (ProductLine& line : over.lines) {
        reply.lines.push_back({line.wanted.line, line.error, line.dropped, line.replayed});
      }
      promise.deliver(ImportAnswer{std::move(reply), std::move(over.token)});
    };
    admit(work);
    return promise;
  }

  std::optional<Error> refuse_at_door() const {
    if (draining_) return Error{Errc::unavailable, "the node is stopping", {}, {}};
    if (pending_.size() >= kPendingMax) {
      return Error{Errc::overloaded, "too many writes of products are waiting", {}, {}};
    }
    return std::nullopt;
  }

  WorkPtr make_work(const RequestContext& context, engine::Timestamp now, bool bulk) const {
    auto work = std::make_shared<ProductWork>();
    work->bulk = bulk;
    work->now = now;
    work->deadline = context.deadline;
    work->gone = context.gone;
    return work;
  }

  static void add_line(ProductWork& work, engine::PutProducts::Line wanted) {
    ProductLine line;
    line.product = wanted.put.product.id;
    if (!wanted.remove) {
      line.skus.reserve(wanted.put.product.variants.size());
      for (const auto& variant : wanted.put.product.variants) line.skus.push_back(variant.sku);
    }
    line.wanted = std::move(wanted);
    work.lines.push_back(std::move(line));
  }

  // One writer per product.

  void admit(const WorkPtr& work) {
    for (const ProductLine& line : work->lines) work->products.push_back(line.product);
    std::sort(work->products.begin(), work->products.end());
    work->products.erase(std::unique(work->products.begin(), work->products.end()),
                         work->products.end());
    pending_.push_back(work);
    start_pending();
  }

  void start_pending() {
    // A product that someone waits for is as good as taken, so that nobody is overtaken for ever.
    std::unordered_set<ProductId> awaited;
    for (std::size_t i = 0; i < pending_.size();) {
      const WorkPtr work = pending_[i];
      const bool late = work->deadline <= clock().now();
      const bool gone = work->gone && *work->gone;
      if (late || gone) {
        pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
        fail_all(*work, late ? Error{Errc::timed_out, "the deadline has passed", {}, {}}
                             : Error{Errc::canceled, "the client has left", {}, {}});
        work->answer(*work);
        continue;
      }
      const bool free =
          (!work->bulk || chunks_running_ < kChunksRunningMax) &&
          std::none_of(work->products.begin(), work->products.end(), [&](const ProductId& id) {
            return locked_.contains(id) || awaited.contains(id);
          });
      if (!free) {
        awaited.insert(work->products.begin(), work->products.end());
        ++i;
        continue;
      }
      pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
      locked_.insert(work->products.begin(), work->products.end());
      if (work->bulk) ++chunks_running_;
      ++running_;
      claim(work);
    }
  }

  void end(const WorkPtr& work) {
    for (const ProductId& product : work->products) locked_.erase(product);
    if (work->bulk) --chunks_running_;
    --running_;
    if (!pending_.empty()) start_pending();
    answer_drains();
  }

  static void fail_all(ProductWork& work, const Error& error) {
    for (ProductLine& line : work.lines) {
      if (!line.error) line.error = error;
    }
  }

  // Claim: every line's SKUs, one message per shard; a shard claims all of a message or nothing.

  void claim(const WorkPtr& work) {
    struct Part {
      engine::ClaimSkus command;
      std::vector<std::pair<std::size_t, std::size_t>> origins;  // line, variant
    };
    const RoutesPtr routes = routes_->current();
    std::map<engine::ShardId, Part> parts;
    for (std::size_t i = 0; i < work->lines.size(); ++i) {
      const ProductLine& line = work->lines[i];
      if (line.error) continue;
      for (std::size_t v = 0; v < line.skus.size(); ++v) {
        const engine::ShardId shard = routes->catalog_at(line.skus[v].str()).shard;
        if (work->claimed.contains(shard)) continue;
        Part& part = parts[shard];
        part.command.claims.push_back({line.skus[v], line.product});
        part.origins.emplace_back(i, v);
      }
    }
    ++work->rounds;
    auto round = std::make_shared<ClaimRound>();
    work->missing = 1;
    for (auto& [id, part] : parts) {
      ++work->missing;
      write_to(this, routes->catalog_of(id),
               WriteCatalog{std::move(part.command), work->deadline, Urgency::normal},
               [this, work, round, shard = id,
                origins = std::move(part.origins)](CatalogAnswer& answer) {
                 on_claimed(*work, *round, shard, origins, answer);
                 if (--work->missing == 0) on_claims_gathered(work, round);
               });
    }
    if (--work->missing == 0) on_claims_gathered(work, round);
  }

  static void on_claimed(ProductWork& work, ClaimRound& round, engine::ShardId shard,
                         const std::vector<std::pair<std::size_t, std::size_t>>& origins,
                         CatalogAnswer& answer) {
    if (is_wrong_shard(answer)) {
      round.astray = true;
      return;
    }
    if (!answer.reply) {
      for (const auto& [line, variant] : origins) {
        if (!work.lines[line].error) work.lines[line].error = answer.reply.error();
      }
      return;
    }
    auto& claimed = std::get<engine::Claimed>(*answer.reply);
    bool taken = false;
    for (std::size_t i = 0; i < origins.size(); ++i) {
      if (!claimed.taken_by[i]) continue;
      taken = true;
      round.conflicts.push_back({origins[i].first, origins[i].second, *claimed.taken_by[i]});
    }
    if (taken) return;
    work.claimed.insert(shard);
    work.fresh.insert(std::make_move_iterator(claimed.fresh.begin()),
                      std::make_move_iterator(claimed.fresh.end()));
  }

  void on_claims_gathered(const WorkPtr& work, const ClaimRoundPtr& round) {
    // What was judged for this round has been claimed, or somebody else was faster.
    unlock_judged(*work);
    if (round->astray) {
      return later(work, [this, work](bool paused) {
        if (!paused) fail_all(*work, engine::not_owned());
        --work->rounds;
        claim(work);
      });
    }
    if (round->conflicts.empty()) {
      put(work);
      return;
    }
    judge_conflicts(work, round);
  }

  /// When this node may know more of who owns what; `go_on(false)`: it is no use to wait.
  template <class GoOn>
  void later(const WorkPtr& work, GoOn go_on) {
    if (clock().now() >= work->deadline) return go_on(false);
    pause_for_routes(this, *routes_, go_on);
  }

  // Takeover: see the header for the rule.

  void judge_conflicts(const WorkPtr& work, const ClaimRoundPtr& round) {
    std::map<ProductId, std::vector<Conflict>> by_owner;
    for (Conflict& conflict : round->conflicts) {
      by_owner[conflict.owner].push_back(conflict);
    }
    work->missing = 1;
    for (auto& [owner, conflicts] : by_owner) {
      if (work->rounds >= kClaimRoundsMax || locked_.contains(owner)) {
        for (const Conflict& conflict : conflicts) refuse_taken(*work, conflict);
        continue;
      }
      locked_.insert(owner);
      work->judged.push_back(owner);
      ++work->missing;
      ask_routed<CatalogReading>(
          this, routes_, work->deadline,
          [this, work, owner = owner](const RoutesPtr& routes, auto answered) {
            read_from(this, routes->catalog_at(owner.str()),
                      ReadCatalog{ReadProduct{owner}, 0, work->deadline}, std::move(answered));
          },
          [this, work, round, conflicts](CatalogReading& reading) {
            judge_owner(*work, *round, conflicts, reading);
            if (--work->missing == 0) release_orphans(work, round);
          });
    }
    if (--work->missing == 0) release_orphans(work, round);
  }

  void judge_owner(ProductWork& work, ClaimRound& round, const std::vector<Conflict>& conflicts,
                   const CatalogReading& reading) const {
    if (!reading.finding && reading.finding.error().code != Errc::unknown_product) {
      for (const Conflict& conflict : conflicts) {
        if (!work.lines[conflict.line].error) {
          work.lines[conflict.line].error = reading.finding.error();
        }
      }
      return;
    }
    const auto* view = reading.finding ? &std::get<engine::ProductView>(*reading.finding) : nullptr;
    for (const Conflict& conflict : conflicts) {
      const Sku& sku = work.lines[conflict.line].skus[conflict.variant];
      const bool owned =
          view != nullptr && std::find(view->entry.skus.begin(), view->entry.skus.end(), sku) !=
                                 view->entry.skus.end();
      if (owned) {
        refuse_taken(work, conflict);
      } else {
        round.orphans[routes_->current()->catalog_at(sku.str()).shard].push_back(
            {sku, conflict.owner});
      }
    }
  }

  static void refuse_taken(ProductWork& work, const Conflict& conflict) {
    ProductLine& line = work.lines[conflict.line];
    if (line.error) return;
    line.error = sku_taken(line.skus[conflict.variant], conflict.variant, conflict.owner);
  }

  void release_orphans(const WorkPtr& work, const ClaimRoundPtr& round) {
    // Whatever is answered, the claim round that follows says who owns the SKUs.
    release(work, std::move(round->orphans), [this, work] { claim(work); });
  }

  void unlock_judged(ProductWork& work) {
    if (work.judged.empty()) return;
    for (const ProductId& product : work.judged) locked_.erase(product);
    work.judged.clear();
    if (!pending_.empty()) start_pending();
  }

  // Put: one message per shard.

  void put(const WorkPtr& work) {
    if (work->bulk && must_wait(*work)) {
      throttled_.push_back(work);
      wake();
      return;
    }
    work->missing = 1;
    if (work->bulk) {
      std::vector<std::size_t> all;
      for (std::size_t i = 0; i < work->lines.size(); ++i) all.push_back(i);
      put_chunk(work, all);
    } else if (!work->lines.front().error) {
      ++work->missing;
      put_one(work);
    }
    if (--work->missing == 0) settle(work);
  }

  /// Whether a shard that the chunk needs lags behind; then the import waits, and its client with
  /// it.
  bool must_wait(const ProductWork& work) {
    if (work.deadline <= clock().now()) return false;
    const RoutesPtr routes = routes_->current();
    return std::any_of(routes->catalog.begin(), routes->catalog.end(), [](const auto& link) {
      return link.publication->bulk_blocked.load(std::memory_order_relaxed) ||
             link.publication->queued() >= link.publication->queue_max / 2;
    });
  }

  void put_one(const WorkPtr& work) {
    ProductLine& line = work->lines.front();
    engine::CatalogCommand command =
        engine::DeleteProduct{line.product, line.wanted.put.if_version, line.wanted.put.now};
    if (!line.wanted.remove) command = std::move(line.wanted.put);
    ask_routed<CatalogAnswer>(
        this, routes_, work->deadline,
        [this, work, command = std::move(command)](const RoutesPtr& routes, auto answered) {
          const auto& link = routes->catalog_at(work->lines.front().product.str());
          work->put_shard = link.shard;
          write_to(this, link, WriteCatalog{command, work->deadline, Urgency::normal},
                   std::move(answered));
        },
        [this, work](CatalogAnswer& answer) {
          ProductLine& written = work->lines.front();
          if (answer.reply) {
            work->put_done = std::move(std::get<engine::ProductPutDone>(*answer.reply));
            written.dropped = work->put_done.dropped;
            work->position = answer.position;
            work->token.raise({work->put_shard, answer.position});
          } else {
            written.error = std::move(answer.reply.error());
          }
          if (--work->missing == 0) settle(work);
        });
  }

  void put_chunk(const WorkPtr& work, const std::vector<std::size_t>& wanted) {
    struct Part {
      engine::PutProducts command;
      std::vector<std::size_t> origins;
    };
    const RoutesPtr routes = routes_->current();
    std::map<engine::ShardId, Part> parts;
    for (const std::size_t i : wanted) {
      const ProductLine& line = work->lines[i];
      if (line.error) continue;
      Part& part = parts[routes->catalog_at(line.product.str()).shard];
      part.command.lines.push_back(line.wanted);
      part.origins.push_back(i);
    }
    for (auto& [shard, part] : parts) {
      ++work->missing;
      part.command.import_id = work->import_id;
      part.command.now = work->now;
      write_to(this, routes->catalog_of(shard),
               WriteCatalog{std::move(part.command), work->deadline, Urgency::bulk},
               [this, work, id = shard, origins = std::move(part.origins)](CatalogAnswer& answer) {
                 if (!is_wrong_shard(answer)) return on_chunk_answered(work, id, origins, answer);
                 later(work, [this, work, id, origins, answer](bool paused) mutable {
                   if (!paused) return on_chunk_answered(work, id, origins, answer);
                   put_chunk(work, origins);
                   if (--work->missing == 0) settle(work);
                 });
               });
    }
  }

  void on_chunk_answered(const WorkPtr& work, engine::ShardId shard,
                         const std::vector<std::size_t>& origins, CatalogAnswer& answer) {
    on_chunk_put(*work, shard, origins, answer);
    if (--work->missing == 0) settle(work);
  }

  static void on_chunk_put(ProductWork& work, engine::ShardId shard,
                           const std::vector<std::size_t>& origins, CatalogAnswer& answer) {
    if (!answer.reply) {
      for (const std::size_t i : origins) work.lines[i].error = answer.reply.error();
      return;
    }
    work.token.raise({shard, answer.position});
    auto& done_lines = std::get<engine::ProductsPutDone>(*answer.reply).lines;
    for (std::size_t i = 0; i < origins.size(); ++i) {
      ProductLine& line = work.lines[origins[i]];
      line.error = std::move(done_lines[i].error);
      line.dropped = std::move(done_lines[i].dropped);
      line.replayed = done_lines[i].replayed;
    }
  }

  // Settle: answer, let go of needless claims, end.

  void settle(const WorkPtr& work) {
    for (const ProductLine& line : work->lines) {
      if (line.error || line.replayed) continue;
      for (const Sku& sku : line.dropped) directory_->forget(sku);
      for (const Sku& sku : line.skus) directory_->learn(sku, line.product);
    }
    std::map<engine::ShardId, Claims> needless;
    // If it is not known whether the put happened, its claims stay: at worst they are taken over
    // later.
    const bool doubtful = std::any_of(work->lines.begin(), work->lines.end(), [](const auto& line) {
      return line.error &&
             (line.error->code == Errc::unavailable || line.error->code == Errc::internal ||
              line.error->code == Errc::storage_failure);
    });
    if (!doubtful) {
      for (auto& claim : work->needless_claims()) {
        needless[routes_->current()->catalog_at(claim.sku.str()).shard].push_back(std::move(claim));
      }
    }
    work->answer(*work);
    release(work, std::move(needless), [this, work] { end(work); });
  }

  /// Lets go of claims, one message per shard, then continues. A shard that cannot now leaves
  /// claims without a product behind, which is harmless.
  template <class Next>
  void release(const WorkPtr& work, std::map<engine::ShardId, Claims> claims, Next next) {
    work->missing = 1;
    for (auto& [shard, part] : claims) {
      ++work->missing;
      write_to(this, *routes_, shard,
               WriteCatalog{engine::ReleaseSkus{std::move(part)}, clock().now() + kReleaseTime,
                            Urgency::normal},
               [work, next](CatalogAnswer&) mutable {
                 if (--work->missing == 0) next();
               });
    }
    if (--work->missing == 0) next();
  }

  /// The product as it was put, read back at that position.
  void answer_write(ProductWork& work, caf::typed_response_promise<ProductAnswer> promise) {
    if (work.lines.front().error) {
      promise.deliver(ProductAnswer{*work.lines.front().error, std::move(work.token)});
      return;
    }
    const ProductId product = work.lines.front().product;
    ask_routed<CatalogReading>(
        this, routes_, work.deadline,
        [this, product, shard = work.put_shard, position = work.position, deadline = work.deadline](
            const RoutesPtr& routes, auto answered) {
          // Another shard's positions are not that one's; who leads it has what it had.
          const auto& link = routes->catalog_at(product.str());
          read_from(this, link,
                    ReadCatalog{ReadProduct{product}, link.shard == shard ? position : 0, deadline},
                    std::move(answered));
        },
        [promise, token = work.token,
         created = work.put_done.created](CatalogReading& reading) mutable {
          if (!reading.finding) {
            promise.deliver(ProductAnswer{reading.finding.error(), std::move(token)});
            return;
          }
          promise.deliver(ProductAnswer{
              ProductPutReply{std::move(std::get<engine::ProductView>(*reading.finding)), created},
              std::move(token)});
        });
  }

  // Waiting and stopping.

  void on_tick() {
    ticking_ = false;
    auto waiting = std::exchange(throttled_, {});
    for (const WorkPtr& work : waiting) put(work);
  }

  void wake() {
    if (ticking_) return;
    ticking_ = true;
    delayed_send(ProductSelf{this}, kTick, ProductTick{});
  }

  caf::result<Drained> on_drain() {
    draining_ = true;
    auto promise = make_response_promise<Drained>();
    drains_.push_back(promise);
    answer_drains();
    return promise;
  }

  void answer_drains() {
    if (running_ != 0 || !pending_.empty()) return;
    for (auto& drain : drains_) drain.deliver(Drained{});
    drains_.clear();
  }

  static constexpr std::chrono::seconds kReleaseTime{5};

  RouteTablePtr routes_;
  std::shared_ptr<SkuDirectory> directory_;
  std::deque<WorkPtr> pending_;
  std::vector<WorkPtr> throttled_;
  std::unordered_set<ProductId> locked_;
  std::size_t running_ = 0;
  std::size_t chunks_running_ = 0;
  bool ticking_ = false;
  bool draining_ = false;
  std::vector<caf::typed_response_promise<Drained>> drains_;
};

}  // namespace

ProductCoordinator spawn_product_coordinator(caf::actor_system& system, RouteTablePtr routes,
                                             std::shared_ptr<SkuDirectory> directory) {
  return system.spawn<ProductCoordinatorActor>(std::move(routes), std::move(directory));
}

}  // namespace souk::actors
