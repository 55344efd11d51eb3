#include "actors/node.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <utility>

#include "actors/catalog_shard.hpp"
#include "actors/checkout_coordinator.hpp"
#include "actors/node_content.hpp"
#include "actors/order_shard.hpp"
#include "actors/product_coordinator.hpp"
#include "actors/recovery.hpp"
#include "actors/reservation_coordinator.hpp"
#include "actors/search_coordinator.hpp"
#include "storage/coordinator.hpp"
#include "storage/coordinator_store.hpp"

namespace souk::actors {

using engine::Error;
using engine::Result;

namespace {

constexpr std::size_t kDirectoryEntries = std::size_t{1} << 21U;  // 16 MB

template <class Handle>
void end(Handle& handle) {
  if (handle) caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  handle = nullptr;
}

}  // namespace

/// Indexed by shard number.
struct RecoveredShards {
  std::vector<RecoveredCatalog> catalog;
  std::vector<RecoveredOrders> orders;
};

namespace {

/// Recovers all shards, several at a time; reports on the calling thread.
class Recovery {
public:
  Recovery(const Node::Content& node, const engine::ShardMap& map) : node_{node}, map_{map} {
    shards_.catalog.resize(map.shards_of(engine::Service::catalog).size());
    shards_.orders.resize(map.shards_of(engine::Service::orders).size());
  }

  Result<RecoveredShards> run(const Progress& progress) {
    const std::size_t threads = std::min<std::size_t>(
        std::max(1U, std::thread::hardware_concurrency()), map_.ranges.size());
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
    for (std::unique_lock lock{mutex_}; finished_ < map_.ranges.size();) {
      const std::size_t before = finished_;
      changed_.wait(lock, [&] { return finished_ > before; });
      if (progress) {
        progress(static_cast<double>(finished_) / static_cast<double>(map_.ranges.size()),
                 "recovering shards");
      }
    }
    workers.clear();
    if (failure_) return *failure_;
    return std::move(shards_);
  }

private:
  void work() {
    for (;;) {
      std::size_t mine = 0;
      {
        const std::lock_guard lock{mutex_};
        if (next_ == map_.ranges.size()) return;
        mine = next_++;
      }
      auto failure = recover(map_.ranges[mine].shard);
      const std::lock_guard lock{mutex_};
      if (failure && !failure_) failure_ = std::move(failure);
      ++finished_;
      changed_.notify_one();
    }
  }

  std::optional<Error> recover(engine::ShardId shard) {
    const RecoverySource source{node_.database.get(), node_.journal.get(), node_.segments(), shard,
                                &names_};
    if (shard.service == engine::Service::orders) {
      auto recovered = recover_orders(source);
      if (!recovered) return recovered.error();
      shards_.orders[shard.number] = std::move(*recovered);
      return {};
    }
    auto recovered = recover_catalog(source);
    if (!recovered) return recovered.error();
    recovered->replica->state().for_each_product([&](const engine::ProductEntry& product) {
      for (const engine::Sku& sku : product.skus) node_.directory->learn(sku, product.id);
    });
    shards_.catalog[shard.number] = std::move(*recovered);
    return {};
  }

