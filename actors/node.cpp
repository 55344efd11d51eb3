#include "actors/node.hpp"

#include <algorithm>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "actors/checkout_coordinator.hpp"
#include "actors/checkout_driver.hpp"
#include "actors/clock.hpp"
#include "actors/node_content.hpp"
#include "actors/peer_asker.hpp"
#include "actors/peer_kinds.hpp"
#include "actors/product_coordinator.hpp"
#include "actors/remote_shard.hpp"
#include "actors/reservation_coordinator.hpp"
#include "actors/search_coordinator.hpp"
#include "actors/search_remote.hpp"
#include "engine/cluster/placement.hpp"
#include "storage/cluster_facts.hpp"
#include "storage/coordinator.hpp"
#include "storage/coordinator_store.hpp"

namespace souk::actors {

namespace cluster = engine::cluster;
using engine::Errc;
using engine::Error;
using engine::Result;

namespace {

constexpr std::size_t kDirectoryEntries = std::size_t{1} << 21U;  // 16 MB
/// How long a start waits for its shards to have a leader. Peers may not be there yet: what is not
/// led then is unavailable, not wrong.
constexpr std::chrono::seconds kSettleMax{10};
constexpr std::chrono::seconds kConnectMax{3};
constexpr std::chrono::seconds kPlaceEvery{1};
/// How long copies lie unevenly, with nothing else to do, before one is moved.
constexpr std::chrono::seconds kSpreadAfter{8};
/// How long a node that came back is not ready for the sake of copies that catch up. Balancers and
/// rolling restarts must not wait for ever for one whose leader is away.
constexpr std::chrono::seconds kCatchUpMax{45};
/// Of three copies and more. Below it writes are refused: one disk alone would hold them.
constexpr std::uint32_t kMinInSync = 2;
/// How long a node without data waits for the first one that has.
constexpr std::chrono::seconds kFirstDataNodeMax{30};
constexpr std::chrono::milliseconds kFirstDataNodeLook{200};

template <class Handle>
void end(Handle& handle) {
  if (handle) caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  handle = nullptr;
}

}  // namespace

Result<void> Node::Content::open(const Progress& progress) {
  if (progress) progress(0, "opening the data folder");
  auto opened = storage::Database::open(config.data, {});
  if (!opened) return opened.error();
  database = std::move(*opened);
  health->disk_full = database->free_bytes() < config.free_bytes_min;
  journal = std::make_unique<storage::Journal>(*database);
  directory = std::make_shared<SkuDirectory>(kDirectoryEntries);
  coordinator = config.coordinator ? config.coordinator
                                   : std::make_shared<storage::CoordinatorStore>(*database);
  const auto named = storage::load_or_create_node_id(*database);
  if (!named) return named.error();
  self_id = *named;
  view = std::make_shared<ClusterView>(self_id);
  start_actors();
  table->set_pause(spawn_route_pause(*system));
  if (const auto started = start_peers(); !started) return started;
  if (const auto started = start_shards(progress); !started) return started;
  start_coordinators();
  if (peers) peers->join(coordinator);
  start_operations();
  if (peers) {
    placer = std::jthread{[this](const std::stop_token& stop) { place_copies(stop); }};
  }
  if (progress) progress(1, "waiting for the shards' leaders");
  host->wait_settled(kSettleMax);
  // A client that is let in before would wait for shards that others lead.
  if (peers) peers->wait_connected(kConnectMax);
  open_since = std::chrono::steady_clock::now();
  resume_checkouts();
  show_metrics();
  health->recovering = false;
  housekeeper = std::jthread{[this](const std::stop_token& stop) { watch_disk(stop); }};
  return {};
}

void Node::Content::resume_checkouts() {
  if (!peers) {
    caf::anon_send(checkouts, ResumeCheckouts{});
    return;
  }
  resumes = true;
  for (const HostedShard& shard : host->hosted()) {
    if (shard.orders && shard.publication->open) {
      caf::anon_send(checkouts, ResumeCheckouts{shard.publication->shard, true, false});
    }
  }
}

void Node::Content::start_actors() {
  system_config.set_scheduler(config.scheduler_threads);
  system = std::make_unique<caf::actor_system>(system_config);
  writer = spawn_journal_writer(
      *system,
      {journal.get(), health, &metrics.journal(),
       config.sync_journal ? storage::Durability::synced : storage::Durability::buffered},
      Placement::detached);
  materialiser = spawn_materialiser(*system, {database.get(), journal.get(), segments(), health},
                                    Placement::detached);
  merger = spawn_merger(*system, Placement::detached);
}

Result<void> Node::Content::start_peers() {
  if (!config.peers) return {};
  config.peers->run = driver_tag(self_id, std::random_device{}());
  NodePeers::Handlers handlers;
  handlers.replica_message = [this](engine::ShardId shard, cluster::NodeId from,
                                    cluster::Message message) {
    if (hears_peers) host->deliver(shard, from, std::move(message));
  };
  handlers.ended = [this](cluster::NodeId node) {
    if (hears_peers) host->peer_ended(node);
  };
  handlers.request = [this](PeerArrival arrival) { on_request(std::move(arrival)); };
  auto started = NodePeers::start(*config.peers, self_id, std::move(handlers));
  if (!started) return started.error();
  peers = std::move(*started);
  return {};
}

void Node::Content::on_request(PeerArrival arrival) {
  if (!hears_peers) {
    if (arrival.answer) arrival.answer(Error{engine::Errc::not_leader, "the node is starting"});
    return;
  }
  switch (static_cast<PeerKind>(arrival.envelope.kind)) {
    case PeerKind::request:
      return door->arrived(std::move(arrival));
    case PeerKind::checkpoint:
      return checkpoints->arrived(std::move(arrival));
    case PeerKind::search:
      if (hears_searches) return search_door->arrived(std::move(arrival));
      if (arrival.answer) {
        arrival.answer(Error{engine::Errc::unavailable, "the node is starting"});
      }
      return;
    case PeerKind::backup:
      return backup_door->arrived(std::move(arrival));
    case PeerKind::replica_message:
      break;
  }
  if (arrival.answer)
    arrival.answer(Error{engine::Errc::not_implemented, "this version knows no such request"});
}

/// A node that holds no data begins no cluster: it waits for one that does.
Result<std::vector<cluster::Revised>> Node::Content::find_shards() {
  const auto& roles = config.peers ? config.peers->roles : PeersConfig{}.roles;
  if (std::find(roles.begin(), roles.end(), "data") != roles.end()) {
    return storage::load_or_create_configurations(
        *coordinator, {config.catalog_shards, config.order_shards}, self_id,
        config.replicas > kMinInSync ? kMinInSync : 1);
  }
  const auto end = std::chrono::steady_clock::now() + kFirstDataNodeMax;
  for (;;) {
    auto found = storage::read_configurations(*coordinator, storage::Coordinator::patience());
    if (!found) return found.error();
    if (!found->shards.empty()) return std::move(found->shards);
    if (std::chrono::steady_clock::now() >= end) {
      return Error{Errc::unavailable,
                   "nobody has begun the cluster yet: start a node with --roles data first"};
    }
    std::this_thread::sleep_for(kFirstDataNodeLook);
  }
}

Result<void> Node::Content::start_shards(const Progress& progress) {
  ShardHost::Parts parts;
  parts.config = &config;
  parts.system = system.get();
  parts.database = database.get();
  parts.journal = journal.get();
  parts.segments = segments();
  parts.coordinator = coordinator;
  parts.self = self_id;
  parts.metrics = &metrics;
  parts.heat = &heat;
  parts.health = health;
  parts.writer = writer;
  parts.materialiser = materialiser;
  parts.merger = merger;
  parts.table = table;
  parts.bell = bell;
  parts.directory = directory;
  parts.post = [this](cluster::NodeId to, engine::ShardId shard, const cluster::Message& message) {
    if (peers) peers->post(to, shard, message);
  };
  parts.send_checkpoint = [this](engine::ShardId shard, cluster::NodeId peer) {
    if (checkpoints) checkpoints->send(shard, peer);
  };
  if (peers) {
    auto asker = std::make_shared<TransportAsker>(peers->transport());
    const auto remote = [this, asker](engine::ShardId shard, const PublicationPtr& publication) {
      return RemoteShardParts{shard, publication, view, asker,
                              [this](PeerArrival arrival) { on_request(std::move(arrival)); }};
    };
    parts.remote_catalog = [this, remote](engine::ShardId shard, const PublicationPtr& known) {
      return spawn_remote_catalog(*system, remote(shard, known));
    };
    parts.remote_orders = [this, remote](engine::ShardId shard, const PublicationPtr& known) {
      return spawn_remote_orders(*system, remote(shard, known));
    };
  } else {
    parts.remote_catalog = [](engine::ShardId, const PublicationPtr&) { return CatalogShard{}; };
    parts.remote_orders = [](engine::ShardId, const PublicationPtr&) { return OrderShard{}; };
  }
  parts.on_configuration = [this](const cluster::Revised& revised) { view->note(revised); };
  parts.on_leading = [this](engine::ShardId shard, bool leads) {
    if (!resumes || shard.service != engine::Service::orders) return;
    caf::anon_send(checkouts, ResumeCheckouts{shard, leads, false});
  };
  host = std::make_unique<ShardHost>(std::move(parts));

  if (progress) progress(0, "asking the coordinator for the shards");
  const auto found = find_shards();
  if (!found) {
    Error error = found.error();
    error.detail = std::string{kNoShardMap} + ": " + error.detail;
    return error;
  }
  if (const auto opened = host->open(*found, progress); !opened) return opened;
  host->follow();
  backup_door = std::make_unique<BackupDoor>(
      BackupDoor::Parts{system.get(), database.get(), journal.get(), host.get()});
  Backups::Parts cuts;
  cuts.self = self_id;
  cuts.configurations = [this] { return host->configurations(); };
  cuts.here = [this](PeerArrival arrival) { backup_door->arrived(std::move(arrival)); };
  cuts.transport = peers ? &peers->transport() : nullptr;
  cuts.coordinator = coordinator;
  backups = std::make_unique<Backups>(std::move(cuts));
  if (!peers) return {};
  PeerDoor::Parts behind;
  behind.catalog = [this](engine::ShardId id) -> std::optional<ShardLink<CatalogShard>> {
    const auto shard = host->find(id);
    if (!shard || !shard->catalog) return {};
    return ShardLink<CatalogShard>{id, shard->catalog, shard->publication};
  };
  behind.orders = [this](engine::ShardId id) -> std::optional<ShardLink<OrderShard>> {
    const auto shard = host->find(id);
    if (!shard || !shard->orders) return {};
    return ShardLink<OrderShard>{id, shard->orders, shard->publication};
  };
  door = std::make_unique<PeerDoor>(*system, std::move(behind));
  CheckpointTransfers::Parts transfers;
  transfers.system = system.get();
  transfers.database = database.get();
  transfers.journal = journal.get();
  transfers.folder = config.data / "incoming";
  transfers.transport = &peers->transport();
  transfers.host = host.get();
  checkpoints = std::make_unique<CheckpointTransfers>(std::move(transfers));
  hears_peers = true;
  return {};
}

void Node::Content::show_metrics() {
  Metrics::Sources sources;
  sources.shards = [this] { return host->publications(); };
  sources.database_property = [this](const std::string& name) { return database->property(name); };
  sources.free_bytes = [this] { return database->free_bytes(); };
  sources.actors_running = [this] { return system->registry().running(); };
  sources.disk_full = [this] { return health->disk_full.load(); };
  metrics.set_sources(std::move(sources));
}

/// Every shard that is led here is looked at once a second: one step at a time. So are the nodes
/// that are missing.
void Node::Content::place_copies(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock{mutex};
  while (!wake.wait_for(lock, stop, kPlaceEvery, [&] { return stop.stop_requested(); })) {
    drivers.look(peers->nodes(), std::chrono::steady_clock::now());
    const auto known = host->configurations();
    const auto drained = operations->drained();
    std::vector<cluster::Candidate> alive;
    for (const storage::NodeFact& fact : peers->nodes()) {
      const auto id = storage::node_of(fact.id);
      const bool holds_data =
          std::find(fact.roles.begin(), fact.roles.end(), "data") != fact.roles.end();
      if (!id || !holds_data || drained.contains(*id)) continue;
      cluster::Candidate candidate{*id, fact.zone, 0, 0};
      for (const auto& each : known) {
        const auto& shard = each.configuration;
        candidate.led += shard.primary == *id ? 1 : 0;
        candidate.copies += shard.is_member(*id) || shard.learner(*id) != nullptr ? 1 : 0;
      }
      alive.push_back(std::move(candidate));
    }
    for (const HostedShard& shard : host->hosted()) {
      const engine::ShardId id = shard.publication->shard;
      if (shard.publication->role != cluster::Role::primary || operations->busy(id)) continue;
      const auto each = std::find_if(known.begin(), known.end(), [&](const auto& revised) {
        return revised.configuration.shard == shard.publication->shard;
      });
      if (each == known.end() || each->configuration.primary != self_id) continue;
      const auto order = cluster::next_placement(each->configuration, alive, config.replicas);
      if (!order) continue;
      if (order->kind == cluster::OrderKind::hand_over && operations->placed_by_hand(id)) continue;
      caf::anon_send(shard.replica, GiveOrder{*order});
      // One leadership at a time, so that the next look sees what came of it.
      if (order->kind == cluster::OrderKind::hand_over) break;
    }
    spread_copies(known, alive);
  }
}

/// One copy at a time, begun by the first of the nodes, and only when nothing else has happened for
/// a while: nodes start one after the other.
void Node::Content::spread_copies(const std::vector<cluster::Revised>& known,
                                  const std::vector<cluster::Candidate>& alive) {
  const bool mine = std::all_of(alive.begin(), alive.end(),
                                [this](const auto& each) { return !(each.node < self_id); });
  const auto now = std::chrono::steady_clock::now();
  std::vector<cluster::Configuration> shards;
  for (const auto& each : known) shards.push_back(each.configuration);
  auto move = cluster::next_spread(shards, alive, config.replicas, operations->changed_by_hand());
  if (!mine || !operations->running().empty()) return;
  if (!move) {
    uneven_since.reset();
    return;
  }
  if (!uneven_since) uneven_since = now;
  if (now - *uneven_since < kSpreadAfter) return;
  move->id = kSpreadPrefix;
  (void)operations->begin(std::move(*move)).has_value();
}

std::vector<storage::NodeFact> Node::Content::known_nodes() const {
  if (peers) return peers->nodes();
  storage::NodeFact self;
  self.id = storage::node_name(self_id);
  self.roles = {"gateway", "data"};
  return {std::move(self)};
}

bool Node::Content::fork(const HostedShard& shard, const cluster::SplitMark& split) {
  constexpr std::chrono::seconds kForkMax{10};
  caf::scoped_actor self{*system, true};
  bool done = false;
  const auto ask = [&](const auto& actor) {
    self->request(actor, kForkMax, ForkShard{{split.slot, split.child}})
        .receive([&](const ShardForked& forked) { done = forked.result.has_value(); },
                 [](const caf::error&) {});
  };
  if (shard.catalog) ask(shard.catalog);
  if (shard.orders) ask(shard.orders);
  return done;
}

void Node::Content::start_operations() {
  Operations::Parts parts;
  parts.coordinator = coordinator;
  parts.self = self_id;
  parts.alone = !peers;
  parts.balancing = config.balance ? Balancing::act : Balancing::propose;
  parts.hot_for = std::chrono::seconds{config.balance_seconds};
  parts.configurations = [this] { return host->configurations(); };
  parts.data_nodes = [this] {
    std::vector<cluster::NodeId> nodes;
    for (const storage::NodeFact& fact : known_nodes()) {
      const auto id = storage::node_of(fact.id);
      const bool data = std::find(fact.roles.begin(), fact.roles.end(), "data") != fact.roles.end();
      if (id && data) nodes.push_back(*id);
    }
    return nodes;
  };
  parts.leads = [this](engine::ShardId shard) {
    const auto hosted = host->find(shard);
    return hosted && hosted->publication->open;
  };
  parts.give = [this](engine::ShardId shard, const cluster::Order& order) {
    if (const auto hosted = host->find(shard)) caf::anon_send(hosted->replica, GiveOrder{order});
  };
  parts.fork = [this](engine::ShardId shard, const cluster::SplitMark& split) {
    const auto hosted = host->find(shard);
    return hosted && fork(*hosted, split);
  };
  parts.meters = &heat;
  parts.publications = [this] { return host->publications(); };
  operations = std::make_unique<Operations>(std::move(parts));
  // Whoever starts a node again wants it to work.
  (void)operations->set_drained(self_id, false).has_value();

  ClusterDesk::Parts asked;
  asked.operations = operations.get();
  asked.rules = rules.get();
  asked.coordinator = coordinator;
  asked.self = self_id;
  asked.configurations = [this] { return host->configurations(); };
  asked.nodes = [this] { return known_nodes(); };
  asked.connected = [this](const std::string& node) {
    return peers && peers->transport().connected(node);
  };
  asked.last_error = [this](const std::string& node) {
    if (!peers) return std::string{};
    for (PeerStatus& peer : peers->transport().status())
      if (peer.address.node == node) return std::move(peer.last_error);
    return std::string{};
  };
  asked.publications = [this] { return host->publications(); };
  desk = std::make_unique<ClusterDesk>(std::move(asked));
}

void Node::Content::start_coordinators() {
  const std::uint32_t workers = config.search_workers != 0
                                    ? config.search_workers
                                    : std::max(1U, std::thread::hardware_concurrency());
  std::shared_ptr<SearchPeers> others;
  if (peers) {
    others = search_peers(peers->transport(), self_id, [this] { return host->configurations(); });
  }
  memory->open(config.data / "past_queries", std::chrono::system_clock::now());
  if (peers) memory->self = self_id;
  rules = std::make_shared<SearchRules>(coordinator);
  memory->rules = rules;
  searches = spawn_search_coordinator(*system, table, system_clock(),
                                      SearchLimits{workers, config.search_queue_max}, metrics,
                                      others, memory);
  if (peers) {
    search_door =
        std::make_unique<SearchDoor>(*system, table, searches, SearchDoorLimits{}, memory);
    hears_searches = true;
  }
  products = spawn_product_coordinator(*system, table, directory);
  reservations = spawn_reservation_coordinator(*system, table, directory, system_clock());
  CheckoutLimits limits;
  limits.test_payments = config.test_payments;
  limits.test_payments_file = config.data / "test_payments.log";
  if (peers) {
    limits.driver = config.peers->run;
    limits.driver_gone = [this](const engine::HoldId& hold) {
      return driver_was_restarted(hold, peers->nodes()) || drivers.ended(hold);
    };
  }
  checkouts =
      spawn_checkout_coordinator(*system, table, directory, system_clock(), limits, metrics);
  host->meet(checkouts);
  if (door) door->meet(checkouts);
}

void Node::Content::watch_disk(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock{mutex};
  while (
      !wake.wait_for(lock, stop, std::chrono::seconds{1}, [&] { return stop.stop_requested(); })) {
    health->disk_full = database->free_bytes() < config.free_bytes_min;
    if (!health->disk_full) memory->keep(std::chrono::system_clock::now());
  }
}

void Node::Content::drain(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  resumes = false;
  caf::scoped_actor self{*system, true};
  const auto left = [&] {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        now < end ? end - now : std::chrono::seconds{0});
  };
  // What cannot finish in time is journaled or was never acknowledged: the next start picks it up.
  const auto ask = [&](const auto& handle) {
    if (handle) self->request(handle, left(), Drain{}).receive([](Drained&) {}, [](caf::error&) {});
  };
  ask(checkouts);
  ask(reservations);
  ask(products);
  ask(searches);
  if (peers) host->hand_over_all(std::min(left(), std::chrono::milliseconds{3000}));
  for (const HostedShard& shard : host->hosted()) ask(shard.orders);
  for (const HostedShard& shard : host->hosted()) ask(shard.catalog);
  if (health->failed) return;
  self->request(materialiser, left(), FlushTables{}).receive([](Saved&) {}, [](caf::error&) {});
}

