#include "actors/order_shard.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <cassert>
#include <deque>
#include <utility>

#include "actors/backlog.hpp"
#include "actors/checkout_twins.hpp"
#include "actors/error_mapping.hpp"
#include "actors/failpoint.hpp"
#include "actors/heat.hpp"
#include "actors/order_reader.hpp"
#include "actors/record_pipeline.hpp"
#include "actors/remote_repeats.hpp"
#include "actors/shard_waiters.hpp"
#include "storage/record.hpp"

namespace souk::actors {

struct DecideOrders {
  std::chrono::steady_clock::time_point sent;
};

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::DecideOrders)

namespace souk::actors {
namespace {

using engine::CheckoutEntry;
using engine::CheckoutOpened;
using engine::CheckoutPhase;
using engine::Errc;
using engine::Error;
using engine::OrderId;
using engine::Position;
using Interface = LocalOrderShard::extend<caf::reacts_to<DecideOrders>>;
using Seconds = std::chrono::duration<double>;

/// How long a refused checkout's answer is kept: as long as Stripe keeps its keys.
constexpr engine::Duration kRefusalRetention = std::chrono::hours{24};
constexpr std::chrono::seconds kSweepEvery{30};
constexpr std::size_t kSweepMax = 1024;
/// An order changes three times within a moment and then no more, so waiting longer saves no
/// writing, and copies of a few hundred entries stay in memory that is in use already.
constexpr std::uint64_t kSaveBytes = 1U << 20U;

OrderId order_of(const engine::OrderCommand& command) {
  struct Visitor {
    OrderId operator()(const engine::BeginCheckout& begin) const { return begin.order; }
    OrderId operator()(const engine::PlaceOrder& place) const { return place.order.id; }
    OrderId operator()(const engine::CompleteOrder& complete) const { return complete.order; }
    OrderId operator()(const engine::RefuseCheckout& refuse) const { return refuse.order; }
    OrderId operator()(const engine::AbandonCheckout& abandon) const { return abandon.order; }
    OrderId operator()(const engine::ForgetRefusals&) const { return {}; }
  };
  return std::visit(Visitor{}, command);
}

class OrderShardActor final : public Interface::base {
public:
  OrderShardActor(caf::actor_config& config, std::unique_ptr<OrderShardParts> parts)
      : Interface::base{config},
        parts_{std::move(parts)},
        state_{*parts_->state},
        publication_{*parts_->publication},
        pipeline_{state_.position(), 1, parts_->limits.in_flight_max},
        backlog_{state_.position()} {
    set_exception_handler([health = parts_->health,
                           shard = publication_.shard](std::exception_ptr&) -> caf::error {
      health->fail(shard.name() +
                   " threw an exception");  // the state may be half changed: only a replay is safe
      return caf::exit_reason::unhandled_exception;
    });
  }

  const char* name() const override { return "order_shard"; }

private:
  using To = AnswerTo<OrderAnswer>;

  struct Waiting {
    engine::OrderCommand command;
    Deadline deadline = Deadline::max();
    To to{};
    std::chrono::steady_clock::time_point since{};
  };
  struct Pending {
    To to;
    OrderAnswer answer;
    /// In a cluster, of a command that may be said twice: whoever leads next can be asked for it.
    std::optional<Waiting> again{};
  };
  behavior_type make_behavior() override {
    publication_.set_slots(state_.slots().range);
    show_state();
    delayed_send(this, parts_->limits.tick, ShardTick{});
    return {
        [this](WriteOrder& request) { return on_write(request); },
        [this](WriteOrders& request) { on_write_many(request); },
        [this](ReadOrders& request) { return on_read(request); },
        [this](AwaitCheckout& request) { return on_await(request); },
        [this](const ReadUnfinished& request) { return on_unfinished(request); },
        [this](const ReadStatus&) { return on_status(); },
        [this](const Materialise&) { return on_materialise(); },
        [this](const Drain&) { return on_drain(); },
        [this](const LeadShard& lead) { on_lead(lead); },
        [this](const FollowShard& follow) { on_follow(follow); },
        [this](const RecordsCommitted& news) { on_committed(news); },
        [this](const JournalFailed& failure) { on_journal_failed(failure); },
        [this](const ShardTick&) { on_tick(); },
        [this](const ForkShard& request) { return on_fork(request); },
        [this](const DecideOrders& decide) { on_decide(decide.sent); },
    };
  }

