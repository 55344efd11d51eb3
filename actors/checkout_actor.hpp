#pragma once

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/checkout_coordinator.hpp"
#include "actors/checkout_memory.hpp"
#include "engine/order/checkout_saga.hpp"

/// Private to the checkout coordinator: checkout_coordinator.cpp takes requests and answers them,
/// checkout_steps.cpp carries out the saga's commands, checkout_writes.cpp asks the shards.
namespace souk::actors {

/// The coordinator's own stroke: deadlines, silences, retries.
struct CheckoutTick {};
/// What was collected for shards and providers since the last is to go out.
struct SendCollected {};
/// The same for what nobody waits for.
struct SendDeferred {};
/// Time to look at what the orders shards have unfinished.
struct CheckUnfinished {};

enum class CheckoutStep : std::uint8_t {
  begin,
  reserve,
  authorize,
  make_void,
  capture,
  place,
  commit,
  release,
  refuse,
  record_refusal,
  abandon,
  complete
};

/// A client that waits for the answer of a checkout.
struct CheckoutWaiter {
  caf::typed_response_promise<CheckoutAnswer> promise;
  Deadline deadline;
  bool twin = false;  // met a checkout of its key that was running already
};

/// A request of another body for a key that is in use: whose key it is is known when the run has
/// begun or is over.
struct CheckoutFollower {
  BeginCheckoutSaga request;
  caf::typed_response_promise<CheckoutAnswer> promise;
};

/// One checkout on its way.
struct CheckoutRun {
  /// Something was asked and not answered yet. A reply whose serial is not open any more came too
  /// late.
  struct OpenStep {
    CheckoutStep step = CheckoutStep::begin;
    engine::ShardId shard;
    Deadline deadline;
    std::uint64_t serial = 0;
    std::uint64_t task = 0;  // of a part
  };
  /// What the saga takes for one shard's. The shard may be split while the checkout runs: then the
  /// lines live on several.
  struct Part {
    engine::ShardId shard;
    std::vector<engine::HoldLine> lines;
    std::vector<engine::Slot> slots;  // of the lines' products
  };
  /// One step of a part, asked of every shard that has lines of it.
  struct PartTask {
    std::uint64_t id = 0;
    CheckoutStep step = CheckoutStep::reserve;
    engine::ShardId part;
    Deadline deadline;
    std::size_t missing = 0;
    bool astray = false;  // a shard was not what this node took it for: to be asked again
    std::optional<CatalogAnswer> failure;
    std::vector<engine::HeldLine> held;
    std::vector<ShardLink<CatalogShard>> held_at;
  };

  engine::OrderId order;
  // While the SKUs are looked up there is no saga yet, but what it will be made from.
  std::optional<engine::BeginCheckout> begin;
  std::optional<engine::CheckoutEntry> entry;  // of a resumed checkout
  std::optional<engine::CheckoutSaga> saga;
  std::optional<engine::CheckoutEntry>
      unfinished;  // an earlier attempt of the key, to be resumed after this
  Deadline client_deadline;
  Deadline started;
  std::vector<CheckoutWaiter> waiters;
  std::vector<CheckoutFollower> followers;
  bool begun = false;  // the key is this run's: it is in the journal
  engine::ConsistencyToken token;
  std::vector<OpenStep> open;
  std::vector<Part> parts;
  std::vector<PartTask> tasks;
  std::deque<engine::saga::Event> events;  // fed while a step is being taken
  bool stepping = false;
  bool answered = false;
  bool finished = false;

  std::size_t shards_unreserved = 0;
  bool reserve_first = false;  // begin only when everything was held
  bool reserve_refused = false;
  bool unbegun = false;  // refused before begin: journaled after the answer
  bool resumed = false;  // found in the journal; no client to restart it for
  bool restart = false;  // the directory was wrong: run once more under another hold
  bool restarted = false;
  bool place_in_doubt = false;
  bool placed = false;   // in the journal: what is left may be done by two at once
  bool closing = false;  // its end is being journaled
  std::string provider;
  engine::PaymentId payment;

  std::optional<Deadline> retry_at;
  std::uint32_t retries = 0;
};
using CheckoutRunPtr = std::shared_ptr<CheckoutRun>;
/// The slot of each line's product; nothing: no product claims the SKU.
using LineSlots = std::vector<std::optional<engine::Slot>>;

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::CheckoutTick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SendCollected)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SendDeferred)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::CheckUnfinished)

