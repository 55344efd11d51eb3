#include "actors/replica_actor.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>
#include <variant>

#include "actors/failpoint.hpp"
#include "actors/heat.hpp"

namespace souk::actors {
namespace {

namespace cluster = engine::cluster;
using cluster::Instant;
using engine::Errc;
using engine::Error;
using engine::Position;
using Self = ShardReplica::base;

const char* why_refused(cluster::Refusal refusal) {
  switch (refusal) {
    case cluster::Refusal::not_primary:
      return "another node leads the shard";
    case cluster::Refusal::not_open:
      return "the shard's new leader is not ready yet";
    case cluster::Refusal::handing_over:
      return "the shard's leadership is being handed over";
    case cluster::Refusal::too_few_replicas:
      return "too few copies of the shard are in sync";
    case cluster::Refusal::full:
      return "too much of the shard waits for its copies";
  }
  return "the shard takes no writes";
}

class ShardReplicaActor final : public Self {
public:
  ShardReplicaActor(caf::actor_config& config, std::unique_ptr<ShardReplicaParts> parts)
      : Self{config},
        parts_{std::move(parts)},
        publication_{*parts_->publication},
        replica_{parts_->self, parts_->limits, std::move(parts_->recovered), now()} {}

  const char* name() const override { return "shard_replica"; }

private:
  behavior_type make_behavior() override {
    return {
        [this](MeetShard& meeting) {
          shard_ = std::move(meeting.shard);
          step(cluster::Tick{});
        },
        [this](ProposeRecords& request) { on_propose(request); },
        [this](const Stored& stored) { step(cluster::Stored{stored.ticket}); },
        [this](const JournalFailed& failure) { on_journal_failed(failure); },
        [this](PeerSaid& said) {
          if (std::holds_alternative<cluster::Heartbeat>(said.message))
            step(cluster::Applied{publication_.applied});
          step(cluster::Received{said.from, std::move(said.message)});
        },
        [this](const PeerEnded& peer) { step(cluster::PeerGone{peer.node}); },
        [this](ConfigurationSeen& seen) {
          step(cluster::ConfigurationRead{std::move(seen.revised)});
        },
        [this](const ConfigurationUnread&) { step(cluster::ConfigurationUnavailable{}); },
        [this](const ConfigurationChanged& changed) { step(changed.outcome); },
        [this](JournalChunk& chunk) { step(std::move(chunk.read)); },
        [this](const CheckpointOver& over) { step(cluster::CheckpointSent{over.peer}); },
        [this](const GiveOrder& request) { return on_order(request); },
        [this](const ReadReplica&) { return status(); },
        [this](const HoldReplica& request) { return on_hold(request); },
        [this](const ReleaseReplica& request) { return on_release(request); },
        [this](const HoldOver& over) {
          if (hold_ && hold_->run == over.run) end_hold("the shard was held too long");
        },
        [this](const ReplicaTick& tick) { on_tick(tick); },
    };
  }

  /// Never falls and never stands at zero, which the protocol takes for "never".
  Instant now() const {
    return std::chrono::duration_cast<Instant>(
        const_cast<ShardReplicaActor*>(this)->clock().now().time_since_epoch());
  }

  void step(cluster::Event event) {
    if (failed_) return;
    replica_.step(std::move(event), now(), update_);
    carry_out();
    if (!parked_.empty()) propose_parked();
    if (hold_) settle_hold();
  }

  /// What was decided under an earlier leadership is void: the shard was told, or is being told.
  void on_propose(ProposeRecords& request) {
    const Position expected =
        (parked_.empty() ? replica_.last() : parked_.back().records.back().position) + 1;
    if (!leading_ || request.records.front().epoch != lead_.epoch ||
        request.records.front().position != expected) {
      return;
    }
    if (!replica_.open() || !parked_.empty() || hold_) {
      parked_.push_back(std::move(request));
      return;
    }
    propose(request);
  }

  void propose(ProposeRecords& request) {
    cluster::Propose propose;
    for (cluster::Record& record : request.records)
      propose.proposals.push_back({record.crc, std::move(record.payload)});
    step(std::move(propose));
  }

  /// What was proposed while the replica was closed (a leadership is being handed over, too few
  /// copies are in sync) or held goes on when it opens again under the same leadership.
  void propose_parked() {
    while (leading_ && replica_.open() && !hold_ && !parked_.empty()) {
      ProposeRecords request = std::move(parked_.front());
      parked_.pop_front();
      propose(request);
    }
  }