  caf::result<OrderAnswer> on_write(WriteOrder& request) {
    if (auto refused = refusal_of(request.command)) return refuse(std::move(*refused));
    if (!leading_ && parts_->elsewhere) return delegate(parts_->elsewhere, std::move(request));
    auto promise = make_response_promise<OrderAnswer>();
    take_in({std::move(request.command), request.deadline, {promise}});
    return promise;
  }

  void on_write_many(WriteOrders& request) {
    if (!leading_ && !draining_ && !failure_ && parts_->elsewhere)
      return pass_on(current_sender(), std::move(request));
    const caf::strong_actor_ptr& asker = current_sender();
    for (auto& item : request.items) {
      if (auto refused = refusal_of(item.command)) {
        parts_->metrics->shed();
        answer({{}, asker, item.serial}, {std::move(*refused), state_.position()});
      } else {
        take_in({std::move(item.command), item.deadline, {{}, asker, item.serial}});
      }
    }
    answers_.send(this);
  }

  /// Why the command is not taken now, if so.
  std::optional<Error> refusal_of(const engine::OrderCommand& command) const {
    if (failure_) return Error{Errc::unavailable, failure_->detail};
    // While draining, checkouts under way may finish; new ones may not begin.
    if (draining_ && std::holds_alternative<engine::BeginCheckout>(command)) {
      return Error{Errc::unavailable, "the node is stopping"};
    }
    return std::nullopt;
  }

  OrderAnswer refuse(Error error) {
    publication_.leave();
    parts_->metrics->shed();
    return {std::move(error), state_.position()};
  }

  void take_in(Waiting waiting) {
    waiting.since = std::chrono::steady_clock::now();
    waiting_.push_back(std::move(waiting));
    schedule_decide();
  }

  /// Commands that another node's copy has to decide: it answers their sender.
  void pass_on(const caf::strong_actor_ptr& asker, WriteOrders commands) {
    caf::send_as(caf::actor_cast<OrderAsker>(asker), parts_->elsewhere, std::move(commands));
  }

  /// The message lands behind every command that is in the mailbox already, so these make one
  /// batch.
  void schedule_decide() {
    if (!leading_ || !publication_.open || decide_scheduled_ || pipeline_.full() ||
        (waiting_.empty() && !forks_.undecided()))
      return;
    decide_scheduled_ = true;
    send(this, DecideOrders{std::chrono::steady_clock::now()});
  }

  void on_decide(std::chrono::steady_clock::time_point sent) {
    decide_scheduled_ = false;
    const auto now = std::chrono::steady_clock::now();
    // A message does not say when it was sent, but this one does: what came before it lay in the
    // mailbox for about as long as the one before this did.
    const auto in_mailbox = std::exchange(in_mailbox_, now - sent);
    if (failure_ || !leading_ || !publication_.open) return;
    decide_forks();
    if (pipeline_.full() || waiting_.empty()) return;
    const HeatSpan span{parts_->heat};
    auto record = pipeline_.next(parts_->clock->now());
    std::vector<std::pair<Position, Pending>> held;
    std::size_t commands = 0;
    parts_->metrics->waited(Seconds(now - waiting_.front().since + in_mailbox).count());
    while (!waiting_.empty() && commands < parts_->limits.batch_commands_max) {
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      if (next.deadline <= now) {
        parts_->metrics->shed();
        answer(next.to,
               {Error{Errc::timed_out, "the deadline passed while it waited"}, state_.position()});
        continue;
      }
      ++commands;
      decide_one(std::move(next), record, held);
    }
    if (!record.events.empty()) journal(std::move(record), commands);
    for (auto& [position, pending] : held) pipeline_.hold(position, std::move(pending));
    answers_.send(this);
    schedule_decide();
  }

  caf::result<ShardForked> on_fork(const ForkShard& request) {
    if (failure_ || draining_ || !leading_) {
      return ShardForked{Error{Errc::not_leader, "this copy does not lead the shard", {}, {}}};
    }
    auto promise = make_response_promise<ShardForked>();
    forks_.add(request.fork, promise);
    schedule_decide();
    return promise;
  }

  /// Each in a record of its own.
  void decide_forks() {
    forks_.decide([this](const engine::ForkSlots& fork) -> std::optional<engine::Result<Position>> {
      if (pipeline_.full()) return {};
      auto record = pipeline_.next(parts_->clock->now());
      const auto decision = state_.decide(fork, record);
      if (!record.events.empty()) journal(std::move(record), 1);
      if (!decision.reply) return engine::Result<Position>{decision.reply.error()};
      return engine::Result<Position>{decision.answer_at};
    });
    forks_.applied(state_.position());
  }

