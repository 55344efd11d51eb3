#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "actors/ask.hpp"
#include "actors/client_bridge.hpp"
#include "actors/node_content.hpp"

namespace souk::actors {

/// Coordinators keep the deadline themselves and know better what to say at it (a partial page,
/// idempotency_in_progress); the client only gives up on them a little later.
inline constexpr std::chrono::milliseconds kCoordinatorGrace{250};

/// What a client needs of its node, and the small pieces its requests are made of. For
/// actors/client*.cpp.
struct Client::Content {
  Content(Node::Content& owner, Client::Post post)
      : node{owner}, routes{owner.table}, bridge{*owner.system, std::move(post)} {}

  Node::Content& node;
  RouteTablePtr routes;
  ClientBridge bridge;

  using CatalogLink = ShardLink<CatalogShard>;
  using OrderLink = ShardLink<OrderShard>;

  /// Why nothing can be written now.
  std::optional<engine::Error> write_refusal() const {
    const NodeHealth& health = *node.health;
    if (health.failed) return engine::Error{engine::Errc::unavailable, "the journal failed"};
    if (health.stopping) return engine::Error{engine::Errc::unavailable, "the node is stopping"};
    if (health.disk_full) {
      return engine::Error{engine::Errc::disk_full, "too little free space to take writes"};
    }
    return {};
  }

  static engine::ConsistencyToken token_of(engine::ShardId shard, engine::Position position) {
    engine::ConsistencyToken token;
    if (position != 0) token.raise({shard, position});
    return token;
  }

  void write(const RequestContext& context, const CatalogLink& link, engine::CatalogCommand command,
             std::function<void(CatalogAnswer&)> done) {
    if (auto refusal = write_refusal()) return refuse(std::move(*refusal), done);
    if (!link.publication->enter()) {
      return refuse({engine::Errc::overloaded, "the shard's queue is full"}, done);
    }
    bridge.call<CatalogAnswer>(
        link.actor, WriteCatalog{std::move(command), context.deadline, Urgency::normal, link.slots},
        context.deadline, std::move(done));
  }
  void read(const RequestContext& context, const CatalogLink& link, CatalogQuestion question,
            std::function<void(CatalogReading&)> done) {
    bridge.call<CatalogReading>(
        link.actor,
        ReadCatalog{std::move(question), context.token.position_of(link.shard), context.deadline,
                    link.slots},
        context.deadline, std::move(done));
  }
  void read(const RequestContext& context, const OrderLink& link, OrderQuestion question,
            std::function<void(OrderReading&)> done) {
    bridge.call<OrderReading>(link.actor,
                              ReadOrders{std::move(question), context.token.position_of(link.shard),
                                         context.deadline, link.slots},
                              context.deadline, std::move(done));
  }

  template <class Answer>
  static void refuse(engine::Error error, const std::function<void(Answer&)>& done) {
    Answer answer{std::move(error)};
    done(answer);
  }

