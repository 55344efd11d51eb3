#include "actors/backup_door.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "actors/failpoint.hpp"
#include "actors/peer_transfer.hpp"

namespace souk::actors {

using engine::Errc;
using engine::Error;
using engine::Position;
using engine::Result;
using engine::ShardId;
using storage::BackupAsk;
using storage::BackupCutTold;
using storage::BackupPart;
using storage::BackupStep;
using storage::BackupTold;

namespace {

constexpr std::size_t kWaitingMax = 64;
constexpr std::chrono::seconds kMaterialiseMax{60};
constexpr std::chrono::seconds kAnswerMax{5};
/// Whoever asked is gone: what is kept for it costs space.
constexpr std::chrono::seconds kIdleMax{60};

Error unavailable(std::string detail) {
  return Error{Errc::unavailable, std::move(detail), {}, {}};
}

}  // namespace

BackupDoor::BackupDoor(Parts parts)
    : parts_{parts}, thread_{[this](const std::stop_token& stop) { work(stop); }} {
}

BackupDoor::~BackupDoor() {
  std::deque<PeerArrival> refused;
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    refused.swap(waiting_);
  }
  thread_.request_stop();
  for (PeerArrival& each : refused) {
    if (each.answer) each.answer(unavailable("the node stops"));
  }
}

void BackupDoor::arrived(PeerArrival arrival) {
  {
    const std::lock_guard lock{mutex_};
    if (!stopped_ && waiting_.size() < kWaitingMax) {
      waiting_.push_back(std::move(arrival));
      wake_.notify_all();
      return;
    }
  }
  if (arrival.answer) arrival.answer(unavailable("the node takes no part in a backup now"));
}

void BackupDoor::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::optional<PeerArrival> next;
    {
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, stop, std::chrono::seconds{1}, [&] { return !waiting_.empty(); });
      if (stop.stop_requested()) return;
      if (!waiting_.empty()) {
        next = std::move(waiting_.front());
        waiting_.pop_front();
      }
    }
    const auto now = std::chrono::steady_clock::now();
    if (!next) {
      if (run_.id != 0 && now - run_.used > kIdleMax) run_ = {};
      continue;
    }
    const auto told = answer(*next);
    run_.used = std::chrono::steady_clock::now();
    if (!next->answer) continue;
    if (told)
      next->answer(storage::encode_backup_told(*told));
    else
      next->answer(told.error());
  }
}

Result<BackupTold> BackupDoor::answer(const PeerArrival& arrival) {
  const auto ask = storage::decode_backup_ask(arrival.envelope.bytes);
  if (!ask) return ask.error();
  if (ask->step == BackupStep::open) return open(*ask);
  if (ask->run != run_.id) return unavailable("the backup was given up here");
  switch (ask->step) {
    case BackupStep::hold:
      return hold(*ask);
    case BackupStep::release:
      return release(*ask);
    case BackupStep::read:
      return read(*ask);
    default:
      run_ = {};
      return BackupTold{};
  }
}

/// The views are taken before the cut, so that each stands at or before it; the journal has the
/// rest.
Result<BackupTold> BackupDoor::open(const BackupAsk& ask) {
  if (run_.id != 0 && run_.id != ask.run &&
      std::chrono::steady_clock::now() - run_.used < kAnswerMax) {
    return Error{Errc::overloaded, "another backup is being written", {}, {}};
  }
  run_ = {};
  run_.id = ask.run;
  caf::scoped_actor self{*parts_.system, true};
  BackupTold told;
  for (const ShardId id : ask.shards) {
    const auto shard = parts_.host->find(id);
    if (!shard || !shard->publication->open)
      return unavailable("this node does not lead " + id.name());
    const auto materialise = [&](const auto& actor) {
      self->request(actor, kMaterialiseMax, Materialise{})
          .receive([](MaterialiseDone&) {}, [](caf::error&) {});
    };
    if (shard->catalog) materialise(shard->catalog);
    if (shard->orders) materialise(shard->orders);
    Stream& stream = run_.streams[id];
    auto source = storage::CheckpointSource::open(*parts_.database, *parts_.journal, id);
    if (source)
      stream.state = std::move(*source);
    else if (source.error().code != Errc::unavailable)
      return source.error();
    BackupCutTold& cut = told.cuts.emplace_back();
    cut.shard = id;
    cut.state = stream.state ? stream.state->at().position : 0;
  }
  return told;
}

/// The state at `at`, which the shard has been given or is being given; 0: wherever it stands.
Result<BackupCutTold> BackupDoor::standing(ShardId id, Position at) {
  const auto shard = parts_.host->find(id);
  if (!shard) return unavailable(id.name() + " is not here any more");
  caf::scoped_actor self{*parts_.system, true};
  const auto end = std::chrono::steady_clock::now() + kAnswerMax;
  for (;;) {
    Result<engine::ShardStatus> status = unavailable(id.name() + " does not answer");
    const auto look = [&](const auto& actor) {
      self->request(actor, kAnswerMax, ReadStatus{})
          .receive([&](ShardStatusReading& reading) { status = std::move(reading.status); },
                   [](caf::error&) {});
    };
    if (shard->catalog)
      look(shard->catalog);
    else
      look(shard->orders);
    if (!status) return status.error();
    if (at == 0 || status->applied == at) {
      BackupCutTold cut;
      cut.shard = id;
      cut.position = status->applied;
      cut.state_hash = status->state_hash;
      return cut;
    }
    if (status->applied > at || std::chrono::steady_clock::now() > end)
      return unavailable(id.name() + " did not stay where it was held");
    std::this_thread::sleep_for(std::chrono::microseconds{200});
  }
}

