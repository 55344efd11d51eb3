#include "actors/peer_door.hpp"

#include <algorithm>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/error_mapping.hpp"
#include "storage/cluster_facts.hpp"
#include "storage/wire.hpp"

namespace souk::actors {

/// Requests wait in the door's inbox.
struct PeerRequestsArrived {};
struct PeerDoorTick {};

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerRequestsArrived)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerDoorTick)

namespace souk::actors {

using engine::Errc;
using engine::Error;
using storage::WireKind;

namespace {

using DoorActor = caf::typed_actor<caf::reacts_to<PeerRequestsArrived>,
                                   caf::reacts_to<CatalogAnswers>, caf::reacts_to<OrderAnswers>,
                                   caf::reacts_to<MeetCoordinator>, caf::reacts_to<PeerDoorTick>>;

constexpr std::chrono::minutes kPatienceMax{10};
/// A shard answers at the deadline; one that ended does not.
constexpr std::chrono::seconds kSilence{10};

}  // namespace

struct PeerDoor::Shared {
  Parts parts;
  DoorActor actor;
  std::mutex mutex;
  std::vector<PeerArrival> arrived;
  std::atomic<std::uint32_t> open{0};
  std::atomic<std::uint64_t> damaged{0};
};

namespace {

std::string error_bytes(engine::ShardId shard, engine::Epoch epoch, const Error& error) {
  const std::string payload = storage::encode(error);
  storage::Envelope envelope;
  envelope.kind = WireKind::error;
  envelope.shard = shard;
  envelope.epoch = epoch;
  envelope.payload = payload;
  return storage::encode(envelope);
}

class PeerDoorActor final : public DoorActor::base {
public:
  /// What the actor shares with the door, which may end before it.
  struct Ways {
    PeerDoor::Parts parts;
    std::function<std::vector<PeerArrival>()> take;
    std::function<void()> closed;   // one request less is open
    std::function<void()> damaged;  // one more could not be read
  };
  PeerDoorActor(caf::actor_config& config, Ways ways)
      : DoorActor::base{config}, ways_{std::move(ways)} {}

  const char* name() const override { return "peer_door"; }

private:
  struct Request {
    PeerAnswer answer;
    engine::ShardId shard;
    engine::Epoch epoch = 0;
    Deadline deadline;
    PeerClass urgency = PeerClass::data;
  };

  behavior_type make_behavior() override {
    return {
        [this](const PeerRequestsArrived&) { on_arrived(); },
        [this](CatalogAnswers& answers) { on_answers(answers); },
        [this](OrderAnswers& answers) { on_answers(answers); },
        [this](const MeetCoordinator& meeting) { checkouts_ = meeting.checkouts; },
        [this](const PeerDoorTick&) { on_tick(); },
    };
  }

  void on_exit() override {
    checkouts_ = nullptr;
    open_.clear();
    ways_ = {};
  }

  void on_arrived() {
    for (PeerArrival& arrival : ways_.take()) take_in(arrival);
    const DoorActor self{this};
    for (auto& [shard, batch] : catalog_) {
      if (!batch.second.items.empty()) send(batch.first, std::exchange(batch.second, {}));
    }
    for (auto& [shard, batch] : orders_) {
      if (!batch.second.items.empty()) send(batch.first, std::exchange(batch.second, {}));
    }
    catalog_.clear();
    orders_.clear();
  }

  void take_in(PeerArrival& arrival) {
    const auto envelope = storage::decode_envelope(arrival.envelope.bytes);
    Request request;
    request.answer = std::move(arrival.answer);
    request.urgency = arrival.urgency;
    if (!envelope) return damaged(request, envelope.error());
    request.shard = envelope->shard;
    const auto patience = envelope->deadline.value_or(kPatienceMax);
    request.deadline = clock().now() + std::min<std::chrono::milliseconds>(patience, kPatienceMax);
    if (envelope->kind == WireKind::judge_holds) return judge(request, envelope->payload);
    if (envelope->shard.service == engine::Service::catalog) {
      const auto link = ways_.parts.catalog(envelope->shard);
      if ((link && any_copy_may(*envelope)) || leads(link, request))
        ask_catalog(*link, *envelope, std::move(request));
    } else {
      const auto link = ways_.parts.orders(envelope->shard);
      if (leads(link, request)) ask_orders(*link, *envelope, std::move(request));
    }
  }

  /// Questions that say how new is new enough; a damaged one is found out later.
  static bool any_copy_may(const storage::Envelope& envelope) {
    if (envelope.kind != WireKind::catalog_question) return false;
    const auto question = storage::decode_catalog_question(envelope.payload);
    return !question || question->at_least > 0;
  }

  /// Whether this node leads the shard; else the request is answered.
  template <class Link>
  bool leads(const std::optional<Link>& link, Request& request) {
    if (link) request.epoch = link->publication->epoch;
    if (link && link->publication->open) return true;
    Error error{Errc::not_leader, "this node does not lead " + request.shard.name(), {}, {}};
    if (link && link->publication->leader != 0) {
      error.param = storage::node_name(engine::cluster::NodeId{link->publication->leader});
    }
    refuse(request, error);
    return false;
  }

