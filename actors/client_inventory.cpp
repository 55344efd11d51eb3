#include <utility>

#include "actors/client_content.hpp"

namespace souk::actors {

using engine::Errc;
using engine::Error;

void Client::Content::resolve(const RequestContext& context, const engine::Sku& sku, bool fresh,
                              Resolved done) {
  const RoutesPtr known = routes->current();
  if (!fresh) {
    if (const auto slot = node.directory->find(sku)) {
      const auto shard = known->map.shard_of(engine::Service::catalog, *slot);
      return done(&known->catalog_of(shard), {});
    }
  }
  const CatalogLink& claims = known->catalog_at(sku.str());
  ReadCatalog question{ReadClaim{sku}, context.token.position_of(claims.shard), context.deadline,
                       claims.slots};
  question.hint = !fresh;
  bridge.call<CatalogReading>(
      claims.actor, std::move(question), context.deadline,
      [this, context, sku, fresh, done = std::move(done)](CatalogReading& reading) {
        // The copy that leads may know better.
        if (!reading.finding && !fresh) return resolve(context, sku, true, done);
        if (!reading.finding) {
          if (is_misrouted(reading.finding.error().code)) node.directory->forget(sku);
          return done(nullptr, reading.finding.error());
        }
        const auto& product = std::get<engine::ProductId>(*reading.finding);
        node.directory->learn(sku, product);
        const RoutesPtr now = routes->current();
        done(&now->catalog_at(product.str()), {});
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
  content_->at_key<CatalogReading>(
      context, reservation.str(), ReadReservation{reservation},
      [done = std::move(done)](CatalogReading& reading, engine::ShardId shard) {
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
