#include "actors/remote_shard.hpp"

#include <caf/actor_system.hpp>
#include <caf/sec.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <optional>

#include "actors/remote_calls.hpp"
#include "actors/remote_repeats.hpp"
#include "actors/shard_waiters.hpp"

namespace souk::actors {

namespace {

using engine::Errc;
using engine::Error;
using storage::WireKind;

constexpr std::size_t kReadsMax = 4096;
/// Of questions that bring no deadline.
constexpr std::chrono::seconds kPatience{10};

using CatalogSelf =
    CatalogShard::extend<caf::reacts_to<PeerAnswersArrived>, caf::reacts_to<RemoteRetry>>;
using OrderSelf =
    OrderShard::extend<caf::reacts_to<PeerAnswersArrived>, caf::reacts_to<RemoteRetry>>;

CatalogAnswer answer_of(const RemoteCalls::Outcome& outcome, const CatalogAnswer*) {
  if (!outcome.payload) return {outcome.payload.error()};
  auto decoded = storage::decode_catalog_answer(*outcome.payload);
  if (!decoded) return {Error{Errc::unknown_outcome, "the answer cannot be read", {}, {}}};
  admit_doubt(decoded->reply, outcome.in_doubt);
  return {std::move(decoded->reply), decoded->position, std::move(decoded->replay)};
}

OrderAnswer answer_of(const RemoteCalls::Outcome& outcome, const OrderAnswer*) {
  if (!outcome.payload) return {outcome.payload.error()};
  auto decoded = storage::decode_order_answer(*outcome.payload);
  if (!decoded) return {Error{Errc::unknown_outcome, "the answer cannot be read", {}, {}}};
  admit_doubt(decoded->reply, outcome.in_doubt);
  return {std::move(decoded->reply), decoded->position};
}

CatalogReading answer_of(const RemoteCalls::Outcome& outcome, const CatalogReading*) {
  if (!outcome.payload) return {outcome.payload.error()};
  auto decoded = storage::decode_catalog_reading(*outcome.payload);
  if (!decoded) return {Error{Errc::internal, "the answer cannot be read", {}, {}}};
  return {std::move(decoded->finding), decoded->position};
}

OrderReading answer_of(const RemoteCalls::Outcome& outcome, const OrderReading*) {
  if (!outcome.payload) return {outcome.payload.error()};
  auto decoded = storage::decode_order_reading(*outcome.payload);
  if (!decoded) return {Error{Errc::internal, "the answer cannot be read", {}, {}}};
  return {std::move(decoded->finding), decoded->position};
}

ShardStatusReading answer_of(const RemoteCalls::Outcome& outcome, const ShardStatusReading*) {
  if (!outcome.payload) return {outcome.payload.error()};
  return {storage::decode_shard_status(*outcome.payload)};
}

/// What both kinds of shards have in common.
template <class Self, class Asker, class Answers>
class RemoteShardActor : public Self::base {
public:
  RemoteShardActor(caf::actor_config& config, RemoteShardParts parts)
      : Self::base{config},
        calls_{std::move(parts),
               {[this] { return this->clock().now(); },
                [this](std::chrono::milliseconds pause) {
                  this->delayed_send(Self{this}, pause, RemoteRetry{});
                },
                caf::actor_cast<caf::weak_actor_ptr>(this->ctrl())}} {}

protected:
  using Answer = typename Answers::Answer;

  void on_exit() override {
    calls_.end();
    batches_.send(this);
  }
  void on_answers() {
    calls_.on_answers();
    batches_.send(this);
  }
  void on_retry() {
    calls_.on_retry();
    batches_.send(this);
  }

  template <class Command>
  static RemoteCalls::Call command(const Command& command, Deadline deadline, WireKind kind,
                                   WireKind answer) {
    RemoteCalls::Call call;
    call.kind = kind;
    call.answer = answer;
    call.payload = storage::encode(command);
    call.deadline = deadline;
    call.write = true;
    call.repeatable = is_repeatable(command);
    return call;
  }
  static RemoteCalls::Call question(std::string payload, Deadline deadline, WireKind kind,
                                    WireKind answer) {
    RemoteCalls::Call call;
    call.kind = kind;
    call.answer = answer;
    call.payload = std::move(payload);
    call.deadline = deadline;
    return call;
  }
  /// Its answer goes to whoever asked.
  template <class Reply>
  caf::result<Reply> promised(RemoteCalls::Call call) {
    if (!call.write && calls_.reads() >= kReadsMax) {
      return Reply{Error{Errc::overloaded, "too many reads wait", {}, {}}};
    }
    auto promise = this->template make_response_promise<Reply>();
    call.done = [promise](const RemoteCalls::Outcome& outcome) mutable {
      promise.deliver(answer_of(outcome, static_cast<const Reply*>(nullptr)));
    };
    calls_.start(std::move(call));
    batches_.send(this);
    return promise;
  }
  /// Every command by itself; answers that come together go out together.
  template <class Writes>
  void start_all(Writes& writes, WireKind kind, WireKind answer) {
    const caf::strong_actor_ptr asker = this->current_sender();
    for (auto& item : writes.items) {
      RemoteCalls::Call call = command(item.command, item.deadline, kind, answer);
      if constexpr (std::is_same_v<Writes, WriteCatalogs>) call.believed = item.believed;
      call.done = [this, asker, serial = item.serial](const RemoteCalls::Outcome& outcome) {
        if (asker) {
          batches_.add(asker, serial, answer_of(outcome, static_cast<const Answer*>(nullptr)));
        }
      };
      calls_.start(std::move(call));
    }
    batches_.send(this);
  }
  caf::result<ShardStatusReading> on_status() {
    return promised<ShardStatusReading>(question({}, this->clock().now() + kPatience,
                                                 WireKind::shard_status, WireKind::shard_status));
  }