  void ask_catalog(const ShardLink<CatalogShard>& link, const storage::Envelope& envelope,
                   Request request) {
    if (envelope.kind == WireKind::catalog_command) {
      auto command = storage::decode_catalog_command(envelope.payload);
      if (!command) return damaged(request, command.error());
      if (!link.publication->enter()) return full(request);
      if (request.urgency == PeerClass::bulk) {
        ask<CatalogAnswer>(
            link.actor,
            WriteCatalog{std::move(*command), request.deadline, Urgency::bulk, envelope.believed},
            std::move(request), [](CatalogAnswer& answer) { return wire(answer); },
            WireKind::catalog_reply);
        return;
      }
      auto& [actor, batch] = catalog_[link.shard];
      actor = link.actor;
      const Deadline deadline = request.deadline;
      batch.items.push_back(
          {note(std::move(request)), std::move(*command), deadline, envelope.believed});
      return;
    }
    if (envelope.kind == WireKind::catalog_question) {
      auto question = storage::decode_catalog_question(envelope.payload);
      if (!question) return damaged(request, question.error());
      const Deadline deadline = request.deadline;
      ask<CatalogReading>(
          link.actor,
          ReadCatalog{std::move(question->question), question->at_least, deadline,
                      envelope.believed},
          std::move(request),
          [](CatalogReading& reading) {
            return storage::encode(
                storage::WireCatalogReading{std::move(reading.finding), reading.position});
          },
          WireKind::catalog_finding);
      return;
    }
    ask_any(link.actor, envelope, std::move(request));
  }

  void ask_orders(const ShardLink<OrderShard>& link, const storage::Envelope& envelope,
                  Request request) {
    const Deadline deadline = request.deadline;
    switch (envelope.kind) {
      case WireKind::order_command: {
        auto command = storage::decode_order_command(envelope.payload);
        if (!command) return damaged(request, command.error());
        if (!link.publication->enter()) return full(request);
        auto& [actor, batch] = orders_[link.shard];
        actor = link.actor;
        batch.items.push_back({note(std::move(request)), std::move(*command), deadline});
        return;
      }
      case WireKind::order_question: {
        auto question = storage::decode_order_question(envelope.payload);
        if (!question) return damaged(request, question.error());
        ask<OrderReading>(
            link.actor,
            ReadOrders{std::move(question->question), question->at_least, deadline,
                       envelope.believed},
            std::move(request),
            [](OrderReading& reading) {
              return storage::encode(
                  storage::WireOrderReading{std::move(reading.finding), reading.position});
            },
            WireKind::order_finding);
        return;
      }
      case WireKind::await_checkout:
        ask<OrderAnswer>(
            link.actor, AwaitCheckout{engine::OrderId{std::string{envelope.payload}}, deadline},
            std::move(request), [](OrderAnswer& answer) { return wire(answer); },
            WireKind::order_reply);
        return;
      case WireKind::unfinished_checkouts:
        answer_with<UnfinishedCheckouts>(
            link.actor, ReadUnfinished{}, std::move(request),
            [](UnfinishedCheckouts& found) { return storage::encode(found); },
            WireKind::unfinished_checkouts);
        return;
      default:
        ask_any(link.actor, envelope, std::move(request));
    }
  }

  template <class Handle>
  void ask_any(const Handle& actor, const storage::Envelope& envelope, Request request) {
    if (envelope.kind != WireKind::shard_status) {
      return damaged(request, Error{Errc::newer_format, "no such request", "kind", {}});
    }
    const auto shared = std::make_shared<Request>(std::move(request));
    this->request(actor, caf::infinite, ReadStatus{})
        .then(
            [this, shared](ShardStatusReading& reading) {
              if (!reading.status) return refuse(*shared, reading.status.error());
              reply(*shared, WireKind::shard_status, storage::encode(*reading.status));
            },
            [this, shared](caf::error& error) { refuse(*shared, from_caf(error)); });
  }

  void judge(Request& request, std::string_view payload) {
    auto question = storage::decode_judge_holds(payload);
    if (!question) return damaged(request, question.error());
    if (!checkouts_) return refuse(request, {Errc::unavailable, "the node is starting", {}, {}});
    answer_with<HoldsJudged>(
        checkouts_, std::move(*question), std::move(request),
        [](HoldsJudged& judged) { return storage::encode(judged); }, WireKind::holds_judged);
  }

  static std::string wire(CatalogAnswer& answer) {
    return storage::encode(storage::WireCatalogAnswer{std::move(answer.reply), answer.position,
                                                      std::move(answer.replay)});
  }
  static std::string wire(OrderAnswer& answer) {
    return storage::encode(storage::WireOrderAnswer{std::move(answer.reply), answer.position});
  }

