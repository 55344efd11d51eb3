#include "actors/backups.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <utility>

#include "actors/clock.hpp"
#include "actors/peer_kinds.hpp"
#include "actors/peer_transfer.hpp"
#include "storage/cluster_facts.hpp"
#include "storage/files.hpp"
#include "storage/search_rules.hpp"

namespace souk::actors {

namespace cluster = engine::cluster;
using engine::Errc;
using engine::Error;
using engine::Result;
using engine::ShardId;
using storage::BackupAsk;
using storage::BackupCutTold;
using storage::BackupPart;
using storage::BackupStep;
using storage::BackupTold;

namespace {

/// A hold ends by itself after that: a node that is lost must not stop the others' writes.
constexpr std::chrono::milliseconds kHoldMax{1000};
constexpr std::chrono::seconds kOpenMax{120};
constexpr std::chrono::seconds kAnswerMax{30};
constexpr int kTries = 30;
constexpr std::chrono::milliseconds kBetweenTries{500};
constexpr std::size_t kViewsMax = 64;

Error unavailable(std::string detail) {
  return Error{Errc::unavailable, std::move(detail), {}, {}};
}
Error canceled() {
  return Error{Errc::canceled, "the node that writes the backup stops", {}, {}};
}

}  // namespace

/// A question to a node, and later its answer; whoever comes too late answers into nothing.
struct Backups::Asked {
  std::mutex mutex;
  std::condition_variable_any arrived;
  std::optional<Result<std::string>> reply;
  std::chrono::steady_clock::time_point deadline;