void Node::Content::end_actors() {
  if (desk) desk->stop();
  if (operations) operations->stop();
  if (rules) rules->stop();
  end(checkouts);
  end(reservations);
  end(products);
  end(searches);
  hears_peers = false;
  hears_searches = false;
  backups.reset();
  backup_door.reset();
  checkpoints.reset();
  if (host) host->end();
  if (peers) peers->leave();
  door.reset();
  search_door.reset();
  RoutePause pause = table->pause();
  table->set_pause({});
  end(pause);
  end(merger);
  end(materialiser);
  end(writer);
  system->await_all_actors_done();
}

Node::Node() : content_{std::make_unique<Content>()} {
}

Result<std::unique_ptr<Node>> Node::start(const NodeConfig& config, const Progress& progress) {
  std::unique_ptr<Node> node{new Node};
  node->content_->config = config;
  if (const auto opened = node->content_->open(progress); !opened) return opened.error();
  return node;
}

void Node::stop(std::chrono::milliseconds drain) {
  Content& content = *content_;
  if (std::exchange(content.stopped, true)) return;
  content.health->stopping = true;
  if (!content.system) return;  // it never started
  content.housekeeper = {};
  content.placer = {};
  if (content.host && !content.health->recovering) content.drain(drain);
  content.memory->save();
  content.metrics.forget_sources();
  content.end_actors();
}