  /// Asks one thing; `render` makes its answer's payload.
  template <class Answer, class Handle, class Message, class Render>
  void answer_with(const Handle& actor, Message message, Request request, Render render,
                   WireKind kind) {
    const auto shared = std::make_shared<Request>(std::move(request));
    this->request(actor, caf::infinite, std::move(message))
        .then(
            [this, shared, render, kind](Answer& answer) { reply(*shared, kind, render(answer)); },
            [this, shared](caf::error& error) { refuse(*shared, from_caf(error)); });
  }
  template <class Answer, class Handle, class Message, class Render>
  void ask(const Handle& actor, Message message, Request request, Render render, WireKind kind) {
    answer_with<Answer>(actor, std::move(message), std::move(request), render, kind);
  }

  /// A command of a batch, until its answer comes.
  std::uint64_t note(Request request) {
    const std::uint64_t serial = ++last_serial_;
    open_.emplace(serial, std::move(request));
    if (!ticking_) {
      ticking_ = true;
      delayed_send(DoorActor{this}, kSilence, PeerDoorTick{});
    }
    return serial;
  }

  template <class Answers>
  void on_answers(Answers& answers) {
    constexpr WireKind kind =
        std::is_same_v<Answers, CatalogAnswers> ? WireKind::catalog_reply : WireKind::order_reply;
    for (auto& item : answers.items) {
      auto found = open_.extract(item.serial);
      if (found) reply(found.mapped(), kind, wire(item.answer));
    }
  }

  void on_tick() {
    ticking_ = false;
    const Deadline over = clock().now() - kSilence;
    for (auto each = open_.begin(); each != open_.end();) {
      if (each->second.deadline > over) {
        ++each;
        continue;
      }
      refuse(each->second, {Errc::unknown_outcome, "the shard did not answer", {}, {}});
      each = open_.erase(each);
    }
    if (open_.empty()) return;
    ticking_ = true;
    delayed_send(DoorActor{this}, kSilence, PeerDoorTick{});
  }

  void reply(Request& request, WireKind kind, const std::string& payload) {
    storage::Envelope envelope;
    envelope.kind = kind;
    envelope.shard = request.shard;
    envelope.epoch = request.epoch;
    envelope.payload = payload;
    say(request, storage::encode(envelope));
  }
  void refuse(Request& request, const Error& error) {
    say(request, error_bytes(request.shard, request.epoch, error));
  }
  void full(Request& request) {
    refuse(request, {Errc::overloaded, "the shard's queue is full", {}, {}});
  }
  void damaged(Request& request, const Error& error) {
    if (ways_.damaged) ways_.damaged();
    refuse(request, error);
  }
  void say(Request& request, std::string bytes) {
    if (ways_.closed) ways_.closed();
    if (request.answer) std::exchange(request.answer, nullptr)(std::move(bytes));
  }

  Ways ways_;
  CheckoutCoordinator checkouts_;
  std::map<engine::ShardId, std::pair<CatalogShard, WriteCatalogs>> catalog_;
  std::map<engine::ShardId, std::pair<OrderShard, WriteOrders>> orders_;
  std::unordered_map<std::uint64_t, Request> open_;
  std::uint64_t last_serial_ = 0;
  bool ticking_ = false;
};

}  // namespace

PeerDoor::PeerDoor(caf::actor_system& system, Parts parts) : shared_{std::make_shared<Shared>()} {
  shared_->parts = parts;
  const std::weak_ptr<Shared> weak = shared_;
  PeerDoorActor::Ways ways;
  ways.parts = std::move(parts);
  ways.take = [weak] {
    std::vector<PeerArrival> arrived;
    if (const auto shared = weak.lock()) {
      const std::lock_guard lock{shared->mutex};
      arrived.swap(shared->arrived);
    }
    return arrived;
  };
  ways.closed = [weak] {
    if (const auto shared = weak.lock()) --shared->open;
  };
  ways.damaged = [weak] {
    if (const auto shared = weak.lock()) ++shared->damaged;
  };
  shared_->actor = system.spawn<PeerDoorActor>(std::move(ways));
}

PeerDoor::~PeerDoor() {
  caf::anon_send_exit(shared_->actor, caf::exit_reason::user_shutdown);
}

void PeerDoor::arrived(PeerArrival arrival) {
  if (shared_->open.fetch_add(1) >= shared_->parts.open_max) {
    --shared_->open;
    if (arrival.answer) {
      arrival.answer(error_bytes(arrival.envelope.shard, 0,
                                 {Errc::overloaded, "the node has too many requests", {}, {}}));
    }
    return;
  }
  {
    const std::lock_guard lock{shared_->mutex};
    shared_->arrived.push_back(std::move(arrival));
    if (shared_->arrived.size() > 1) return;  // said already
  }
  caf::anon_send(shared_->actor, PeerRequestsArrived{});
}

void PeerDoor::meet(const CheckoutCoordinator& checkouts) {
  caf::anon_send(shared_->actor, MeetCoordinator{checkouts});
}

std::uint64_t PeerDoor::damaged() const {
  return shared_->damaged;
}

}  // namespace souk::actors