  void answer(Result<std::string> what) {
    {
      const std::lock_guard lock{mutex};
      if (!reply) reply = std::move(what);
    }
    arrived.notify_all();
  }
};

Backups::Backups(Parts parts) : parts_{std::move(parts)} {
}

Backups::~Backups() {
  thread_.request_stop();
}

Result<BackupView> Backups::begin(const std::filesystem::path& folder) {
  if (!folder.is_absolute())
    return Error{Errc::invalid_value, "folder must be an absolute path on the node", "folder", {}};
  const std::lock_guard lock{mutex_};
  if (writing_) return Error{Errc::overloaded, "a backup is being written by this node", {}, {}};
  auto writer = storage::BackupWriter::begin(folder);
  if (!writer) {
    Error error = writer.error();
    if (error.code == Errc::invalid_value) error.param = "folder";
    return error;
  }
  BackupView view;
  view.started = system_clock().now();
  view.id = "bak_" + storage::node_name({static_cast<std::uint64_t>(view.started.microseconds())});
  view.folder = folder;
  view.state = "preparing";
  if (views_.size() == kViewsMax) views_.erase(views_.begin());
  views_.push_back(view);
  writing_ = true;
  // The one before is over: this waits for its last instructions only.
  thread_ = std::jthread{[this, kept = std::make_shared<storage::BackupWriter>(std::move(*writer))](
                             const std::stop_token& stop) { work(stop, std::move(*kept)); }};
  return view;
}

std::optional<BackupView> Backups::find(const std::string& id) const {
  const std::lock_guard lock{mutex_};
  for (auto view = views_.rbegin(); view != views_.rend(); ++view)
    if (id.empty() || view->id == id) return *view;
  return {};
}

void Backups::show(const std::function<void(BackupView&)>& change) {
  const std::lock_guard lock{mutex_};
  change(views_.back());
}

void Backups::work(const std::stop_token& stop, storage::BackupWriter writer) {
  const auto written = write(stop, writer);
  close();
  const std::lock_guard lock{mutex_};
  BackupView& view = views_.back();
  view.state = written ? "done" : "failed";
  if (!written) view.failure = written.error();
  view.finished = system_clock().now();
  writing_ = false;
}

Result<void> Backups::write(const std::stop_token& stop, storage::BackupWriter& writer) {
  const auto cuts = cut(stop);
  if (!cuts) return cuts.error();
  const auto time = system_clock().now();
  show([&](BackupView& view) {
    view.state = "copying";
    view.shards = cuts->size();
  });
  // The journals first: their leaders trim them.
  for (const BackupCutTold& each : *cuts) {
    const auto copied =
        copy(stop, each.shard, BackupPart::journal, writer.journal_file(each.shard));
    if (!copied) return copied.error();
  }
  std::vector<storage::ShardCut> shards;
  for (const BackupCutTold& each : *cuts) {
    if (each.state > 0) {
      const auto copied = copy(stop, each.shard, BackupPart::state, writer.state_file(each.shard));
      if (!copied) return copied.error();
    }
    shards.push_back({each.configuration, each.position, each.state_hash});
    show([](BackupView& view) { ++view.shards_done; });
  }
  const auto rules = storage::keep_rules(*parts_.coordinator, storage::Coordinator::patience());
  if (!rules) return rules.error();
  if (!rules->empty()) {
    const auto kept = storage::write_file(writer.rules_file(), *rules);
    if (!kept) return kept.error();
  }
  show([](BackupView& view) { view.state = "checking"; });
  const auto finished = writer.finish(time, shards);
  if (!finished) return finished.error();
  show([&](BackupView& view) { view.bytes = finished->bytes; });
  return {};
}

Result<std::vector<BackupCutTold>> Backups::cut(const std::stop_token& stop) {
  for (int tries = 1;; ++tries) {
    auto cuts = try_cut(stop);
    const bool again =
        !cuts &&
        (cuts.error().code == Errc::unavailable || cuts.error().code == Errc::overloaded ||
         cuts.error().code == Errc::timed_out || cuts.error().code == Errc::unknown_outcome ||
         cuts.error().code == Errc::not_leader);
    if (!again || tries == kTries) return cuts;
    show([&](BackupView& view) { view.waits_for = cuts.error().detail; });
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock{mutex};
    if (wake.wait_for(lock, stop, kBetweenTries, [&] { return stop.stop_requested(); }))
      return canceled();
  }
}

Result<std::vector<BackupCutTold>> Backups::try_cut(const std::stop_token& stop) {
  std::map<cluster::NodeId, std::vector<ShardId>> led;
  for (const cluster::Revised& each : parts_.configurations()) {
    const cluster::Configuration& shard = each.configuration;
    if (shard.split || shard.status != cluster::ShardStatus::active)
      return unavailable("a split of " + shard.shard.name() + " is under way");
    led[shard.primary].push_back(shard.shard);
  }
  // A number that no earlier try had, of whichever life of this node.
  run_ = std::max(run_ + 1, static_cast<std::uint64_t>(
                                std::chrono::system_clock::now().time_since_epoch().count()));
  nodes_.clear();
  for (auto& [node, shards] : led) nodes_.push_back({node, std::move(shards)});

  if (const auto opened = ask_all(stop, BackupStep::open); !opened) return opened.error();
  const auto began = std::chrono::steady_clock::now();
  show([](BackupView& view) { view.state = "cutting"; });
  const auto held = ask_all(stop, BackupStep::hold);
  // Whatever came of it: nobody waits longer than needed.
  const auto released = ask_all(stop, BackupStep::release);
  const auto took = std::chrono::steady_clock::now() - began;
  if (!held) return held.error();
  if (!released) return released.error();

  std::vector<BackupCutTold> cuts;
  std::vector<cluster::Configuration> shards;
  for (const BackupTold& told : *held) {
    for (const BackupCutTold& each : told.cuts) {
      if (each.configuration.split || each.configuration.status != cluster::ShardStatus::active)
        return unavailable("a split of " + each.shard.name() + " is under way");
      shards.push_back(each.configuration);
      cuts.push_back(each);
    }
  }
  // Every slot belongs to one of those that stood still.
  if (const auto map = storage::map_of(shards); !map) return map.error();
  std::sort(cuts.begin(), cuts.end(),
            [](const auto& a, const auto& b) { return a.shard < b.shard; });
  show([&](BackupView& view) {
    view.held = std::chrono::duration_cast<std::chrono::milliseconds>(took);
    view.waits_for.clear();
  });
  return cuts;
}

Result<std::uint64_t> Backups::copy(const std::stop_token& stop, ShardId shard, BackupPart part,
                                    const std::filesystem::path& file) {
  const auto node = std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& each) {
    return std::find(each.shards.begin(), each.shards.end(), shard) != each.shards.end();
  });
  std::ofstream out{file, std::ios::binary | std::ios::trunc};
  BackupAsk wanted;
  wanted.step = BackupStep::read;
  wanted.run = run_;
  wanted.part = part;
  wanted.shards = {shard};
  for (;;) {
    const auto asked = ask(node->id, wanted);
    const auto told = wait(stop, *asked);
    if (!told) return told.error();
    if (told->last) break;
    out.write(told->bytes.data(), static_cast<std::streamsize>(told->bytes.size()));
    if (!out) return Error{Errc::storage_failure, "cannot write " + file.string(), {}, {}};
    wanted.offset += told->bytes.size();
    show([&](BackupView& view) { view.bytes += told->bytes.size(); });
  }
  out.close();
  if (!out) return Error{Errc::storage_failure, "cannot write " + file.string(), {}, {}};
  return wanted.offset;
}