  std::optional<Waiting> kept_for_another(const Waiting& waiting) const {
    if (!parts_->elsewhere || !waiting.to.somebody() || !is_repeatable(waiting.command)) return {};
    return Waiting{waiting.command, waiting.deadline, {}, waiting.since};
  }

  void decide_one(Waiting next, engine::OrderRecord& record,
                  std::vector<std::pair<Position, Pending>>& held) {
    if (const auto loaded = make_resident(order_of(next.command)); !loaded) {
      if (next.to.somebody()) answer(next.to, {loaded.error(), state_.position()});
      return;
    }
    auto again = kept_for_another(next);
    auto decision = state_.decide(std::move(next.command), record);
    if (!next.to.somebody()) return;
    OrderAnswer reply{std::move(decision.reply), decision.answer_at};
    if (decision.answer_at <= pipeline_.committed()) {
      reply.position = state_.position();
      answer(next.to, std::move(reply));
    } else {
      held.emplace_back(decision.answer_at,
                        Pending{std::move(next.to), std::move(reply), std::move(again)});
    }
  }

  /// Finished checkouts leave memory, so an absent entry may be in the store. Errors: those of
  /// storage.
  engine::Result<void> make_resident(const OrderId& id) {
    if (id.empty() || state_.resident(id)) return {};
    auto entry = parts_->store->load(id);
    if (!entry) return entry.error();
    if (*entry) state_.admit(std::move(**entry));
    return {};
  }

  void journal(engine::OrderRecord record, std::size_t commands) {
    auto payload = std::make_shared<const std::string>(storage::encode_record(record));
    parts_->metrics->decided(commands, payload->size());
    if (parts_->heat != nullptr) parts_->heat->decided(commands, payload->size());
    ProposeRecords propose;
    propose.records.push_back(
        {record.position, record.epoch, storage::payload_checksum(*payload), std::move(payload)});
    pipeline_.push(std::move(record));
    send(parts_->log, std::move(propose));
  }

  void on_lead(const LeadShard& lead) {
    if (failure_) return;
    assert(state_.position() == lead.last);
    leading_ = true;
    pipeline_.restart(lead.last, lead.epoch);
    for (auto& promise : std::exchange(unfinished_waiters_, {}))
      promise.deliver(UnfinishedCheckouts{state_.unfinished()});
    answer_reads();
    schedule_decide();
  }

  /// What was decided may be committed or not, by whoever leads now; what was not decided yet is
  /// theirs.
  void on_follow(const FollowShard& follow) {
    leading_ = false;
    state_.forget_tentative();
    const Error unknown{Errc::unknown_outcome,
                        follow.why.detail +
                            ": whether it was done is not known; ask again with the "
                            "same key"};
    pipeline_.abandon([&](Position, Pending pending) {
      if (pending.again) {
        pending.again->to = std::move(pending.to);
        return waiting_.push_back(std::move(*pending.again));
      }
      answer(pending.to, {unknown, state_.position()});
    });
    answers_.send(this);
    forks_.give_up({Errc::not_leader, follow.why.detail, {}, {}});
    std::erase_if(waiting_, [](const Waiting& waiting) { return !waiting.to.somebody(); });
    if (parts_->elsewhere) pass_on_waiting();
    finish_drain();
  }

  /// Whatever was not decided yet is decided by whoever leads now.
  void pass_on_waiting() {
    std::vector<std::pair<caf::strong_actor_ptr, WriteOrders>> batches;
    for (Waiting& waiting : std::exchange(waiting_, {})) {
      if (waiting.to.promise) {
        waiting.to.promise->delegate(parts_->elsewhere,
                                     WriteOrder{std::move(waiting.command), waiting.deadline});
      } else if (waiting.to.asker) {
        auto batch = std::find_if(batches.begin(), batches.end(),
                                  [&](const auto& each) { return each.first == waiting.to.asker; });
        if (batch == batches.end())
          batch = batches.insert(batch, {waiting.to.asker, WriteOrders{}});
        batch->second.items.push_back(
            {waiting.to.serial, std::move(waiting.command), waiting.deadline});
      }
    }
    for (auto& [asker, batch] : batches) pass_on(asker, std::move(batch));
    waiting_reads_.pass_on([this](ReadOrders request, auto promise) {
      if (request.at_least > 0 && request.at_least <= state_.position()) {
        promise.deliver(read(request));
      } else {
        promise.delegate(parts_->elsewhere, std::move(request));
      }
    });
    twins_.pass_on([this](const OrderId& id, Deadline deadline, auto promise) {
      promise.delegate(parts_->elsewhere, AwaitCheckout{id, deadline});
    });
  }