Result<BackupTold> BackupDoor::hold(const BackupAsk& ask) {
  caf::scoped_actor self{*parts_.system, true};
  const std::chrono::milliseconds most{ask.milliseconds};
  const HoldReplica request{run_.id, most};
  const bool careless = failpoint("backup.careless");
  BackupTold told;
  std::optional<Error> failure;
  const auto take = [&](ShardId id, HeldReplica& held) {
    if (!held.result) {
      failure = held.result.error();
      return;
    }
    BackupCutTold& cut = told.cuts.emplace_back();
    cut.shard = id;
    cut.position = held.position;
    cut.configuration = std::move(held.configuration);
  };
  if (careless) {
    // A planted fault for the tests to find: one shard after the other, each going on at once.
    for (const auto& [id, stream] : run_.streams) {
      const auto shard = parts_.host->find(id);
      if (!shard) return unavailable("this node does not lead " + id.name());
      self->request(shard->replica, kAnswerMax, request)
          .receive([&, held_id = id](HeldReplica& held) { take(held_id, held); },
                   [](caf::error&) {});
      if (failure) break;
      const auto here = standing(id, told.cuts.back().position);
      if (!here) return here.error();
      told.cuts.back().state_hash = here->state_hash;
      self->request(shard->replica, kAnswerMax, ReleaseReplica{run_.id})
          .receive([](ReleasedReplica&) {}, [](caf::error&) {});
      std::this_thread::sleep_for(std::chrono::milliseconds{400});
    }
  } else {
    using Handle = decltype(self->request(ShardReplica{}, kAnswerMax, request));
    std::vector<std::pair<ShardId, Handle>> asked;
    for (const auto& [id, stream] : run_.streams) {
      const auto shard = parts_.host->find(id);
      if (!shard) return unavailable("this node does not lead " + id.name());
      asked.emplace_back(id, self->request(shard->replica, most + kAnswerMax, request));
    }
    for (auto& [id, handle] : asked) {
      handle.receive([&, held_id = id](HeldReplica& held) { take(held_id, held); },
                     [&](caf::error&) { failure = unavailable("a replica ended"); });
    }
    for (BackupCutTold& cut : told.cuts) {
      if (failure) break;
      const auto here = standing(cut.shard, cut.position);
      if (!here) return here.error();
      cut.state_hash = here->state_hash;
    }
  }
  if (failure) return *failure;
  for (BackupCutTold& cut : told.cuts) {
    Stream& stream = run_.streams[cut.shard];
    cut.state = stream.state ? stream.state->at().position : 0;
    stream.journal = std::make_unique<storage::JournalSource>(*parts_.journal, cut.shard, cut.state,
                                                              cut.position);
  }
  return told;
}

Result<BackupTold> BackupDoor::release(const BackupAsk& /*ask*/) {
  if (failpoint("backup.careless")) return BackupTold{};
  caf::scoped_actor self{*parts_.system, true};
  std::optional<Error> failure;
  for (const auto& [id, stream] : run_.streams) {
    const auto shard = parts_.host->find(id);
    if (!shard) {
      failure = unavailable(id.name() + " is not here any more");
      continue;
    }
    self->request(shard->replica, kAnswerMax, ReleaseReplica{run_.id})
        .receive(
            [&](ReleasedReplica& released) {
              if (!released.result) failure = released.result.error();
            },
            [&](caf::error&) { failure = unavailable("a replica ended"); });
  }
  if (failure) return *failure;
  return BackupTold{};
}

Result<BackupTold> BackupDoor::read(const BackupAsk& ask) {
  const auto found =
      ask.shards.size() == 1 ? run_.streams.find(ask.shards.front()) : run_.streams.end();
  if (found == run_.streams.end())
    return Error{Errc::invalid_value, "no such shard is being backed up here", {}, {}};
  Stream& stream = found->second;
  std::uint64_t& offset = stream.offset[ask.part];
  if (offset != ask.offset) return unavailable("a part of the backup was lost on its way");
  BackupTold told;
  Result<void> more{};
  if (ask.part == BackupPart::state) {
    if (stream.state) more = stream.state->next(told.bytes, kPeerChunkBytes);
  } else if (stream.journal) {
    more = stream.journal->next(told.bytes, kPeerChunkBytes);
  } else {
    return unavailable("the shard was not held");
  }
  if (!more) return more.error();
  told.last = told.bytes.empty();
  offset += told.bytes.size();
  return told;
}

}  // namespace souk::actors
