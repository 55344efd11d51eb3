#include <map>
#include <utility>

#include "actors/client_content.hpp"

namespace souk::actors {

using engine::Errc;
using engine::Error;

void Client::Content::resolve(const RequestContext& context, const engine::Sku& sku, bool fresh,
                              Resolved done) {
  if (!fresh) {
    if (const auto slot = node.directory->find(sku)) {
      const auto shard = routes->map.shard_of(engine::Service::catalog, *slot);
      return done(&routes->catalog_of(shard), {});
    }
  }
  read(context, routes->catalog_at(sku.str()), ReadClaim{sku},
       [this, sku, done = std::move(done)](CatalogReading& reading) {
         if (!reading.finding) {
           if (is_misrouted(reading.finding.error().code)) node.directory->forget(sku);
           return done(nullptr, reading.finding.error());
         }
         const auto& product = std::get<engine::ProductId>(*reading.finding);
         node.directory->learn(sku, product);
         done(&routes->catalog_at(product.str()), {});
       });
}

void Client::get_stock(const RequestContext& context, engine::Sku sku,
                       Callback<engine::SkuEntry> done) {
  content_->by_sku<CatalogReading>(
      context, sku,
      [this, context, sku](const Content::CatalogLink& link, auto answered) {
        content_->read(context, link, ReadStock{sku}, std::move(answered));
      },
      [done = std::move(done)](CatalogReading& reading, engine::ShardId shard) {
        auto token = Content::token_of(shard, reading.position);
        if (!reading.finding) return done({reading.finding.error(), token, {}});
        done({std::get<engine::SkuEntry>(std::move(*reading.finding)), token, {}});
      });
}

void Client::ledger(const RequestContext& context, engine::Sku sku, std::uint64_t from,
                    std::size_t limit, Callback<LedgerPage> done) {
  content_->by_sku<CatalogReading>(
      context, sku,
      [this, context, sku, from, limit](const Content::CatalogLink& link, auto answered) {
        content_->read(context, link, ReadLedger{sku, from, limit}, std::move(answered));
      },
      [done = std::move(done)](CatalogReading& reading, engine::ShardId shard) {
        auto token = Content::token_of(shard, reading.position);
        if (!reading.finding) return done({reading.finding.error(), token, {}});
        done({std::get<LedgerPage>(std::move(*reading.finding)), token, {}});
      });
}

void Client::adjust_stock(const RequestContext& context, engine::AdjustStock adjust,
                          Callback<engine::SkuEntry> done) {
  const engine::Sku sku = adjust.sku;
  content_->by_sku<CatalogAnswer>(
      context, sku,
      [this, context, adjust = std::move(adjust)](const Content::CatalogLink& link, auto answered) {
        content_->write(context, link, adjust, std::move(answered));
      },
      [done = std::move(done)](CatalogAnswer& answer, engine::ShardId shard) {
        auto token = Content::token_of(shard, answer.position);
        if (!answer.reply) return done({answer.reply.error(), token, std::move(answer.replay)});
        done({std::get<engine::StockLevel>(std::move(*answer.reply)).entry, token,
              std::move(answer.replay)});
      });
}

namespace {

using Level = engine::Result<engine::SkuEntry>;

/// One batch of adjustments over several shards. Items that a shard does not know are sent once
/// more, with fresh knowledge of who owns them.
class AdjustmentBatch : public std::enable_shared_from_this<AdjustmentBatch> {
public:
  AdjustmentBatch(std::vector<engine::AdjustStock> items, Callback<std::vector<Level>> done)
      : items_{std::move(items)},
        levels_(items_.size(), Level{Error{Errc::timed_out, "no answer before the deadline"}}),
        done_{std::move(done)} {}

  template <class Resolve, class Send>
  void run(Resolve resolve, Send send) {
    std::vector<std::size_t> all(items_.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    round(std::move(all), false, resolve, send);
  }

private:
  template <class Resolve, class Send>
  void round(std::vector<std::size_t> places, bool fresh, Resolve resolve, Send send) {
    if (places.empty()) return finish();
    auto groups = std::make_shared<std::map<engine::ShardId, std::vector<std::size_t>>>();
    auto left = std::make_shared<std::size_t>(places.size());
    for (const std::size_t place : places) {
      resolve(
          items_[place].sku, fresh,
          [=, self = shared_from_this()](std::optional<engine::ShardId> shard, const Error& error) {
            if (shard) {
              (*groups)[*shard].push_back(place);
            } else {
              self->levels_[place] = error;
            }
            if (--*left == 0) self->send_groups(*groups, fresh, resolve, send);
          });
    }
  }

  template <class Resolve, class Send>
  void send_groups(const std::map<engine::ShardId, std::vector<std::size_t>>& groups, bool fresh,
                   Resolve resolve, Send send) {
    if (groups.empty()) return finish();
    auto left = std::make_shared<std::size_t>(groups.size());
    auto again = std::make_shared<std::vector<std::size_t>>();
    for (const auto& [shard, places] : groups) {
      engine::AdjustStocks command;
      for (const std::size_t place : places) command.items.push_back(items_[place]);
      send(shard, std::move(command),
           [=, self = shared_from_this(), id = shard, mine = places](CatalogAnswer& answer) {
             self->take(id, mine, answer, fresh ? nullptr : again.get());
             if (--*left == 0) self->round(std::move(*again), true, resolve, send);
           });
    }
  }

  void take(engine::ShardId shard, const std::vector<std::size_t>& places, CatalogAnswer& answer,
            std::vector<std::size_t>* again) {
    if (!answer.reply) {
      for (const std::size_t place : places) levels_[place] = answer.reply.error();
      return;
    }
    token_.raise({shard, answer.position});
    all_replayed_ = all_replayed_ && answer.replay.replayed;
    if (first_.request_id.empty()) first_ = std::move(answer.replay);
    auto& items = std::get<engine::StockLevels>(*answer.reply).items;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (again && !items[i] && is_misrouted(items[i].error().code)) again->push_back(places[i]);
      levels_[places[i]] = std::move(items[i]);
    }
  }