  const Node::Content& node_;
  const engine::ShardMap& map_;
  RecoveredShards shards_;
  engine::NamePool names_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t next_ = 0;
  std::size_t finished_ = 0;
  std::optional<Error> failure_;
};

ShardLimits limits_of(const NodeConfig& config) {
  ShardLimits limits;
  limits.materialise_bytes = config.materialise_bytes;
  limits.materialise_every = std::chrono::seconds{config.materialise_seconds};
  limits.journal_keep_bytes = config.journal_keep_bytes;
  limits.backlog_bytes_max = 4 * config.materialise_bytes;
  return limits;
}

template <class Recovered>
PublicationPtr publication_of(engine::ShardId shard, const Recovered& recovered,
                              std::uint32_t queue_max) {
  auto publication = std::make_shared<ShardPublication>(shard, queue_max);
  publication->stored = recovered.stored;
  publication->committed = recovered.stored;
  publication->materialised = recovered.materialised;
  return publication;
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
  if (progress) progress(0, "asking the coordinator for the shard map");
  const auto map =
      storage::load_or_create_shard_map(*coordinator, {config.catalog_shards, config.order_shards});
  if (!map) {
    Error error = map.error();
    error.detail = std::string{kNoShardMap} + ": " + error.detail;
    return error;
  }
  auto shards = Recovery{*this, *map}.run(progress);
  if (!shards) return shards.error();
  start_actors(*map, std::move(*shards));
  return {};
}

void Node::Content::start_actors(const engine::ShardMap& map, RecoveredShards shards) {
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

  auto made = std::make_shared<Routes>();
  made->map = map;
  Metrics::Sources sources;
  for (std::size_t i = 0; i < shards.catalog.size(); ++i) {
    const engine::ShardId id{engine::Service::catalog, static_cast<std::uint16_t>(i)};
    RecoveredCatalog& shard = shards.catalog[i];
    auto publication = publication_of(id, shard, config.shard_queue_max);
    publication->publish(shard.snapshot);
    sources.shards.push_back(publication);
    auto actor = spawn_catalog_shard(
        *system,
        {std::move(shard.replica), publication, storage::CatalogStore{*database, id}, writer,
         materialiser, merger, health, &system_clock(), &metrics.shard(id), limits_of(config)});
    made->catalog.push_back({id, actor, std::move(publication)});
    local_catalog.push_back(std::move(actor));
  }
  for (std::size_t i = 0; i < shards.orders.size(); ++i) {
    const engine::ShardId id{engine::Service::orders, static_cast<std::uint16_t>(i)};
    RecoveredOrders& shard = shards.orders[i];
    auto publication = publication_of(id, shard, config.shard_queue_max);
    sources.shards.push_back(publication);
    auto actor = spawn_order_shard(
        *system,
        {std::move(shard.state), publication, std::make_unique<storage::OrderStore>(*database, id),
         writer, materialiser, health, &system_clock(), &metrics.shard(id), limits_of(config)});
    made->orders.push_back({id, actor, std::move(publication)});
    local_orders.push_back(std::move(actor));
  }
  table->replace(std::move(made));
  start_coordinators();

  sources.database_property = [this](const std::string& name) { return database->property(name); };
  sources.free_bytes = [this] { return database->free_bytes(); };
  sources.actors_running = [this] { return system->registry().running(); };
  sources.disk_full = [this] { return health->disk_full.load(); };
  metrics.set_sources(std::move(sources));
  health->recovering = false;
  housekeeper = std::jthread{[this](const std::stop_token& stop) { watch_disk(stop); }};
}

void Node::Content::start_coordinators() {
  const std::uint32_t workers = config.search_workers != 0
                                    ? config.search_workers
                                    : std::max(1U, std::thread::hardware_concurrency());
  searches = spawn_search_coordinator(*system, table, system_clock(),
                                      SearchLimits{workers, config.search_queue_max}, metrics);
  products = spawn_product_coordinator(*system, table, directory);
  reservations = spawn_reservation_coordinator(*system, table, directory, system_clock());
  CheckoutLimits limits;
  limits.test_payments = config.test_payments;
  limits.test_payments_file = config.data / "test_payments.log";
  checkouts =
      spawn_checkout_coordinator(*system, table, directory, system_clock(), limits, metrics);
  for (const auto& shard : local_catalog) caf::anon_send(shard, MeetCoordinator{checkouts});
  caf::anon_send(checkouts, ResumeCheckouts{});
}

void Node::Content::watch_disk(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock{mutex};
  while (
      !wake.wait_for(lock, stop, std::chrono::seconds{1}, [&] { return stop.stop_requested(); })) {
    health->disk_full = database->free_bytes() < config.free_bytes_min;
  }
}

void Node::Content::drain(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
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
  for (const auto& shard : local_orders) ask(shard);
  for (const auto& shard : local_catalog) ask(shard);
  if (health->failed) return;
  self->request(materialiser, left(), FlushTables{}).receive([](Saved&) {}, [](caf::error&) {});
}

void Node::Content::end_actors() {
  end(checkouts);
  end(reservations);
  end(products);
  end(searches);
  for (auto& shard : local_orders) end(shard);
  for (auto& shard : local_catalog) end(shard);
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
  content.drain(drain);
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

CoordinatorStatus Node::coordinator() const {
  const auto status = content_->coordinator->status();
  return {status.kind, status.detail, status.reachable};
}

bool Node::healthy() const {
  return !content_->health->failed && !content_->health->stopping;
}

}  // namespace souk::actors