  RemoteCalls calls_;
  AnswerBatches<Asker, Answers> batches_;
};

class RemoteCatalogActor final
    : public RemoteShardActor<CatalogSelf, CatalogAsker, CatalogAnswers> {
public:
  using RemoteShardActor::RemoteShardActor;
  const char* name() const override { return "remote_catalog"; }

private:
  behavior_type make_behavior() override {
    return {
        [this](WriteCatalog& request) {
          auto call = command(request.command, request.deadline, WireKind::catalog_command,
                              WireKind::catalog_reply);
          call.believed = request.believed;
          // Tells the other side's door, too, which commands are bulk.
          if (request.urgency == Urgency::bulk) call.urgency = PeerClass::bulk;
          return promised<CatalogAnswer>(std::move(call));
        },
        [this](WriteCatalogs& request) {
          start_all(request, WireKind::catalog_command, WireKind::catalog_reply);
        },
        [this](ReadCatalog& request) {
          // For other nodes a hint is what any copy may answer that has anything at all.
          const auto at_least =
              request.hint ? std::max<engine::Position>(request.at_least, 1) : request.at_least;
          auto call = question(
              storage::encode(storage::WireCatalogQuestion{std::move(request.question), at_least}),
              request.deadline, WireKind::catalog_question, WireKind::catalog_finding);
          call.any_copy = request.hint;
          call.believed = request.believed;
          return promised<CatalogReading>(std::move(call));
        },
        [this](const ReadStatus&) { return on_status(); },
        [this](const PeerAnswersArrived&) { on_answers(); },
        [this](const RemoteRetry&) { on_retry(); },
    };
  }
};

class RemoteOrdersActor final : public RemoteShardActor<OrderSelf, OrderAsker, OrderAnswers> {
public:
  using RemoteShardActor::RemoteShardActor;
  const char* name() const override { return "remote_orders"; }

private:
  behavior_type make_behavior() override {
    return {
        [this](WriteOrder& request) {
          return promised<OrderAnswer>(command(request.command, request.deadline,
                                               WireKind::order_command, WireKind::order_reply));
        },
        [this](WriteOrders& request) {
          start_all(request, WireKind::order_command, WireKind::order_reply);
        },
        [this](ReadOrders& request) {
          auto call = question(storage::encode(storage::WireOrderQuestion{
                                   std::move(request.question), request.at_least}),
                               request.deadline, WireKind::order_question, WireKind::order_finding);
          call.believed = request.believed;
          return promised<OrderReading>(std::move(call));
        },
        [this](const AwaitCheckout& request) { return on_await(request); },
        [this](const ReadUnfinished&) { return on_unfinished(); },
        [this](const ReadStatus&) { return on_status(); },
        [this](const PeerAnswersArrived&) { on_answers(); },
        [this](const RemoteRetry&) { on_retry(); },
    };
  }

  caf::result<OrderAnswer> on_await(const AwaitCheckout& request) {
    auto promise = make_response_promise<OrderAnswer>();
    auto call = question(request.order.str(), request.deadline, WireKind::await_checkout,
                         WireKind::order_reply);
    call.done = [promise](const RemoteCalls::Outcome& outcome) mutable {
      OrderAnswer answer = answer_of(outcome, static_cast<const OrderAnswer*>(nullptr));
      // As the shard itself says at the deadline.
      if (!answer.reply && answer.reply.error().code == Errc::timed_out) {
        answer.reply = Error{Errc::idempotency_in_progress,
                             "the first request of this key is still running",
                             {},
                             {}};
      }
      promise.deliver(std::move(answer));
    };
    calls_.start(std::move(call));
    return promise;
  }

  caf::result<UnfinishedCheckouts> on_unfinished() {
    auto promise = make_response_promise<UnfinishedCheckouts>();
    auto call = question({}, clock().now() + kPatience, WireKind::unfinished_checkouts,
                         WireKind::unfinished_checkouts);
    call.done = [promise](const RemoteCalls::Outcome& outcome) mutable {
      if (outcome.payload) {
        if (auto decoded = storage::decode_unfinished_checkouts(*outcome.payload)) {
          promise.deliver(std::move(*decoded));
          return;
        }
      }
      promise.deliver(caf::make_error(caf::sec::request_timeout));
    };
    calls_.start(std::move(call));
    return promise;
  }
};

}  // namespace

CatalogShard spawn_remote_catalog(caf::actor_system& system, RemoteShardParts parts) {
  return system.spawn<RemoteCatalogActor>(std::move(parts));
}

OrderShard spawn_remote_orders(caf::actor_system& system, RemoteShardParts parts) {
  return system.spawn<RemoteOrdersActor>(std::move(parts));
}

}  // namespace souk::actors
