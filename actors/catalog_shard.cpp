#include "actors/catalog_shard.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <cassert>
#include <deque>
#include <utility>

#include "actors/backlog.hpp"
#include "actors/catalog_reader.hpp"
#include "actors/command_size.hpp"
#include "actors/error_mapping.hpp"
#include "actors/failpoint.hpp"
#include "actors/heat.hpp"
#include "actors/record_pipeline.hpp"
#include "actors/remote_repeats.hpp"
#include "actors/shard_waiters.hpp"
#include "storage/record.hpp"

namespace souk::actors {

struct DecideWaiting {
  std::chrono::steady_clock::time_point sent;
};

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::DecideWaiting)

namespace souk::actors {
namespace {

using engine::Errc;
using engine::Error;
using engine::Position;
using Interface = LocalCatalogShard::extend<caf::reacts_to<DecideWaiting>>;
using Seconds = std::chrono::duration<double>;

class CatalogShardActor final : public Interface::base {
public:
  CatalogShardActor(caf::actor_config& config, std::unique_ptr<CatalogShardParts> parts)
      : Interface::base{config},
        parts_{std::move(parts)},
        replica_{*parts_->replica},
        publication_{*parts_->publication},
        pipeline_{replica_.state().position(), 1, parts_->limits.in_flight_max},
        backlog_{replica_.state().position()} {
    set_exception_handler([health = parts_->health,
                           shard = publication_.shard](std::exception_ptr&) -> caf::error {
      health->fail(shard.name() +
                   " threw an exception");  // the state may be half changed: only a replay is safe
      return caf::exit_reason::unhandled_exception;
    });
  }

  const char* name() const override { return "catalog_shard"; }

private:
  using To = AnswerTo<CatalogAnswer>;

  /// Where a written key lies; a SKU lies with its product.
  std::optional<engine::Slot> slot_of_key(const engine::ProductId& id) const {
    return engine::slot_of(id.str());
  }
  std::optional<engine::Slot> slot_of_key(const engine::Sku& sku) const {
    const engine::SkuEntry* entry = replica_.state().sku(sku);
    return entry == nullptr ? std::nullopt : slot_of_key(entry->product);
  }

  struct Waiting {
    engine::CatalogCommand command;
    Deadline deadline = Deadline::max();
    To to{};
    Believed believed{};
    std::chrono::steady_clock::time_point since{};
  };
  struct Pending {
    To to;
    CatalogAnswer answer;
    /// In a cluster, of a command that may be said twice: whoever leads next can be asked for it.
    std::optional<Waiting> again{};
  };
  behavior_type make_behavior() override {
    publication_.set_slots(replica_.state().slots().range);
    publication_.index_bytes = replica_.index().memory_bytes();
    show_state();
    delayed_send(this, parts_->limits.tick, ShardTick{});
    return {
        [this](WriteCatalog& request) { return on_write(request); },
        [this](WriteCatalogs& request) { on_write_many(request); },
        [this](ReadCatalog& request) { return on_read(request); },
        [this](const ReadStatus&) { return on_status(); },
        [this](const Materialise&) { return on_materialise(); },
        [this](const Drain&) { return on_drain(); },
        [this](const LeadShard& lead) { on_lead(lead); },
        [this](const FollowShard& follow) { on_follow(follow); },
        [this](const RecordsCommitted& news) { on_committed(news); },
        [this](const JournalFailed& failure) { on_journal_failed(failure); },
        [this](const MeetCoordinator& meeting) { checkouts_ = meeting.checkouts; },
        [this](const ShardTick&) { on_tick(); },
        [this](const ForkShard& request) { return on_fork(request); },
        [this](const DecideWaiting& decide) { on_decide(decide.sent); },
    };
  }

  caf::result<CatalogAnswer> on_write(WriteCatalog& request) {
    if (auto refused = refusal_of(request.urgency)) return refuse(std::move(*refused));
    if (!leading_ && parts_->elsewhere) return delegate(parts_->elsewhere, std::move(request));
    auto promise = make_response_promise<CatalogAnswer>();
    take_in({std::move(request.command), request.deadline, {promise}, request.believed});
    return promise;
  }