namespace souk::actors {

using CheckoutCoordinatorSelf =
    CheckoutCoordinator::extend<caf::reacts_to<CatalogAnswers>, caf::reacts_to<OrderAnswers>,
                                caf::reacts_to<PaymentAnswers>, caf::reacts_to<CheckoutTick>,
                                caf::reacts_to<SendCollected>, caf::reacts_to<SendDeferred>,
                                caf::reacts_to<CheckUnfinished>>;

class CheckoutCoordinatorActor final : public CheckoutCoordinatorSelf::base {
public:
  struct Parts {
    RouteTablePtr routes;
    std::shared_ptr<SkuDirectory> directory;
    const Clock& clock;
    CheckoutLimits limits;
    Metrics& metrics;
    PaymentProviders providers;
  };
  CheckoutCoordinatorActor(caf::actor_config& config, Parts parts);
  const char* name() const override { return "checkout_coordinator"; }

private:
  behavior_type make_behavior() override;

  // Taking requests (checkout_coordinator.cpp).
  caf::result<CheckoutAnswer> on_begin(BeginCheckoutSaga& request);
  void admit(BeginCheckoutSaga& request, caf::typed_response_promise<CheckoutAnswer> promise);
  caf::result<HoldsJudged> on_judge(const JudgeHolds& question);
  // Checkouts that nobody drives (checkout_resume.cpp).
  void on_resume(const ResumeCheckouts& request);
  void on_check_unfinished();
  void read_unfinished(engine::ShardId shard, bool at_once);
  void watch_unfinished(engine::ShardId shard, UnfinishedCheckouts& unfinished);
  /// Whether another coordinator may be driving the checkout by now: then nothing more is done.
  bool let_go(const CheckoutRunPtr& run);
  caf::result<Drained> on_drain();
  void on_tick();
  void on_send_collected();
  void on_payment_answers(const PaymentAnswers& answers);

  std::optional<CheckoutAnswer> refuse_at_door(const BeginCheckoutSaga& request) const;
  void join_twin(CheckoutRun& run, BeginCheckoutSaga& request,
                 caf::typed_response_promise<CheckoutAnswer> promise);
  /// Finds the shard of every line, then starts the saga.
  void route(const CheckoutRunPtr& run);
  void start(const CheckoutRunPtr& run, const LineSlots& slots);
  void resume(engine::CheckoutEntry entry);
  void answer(CheckoutRun& run, engine::Result<CheckoutReply> reply, const engine::Replay& replay);
  void deliver(CheckoutWaiter& waiter, const CheckoutRun& run, engine::Result<CheckoutReply> reply,
               const engine::Replay& replay);
  /// The stored outcome of the key answers the run's clients.
  void answer_from(CheckoutRun& run, const engine::CheckoutEntry& entry);
  /// Another coordinator runs a checkout of this key: its outcome answers the run's clients.
  void await_twin(const CheckoutRunPtr& run);
  void finish(const CheckoutRunPtr& run);
  void answer_drains();
  void wake();
  void read_checkout(const engine::OrderId& order, Deadline deadline,
                     std::function<void(OrderReading&)> then);

  // Carrying out commands (checkout_steps.cpp).
  void feed(const CheckoutRunPtr& run, engine::saga::Event event);
  void execute(const CheckoutRunPtr& run, engine::saga::Begin command);
  void execute(const CheckoutRunPtr& run, engine::saga::Reserve command);
  void execute(const CheckoutRunPtr& run, engine::saga::Authorize command);
  void execute(const CheckoutRunPtr& run, engine::saga::Void command);
  void execute(const CheckoutRunPtr& run, engine::saga::Capture command);
  void execute(const CheckoutRunPtr& run, engine::saga::Place command);
  void execute(const CheckoutRunPtr& run, engine::saga::CommitHolds command);
  void execute(const CheckoutRunPtr& run, engine::saga::ReleaseHolds command);
  void execute(const CheckoutRunPtr& run, engine::saga::Refuse command);
  void execute(const CheckoutRunPtr& run, engine::saga::Abandon command);
  void execute(const CheckoutRunPtr& run, engine::saga::Complete command);
  void execute(const CheckoutRunPtr& run, engine::saga::AnswerOrder command);
  void execute(const CheckoutRunPtr& run, engine::saga::AnswerError command);
  void execute(const CheckoutRunPtr& run, engine::saga::Finished command);

  void send_begin(const CheckoutRunPtr& run);
  void on_begun(const CheckoutRunPtr& run, OrderAnswer& answer);
  void on_reserved(const CheckoutRunPtr& run, engine::ShardId shard, CatalogAnswer& answer);
  void on_placed(const CheckoutRunPtr& run, OrderAnswer& answer);
  void settle_reserve_first(const CheckoutRunPtr& run);
  /// Something of `run` was refused before it was begun: tell what the key already stands for, else
  /// remember.
  void refuse_unbegun(const CheckoutRunPtr& run, const engine::Error& refusal);
  /// Journals what refuse_unbegun() told, a little after the answer: until then it is remembered
  /// here.
  void record_refusal(const CheckoutRunPtr& run, const engine::Error& refusal);
  void on_payment_answer(const CheckoutRunPtr& run, const PaymentAnswer& answer);
  void ask_provider(const CheckoutRunPtr& run, CheckoutStep step, PaymentRequest request);
  void on_silence(const CheckoutRunPtr& run, const CheckoutRun::OpenStep& step);
  void retry_later(CheckoutRun& run);