  /// Without a leader nothing is decided, and without a way to one nothing is passed on: at its
  /// deadline a command is answered all the same.
  void expire_waiting() {
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(waiting_, [&](const Waiting& waiting) {
      if (waiting.deadline > now) return false;
      if (waiting.to.somebody()) {
        answer(waiting.to,
               {Error{Errc::timed_out, "nobody led the shard in time"}, state_.position()});
      }
      return true;
    });
    answers_.send(this);
  }

  void on_committed(const RecordsCommitted& news) {
    if (failure_) return;
    const HeatSpan span{parts_->heat};
    auto records = take_committed(news);
    if (failure_) return;
    const auto begin = std::chrono::steady_clock::now();
    for (engine::OrderRecord& record : records) {
      if (!leading_ && !admit_all(record)) return;
      const auto over = twins_.over_with(record);
      state_.apply(std::move(record));
      for (const OrderId& id : over) twins_.wake(id, outcome_now(id));
    }
    give_away_forked();
    parts_->metrics->published(Seconds(std::chrono::steady_clock::now() - begin).count());
    show_state();
    pipeline_.release(
        [this](Position, Pending pending) { answer(pending.to, std::move(pending.answer)); });
    forks_.applied(state_.position());
    answers_.send(this);
    answer_reads();
    start_save_when_due();
    finish_drain();
    schedule_decide();
  }

  void give_away_forked() {
    auto forked = state_.take_forked();
    if (forked.empty()) return;
    publication_.set_slots(state_.slots().range);
    for (auto& child : forked) {
      if (parts_->forked) parts_->forked(std::move(child));
    }
    twins_.wake_if([this](const OrderId& id) { return !state_.owns(id); },
                   {engine::not_owned(), state_.position()});
    failpoint(leading_ ? "split.forked.leading" : "split.forked.following", publication_.shard);
  }

  /// While this copy leads, every record is its own and known; else it is read.
  std::vector<engine::OrderRecord> take_committed(const RecordsCommitted& news) {
    for (const auto& record : news.records) backlog_.add(record.position, record.payload->size());
    if (leading_) {
      auto records = pipeline_.commit(news.records.back().position);
      assert(records.size() == news.records.size());
      return records;
    }
    std::vector<engine::OrderRecord> records;
    Position expected = state_.position();
    for (const auto& record : news.records) {
      auto decoded = storage::decode_order_record(*record.payload);
      if (!decoded) {
        fail(decoded.error());
        return {};
      }
      ++expected;
      assert(record.position == expected);
      records.push_back(std::move(*decoded));
    }
    return records;
  }

  /// A record of another node's may speak of a finished checkout that is only in the store here (a
  /// refusal that is forgotten).
  bool admit_all(const engine::OrderRecord& record) {
    for (const engine::OrderEvent& event : record.events) {
      engine::Result<void> loaded;
      if (const auto* begun = std::get_if<engine::CheckoutBegun>(&event))
        loaded = make_resident(begun->order);
      if (const auto* forgotten = std::get_if<engine::RefusalsForgotten>(&event)) {
        for (const OrderId& id : forgotten->orders) {
          if (loaded) loaded = make_resident(id);
        }
      }
      if (!loaded) return fail(loaded.error());
    }
    return true;
  }

  /// This copy cannot go on.
  bool fail(const Error& error) {
    parts_->health->fail(publication_.shard.name() + ": " + error.detail);
    on_journal_failed({error});
    return false;
  }

  /// To a batch's sender it goes out with answers_.send().
  void answer(const To& to, OrderAnswer reply) {
    publication_.leave();
    if (to.asker) {
      answers_.add(to.asker, to.serial, std::move(reply));
    } else {
      auto promise = *to.promise;
      promise.deliver(std::move(reply));
    }
  }

  /// Repeats of a checkout under way wait here for what becomes of the first.
  caf::result<OrderAnswer> on_await(AwaitCheckout& request) {
    if (!leading_ && parts_->elsewhere) return delegate(parts_->elsewhere, std::move(request));
    if (!state_.owns(request.order)) return OrderAnswer{engine::not_owned(), state_.position()};
    const auto loaded = make_resident(request.order);
    if (!loaded) return OrderAnswer{loaded.error(), state_.position()};
    const CheckoutEntry* entry = state_.resident(request.order);
    if (!entry) return OrderAnswer{CheckoutOpened{}, state_.position()};  // abandoned meanwhile
    if (entry->phase != CheckoutPhase::begun) {
      return OrderAnswer{outcome_of(*entry), state_.position()};
    }
    auto promise = make_response_promise<OrderAnswer>();
    twins_.add(request.order, promise, request.deadline);
    return promise;
  }