  void on_write_many(WriteCatalogs& request) {
    if (!leading_ && !draining_ && !failure_ && parts_->elsewhere)
      return pass_on(current_sender(), std::move(request));
    const caf::strong_actor_ptr& asker = current_sender();
    for (auto& item : request.items) {
      if (auto refused = refusal_of(Urgency::normal)) {
        parts_->metrics->shed();
        answer({{}, asker, item.serial}, {std::move(*refused), replica_.state().position()});
      } else {
        take_in({std::move(item.command), item.deadline, {{}, asker, item.serial}, item.believed});
      }
    }
    answers_.send(this);
  }

  /// Why no command of that urgency is taken now, if so.
  std::optional<Error> refusal_of(Urgency urgency) const {
    if (failure_) return Error{Errc::unavailable, failure_->detail};
    if (draining_) return Error{Errc::unavailable, "the node is stopping"};
    if (leading_ && urgency == Urgency::bulk && publication_.bulk_blocked) {
      return Error{Errc::overloaded, "the shard is still writing what it took before"};
    }
    return std::nullopt;
  }

  CatalogAnswer refuse(Error error) {
    publication_.leave();
    parts_->metrics->shed();
    return {std::move(error), replica_.state().position()};
  }

  void take_in(Waiting waiting) {
    waiting.since = std::chrono::steady_clock::now();
    waiting_.push_back(std::move(waiting));
    schedule_decide();
  }

  /// Commands that another node's copy has to decide: it answers their sender.
  void pass_on(const caf::strong_actor_ptr& asker, WriteCatalogs commands) {
    caf::send_as(caf::actor_cast<CatalogAsker>(asker), parts_->elsewhere, std::move(commands));
  }

  /// The message lands behind every command that is in the mailbox already, so these make one
  /// batch.
  void schedule_decide() {
    if (!leading_ || !publication_.open || decide_scheduled_ || pipeline_.full() ||
        (waiting_.empty() && !forks_.undecided()))
      return;
    decide_scheduled_ = true;
    send(this, DecideWaiting{std::chrono::steady_clock::now()});
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
    std::size_t bytes = 0;
    parts_->metrics->waited(Seconds(now - waiting_.front().since + in_mailbox).count());
    while (!waiting_.empty() && commands < parts_->limits.batch_commands_max &&
           bytes < parts_->limits.batch_bytes_max) {
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      if (next.deadline <= now) {
        parts_->metrics->shed();
        answer(next.to, {Error{Errc::timed_out, "the deadline passed while it waited"},
                         replica_.state().position()});
        continue;
      }
      ++commands;
      bytes += rough_size(next.command);
      if (parts_->heat != nullptr)
        parts_->heat->keys([&](const auto& note) { written_keys(next.command, note); },
                           [this](const auto& id) { return slot_of_key(id); });
      decide_one(std::move(next), record, held);
    }
    if (!record.events.empty()) journal(std::move(record), commands);
    for (auto& [position, pending] : held) {
      pipeline_.hold(position, std::move(pending));
    }
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
      const auto decision = replica_.state().decide(fork, record);
      if (!record.events.empty()) journal(std::move(record), 1);
      if (!decision.reply) return engine::Result<Position>{decision.reply.error()};
      return engine::Result<Position>{decision.answer_at};
    });
    forks_.applied(replica_.state().position());
  }

  std::optional<Waiting> kept_for_another(const Waiting& waiting) const {
    if (!parts_->elsewhere || !waiting.to.somebody() || !is_repeatable(waiting.command)) return {};
    return Waiting{waiting.command, waiting.deadline, {}, waiting.believed, waiting.since};
  }