  caf::result<HeldReplica> on_hold(const HoldReplica& request) {
    if (!leading_ || !replica_.open() || hold_) {
      return HeldReplica{
          Error{Errc::unavailable, publication_.shard.name() + " cannot be held here now"}, 0, {}};
    }
    hold_ = Hold{request.run, make_response_promise<HeldReplica>(), {}};
    auto promise = hold_->answer;
    delayed_send(ShardReplica{this}, request.most, HoldOver{request.run});
    settle_hold();
    return promise;
  }

  /// Nothing is proposed any more: as soon as all that was is committed, the shard stands still.
  void settle_hold() {
    if (hold_->at || !leading_ || !replica_.open() || replica_.committed() != replica_.last() ||
        !replica_.configuration()) {
      return;
    }
    hold_->at = replica_.last();
    hold_->answer.deliver(HeldReplica{engine::Result<void>{}, replica_.last(),
                                      replica_.configuration()->configuration});
  }

  /// It stood still if this replica led all the while (else the hold would be gone), proposed
  /// nothing, and nobody else can have led up to now.
  ReleasedReplica on_release(const ReleaseReplica& request) {
    const bool mine = hold_ && hold_->run == request.run;
    const bool stood = mine && hold_->at == replica_.last() && replica_.permit_read(now());
    if (mine) end_hold("the hold was given up");
    if (stood) return {engine::Result<void>{}};
    return {Error{Errc::unavailable, publication_.shard.name() + " did not stand still"}};
  }

  void end_hold(const char* why) {
    Hold ended = std::move(*hold_);
    hold_.reset();
    if (!ended.at) ended.answer.deliver(HeldReplica{Error{Errc::unavailable, why}, 0, {}});
    if (!parked_.empty()) propose_parked();
  }

  void on_journal_failed(const JournalFailed& failure) {
    if (std::exchange(failed_, true)) return;
    publication_.open = false;
    publication_.lease_until = 0;
    if (shard_) send(shard_, failure);
  }

  void carry_out() {
    const engine::ShardId shard = publication_.shard;
    if (update_.persist) {
      cluster::Persist& persist = *update_.persist;
      WriteJournal write;
      write.ticket = persist.ticket;
      write.write = {shard, persist.truncate_after, persist.epoch, std::move(persist.records),
                     persist.committed};
      send(parts_->writer, std::move(write));
    }
    for (cluster::Envelope& envelope : update_.send) {
      if (failpoint("replica.commit_alone")) pretend_stored(envelope);
      note_replicated(envelope.message);
      parts_->post(envelope.to, shard, std::move(envelope.message));
    }
    if (update_.configure)
      send(parts_->configurator, ChangeConfiguration{shard, std::move(*update_.configure)});
    if (update_.read_configuration) send(parts_->configurator, ReadConfiguration{shard});
    for (const cluster::ReadJournal& wanted : update_.read_journal)
      send(parts_->reader, ReadRecords{shard, wanted});
    for (const cluster::NodeId peer : update_.send_checkpoint) parts_->send_checkpoint(peer);
    give_committed();
    if (update_.dropped_after || replica_.role() != cluster::Role::primary)
      follow({Errc::unavailable, "the shard's leader changed"});
    if (update_.refused) follow({Errc::unavailable, why_refused(*update_.refused)});
    lead_if_possible();
    show();
    if (update_.changed && parts_->changed) parts_->changed();
    arm(update_.wake_at);
  }

  /// A planted fault for the tests to find: takes what is being sent for stored there.
  void pretend_stored(const cluster::Envelope& envelope) {
    const auto* prepare = std::get_if<cluster::Prepare>(&envelope.message);
    if (!leading_ || prepare == nullptr || prepare->records.empty()) return;
    const cluster::PrepareOk stored{prepare->epoch, prepare->records.back().position};
    send(ShardReplica{this}, PeerSaid{envelope.to, stored});
  }

  void note_replicated(const cluster::Message& message) {
    const auto* prepare = std::get_if<cluster::Prepare>(&message);
    if (prepare == nullptr || parts_->heat == nullptr) return;
    std::size_t bytes = 0;
    for (const cluster::Record& record : prepare->records) bytes += record.size();
    parts_->heat->replicated(bytes);
  }

  void give_committed() {
    if (update_.committed.empty()) return;
    // The leader's members may have changed since the shard decided a record: the shard knows its
    // own records by what it stamped.
    if (leading_) {
      for (cluster::Record& record : update_.committed) {
        if (record.position > lead_.last) record.epoch = lead_.epoch;
      }
    }
    send(shard_, RecordsCommitted{std::move(update_.committed)});
  }

