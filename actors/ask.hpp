#pragma once

#include <caf/duration.hpp>
#include <caf/error.hpp>
#include <utility>

#include "actors/error_mapping.hpp"
#include "actors/route_table.hpp"

/// How actors ask each other: every call ends in exactly one `done(Answer&)`, also when the shard's
/// queue is full or an actor is gone. No CAF timeout (it costs more than the message): shards
/// answer at the deadline themselves, and the client sweeps.
namespace souk::actors {

/// Asks any coordinator or shard. `fail(engine::Error)` makes the answer of a failure.
template <class Answer, class Self, class Handle, class Message, class Done>
void ask(Self* self, const Handle& target, Message&& message, Done done) {
  self->request(target, caf::infinite, std::forward<Message>(message))
      .then([done](Answer& answer) mutable { done(answer); },
            [done](caf::error& error) mutable {
              Answer answer{from_caf(error)};
              done(answer);
            });
}

inline const engine::Error* error_of(const CatalogAnswer& answer) {
  return answer.reply ? nullptr : &answer.reply.error();
}
inline const engine::Error* error_of(const OrderAnswer& answer) {
  return answer.reply ? nullptr : &answer.reply.error();
}
inline const engine::Error* error_of(const CatalogReading& reading) {
  return reading.finding ? nullptr : &reading.finding.error();
}
inline const engine::Error* error_of(const OrderReading& reading) {
  return reading.finding ? nullptr : &reading.finding.error();
}
template <class Answer>
bool is_wrong_shard(const Answer& answer) {
  const engine::Error* error = error_of(answer);
  return error != nullptr && error->code == engine::Errc::wrong_shard;
}

/// Goes on a moment later: by then the node may know more of who owns what.
template <class Self, class Then>
void pause_for_routes(Self* self, const RouteTable& table, Then then) {
  const RoutePause pause = table.pause();
  if (!pause) return then(false);
  self->request(pause, caf::infinite, AwaitRoutes{})
      .then([then](const RoutesAwaited&) mutable { then(true); },
            [then](const caf::error&) mutable { then(false); });
}

/// Asks by the routes of the moment, and again by newer ones as long as the answer is wrong_shard,
/// which says that nothing was done. `attempt(routes, answered)` calls `answered(Answer&)` once.
template <class Answer, class Self, class Attempt, class Done>
void ask_routed(Self* self, RouteTablePtr table, Deadline deadline, Attempt attempt, Done done) {
  attempt(table->current(), [=](Answer& answer) mutable {
    if (!is_wrong_shard(answer) || self->clock().now() >= deadline) return done(answer);
    pause_for_routes(self, *table, [=](bool paused) mutable {
      if (!paused) return done(answer);
      ask_routed<Answer>(self, table, deadline, attempt, done);
    });
  });
}

/// Writes to a catalog shard, taking a place in its queue first.
template <class Self, class Done>
void write_to(Self* self, const ShardLink<CatalogShard>& link, WriteCatalog message, Done done) {
  if (!link.publication->enter()) {
    CatalogAnswer answer{engine::Error{engine::Errc::overloaded, "the shard's queue is full"}};
    done(answer);
    return;
  }
  if (!message.believed) message.believed = link.slots;
  ask<CatalogAnswer>(self, link.actor, std::move(message), std::move(done));
}

/// Asks a shard that was chosen by its routes.
template <class Self, class Done>
void read_from(Self* self, const ShardLink<CatalogShard>& link, ReadCatalog question, Done done) {
  question.believed = link.slots;
  ask<CatalogReading>(self, link.actor, std::move(question), std::move(done));
}
template <class Self, class Done>
void read_from(Self* self, const ShardLink<OrderShard>& link, ReadOrders question, Done done) {
  question.believed = link.slots;
  ask<OrderReading>(self, link.actor, std::move(question), std::move(done));
}

/// The same to a shard by its name; it may have been made since these routes were drawn.
template <class Self, class Done>
void write_to(Self* self, const RouteTable& table, engine::ShardId shard, WriteCatalog message,
              Done done) {
  const RoutesPtr routes = table.current();
  if (const auto* link = routes->find_catalog(shard)) {
    write_to(self, *link, std::move(message), std::move(done));
    return;
  }
  CatalogAnswer answer{engine::Error{engine::Errc::wrong_shard, "there is no " + shard.name()}};
  done(answer);
}

/// Writes to an orders shard, taking a place in its queue first.
template <class Self, class Done>
void write_to(Self* self, const ShardLink<OrderShard>& link, WriteOrder message, Done done) {
  if (!link.publication->enter()) {
    OrderAnswer answer{engine::Error{engine::Errc::overloaded, "the shard's queue is full"}};
    done(answer);
    return;
  }
  ask<OrderAnswer>(self, link.actor, std::move(message), std::move(done));
}

}  // namespace souk::actors
