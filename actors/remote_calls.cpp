#include "actors/remote_calls.hpp"

#include <algorithm>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include "actors/peer_kinds.hpp"
#include "storage/cluster_facts.hpp"

namespace souk::actors {

using engine::Errc;
using engine::Error;
namespace cluster = engine::cluster;

namespace {

constexpr std::chrono::milliseconds kPauseMin{20};
constexpr std::chrono::milliseconds kPauseMax{200};
/// With one copy, where another may answer as well.
constexpr std::chrono::milliseconds kCopyPatience{200};
constexpr std::uint32_t kCopiesAtOnce = 4;  // before a pause
/// What nobody waits for any longer has no deadline on the wire.
constexpr std::chrono::hours kPatienceMax{1};

std::string envelope_of(const RemoteCalls::Call& call, engine::ShardId shard, engine::Epoch epoch,
                        Deadline deadline, Deadline now) {
  storage::Envelope envelope;
  envelope.kind = call.kind;
  envelope.shard = shard;
  envelope.epoch = epoch;
  if (deadline < now + kPatienceMax) {
    envelope.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now);
  }
  envelope.believed = call.believed;
  envelope.payload = call.payload;
  return storage::encode(envelope);
}

}  // namespace

void RemoteCalls::Inbox::arrive(std::uint64_t id, engine::Result<std::string> answer) {
  {
    const std::lock_guard lock{mutex};
    arrived.emplace_back(id, std::move(answer));
    if (arrived.size() > 1) return;  // said already
  }
  if (const auto actor = caf::actor_cast<caf::strong_actor_ptr>(owner)) {
    caf::anon_send(caf::actor_cast<caf::actor>(actor), PeerAnswersArrived{});
  }
}

RemoteCalls::RemoteCalls(RemoteShardParts parts, Owner owner)
    : parts_{std::move(parts)},
      owner_{std::move(owner)},
      inbox_{std::make_shared<Inbox>()},
      random_{static_cast<std::uint32_t>(parts_.view->self().value ^ parts_.shard.number) | 1U} {
  inbox_->owner = owner_.address;
}

RemoteCalls::~RemoteCalls() {
  end();
}

void RemoteCalls::start(Call call) {
  const std::uint64_t id = ++last_id_;
  if (!call.write) ++reads_;
  pending_.emplace(id, Pending{std::move(call)});
  attempt(id);
}

void RemoteCalls::on_answers() {
  std::vector<std::pair<std::uint64_t, engine::Result<std::string>>> arrived;
  {
    const std::lock_guard lock{inbox_->mutex};
    arrived.swap(inbox_->arrived);
  }
  for (const auto& [id, answer] : arrived) answered(id, answer);
}

void RemoteCalls::on_retry() {
  woken_at_ = Deadline::max();
  const Deadline now = owner_.now();
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    const std::uint64_t id = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    attempt(id);
  }
  if (waiting_.empty()) return;
  woken_at_ = waiting_.begin()->first;
  owner_.retry_in(std::chrono::ceil<std::chrono::milliseconds>(woken_at_ - now));
}

/// One copy after the other, this node's first and then the leader's, if any may answer; else the
/// leader, if it is known.
cluster::NodeId RemoteCalls::whom_to_ask(const Pending& pending, const ShardLeader& known) const {
  if (!pending.call.any_copy || known.members.empty()) return known.primary;
  std::vector<cluster::NodeId> copies = known.members;
  const cluster::NodeId self = parts_.view->self();
  std::stable_sort(copies.begin(), copies.end(), [&](cluster::NodeId one, cluster::NodeId other) {
    const auto rank = [&](cluster::NodeId node) {
      return node == self ? 0 : node == known.primary ? 1 : 2;
    };
    return rank(one) < rank(other);
  });
  return copies[pending.tries % copies.size()];
}

void RemoteCalls::attempt(std::uint64_t id) {
  Pending& pending = pending_.at(id);
  const Deadline now = owner_.now();
  if (pending.call.deadline <= now) return give_up(id);
  const auto leader = parts_.view->find(parts_.shard);
  const cluster::NodeId asked = leader ? whom_to_ask(pending, *leader) : cluster::NodeId{};
  if (!asked) return retry(id, "nobody is known to lead the shard");
  ++pending.tries;
  const Deadline deadline = pending.call.any_copy
                                ? std::min(pending.call.deadline, now + kCopyPatience)
                                : pending.call.deadline;
  PeerEnvelope envelope;
  envelope.kind = static_cast<std::uint16_t>(PeerKind::request);
  envelope.shard = parts_.shard;
  envelope.epoch = leader->epoch;
  envelope.bytes = envelope_of(pending.call, parts_.shard, leader->epoch, deadline, now);
  const auto arrive = [inbox = inbox_, id](engine::Result<std::string> answer) {
    inbox->arrive(id, std::move(answer));
  };
  const PeerClass urgency = pending.call.urgency;
  if (asked == parts_.view->self()) {
    if (!parts_.here) return retry(id, "the shard's leadership is on its way here");
    parts_.here({storage::node_name(asked), urgency, std::move(envelope), arrive});
    return;
  }
  const auto sent =
      parts_.peers->ask(storage::node_name(asked), urgency, envelope, deadline, arrive);
  if (sent) return;
  if (sent.error().code == Errc::unavailable)
    return retry(id, "the shard's leader is not connected",
                 pending.call.any_copy && pending.tries < kCopiesAtOnce);
  finish(id, sent.error());
}