  caf::result<UnfinishedCheckouts> on_unfinished(const ReadUnfinished& request) {
    if (leading_) return UnfinishedCheckouts{state_.unfinished()};
    if (parts_->elsewhere) return delegate(parts_->elsewhere, request);
    // Whoever finishes them while another node leads would do so beside that one.
    unfinished_waiters_.push_back(make_response_promise<UnfinishedCheckouts>());
    return unfinished_waiters_.back();
  }

  OrderAnswer outcome_now(const OrderId& id) const {
    const CheckoutEntry* entry = state_.resident(id);
    return {entry ? outcome_of(*entry) : CheckoutOpened{}, state_.position()};
  }

  void on_journal_failed(const JournalFailed& failure) {
    if (failure_) return;
    failure_ = failure.error;
    state_.forget_tentative();
    // Whether the failed write reached the disk cannot be known: the client has to ask again by its
    // key.
    const Error unknown{Errc::unavailable, "the journal failed; the outcome is unknown"};
    forks_.give_up(unknown);
    pipeline_.abandon([&](Position, Pending pending) {
      answer(pending.to, {unknown, state_.position()});
    });
    for (Waiting& waiting : std::exchange(waiting_, {})) {
      if (waiting.to.somebody()) answer(waiting.to, {unknown, state_.position()});
    }
    answers_.send(this);
    twins_.give_up(Deadline::max(), state_.position());
    finish_drain();
  }

  caf::result<OrderReading> on_read(ReadOrders& request) {
    // A token says how new is new enough; without one only the copy that leads can tell.
    if (!leading_ && request.at_least == 0 && parts_->elsewhere)
      return delegate(parts_->elsewhere, std::move(request));
    if (request.at_least <= state_.position()) {
      if (auto now = read_if_permitted(request)) return std::move(*now);
    }
    auto promise = make_response_promise<OrderReading>();
    if (!waiting_reads_.add(std::move(request), promise)) {
      promise.deliver(
          OrderReading{Error{Errc::overloaded, "too many reads wait"}, state_.position()});
    }
    return promise;
  }

  std::optional<OrderReading> read_if_permitted(const ReadOrders& request) {
    if (!leading_) return request.at_least > 0 ? std::optional{read(request)} : std::nullopt;
    const ReadPermit permit = ReadPermit::of(publication_);
    if (!permit.holds(publication_, clock().now())) return {};
    auto reading = read(request);
    if (!permit.holds(publication_, clock().now())) return {};
    return reading;
  }

  OrderReading read(const ReadOrders& request) {
    if (misbelieved(state_.slots(), request.believed))
      return {engine::not_owned(), state_.position()};
    return {find(state_, *parts_->store, request.question), state_.position()};
  }

  void answer_reads() {
    waiting_reads_.answer(state_.position(),
                          [this](const ReadOrders& request) { return read_if_permitted(request); });
  }

  ShardStatusReading on_status() {
    ShardStatus status;
    status.range.shard = publication_.shard;
    status.stored = publication_.stored;
    status.committed = publication_.committed;
    status.applied = state_.position();
    status.materialised = publication_.materialised;
    status.state_hash = state_.hash();
    status.orders = state_.unfinished_count();
    status.queue_depth = publication_.queued();
    return {status};
  }

  void show_state() {
    publication_.applied = state_.position();
    publication_.state_hash = state_.hash();
  }

  void start_save_when_due() {
    const bool due = std::chrono::steady_clock::now() >= next_save_ ||
                     state_.dirty_bytes() >= kSaveBytes ||
                     backlog_.bytes() >= parts_->limits.materialise_bytes;
    if (due && backlog_.last() > publication_.materialised) start_save();
  }

  void start_save() {
    // What it was split off with is on its way to disk, and counts as there from the next save on.
    if (saving_ || parts_->store->behind()) return;
    next_save_ = std::chrono::steady_clock::now() + parts_->limits.materialise_every;
    saving_ = std::make_shared<const engine::OrderChanges>(state_.take_changes());
    request(parts_->materialiser, caf::infinite,
            SaveOrders{publication_.shard, saving_,
                       std::min<Position>(backlog_.keep_after(parts_->limits.journal_keep_bytes),
                                          publication_.needed_after)})
        .then([this](Saved& saved) { on_saved(saved); },
              [this](caf::error& error) {
                Saved saved{from_caf(error)};
                on_saved(saved);
              });
  }