  void decide_one(Waiting next, engine::CatalogRecord& record,
                  std::vector<std::pair<Position, Pending>>& held) {
    auto again = kept_for_another(next);
    if (failpoint("shard.no_slots")) next.believed.reset();
    auto decision = replica_.state().decide(next.command, record, next.believed);
    if (!decision.reply && failpoint("catalog.oversell")) oversell(next.command, decision);
    if (!next.to.somebody()) return;
    CatalogAnswer reply{std::move(decision.reply), decision.answer_at, std::move(decision.replay)};
    if (decision.answer_at <= pipeline_.committed()) {
      reply.position = replica_.state().position();
      answer(next.to, std::move(reply));
    } else {
      held.emplace_back(decision.answer_at,
                        Pending{std::move(next.to), std::move(reply), std::move(again)});
    }
  }

  /// A planted bug, so that the checks which look for overselling can be seen to find it: units
  /// that are not there are said to be held.
  void oversell(const engine::CatalogCommand& command, engine::CatalogState::Decision& decision) {
    const auto* hold = std::get_if<engine::PlaceHold>(&command);
    if (hold == nullptr || decision.reply.error().code != Errc::insufficient_stock) return;
    engine::HoldPlacedReply forged{{}, {}, hold->expires_at};
    for (const engine::HoldLine& line : hold->lines) {
      const engine::SkuEntry* sku = replica_.state().sku(line.sku);
      if (sku == nullptr) return;
      forged.held.push_back({line.sku, sku->product, line.quantity, sku->terms.price, "oversold"});
    }
    decision.reply = engine::CatalogReply{std::move(forged)};
    decision.answer_at = 0;
  }

  void journal(engine::CatalogRecord record, std::size_t commands) {
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
    assert(replica_.state().position() == lead.last);
    leading_ = true;
    pipeline_.restart(lead.last, lead.epoch);
    show_state();
    answer_reads();
    schedule_decide();
  }

  /// What was decided may be committed or not, by whoever leads now; what was not decided yet is
  /// theirs.
  void on_follow(const FollowShard& follow) {
    leading_ = false;
    replica_.state().forget_tentative();
    const Error unknown{Errc::unknown_outcome,
                        follow.why.detail +
                            ": whether it was done is not known; ask again with the "
                            "same key"};
    pipeline_.abandon([&](Position, Pending pending) {
      if (pending.again) {
        pending.again->to = std::move(pending.to);
        return waiting_.push_back(std::move(*pending.again));
      }
      answer(pending.to, {unknown, replica_.state().position()});
    });
    answers_.send(this);
    forks_.give_up({Errc::not_leader, follow.why.detail, {}, {}});
    std::erase_if(waiting_, [](const Waiting& waiting) { return !waiting.to.somebody(); });
    if (parts_->elsewhere) pass_on_waiting();
    show_state();
    finish_drain();
  }

  /// Whatever was not decided yet is decided by whoever leads now.
  void pass_on_waiting() {
    std::vector<std::pair<caf::strong_actor_ptr, WriteCatalogs>> batches;
    for (Waiting& waiting : std::exchange(waiting_, {})) {
      if (waiting.to.promise) {
        waiting.to.promise->delegate(parts_->elsewhere,
                                     WriteCatalog{std::move(waiting.command), waiting.deadline,
                                                  Urgency::normal, waiting.believed});
      } else if (waiting.to.asker) {
        auto batch = std::find_if(batches.begin(), batches.end(),
                                  [&](const auto& each) { return each.first == waiting.to.asker; });
        if (batch == batches.end())
          batch = batches.insert(batch, {waiting.to.asker, WriteCatalogs{}});
        batch->second.items.push_back(
            {waiting.to.serial, std::move(waiting.command), waiting.deadline, waiting.believed});
      }
    }
    for (auto& [asker, batch] : batches) pass_on(asker, std::move(batch));
    waiting_reads_.pass_on([this](ReadCatalog request, auto promise) {
      if (request.at_least > 0 && request.at_least <= replica_.state().position()) {
        promise.deliver(read(request));
      } else {
        promise.delegate(parts_->elsewhere, std::move(request));
      }
    });
  }