  void finish() {
    const bool replayed = all_replayed_ && !token_.positions.empty();
    done_({std::move(levels_), std::move(token_), replayed ? std::move(first_) : engine::Replay{}});
  }

  std::vector<engine::AdjustStock> items_;
  std::vector<Level> levels_;
  engine::ConsistencyToken token_;
  bool all_replayed_ = true;
  engine::Replay first_;  // of the first shard that answered
  Callback<std::vector<Level>> done_;
};

}  // namespace

void Client::adjust_stocks(const RequestContext& context, engine::AdjustStocks batch,
                           Callback<std::vector<Level>> done) {
  const auto running = std::make_shared<AdjustmentBatch>(std::move(batch.items), std::move(done));
  running->run(
      [this, context](const engine::Sku& sku, bool fresh, auto resolved) {
        content_->resolve(context, sku, fresh,
                          [resolved](const Content::CatalogLink* link, const Error& error) {
                            if (link) return resolved(std::optional{link->shard}, error);
                            resolved(std::nullopt, error);
                          });
      },
      [this, context](engine::ShardId shard, engine::AdjustStocks command, auto answered) {
        content_->write(context, content_->routes->catalog_of(shard), std::move(command),
                        std::move(answered));
      });
}

void Client::reserve(const RequestContext& context, ReserveRequest request,
                     Callback<engine::Reservation> done) {
  if (auto refusal = content_->write_refusal()) return done({std::move(*refusal), {}, {}});
  content_->bridge.call<ReservationAnswer>(
      content_->node.reservations, Reserve{context, std::move(request)},
      context.deadline + kCoordinatorGrace, [done = std::move(done)](ReservationAnswer& answer) {
        done({std::move(answer.reply), std::move(answer.token), std::move(answer.replay)});
      });
}

void Client::get_reservation(const RequestContext& context, engine::HoldId reservation,
                             Callback<engine::Reservation> done) {
  const auto& link = content_->routes->catalog_at(reservation.str());
  content_->read(
      context, link, ReadReservation{std::move(reservation)},
      [done = std::move(done), shard = link.shard](CatalogReading& reading) {
        auto token = Content::token_of(shard, reading.position);
        if (!reading.finding) return done({reading.finding.error(), token, {}});
        auto found = std::get<engine::Reservation>(std::move(*reading.finding));
        // The holds expire at their shards by themselves; the record is not rewritten for that.
        if (found.state == engine::HoldState::held && found.expires_at <= system_clock().now()) {
          found.state = engine::HoldState::expired;
        }
        done({std::move(found), token, {}});
      });
}

void Client::Content::settle(SettleReservation request, Callback<engine::Reservation> done) {
  if (auto refusal = write_refusal()) return done({std::move(*refusal), {}, {}});
  const Deadline deadline = request.context.deadline + kCoordinatorGrace;
  bridge.call<ReservationAnswer>(
      node.reservations, std::move(request), deadline,
      [done = std::move(done)](ReservationAnswer& answer) {
        done({std::move(answer.reply), std::move(answer.token), std::move(answer.replay)});
      });
}

void Client::commit_reservation(const RequestContext& context, engine::HoldId reservation,
                                std::optional<std::vector<engine::HoldLine>> lines,
                                engine::IdempotencyKey idempotency,
                                Callback<engine::Reservation> done) {
  content_->settle({context, SettleReservation::Kind::commit, std::move(reservation),
                    std::move(lines), engine::Duration{}, std::move(idempotency)},
                   std::move(done));
}

void Client::release_reservation(const RequestContext& context, engine::HoldId reservation,
                                 engine::IdempotencyKey idempotency,
                                 Callback<engine::Reservation> done) {
  content_->settle({context, SettleReservation::Kind::release, std::move(reservation), std::nullopt,
                    engine::Duration{}, std::move(idempotency)},
                   std::move(done));
}

void Client::extend_reservation(const RequestContext& context, engine::HoldId reservation,
                                engine::Duration ttl, engine::IdempotencyKey idempotency,
                                Callback<engine::Reservation> done) {
  content_->settle({context, SettleReservation::Kind::extend, std::move(reservation), std::nullopt,
                    ttl, std::move(idempotency)},
                   std::move(done));
}

}  // namespace souk::actors
