#include "actors/operations.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "actors/clock.hpp"
#include "actors/failpoint.hpp"

namespace souk::actors {

namespace cluster = engine::cluster;
using engine::Errc;
using engine::Error;
using engine::Result;
using storage::Coordinator;

namespace {

constexpr std::chrono::milliseconds kStepEvery{100};
constexpr std::chrono::milliseconds kLookEvery{1000};
constexpr std::chrono::seconds kOutcomeKept{3600};
constexpr std::chrono::seconds kPatience{3};
constexpr std::chrono::milliseconds kHeatTtl{30'000};
constexpr std::uint64_t kTellEvery = 3;  // samples

Coordinator::Deadline soon() {
  return std::chrono::steady_clock::now() + kPatience;
}

/// Applies a watched change to a map of decoded facts, keyed by the fact's name.
template <class Map, class Decode>
void take_in(const Coordinator::WatchEvent& event, Map& map, const Decode& decode) {
  if (event.complete) map.clear();
  for (const Coordinator::Change& change : event.changes) {
    if (!change.value) {
      map.erase(change.name);
    } else if (auto decoded = decode(change)) {
      map.insert_or_assign(change.name, std::move(*decoded));
    }
  }
}

/// Begun to spread copies, by no person.
bool nobodys(const cluster::Operation& operation) {
  return operation.id.starts_with(kSpreadPrefix);
}

}  // namespace

std::string make_operation_id(std::uint64_t microseconds, std::uint64_t random) {
  constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuv";
  std::string id = "op_" + std::string(26, '0');
  for (std::size_t i = 13; i-- > 0; microseconds >>= 5U) id[3 + i] = kDigits[microseconds & 31U];
  for (std::size_t i = 13; i-- > 0; random >>= 5U) id[16 + i] = kDigits[random & 31U];
  return id;
}

Operations::Operations(Parts parts)
    : parts_{std::move(parts)}, sampler_{parts_.self}, patience_{parts_.hot_for} {
  const auto watch = [this](std::string_view prefix,
                            void (Operations::*on)(const Coordinator::WatchEvent&)) {
    watches_.push_back(parts_.coordinator->watch(
        prefix, 0, [this, on](const Coordinator::WatchEvent& event) { (this->*on)(event); }));
  };
  watch(storage::kOperationsPrefix, &Operations::on_operations);
  watch(storage::kOutcomesPrefix, &Operations::on_outcomes);
  watch(storage::kDrainedPrefix, &Operations::on_drained);
  if (!parts_.alone) watch(storage::kHeatPrefix, &Operations::on_heat);
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

Operations::~Operations() {
  stop();
}

void Operations::stop() {
  thread_ = {};
  watches_.clear();
}

void Operations::on_operations(const Coordinator::WatchEvent& event) {
  {
    const std::lock_guard lock{mutex_};
    take_in(event, operations_,
            [](const Coordinator::Change& change) -> std::optional<storage::RevisedOperation> {
              auto operation = storage::decode_operation(change.name, *change.value);
              if (!operation) return {};  // of a newer version: its nodes carry it on
              return storage::RevisedOperation{std::move(*operation), change.revision};
            });
  }
  wake_.notify_all();
}

void Operations::on_outcomes(const Coordinator::WatchEvent& event) {
  const std::lock_guard lock{mutex_};
  take_in(event, outcomes_,
          [](const Coordinator::Change& change) -> std::optional<storage::OperationOutcome> {
            auto outcome = storage::decode_outcome(change.name, *change.value);
            if (!outcome) return {};
            return std::move(*outcome);
          });
}

void Operations::on_heat(const Coordinator::WatchEvent& event) {
  const std::lock_guard lock{mutex_};
  take_in(event, heat_, [](const Coordinator::Change& change) -> std::optional<storage::NodeHeat> {
    auto heat = storage::decode_heat(change.name, *change.value);
    if (!heat) return {};
    return std::move(*heat);
  });
}

void Operations::on_drained(const Coordinator::WatchEvent& event) {
  const std::lock_guard lock{mutex_};
  if (event.complete) drained_.clear();
  for (const Coordinator::Change& change : event.changes) {
    const auto node =
        storage::node_of(std::string_view{change.name}.substr(storage::kDrainedPrefix.size()));
    if (!node) continue;
    if (change.value)
      drained_.insert(*node);
    else
      drained_.erase(*node);
  }
}

std::vector<storage::RevisedOperation> Operations::running() const {
  std::vector<storage::RevisedOperation> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [name, each] : operations_) all.push_back(each);
  return all;
}

std::optional<storage::RevisedOperation> Operations::find(std::string_view id) const {
  const std::lock_guard lock{mutex_};
  const auto found = operations_.find(std::string{storage::kOperationsPrefix}.append(id));
  return found == operations_.end() ? std::nullopt : std::optional{found->second};
}

std::vector<storage::OperationOutcome> Operations::outcomes() const {
  std::vector<storage::OperationOutcome> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [name, each] : outcomes_) all.push_back(each);
  return all;
}

Result<std::optional<storage::OperationOutcome>> Operations::outcome(std::string_view id) const {
  {
    const std::lock_guard lock{mutex_};
    const auto found = outcomes_.find(std::string{storage::kOutcomesPrefix}.append(id));
    if (found != outcomes_.end()) return std::optional{found->second};
  }
  return storage::find_outcome(*parts_.coordinator, id, soon());
}

std::vector<storage::NodeHeat> Operations::heat() const {
  std::vector<storage::NodeHeat> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [name, each] : heat_) all.push_back(each);
  return all;
}