  void on_saved(const Saved& saved) {
    const Position position = std::exchange(saving_, nullptr)->position;
    if (saved.result) {
      parts_->metrics->materialised(saved.seconds);
      publication_.materialised = position;
      backlog_.materialised(position);
      state_.evict(parts_->limits.resident_orders_max);
    }
    save_waiters_.saved(saved.result, position);
    if (!save_waiters_.empty()) start_save();
    finish_drain();
  }

  caf::result<MaterialiseDone> on_materialise() {
    auto promise = make_response_promise<MaterialiseDone>();
    save_waiters_.add(promise, state_.position());
    start_save();
    return promise;
  }

  caf::result<Drained> on_drain() {
    draining_ = true;
    auto promise = make_response_promise<Drained>();
    drain_waiters_.push_back(promise);
    finish_drain();
    return promise;
  }

  void finish_drain() {
    if (drain_waiters_.empty() || saving_) return;
    if (!failure_) {
      if (!pipeline_.idle() || !waiting_.empty()) return;
      if (state_.position() > publication_.materialised) return start_save();
    }
    for (auto& promise : std::exchange(drain_waiters_, {})) promise.deliver(Drained{});
  }

  void on_tick() {
    delayed_send(this, parts_->limits.tick, ShardTick{});
    answer_reads();
    twins_.give_up(std::chrono::steady_clock::now(), state_.position());
    if (failure_) return;
    if (!leading_ || !publication_.open) expire_waiting();
    schedule_decide();  // the replica may have opened again
    if (!save_waiters_.empty()) start_save();
    finish_drain();
    publication_.orders = state_.unfinished_count();
    if (leading_ && !draining_) sweep_refusals();
    start_save_when_due();
  }

  /// Old refusals are read back, so that forgetting them is decided like everything else.
  void sweep_refusals() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_sweep_ || saving_) return;
    next_sweep_ = now + kSweepEvery;
    const engine::Timestamp time = parts_->clock->now();
    const auto old = parts_->store->refused_before(time + -kRefusalRetention, kSweepMax);
    if (!old || old->empty()) return;
    for (const OrderId& id : *old) {
      if (!make_resident(id)) return;
    }
    take_in({engine::ForgetRefusals{time}, Deadline::max(), {}});
  }

  /// Lets go of the detached actors: handles to this actor may outlive it.
  void on_exit() override {
    parts_->log = nullptr;
    parts_->elsewhere = nullptr;
    parts_->materialiser = nullptr;
    pipeline_.abandon([](engine::Position, Pending) {});
    waiting_.clear();
    twins_ = {};
    waiting_reads_.forget();
    forks_.forget();
    parts_->forked = nullptr;
    save_waiters_.forget();
    drain_waiters_.clear();
    unfinished_waiters_.clear();
  }

  const std::unique_ptr<OrderShardParts> parts_;
  engine::OrderState& state_;
  ShardPublication& publication_;
  RecordPipeline<engine::OrderRecord, Pending> pipeline_;
  Backlog backlog_;
  std::deque<Waiting> waiting_;
  CheckoutTwins twins_;
  AnswerBatches<OrderAsker, OrderAnswers> answers_;
  WaitingReads<ReadOrders, OrderReading> waiting_reads_;
  SaveWaiters save_waiters_;
  ForkWaiters forks_;
  std::vector<caf::typed_response_promise<Drained>> drain_waiters_;
  std::vector<caf::typed_response_promise<UnfinishedCheckouts>> unfinished_waiters_;
  std::shared_ptr<const engine::OrderChanges> saving_;
  Deadline next_save_ = std::chrono::steady_clock::now() + parts_->limits.materialise_every;
  Deadline next_sweep_ = std::chrono::steady_clock::now() + kSweepEvery;
  std::optional<Error> failure_;
  bool leading_ = false;
  bool decide_scheduled_ = false;
  std::chrono::steady_clock::duration in_mailbox_{};
  bool draining_ = false;
};

}  // namespace

LocalOrderShard spawn_order_shard(caf::actor_system& system, OrderShardParts parts) {
  return system.spawn<OrderShardActor>(std::make_unique<OrderShardParts>(std::move(parts)));
}

}  // namespace souk::actors