  /// What the orders shard said to a step.
  void on_order_answer(const CheckoutRunPtr& run, CheckoutStep step, OrderAnswer& answer);
  /// What a catalog shard said to a step of a part.
  void on_catalog_answer(const CheckoutRunPtr& run, std::uint64_t task,
                         const ShardLink<CatalogShard>& link, CatalogAnswer& answer);
  /// What all shards of a part said.
  void on_part_answer(const CheckoutRunPtr& run, CheckoutStep step, engine::ShardId part,
                      CatalogAnswer& answer);
  void end_task(const CheckoutRunPtr& run, std::uint64_t task);
  CheckoutRun::PartTask* task_of(CheckoutRun& run, std::uint64_t task);

  // Asking shards (checkout_writes.cpp). Commands are collected, and go out as one message to each
  // shard when everything that waits in the mailbox has been taken. Those that follow the answer
  // wait a little for more of their kind.
  void write_order(const CheckoutRunPtr& run, CheckoutStep step, engine::OrderCommand command,
                   Deadline deadline);
  /// A step of a part, to all shards that have lines of it by now.
  void write_part(const CheckoutRunPtr& run, CheckoutStep step, engine::ShardId part,
                  Deadline deadline);
  void ask_task(const CheckoutRunPtr& run, std::uint64_t task);
  engine::CatalogCommand command_of(const CheckoutRun& run, const CheckoutRun::PartTask& task,
                                    std::vector<engine::HoldLine> lines) const;
  void write_catalog(const CheckoutRunPtr& run, std::uint64_t task,
                     const ShardLink<CatalogShard>& link, engine::CatalogCommand command);
  /// Without an answer.
  void let_hold_go(const CheckoutRun& run, const ShardLink<CatalogShard>& link);
  void on_order_answers(OrderAnswers& answers);
  void on_catalog_answers(CatalogAnswers& answers);
  void send_soon();
  void send_later();
  void on_send_deferred();
  template <class Writes>
  std::map<engine::ShardId, Writes>& unsent(CheckoutStep step,
                                            std::map<engine::ShardId, Writes>& soon,
                                            std::map<engine::ShardId, Writes>& later);
  /// Notes a step that waits for an answer; if `written`, for that of a shard.
  std::uint64_t open_step(const CheckoutRunPtr& run, CheckoutStep step, engine::ShardId shard,
                          Deadline deadline, bool written, std::uint64_t task = 0);
  /// Nothing if the step is not open any more: its answer came too late.
  CheckoutRunPtr close_step(std::uint64_t serial, CheckoutRun::OpenStep& step);
  void forget_steps(CheckoutRun& run);

  Deadline steady_now() { return clock().now(); }

  RouteTablePtr routes_;
  std::shared_ptr<SkuDirectory> directory_;
  const Clock& time_of_day_;
  CheckoutLimits limits_;
  Metrics& metrics_;
  PaymentProviders providers_;
  std::unordered_map<engine::OrderId, CheckoutRunPtr> running_;
  std::unordered_map<engine::PaymentId, CheckoutRunPtr> payments_;
  std::unordered_map<std::uint64_t, CheckoutRunPtr> written_;  // by serial of an open step
  std::map<engine::ShardId, WriteCatalogs> unsent_catalog_;
  std::map<engine::ShardId, WriteOrders> unsent_orders_;
  std::map<engine::ShardId, WriteCatalogs> deferred_catalog_;
  std::map<engine::ShardId, WriteOrders> deferred_orders_;
  std::size_t deferred_ = 0;
  std::unordered_map<std::string, PaymentRequests> unsent_payments_;  // by provider
  bool sending_soon_ = false;
  /// An unfinished checkout as it was seen first.
  struct Sighting {
    engine::HoldId hold;
    Deadline since;
  };
  std::map<engine::ShardId, std::unordered_map<engine::OrderId, Sighting>> watched_;
  bool checking_ = false;
  RefusalMemory refusals_;
  SoldOutNotes sold_out_;
  std::uint64_t last_serial_ = 0;
  std::uint64_t last_task_ = 0;
  bool ticking_ = false;
  bool draining_ = false;
  std::vector<caf::typed_response_promise<Drained>> drains_;
};

}  // namespace souk::actors