std::set<cluster::NodeId> Operations::drained() const {
  const std::lock_guard lock{mutex_};
  return drained_;
}

bool Operations::busy(engine::ShardId shard) const {
  const std::lock_guard lock{mutex_};
  return std::any_of(operations_.begin(), operations_.end(), [&](const auto& each) {
    return each.second.operation.shard == shard || each.second.operation.child == shard;
  });
}

bool Operations::placed_by_hand(engine::ShardId shard) const {
  using cluster::OperationKind;
  const std::lock_guard lock{mutex_};
  return std::any_of(outcomes_.begin(), outcomes_.end(), [&](const auto& each) {
    const auto& [operation, outcome, finished] = each.second;
    return operation.shard == shard && outcome == "done" && !nobodys(operation) &&
           (operation.kind == OperationKind::transfer || operation.kind == OperationKind::move);
  });
}

std::vector<engine::ShardId> Operations::changed_by_hand() const {
  std::vector<engine::ShardId> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [name, outcome] : outcomes_) {
    if (!nobodys(outcome.operation) && outcome.operation.kind != cluster::OperationKind::split)
      all.push_back(outcome.operation.shard);
  }
  return all;
}

std::optional<cluster::BalanceProposal> Operations::proposal() const {
  const std::lock_guard lock{mutex_};
  return proposal_;
}

/// What was written must be seen by whoever asks next, before the watch tells of it.
void Operations::note(const storage::RevisedOperation& revised) {
  {
    const std::lock_guard lock{mutex_};
    operations_.insert_or_assign(std::string{storage::kOperationsPrefix} + revised.operation.id,
                                 revised);
  }
  wake_.notify_all();
}

Result<cluster::Operation> Operations::begin(cluster::Operation operation) {
  if (operation.id.empty() || operation.id == kSpreadPrefix) {
    std::random_device random;
    const auto now = static_cast<std::uint64_t>(system_clock().now().microseconds());
    operation.id += make_operation_id(now, std::uint64_t{random()} << 32U | random());
  }
  const auto revision = storage::create_operation(*parts_.coordinator, operation, soon());
  if (!revision) return revision.error();
  note({operation, *revision});
  return operation;
}