  /// Without a leader nothing is decided, and without a way to one nothing is passed on: at its
  /// deadline a command is answered all the same.
  void expire_waiting() {
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(waiting_, [&](const Waiting& waiting) {
      if (waiting.deadline > now) return false;
      if (waiting.to.somebody()) {
        answer(waiting.to, {Error{Errc::timed_out, "nobody led the shard in time"},
                            replica_.state().position()});
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
    publish(replica_.apply(records));
    parts_->metrics->published(Seconds(std::chrono::steady_clock::now() - begin).count());
    show_state();
    pipeline_.release(
        [this](Position, Pending pending) { answer(pending.to, std::move(pending.answer)); });
    forks_.applied(replica_.state().position());
    answers_.send(this);
    answer_reads();
    start_merge();
    start_save_when_due();
    finish_drain();
    schedule_decide();
  }

  void publish(engine::SnapshotPtr snapshot) {
    auto forked = replica_.take_forked();
    if (forked.empty()) return publication_.publish(std::move(snapshot));
    std::vector<PublicationPtr> children;
    for (auto& child : forked) {
      if (parts_->forked) children.push_back(parts_->forked(std::move(child)));
    }
    publication_.publish_forked(std::move(snapshot), replica_.state().slots().range, children);
    failpoint(leading_ ? "split.forked.leading" : "split.forked.following", publication_.shard);
  }

  /// While this copy leads, every record is its own and known; else it is read.
  std::vector<engine::CatalogRecord> take_committed(const RecordsCommitted& news) {
    for (const auto& record : news.records) backlog_.add(record.position, record.payload->size());
    if (leading_) {
      auto records = pipeline_.commit(news.records.back().position);
      assert(records.size() == news.records.size());
      return records;
    }
    std::vector<engine::CatalogRecord> records;
    Position expected = replica_.state().position();
    for (const auto& record : news.records) {
      auto decoded = storage::decode_catalog_record(*record.payload);
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

  /// This copy cannot go on.
  bool fail(const Error& error) {
    parts_->health->fail(publication_.shard.name() + ": " + error.detail);
    on_journal_failed({error});
    return false;
  }

  /// To a batch's sender it goes out with answers_.send().
  void answer(const To& to, CatalogAnswer reply) {
    publication_.leave();
    if (to.asker) {
      answers_.add(to.asker, to.serial, std::move(reply));
    } else {
      auto promise = *to.promise;
      promise.deliver(std::move(reply));
    }
  }

  void on_journal_failed(const JournalFailed& failure) {
    if (failure_) return;
    failure_ = failure.error;
    replica_.state().forget_tentative();
    // Whether the failed write reached the disk cannot be known: the client has to ask again by its
    // key.
    const Error unknown{Errc::unavailable, "the journal failed; the outcome is unknown"};
    forks_.give_up(unknown);
    pipeline_.abandon([&](Position, Pending pending) {
      answer(pending.to, {unknown, replica_.state().position()});
    });
    for (Waiting& waiting : std::exchange(waiting_, {})) {
      if (waiting.to.somebody()) answer(waiting.to, {unknown, replica_.state().position()});
    }
    answers_.send(this);
    finish_drain();
  }

  caf::result<CatalogReading> on_read(ReadCatalog& request) {
    if (request.hint) return read(request);
    // A token says how new is new enough; without one only the copy that leads can tell.
    if (!leading_ && request.at_least == 0 && parts_->elsewhere)
      return delegate(parts_->elsewhere, std::move(request));
    if (request.at_least <= replica_.state().position()) {
      if (auto now = read_if_permitted(request)) return std::move(*now);
    }
    auto promise = make_response_promise<CatalogReading>();
    if (!waiting_reads_.add(std::move(request), promise)) {
      promise.deliver(CatalogReading{Error{Errc::overloaded, "too many reads wait"},
                                     replica_.state().position()});
    }
    return promise;
  }

  std::optional<CatalogReading> read_if_permitted(const ReadCatalog& request) {
    if (!leading_) return request.at_least > 0 ? std::optional{read(request)} : std::nullopt;
    const ReadPermit permit = ReadPermit::of(publication_);
    if (!permit.holds(publication_, clock().now())) return {};
    auto reading = read(request);
    if (!permit.holds(publication_, clock().now())) return {};
    return reading;
  }

  CatalogReading read(const ReadCatalog& request) {
    if (misbelieved(replica_.state().slots(), request.believed) && !failpoint("shard.no_slots"))
      return {engine::not_owned(), replica_.state().position()};
    const LedgerSources sources{replica_.state(), parts_->store ? &*parts_->store : nullptr};
    return {find(sources, request.question), replica_.state().position()};
  }

  void answer_reads() {
    waiting_reads_.answer(replica_.state().position(), [this](const ReadCatalog& request) {
      return read_if_permitted(request);
    });
  }

  ShardStatusReading on_status() {
    ShardStatus status;
    status.range.shard = publication_.shard;
    status.stored = publication_.stored;
    status.committed = publication_.committed;
    status.applied = replica_.state().position();
    status.materialised = publication_.materialised;
    status.state_hash = replica_.state().hash();
    status.products = replica_.state().product_count();
    status.skus = replica_.state().sku_count();
    status.holds = replica_.state().hold_count();
    status.segments = replica_.index().segment_count();
    status.index_bytes = replica_.index().memory_bytes();
    status.queue_depth = publication_.queued();
    return {status};
  }

  void show_state() {
    publication_.applied = replica_.state().position();
    publication_.state_hash = replica_.state().hash();
    publication_.products = replica_.state().product_count();
    publication_.skus = replica_.state().sku_count();
    publication_.holds = replica_.state().hold_count();
    publication_.segments = replica_.index().segment_count();
    count_segment_bytes();
    // The publication is that of the way to the leader too, whose backlog counts.
    publication_.bulk_blocked =
        leading_ && (backlog_.bytes() > parts_->limits.backlog_bytes_max ||
                     replica_.index().segment_count() > parts_->limits.segments_max);
  }

  void count_segment_bytes() {
    const engine::SegmentBytes made = replica_.index().bytes_made();
    // An index that was put in place of another begins anew.
    if (made.built < counted_.built || made.merged < counted_.merged) counted_ = {};
    parts_->metrics->wrote_segments(made.built - counted_.built, made.merged - counted_.merged);
    counted_ = made;
  }

  void start_merge() {
    if (merging_) return;
    const auto now = std::chrono::steady_clock::now();
    if (segments_made_ != replica_.index().segments_made()) {
      segments_made_ = replica_.index().segments_made();
      last_segment_ = now;
    }
    auto merge = replica_.index().next_merge(now - last_segment_ >= parts_->limits.settle_after);
    if (!merge) return;
    merging_ = true;
    request(parts_->merger, caf::infinite, RunMerge{std::move(merge)})
        .then(
            [this](MergeDone& finished) {
              merging_ = false;
              parts_->metrics->merged(finished.seconds);
              replica_.index().install(std::move(finished.merged));
              // Published at once, so that the merged-away segments are freed also when nothing is
              // written.
              publication_.publish(replica_.index().publish(replica_.state().position()));
              show_state();
              // What a merge makes is no reason to wait.
              segments_made_ = replica_.index().segments_made();
              start_merge();
            },
            [this](caf::error&) { merging_ = false; });
  }

  void start_save_when_due() {
    const bool due = std::chrono::steady_clock::now() >= next_save_ ||
                     backlog_.bytes() >= parts_->limits.materialise_bytes;
    if (due && backlog_.last() > publication_.materialised) start_save();
  }

  void start_save() {
    // What it was split off with is on its way to disk, and counts as there from the next save on.
    if (saving_ || (parts_->store && parts_->store->behind())) return;
    next_save_ = std::chrono::steady_clock::now() + parts_->limits.materialise_every;
    saving_ = std::make_shared<const engine::CatalogChanges>(replica_.state().take_changes());
    SaveCatalog save;
    save.shard = publication_.shard;
    save.changes = saving_;
    save.segments = replica_.index().take_unsaved();
    save.segment_names = replica_.index().segment_names();
    save.keep_after = std::min<Position>(backlog_.keep_after(parts_->limits.journal_keep_bytes),
                                         publication_.needed_after);
    request(parts_->materialiser, caf::infinite, std::move(save))
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
      publication_.index_bytes = replica_.index().memory_bytes();
      show_state();
    }
    save_waiters_.saved(saved.result, position);
    if (!save_waiters_.empty()) start_save();
    finish_drain();
  }

  caf::result<MaterialiseDone> on_materialise() {
    auto promise = make_response_promise<MaterialiseDone>();
    save_waiters_.add(promise, replica_.state().position());
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
      if (replica_.state().position() > publication_.materialised) return start_save();
    }
    for (auto& promise : std::exchange(drain_waiters_, {})) promise.deliver(Drained{});
  }

  void on_tick() {
    delayed_send(this, parts_->limits.tick, ShardTick{});
    answer_reads();
    if (failure_) return;
    if (!leading_ || !publication_.open) expire_waiting();
    schedule_decide();  // the replica may have opened again
    if (!save_waiters_.empty()) start_save();
    finish_drain();
    const engine::Timestamp now = parts_->clock->now();
    if (leading_ && !draining_) {
      if (replica_.state().anything_due(now))
        take_in({engine::ExpireDue{now}, Deadline::max(), {}});
      ask_about_overdue(now);
    }
    start_merge();
    start_save_when_due();
  }

  /// A checkout's hold is let go only when its saga no longer wants it.
  void ask_about_overdue(engine::Timestamp now) {
    if (!checkouts_ || judging_) return;
    auto overdue = replica_.state().overdue_checkout_holds(now);
    if (overdue.empty()) return;
    judging_ = true;
    request(checkouts_, caf::infinite, JudgeHolds{std::move(overdue)})
        .then(
            [this](HoldsJudged& judged) {
              judging_ = false;
              if (!leading_) return;
              // Only this part of the hold is meant. Who does not say so means its lines that went
              // to a child, too, and is refused.
              const Believed here = replica_.state().slots().range;
              for (engine::HoldId& hold : judged.abandoned) {
                take_in({engine::ReleaseHold{std::move(hold), engine::HoldOwner::checkout,
                                             parts_->clock->now()},
                         Deadline::max(),
                         {},
                         here});
              }
            },
            [this](caf::error&) { judging_ = false; });
  }

  /// Lets go of the detached actors and of the memory: handles to this actor may outlive it.
  void on_exit() override {
    checkouts_ = nullptr;
    parts_->log = nullptr;
    parts_->elsewhere = nullptr;
    parts_->materialiser = nullptr;
    parts_->merger = nullptr;
    pipeline_.abandon([](engine::Position, Pending) {});
    waiting_.clear();
    waiting_reads_.forget();
    forks_.forget();
    parts_->forked = nullptr;
    save_waiters_.forget();
    drain_waiters_.clear();
  }

  const std::unique_ptr<CatalogShardParts> parts_;
  engine::CatalogReplica& replica_;
  ShardPublication& publication_;
  RecordPipeline<engine::CatalogRecord, Pending> pipeline_;
  Backlog backlog_;
  std::deque<Waiting> waiting_;
  AnswerBatches<CatalogAsker, CatalogAnswers> answers_;
  WaitingReads<ReadCatalog, CatalogReading> waiting_reads_;
  SaveWaiters save_waiters_;
  ForkWaiters forks_;
  std::vector<caf::typed_response_promise<Drained>> drain_waiters_;
  std::shared_ptr<const engine::CatalogChanges> saving_;
  Deadline next_save_ = std::chrono::steady_clock::now() + parts_->limits.materialise_every;
  CheckoutCoordinator checkouts_;
  std::optional<Error> failure_;
  bool leading_ = false;
  bool decide_scheduled_ = false;
  std::uint32_t segments_made_ = 0;  // seen last
  engine::SegmentBytes counted_;     // in the metrics
  std::chrono::steady_clock::time_point last_segment_{};
  std::chrono::steady_clock::duration in_mailbox_{};
  bool merging_ = false;
  bool judging_ = false;
  bool draining_ = false;
};

}  // namespace

LocalCatalogShard spawn_catalog_shard(caf::actor_system& system, CatalogShardParts parts) {
  return system.spawn<CatalogShardActor>(std::make_unique<CatalogShardParts>(std::move(parts)));
}

}  // namespace souk::actors