Result<std::vector<BackupTold>> Backups::ask_all(const std::stop_token& stop, BackupStep step) {
  std::vector<std::shared_ptr<Asked>> asked;
  for (const Node& node : nodes_) {
    BackupAsk wanted;
    wanted.step = step;
    wanted.run = run_;
    wanted.milliseconds = static_cast<std::uint32_t>(kHoldMax.count());
    wanted.shards = node.shards;
    asked.push_back(ask(node.id, wanted));
  }
  std::vector<BackupTold> told;
  std::optional<Error> failure;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    auto reply = wait(stop, *asked[i]);
    if (reply) {
      told.push_back(std::move(*reply));
    } else if (!failure) {
      failure = reply.error();
      failure->detail = "node " + storage::node_name(nodes_[i].id) + ": " + failure->detail;
    }
  }
  if (failure) return *failure;
  return told;
}

std::shared_ptr<Backups::Asked> Backups::ask(cluster::NodeId node, const BackupAsk& wanted) {
  auto asked = std::make_shared<Asked>();
  const auto most = wanted.step == BackupStep::open ? kOpenMax : kAnswerMax;
  asked->deadline = std::chrono::steady_clock::now() + most;
  PeerEnvelope envelope;
  envelope.kind = static_cast<std::uint16_t>(PeerKind::backup);
  envelope.bytes = storage::encode_backup_ask(wanted);
  const auto answer = [asked](Result<std::string> reply) { asked->answer(std::move(reply)); };
  if (node == parts_.self) {
    PeerArrival arrival;
    arrival.from = storage::node_name(node);
    arrival.envelope = std::move(envelope);
    arrival.answer = answer;
    parts_.here(std::move(arrival));
    return asked;
  }
  if (parts_.transport == nullptr) {
    asked->answer(unavailable("the node is alone"));
    return asked;
  }
  // What holds writes up goes before what is read.
  const auto urgency = wanted.step == BackupStep::read ? PeerClass::bulk : PeerClass::control;
  const auto sent =
      parts_.transport->ask(storage::node_name(node), urgency, envelope, asked->deadline, answer);
  if (!sent) asked->answer(sent.error());
  return asked;
}

Result<BackupTold> Backups::wait(const std::stop_token& stop, Asked& asked) {
  std::unique_lock lock{asked.mutex};
  const bool came =
      asked.arrived.wait_until(lock, stop, asked.deadline, [&] { return asked.reply.has_value(); });
  if (!came && stop.stop_requested()) return canceled();
  if (!came) return Error{Errc::timed_out, "a node did not answer in time", {}, {}};
  if (!*asked.reply) return asked.reply->error();
  return storage::decode_backup_told(**asked.reply);
}

/// Nobody waits for the answers; who does not hear of it forgets the backup by itself.
void Backups::close() {
  for (const Node& node : nodes_) {
    BackupAsk wanted;
    wanted.step = BackupStep::close;
    wanted.run = run_;
    (void)ask(node.id, wanted);
  }
  nodes_.clear();
}

}  // namespace souk::actors