Result<cluster::Operation> Operations::cancel(std::string_view id) {
  for (int tries = 0;; ++tries) {
    auto found = storage::find_operation(*parts_.coordinator, id, soon());
    if (!found) return found.error();
    if (!*found) return Error{Errc::unknown_route, "no operation of that id is under way", {}, {}};
    storage::RevisedOperation& known = **found;
    if (known.operation.cancelled) return known.operation;
    if (known.operation.proposing)
      return Error{
          Errc::already_committed,
          "the record of the split may be in the journal already: it cannot be called off; "
          "wait for its end with GET /v1/operations/" +
              known.operation.id,
          {},
          {}};
    known.operation.cancelled = true;
    const auto revision =
        storage::replace_operation(*parts_.coordinator, known.revision, known.operation, soon());
    if (!revision && revision.error().code == Errc::version_mismatch && tries < 5) continue;
    if (!revision) return revision.error();
    note({known.operation, *revision});
    return known.operation;
  }
}

Result<void> Operations::set_drained(cluster::NodeId node, bool drained) {
  Coordinator::Transaction change;
  if (drained)
    change.writes.push_back({storage::drained_name(node), "1", 0});
  else
    change.erased.push_back(storage::drained_name(node));
  const auto done = parts_.coordinator->commit(change, soon());
  if (!done) return done.error();
  const std::lock_guard lock{mutex_};
  if (drained)
    drained_.insert(node);
  else
    drained_.erase(node);
  return {};
}

cluster::Observed Operations::observe(const cluster::Operation& operation) const {
  cluster::Observed observed;
  for (cluster::Revised& each : parts_.configurations()) {
    if (each.configuration.shard == operation.shard)
      observed.shard = std::move(each);
    else if (operation.kind == cluster::OperationKind::split &&
             each.configuration.shard == operation.child)
      observed.child = std::move(each);
  }
  const std::lock_guard lock{mutex_};
  observed.split_applied = forked_.contains(operation.id);
  return observed;
}

void Operations::run(const std::stop_token& stop) {
  auto sampled = std::chrono::steady_clock::now() - kLookEvery;
  while (!stop.stop_requested()) {
    const bool active = carry_on();
    const auto now = std::chrono::steady_clock::now();
    if (now - sampled >= kLookEvery) {
      sampled = now;
      take_sample();
    }
    std::unique_lock lock{mutex_};
    const std::size_t before = operations_.size();
    wake_.wait_for(lock, stop, active ? kStepEvery : kLookEvery,
                   [&] { return !active && operations_.size() != before; });
  }
}

/// True if a shard that is led here has an operation.
bool Operations::carry_on() {
  std::set<engine::ShardId> seen;
  bool active = false;
  for (const storage::RevisedOperation& each : running()) {
    if (!seen.insert(each.operation.shard).second) continue;
    if (!parts_.leads(each.operation.shard)) continue;
    active = true;
    carry_out(each);
  }
  return active;
}

void Operations::carry_out(const storage::RevisedOperation& revised) {
  const cluster::Operation& operation = revised.operation;
  const cluster::Observed observed = observe(operation);
  if (observed.shard.revision == 0) return;
  const cluster::Step next = cluster::next_step(operation, observed);
  if (const auto* give = std::get_if<cluster::step::Give>(&next)) {
    parts_.give(operation.shard, give->order);
  } else if (std::holds_alternative<cluster::step::Remember>(next)) {
    cluster::Operation proposing = operation;
    proposing.proposing = true;
    const auto kept =
        storage::replace_operation(*parts_.coordinator, revised.revision, proposing, soon());
    if (kept) note({std::move(proposing), *kept});
  } else if (const auto* propose = std::get_if<cluster::step::ProposeSplit>(&next)) {
    failpoint("split.propose", operation.shard);
    if (!parts_.fork || !parts_.fork(operation.shard, propose->split)) return;
    {
      const std::lock_guard lock{mutex_};
      forked_.insert(operation.id);
    }
    failpoint("split.applied", operation.shard);
    // What was split off is nobody's until it is on its own.
    carry_out(revised);
  } else if (const auto* both = std::get_if<cluster::step::Transact>(&next)) {
    // Lost to somebody: the next look shows to whom.
    (void)storage::transact(*parts_.coordinator, *both, revised, soon()).has_value();
    failpoint(both->shard.split ? "split.marked" : "split.parted", operation.shard);
  } else if (std::holds_alternative<cluster::step::Done>(next)) {
    end(revised, observed, operation.cancelled ? "cancelled" : "done");
  } else if (const auto* impossible = std::get_if<cluster::step::Impossible>(&next)) {
    end(revised, observed, impossible->why);
  }
}