Node::~Node() {
  stop(std::chrono::seconds{10});
}

Metrics& Node::metrics() {
  return content_->metrics;
}
engine::ShardMap Node::shard_map() const {
  return content_->table->current()->map;
}

std::string Node::write_refusal() const {
  const NodeHealth& health = *content_->health;
  if (health.recovering) return "recovering";
  if (health.failed) return "journal_failed";
  if (health.stopping) return "stopping";
  if (health.disk_full) return "disk_full";
  return {};
}

std::shared_ptr<DeskTicket> Node::ask_desk(const DeskQuestion& question) {
  return content_->desk->ask(question);
}

const SearchRules& Node::rules() const {
  return *content_->rules;
}

Result<BackupView> Node::begin_backup(const std::filesystem::path& folder) {
  return content_->backups->begin(folder);
}
std::optional<BackupView> Node::backup(const std::string& id) const {
  return content_->backups->find(id);
}

CoordinatorStatus Node::coordinator() const {
  const auto status = content_->coordinator->status();
  return {status.kind, status.detail, status.reachable};
}

std::vector<engine::ShardId> Node::catching_up() const {
  std::vector<engine::ShardId> joining;
  if (!content_->host) return joining;
  for (const cluster::Revised& each : content_->host->configurations()) {
    const cluster::Learner* learner = each.configuration.learner(content_->self_id);
    if (learner != nullptr && learner->joins) joining.push_back(each.configuration.shard);
  }
  return joining;
}

PublicationBellPtr Node::publications() const {
  return content_->bell;
}

bool Node::leads_catalog() const {
  const RoutesPtr routes = content_->table->current();
  return std::all_of(routes->catalog.begin(), routes->catalog.end(), [](const auto& link) {
    return link.publication->role == engine::cluster::Role::primary;
  });
}

bool Node::has_caught_up() const {
  Content& content = *content_;
  if (content.copies_ready) return true;
  const bool late =
      content.open_since && std::chrono::steady_clock::now() - *content.open_since > kCatchUpMax;
  if (late || catching_up().empty()) content.copies_ready = true;
  return content.copies_ready;
}

bool Node::healthy() const {
  return !content_->health->failed && !content_->health->stopping;
}

std::string Node::why_unhealthy() const {
  return content_->health->why();
}

}  // namespace souk::actors
