#include "actors/checkpoint_transfers.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <chrono>
#include <utility>

#include "actors/peer_kinds.hpp"
#include "actors/peer_transfer.hpp"
#include "storage/cluster_facts.hpp"

namespace souk::actors {

using engine::Errc;
using engine::Error;
using engine::Result;

namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::seconds kMaterialiseMax{60};
constexpr std::chrono::seconds kPause{1};
/// Transfers that arrive at once; each has a file.
constexpr std::size_t kIncomingMax = 1024;

/// What an earlier life of this node had taken in, and did not put in place.
CheckpointTransfers::Parts without_leftovers(CheckpointTransfers::Parts parts) {
  std::error_code ignored;
  std::filesystem::remove_all(parts.folder, ignored);
  return parts;
}

}  // namespace

CheckpointTransfers::CheckpointTransfers(Parts parts)
    : parts_{without_leftovers(std::move(parts))},
      // A receiver tells transfers apart by number, also those of an earlier life of this node.
      next_id_{
          static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count())},
      thread_{[this](const std::stop_token& stop) { work(stop); }} {
}

CheckpointTransfers::~CheckpointTransfers() {
  thread_.request_stop();
}

void CheckpointTransfers::send(engine::ShardId shard, engine::cluster::NodeId peer) {
  {
    const std::lock_guard lock{mutex_};
    wanted_.push_back({shard, peer});
  }
  wake_.notify_all();
}

void CheckpointTransfers::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Wanted next;
    {
      std::unique_lock lock{mutex_};
      if (!wake_.wait(lock, stop, [&] { return !wanted_.empty(); })) return;
      next = wanted_.front();
      wanted_.pop_front();
    }
    const bool brought = bring(next, stop).has_value();
    // Whatever came of it, the replica asks again if it is still needed; not at once where the peer
    // is busy with the one before.
    if (const auto shard = parts_.host->find(next.shard)) {
      caf::delayed_anon_send(shard->replica, brought ? std::chrono::seconds{0} : kPause,
                             CheckpointOver{next.peer});
    }
  }
}

Result<void> CheckpointTransfers::bring(const Wanted& wanted, const std::stop_token& stop) {
  const auto shard = parts_.host->find(wanted.shard);
  if (!shard) return Error{Errc::unavailable, "the shard is not here any more"};
  // The newest state spares the peer the journal behind an old one.
  caf::scoped_actor self{*parts_.system, true};
  const auto materialise = [&](const auto& actor) {
    self->request(actor, kMaterialiseMax, Materialise{})
        .receive([](MaterialiseDone&) {}, [](caf::error&) {});
  };
  if (shard->catalog) materialise(shard->catalog);
  if (shard->orders) materialise(shard->orders);
  auto source = storage::CheckpointSource::open(*parts_.database, *parts_.journal, wanted.shard);
  if (!source) return source.error();
  PeerTransfer transfer;
  transfer.node = storage::node_name(wanted.peer);
  transfer.kind = static_cast<std::uint16_t>(PeerKind::checkpoint);
  transfer.shard = wanted.shard;
  transfer.id = ++next_id_;
  const auto sent = run_transfer(
      *parts_.transport, std::move(transfer),
      [&](std::string& into, std::size_t bytes_max) { return (*source)->next(into, bytes_max); },
      kPatience, stop);
  if (!sent) return sent.error();
  return {};
}

void CheckpointTransfers::arrived(PeerArrival arrival) {
  auto taken = take_in(arrival);
  if (arrival.answer) arrival.answer(std::move(taken));
}

Result<std::string> CheckpointTransfers::take_in(const PeerArrival& arrival) {
  const auto chunk = read_chunk(arrival.envelope.bytes);
  if (!chunk) return chunk.error();
  const engine::ShardId shard = arrival.envelope.shard;
  const std::pair key{arrival.from, shard};
  Incoming whole;
  {
    const std::lock_guard lock{incoming_mutex_};
    auto found = incoming_.find(key);
    if (chunk->offset == 0) {
      if (found == incoming_.end() && incoming_.size() >= kIncomingMax)
        return Error{Errc::overloaded, "too many checkpoints arrive at once"};
      if (found != incoming_.end()) incoming_.erase(found);
      // It may be newer than this one, and takes longer to be put in place than to be asked for.
      if (parts_.host->is_installing(shard))
        return Error{Errc::overloaded,
                     "a checkpoint of " + shard.name() + " is being put in place"};
      auto staging = storage::CheckpointStaging::create(parts_.folder, shard);
      if (!staging) return staging.error();
      found = incoming_.emplace(key, Incoming{std::move(*staging), chunk->id, 0}).first;
    }
    if (found == incoming_.end() || found->second.id != chunk->id ||
        found->second.offset != chunk->offset) {
      return Error{Errc::unavailable, "the checkpoint broke off; it has to begin again"};
    }
    if (const auto kept = found->second.staging->append(chunk->bytes); !kept) {
      incoming_.erase(found);
      return kept.error();
    }
    found->second.offset += chunk->bytes.size();
    if (!chunk->last) return std::string{};
    whole = std::move(found->second);
    incoming_.erase(found);
  }
  if (const auto checked = whole.staging->finish(); !checked) return checked.error();
  parts_.host->install(shard, std::move(whole.staging));
  return std::string{};
}

}  // namespace souk::actors