void Operations::end(const storage::RevisedOperation& revised, const cluster::Observed& observed,
                     std::string outcome) {
  const storage::OperationOutcome ended{revised.operation, std::move(outcome),
                                        system_clock().now()};
  const auto done = storage::finish_operation(*parts_.coordinator, revised.revision,
                                              observed.shard.revision, ended, kOutcomeKept, soon());
  if (!done) return;
  const std::lock_guard lock{mutex_};
  outcomes_.insert_or_assign(std::string{storage::kOutcomesPrefix} + ended.operation.id, ended);
  operations_.erase(std::string{storage::kOperationsPrefix} + ended.operation.id);
  forked_.erase(ended.operation.id);
}

void Operations::take_sample() {
  std::vector<HeatSampler::Sample> samples;
  const auto publications = parts_.publications();
  for (const PublicationPtr& each : publications)
    samples.push_back({each->shard, each->open, each->queued(), &parts_.meters->of(each->shard)});
  const double now = Seconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  auto heat = sampler_.sample(samples, now, process_cpu_seconds(), system_clock().now());
  if (++samples_ % kTellEvery == 0 && !parts_.alone) tell_heat(heat);
  {
    const std::lock_guard lock{mutex_};
    heat_.insert_or_assign(storage::heat_name(parts_.self), std::move(heat));
  }
  balance();
}

/// A node that dies is forgotten with its lease.
void Operations::tell_heat(const storage::NodeHeat& heat) {
  const bool kept = lease_.id != 0 && parts_.coordinator->keep_alive(lease_.id, soon()).has_value();
  if (!kept) {
    const auto lease = parts_.coordinator->grant(kHeatTtl, soon());
    if (!lease) return;
    lease_ = *lease;
  }
  (void)parts_.coordinator
      ->commit({.expected = {},
                .writes = {{storage::heat_name(heat.node), storage::encode_heat(heat), lease_.id}},
                .erased = {}},
               soon())
      .has_value();
}

/// Every node proposes the same from the same facts; of those that run the first one acts.
void Operations::balance() {
  std::vector<cluster::NodeId> nodes = parts_.data_nodes();
  const auto away = drained();
  std::erase_if(nodes, [&](cluster::NodeId node) { return away.contains(node); });
  std::vector<cluster::NodeLoad> loads;
  for (const storage::NodeHeat& heat : this->heat()) {
    if (std::find(nodes.begin(), nodes.end(), heat.node) == nodes.end()) continue;
    cluster::NodeLoad load{heat.node, heat.cpu, {}};
    for (const storage::ShardHeat& shard : heat.shards)
      if (shard.leads) load.led.push_back({shard.shard, shard.cpu});
    loads.push_back(std::move(load));
  }
  std::vector<cluster::Configuration> shards;
  for (const cluster::Revised& each : parts_.configurations())
    if (!busy(each.configuration.shard)) shards.push_back(each.configuration);
  // Judged without all nodes, the mean is wrong.
  auto proposal = loads.size() == nodes.size() ? cluster::balance(loads, shards) : std::nullopt;
  const bool ripe = patience_.ripe(proposal, std::chrono::steady_clock::now());
  const bool mine = !nodes.empty() && *std::min_element(nodes.begin(), nodes.end()) == parts_.self;
  if (ripe && mine && parts_.balancing == Balancing::act && running().empty())
    (void)begin(proposal->operation).has_value();
  const std::lock_guard lock{mutex_};
  proposal_ = std::move(proposal);
}

}  // namespace souk::actors