  /// Goes on a moment later, by when this node may know more of who owns what; `then(false)`: it is
  /// no use to wait.
  void pause(Deadline deadline, std::function<void(bool)> then) {
    const RoutePause waiter = routes->pause();
    if (!waiter || std::chrono::steady_clock::now() >= deadline) return then(false);
    bridge.call<RoutesAwaited>(
        waiter, AwaitRoutes{}, deadline,
        [then = std::move(then)](RoutesAwaited& over) { then(over.paused); });
  }
  /// Sends something by the routes of the moment, and again by newer ones as long as the answer is
  /// wrong_shard, which says that nothing was done. Waits for routes that know every shard of the
  /// client's token: by older ones it could read what it has seen newer.
  template <class Answer>
  void routed(const RequestContext& context,
              std::function<void(const RoutesPtr&, std::function<void(Answer&)>)> send,
              std::function<void(Answer&)> done) {
    const RoutesPtr known = routes->current();
    const auto again = [this, context, send, done](Answer answer) {
      pause(context.deadline, [=, this, answer = std::move(answer)](bool paused) mutable {
        if (!paused) return done(answer);
        routed<Answer>(context, send, done);
      });
    };
    if (!knows(*known, context.token)) {
      return again(Answer{engine::Error{engine::Errc::consistency_unreachable,
                                        "a shard of the token is not known here yet"}});
    }
    send(known, [context, again, done](Answer& answer) {
      if (!is_wrong_shard(answer)) return done(answer);
      again(std::move(answer));
    });
  }
  /// Asks the shard that a key lives on.
  template <class Reading, class Question>
  void at_key(const RequestContext& context, const std::string& key, Question question,
              std::function<void(Reading&, engine::ShardId)> done) {
    const auto asked = std::make_shared<engine::ShardId>();
    routed<Reading>(
        context,
        [=, this](const RoutesPtr& known, std::function<void(Reading&)> answered) {
          if constexpr (std::is_same_v<Reading, CatalogReading>) {
            const auto& link = known->catalog_at(key);
            *asked = link.shard;
            read(context, link, question, std::move(answered));
          } else {
            const auto& link = known->orders_at(engine::OrderId{key});
            *asked = link.shard;
            read(context, link, question, std::move(answered));
          }
        },
        [asked, done](Reading& reading) { done(reading, *asked); });
  }
  static bool knows(const Routes& routes, const engine::ConsistencyToken& token) {
    for (const engine::ShardPosition& each : token.positions) {
      const bool known = each.shard.service == engine::Service::catalog
                             ? routes.find_catalog(each.shard) != nullptr
                             : routes.find_orders(each.shard) != nullptr;
      if (!known && each.position != 0) return false;
    }
    return true;
  }

  class AdjustmentBatch;  // client_adjustments.cpp
  void settle(SettleReservation request, Callback<engine::Reservation> done);

  /// Finds the shard of a SKU's product: from the directory, else from any copy of the shard that
  /// owns the SKU's claim, or (`fresh`, or unknown there) from the one that leads. `done(link or
  /// null, error)`, perhaps at once.
  using Resolved = std::function<void(const CatalogLink*, const engine::Error&)>;
  void resolve(const RequestContext& context, const engine::Sku& sku, bool fresh, Resolved done);

  /// Sends something to the shard of a SKU's product, once more with fresh knowledge if the
  /// directory was wrong.
  template <class Answer>
  void by_sku(const RequestContext& context, const engine::Sku& sku,
              std::function<void(const CatalogLink&, std::function<void(Answer&)>)> send,
              std::function<void(Answer&, engine::ShardId)> done);
};

/// True if the answer may only mean that the request went to the wrong shard.
inline bool is_misrouted(engine::Errc code) {
  return code == engine::Errc::unknown_sku || code == engine::Errc::wrong_shard;
}
template <class Answer>
void Client::Content::by_sku(
    const RequestContext& context, const engine::Sku& sku,
    std::function<void(const CatalogLink&, std::function<void(Answer&)>)> send,
    std::function<void(Answer&, engine::ShardId)> done) {
  const auto ask = [this, context, sku, send, done](bool fresh, bool last, auto again) -> void {
    const auto later = [=, this](Answer& answer, engine::ShardId shard) {
      pause(context.deadline, [=, answer = std::move(answer)](bool paused) mutable {
        if (!paused) return done(answer, shard);
        again(fresh, last, again);
      });
    };
    if (!knows(*routes->current(), context.token)) {
      Answer answer{engine::Error{engine::Errc::consistency_unreachable,
                                  "a shard of the token is not known here yet"}};
      return later(answer, {});
    }
    resolve(context, sku, fresh, [=](const CatalogLink* link, const engine::Error& error) {
      if (!link) {
        Answer answer{error};
        if (error.code == engine::Errc::wrong_shard) return later(answer, {});
        return done(answer, {});
      }
      send(*link, [=, shard = link->shard](Answer& answer) {
        // The shard is not what this node takes it for: the SKU may be where the directory says.
        if (is_wrong_shard(answer)) return later(answer, shard);
        const engine::Error* refusal = error_of(answer);
        if (!last && refusal && is_misrouted(refusal->code)) return again(true, true, again);
        done(answer, shard);
      });
    });
  };
  ask(false, false, ask);
}

}  // namespace souk::actors
