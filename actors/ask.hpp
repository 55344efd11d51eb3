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

/// Writes to a catalog shard, taking a place in its queue first.
template <class Self, class Done>
void write_to(Self* self, const ShardLink<CatalogShard>& link, WriteCatalog message, Done done) {
  if (!link.publication->enter()) {
    CatalogAnswer answer{engine::Error{engine::Errc::overloaded, "the shard's queue is full"}};
    done(answer);
    return;
  }
  ask<CatalogAnswer>(self, link.actor, std::move(message), std::move(done));
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