  void lead_if_possible() {
    if (leading_ || !shard_follows_ || replica_.role() != cluster::Role::primary ||
        !replica_.open() || replica_.committed() != replica_.last()) {
      return;
    }
    leading_ = true;
    lead_ = {replica_.epoch(), replica_.last()};
    send(shard_, lead_);
  }

  /// What the shard proposed before it heard of this must not be taken for what it proposes later:
  /// its answer comes behind all of it.
  void follow(Error why) {
    if (!std::exchange(leading_, false)) return;
    parked_.clear();
    if (hold_) end_hold("the shard's leader changed");
    shard_follows_ = false;
    request(shard_, caf::infinite, FollowShard{std::move(why)}).then([this] {
      shard_follows_ = true;
      lead_if_possible();
      show();
    });
  }

  void show() {
    const bool open = leading_ && replica_.open();
    publication_.role = replica_.role();
    publication_.epoch = replica_.epoch();
    publication_.leader =
        replica_.role() == cluster::Role::primary ? parts_->self.value : replica_.leader().value;
    publication_.stored = replica_.stored();
    publication_.committed = replica_.committed();
    publication_.needed_after = replica_.needed_after();
    // Until the shard has heard that it leads again, it may lack what others committed meanwhile.
    const Instant until = leading_ ? replica_.lease_until() : Instant{0};
    const bool forever = until == Instant::max();
    // A shard that has not heard of this leadership may lack what others committed before it.
    publication_.lease_until =
        !leading_ ? 0
        : forever ? std::chrono::steady_clock::duration::max().count()
                  : std::chrono::duration_cast<std::chrono::steady_clock::duration>(until).count();
    const auto permit = replica_.permit_read(now());
    if (permit)
      publication_.leadership = permit->leadership;
    else if (replica_.role() != cluster::Role::primary)
      publication_.lease_until = 0;
    publication_.open = open;
  }

  void arm(Instant wake) {
    if (armed_ && *armed_ <= wake) return;
    armed_ = wake;
    const Instant wait = std::max(wake - now(), Instant{0});
    delayed_send(ShardReplica{this}, wait, ReplicaTick{++tick_});
  }

  void on_tick(const ReplicaTick& tick) {
    if (tick.serial != tick_) return;
    armed_.reset();
    step(cluster::Tick{});
  }

  OrderTaken on_order(const GiveOrder& request) {
    if (replica_.role() != cluster::Role::primary) {
      return {Error{Errc::unavailable, "this node does not lead " + publication_.shard.name()}};
    }
    step(request.order);
    return {engine::Result<void>{}};
  }

  ReplicaStatus status() const {
    ReplicaStatus status;
    status.role = replica_.role();
    status.epoch = replica_.epoch();
    status.leader = cluster::NodeId{publication_.leader};
    status.last = replica_.last();
    status.stored = replica_.stored();
    status.committed = replica_.committed();
    status.open = publication_.open;
    status.configuration = replica_.configuration();
    for (const cluster::Peer& peer : replica_.peers()) {
      status.members.push_back({peer.node, peer.acked.value_or(0),
                                replica_.configuration() &&
                                    replica_.configuration()->configuration.is_member(peer.node)});
    }
    return status;
  }

  void on_exit() override {
    shard_ = nullptr;
    parts_->writer = nullptr;
    parts_->reader = nullptr;
    parts_->configurator = nullptr;
    parts_->post = nullptr;
    parts_->changed = nullptr;
    parts_->send_checkpoint = nullptr;
  }

  struct Hold {
    std::uint64_t run = 0;
    caf::typed_response_promise<HeldReplica> answer;
    std::optional<Position> at;  // answered
  };

  const std::unique_ptr<ShardReplicaParts> parts_;
  ShardPublication& publication_;
  cluster::Replica replica_;
  cluster::Update update_;
  ReplicatedShard shard_;
  std::deque<ProposeRecords> parked_;  // as many as the shard has in flight at most
  std::optional<Hold> hold_;
  std::optional<Instant> armed_;
  std::uint64_t tick_ = 0;
  LeadShard lead_;
  bool leading_ = false;       // the shard was told so
  bool shard_follows_ = true;  // and has heard that it does not, since
  bool failed_ = false;
};

}  // namespace

ShardReplica spawn_shard_replica(caf::actor_system& system, ShardReplicaParts parts) {
  return system.spawn<ShardReplicaActor>(std::make_unique<ShardReplicaParts>(std::move(parts)));
}

}  // namespace souk::actors