void RemoteCalls::answered(std::uint64_t id, const engine::Result<std::string>& answer) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  Pending& pending = found->second;
  if (!answer) {
    switch (answer.error().code) {
      case Errc::unavailable:
        return retry(id, "the shard's leader was lost",
                     pending.call.any_copy && pending.tries < kCopiesAtOnce);
      case Errc::not_implemented:
        return retry(id, "the shard's leader takes no requests yet");
      case Errc::too_large:
        if (!pending.call.write) return finish(id, answer.error());
        return doubt(id);
      case Errc::timed_out:
        if (pending.call.any_copy)
          return retry(id, "no copy has answered", pending.tries < kCopiesAtOnce);
        pending.in_doubt = pending.in_doubt || pending.call.write;
        return finish(id, answer.error());
      default:
        return doubt(id);
    }
  }
  const auto envelope = storage::decode_envelope(*answer);
  if (envelope && envelope->kind == pending.call.answer) return finish(id, envelope->payload);
  Error error;
  if (!envelope || envelope->kind != storage::WireKind::error ||
      !storage::decode_error(envelope->payload, error)) {
    // Whatever it says, it may have been done.
    pending.in_doubt = pending.in_doubt || pending.call.write;
    return finish(id, Error{Errc::internal, "a node's answer cannot be read", {}, {}});
  }
  refused(id, *envelope, error);
}

/// The door of the other node did not let it in.
void RemoteCalls::refused(std::uint64_t id, const storage::Envelope& envelope, const Error& error) {
  if (error.code != Errc::not_leader) return finish(id, error);
  const auto before = parts_.view->find(parts_.shard);
  if (const auto leader = storage::node_of(error.param)) {
    parts_.view->hint(parts_.shard, *leader, envelope.epoch);
  }
  const auto after = parts_.view->find(parts_.shard);
  const bool news = before && after && after->primary != before->primary;
  retry(id, "the shard's leadership is changing", news && pending_.at(id).tries == 1);
}

/// It was sent, and whether it was done is not known.
void RemoteCalls::doubt(std::uint64_t id) {
  Pending& pending = pending_.at(id);
  pending.in_doubt = pending.in_doubt || pending.call.write;
  if (pending.call.repeatable) return retry(id, "the shard's leader was lost");
  finish(id, Error{Errc::unknown_outcome, "the connection to the shard's leader was lost", {}, {}});
}

void RemoteCalls::retry(std::uint64_t id, const char* why, bool at_once) {
  Pending& pending = pending_.at(id);
  pending.why = why;
  if (at_once) return attempt(id);
  const auto longest =
      std::min(kPauseMax, kPauseMin * (1U << std::min<std::uint32_t>(pending.tries, 4U)));
  const auto pause =
      longest / 2 +
      std::chrono::milliseconds{random_() % static_cast<std::uint32_t>(longest.count() / 2 + 1)};
  const Deadline now = owner_.now();
  const Deadline due = std::min(now + pause, std::max(pending.call.deadline, now));
  waiting_.emplace(due, id);
  if (woken_at_ <= due) return;
  woken_at_ = due;
  owner_.retry_in(std::chrono::ceil<std::chrono::milliseconds>(due - now));
}

void RemoteCalls::give_up(std::uint64_t id) {
  const Pending& pending = pending_.at(id);
  finish(id,
         Error{Errc::timed_out,
               pending.tries == 0 && *pending.why == '\0' ? "the deadline has passed" : pending.why,
               {},
               {}});
}

void RemoteCalls::finish(std::uint64_t id, engine::Result<std::string_view> payload) {
  Pending pending = std::move(pending_.extract(id).mapped());
  if (pending.call.write) {
    parts_.publication->leave();
  } else {
    --reads_;
  }
  admit_doubt(payload, pending.in_doubt);
  pending.call.done({std::move(payload), pending.in_doubt});
}

void RemoteCalls::end() {
  waiting_.clear();
  while (!pending_.empty()) {
    const std::uint64_t id = pending_.begin()->first;
    Pending& pending = pending_.begin()->second;
    pending.in_doubt = pending.in_doubt || (pending.call.write && pending.tries > 0);
    finish(id, Error{Errc::unavailable, "the node is stopping", {}, {}});
  }
}

}  // namespace souk::actors
