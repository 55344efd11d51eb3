#include "actors/shard_host.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <utility>

#include "actors/catalog_shard.hpp"
#include "actors/heat.hpp"
#include "actors/order_shard.hpp"
#include "actors/recovery.hpp"
#include "storage/catalog_store.hpp"
#include "storage/order_store.hpp"
#include "storage/segment_store.hpp"

namespace souk::actors {

namespace cluster = engine::cluster;
using engine::Error;
using engine::Result;
using engine::Service;
using engine::ShardId;

namespace {

template <class Handle>
void end_actor(Handle& handle) {
  if (handle) caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  handle = nullptr;
}

constexpr auto kNever = std::chrono::steady_clock::time_point::max();
/// So long after a checkpoint is in place its sender may not have heard of it, and bring another.
constexpr std::chrono::seconds kInstalledNews{5};

/// The slots of a state of which nothing was saved. Those of a shard that was split are not what
/// the configuration says until its records have split it here; what they leave is right whatever
/// was said of the end before.
engine::SlotRange slots_before_forks(const cluster::Revised& revised) {
  constexpr std::uint64_t kFirstMap = 1;
  const cluster::Configuration& shard = revised.configuration;
  if (shard.map_version <= kFirstMap) return {shard.first_slot, shard.last_slot};
  return {shard.first_slot, engine::kSlotCount - 1};
}

ShardLimits limits_of(const NodeConfig& config) {
  ShardLimits limits;
  limits.materialise_bytes = config.materialise_bytes;
  limits.materialise_every = std::chrono::seconds{config.materialise_seconds};
  limits.journal_keep_bytes = config.journal_keep_bytes;
  limits.backlog_bytes_max = 4 * config.materialise_bytes;
  return limits;
}

}  // namespace

/// Opens several copies at a time; reports on the calling thread.
class ShardHost::Opening {
public:
  Opening(ShardHost& host, std::vector<cluster::Revised> wanted)
      : host_{host}, wanted_{std::move(wanted)} {}

  Result<void> run(const Progress& progress) {
    const std::size_t threads =
        std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()), wanted_.size());
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < threads; ++i) workers.emplace_back([this] { work(); });
    for (std::unique_lock lock{mutex_}; finished_ < wanted_.size();) {
      const std::size_t before = finished_;
      done_.wait(lock, [&] { return finished_ > before; });
      if (progress) {
        progress(static_cast<double>(finished_) / static_cast<double>(wanted_.size()),
                 "recovering shards");
      }
    }
    workers.clear();
    if (failure_) return *failure_;
    return {};
  }

private:
  void work() {
    for (;;) {
      std::size_t mine = 0;
      {
        const std::lock_guard lock{mutex_};
        if (next_ == wanted_.size()) return;
        mine = next_++;
      }
      const auto opened = host_.open_one(wanted_[mine], &names_);
      const std::lock_guard lock{mutex_};
      if (!opened && !failure_) failure_ = opened.error();
      ++finished_;
      done_.notify_one();
    }
  }

  ShardHost& host_;
  const std::vector<cluster::Revised> wanted_;
  engine::NamePool names_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::size_t next_ = 0;
  std::size_t finished_ = 0;
  std::optional<Error> failure_;
};

ShardHost::ShardHost(Parts parts)
    : parts_{std::move(parts)},
      reader_{spawn_journal_reader(*parts_.system, *parts_.journal, parts_.health,
                                   Placement::detached)},
      configurator_{spawn_configurator(*parts_.system, parts_.coordinator, Placement::detached)} {
}

ShardHost::~ShardHost() {
  watch_.reset();
  thread_ = {};
}

bool ShardHost::holds(const cluster::Configuration& configuration) const {
  return configuration.is_member(parts_.self) || configuration.learner(parts_.self) != nullptr;
}

PublicationPtr ShardHost::publication_of(ShardId shard) {
  const std::lock_guard lock{mutex_};
  auto& publication = publications_[shard];
  if (!publication)
    publication =
        std::make_shared<ShardPublication>(shard, parts_.config->shard_queue_max, parts_.bell);
  return publication;
}

Result<void> ShardHost::open(const std::vector<cluster::Revised>& configurations,
                             const Progress& progress) {
  std::vector<cluster::Revised> mine;
  {
    const std::lock_guard lock{mutex_};
    for (const cluster::Revised& each : configurations) {
      known_[each.configuration.shard] = each;
      if (holds(each.configuration)) mine.push_back(each);
    }
  }
  for (const cluster::Revised& each : configurations) parts_.on_configuration(each);
  rebuild_routes();  // the ways to other nodes are needed by the shards
  // What was split off and never saved is split off again by its parent, which has a lower number.
  const auto later = std::partition(mine.begin(), mine.end(), [this](const auto& each) {
    return kept_here(each.configuration.shard);
  });
  std::vector<cluster::Revised> rest{later, mine.end()};
  mine.erase(later, mine.end());
  if (!mine.empty()) {
    if (const auto opened = Opening{*this, std::move(mine)}.run(progress); !opened) return opened;
  }
  std::sort(rest.begin(), rest.end(), [](const auto& a, const auto& b) {
    return a.configuration.shard < b.configuration.shard;
  });
  for (const cluster::Revised& each : rest) {
    if (!can_open(each.configuration)) continue;
    if (const auto opened = open_one(each, nullptr); !opened) return opened;
  }
  rebuild_routes();
  return {};
}

/// Whether the copy's state can be recovered from this disk alone.
bool ShardHost::kept_here(ShardId id) const {
  const bool catalog = id.service == Service::catalog;
  const auto saved = catalog ? storage::CatalogStore{*parts_.database, id}.is_saved()
                             : storage::OrderStore{*parts_.database, id}.is_saved();
  if (!saved || *saved) return true;  // opening it tells what is wrong
  const auto first = parts_.journal->first(id);
  return !first || *first == 1;
}

bool ShardHost::can_open(const cluster::Configuration& configuration) const {
  const ShardId id = configuration.shard;
  {
    const std::lock_guard lock{mutex_};
    if (forked_.contains(id)) return true;
  }
  if (kept_here(id)) return true;
  if (configuration.status != cluster::ShardStatus::active) return false;
  {
    // A copy here has not applied the split yet.
    const std::lock_guard lock{mutex_};
    for (const auto& [other, hosted] : hosted_) {
      const auto slots = hosted.publication->slots();
      if (other.service == id.service && slots && slots->contains(configuration.first_slot))
        return false;
    }
  }
  // A member that has never taken part would be one without the state it counts for: it stays away
  // until it is removed and joins again.
  if (!configuration.is_secondary(parts_.self)) return true;
  const auto kept = parts_.journal->recovered(id);
  return !kept || kept->epoch != 0;
}

Result<cluster::Recovered> ShardHost::journal_of(ShardId id, engine::Position state) const {
  auto kept = parts_.journal->recovered(id);
  if (!kept || state != kForkBase.position || kept->committed.position != 0 || !kept->tail.empty())
    return kept;
  if (const auto based = parts_.journal->install_base(id, kForkBase); !based) return based.error();
  kept->committed = kForkBase;
  return kept;
}

/// On the thread of the shard that was split.
PublicationPtr ShardHost::take_fork(ShardId parent, std::unique_ptr<engine::CatalogReplica> child) {
  const ShardId id = child->state().shard();
  const engine::SnapshotPtr snapshot = begin_fork(*child);
  const bool wanted = wants_fork(id);
  caf::anon_send(parts_.materialiser,
                 SaveCatalogFork{parent, id,
                                 std::make_shared<const engine::CatalogChanges>(
                                     child->state().take_changes())});
  PublicationPtr publication = publication_of(id);
  if (!wanted) return publication;
  publication->set_slots(child->state().slots().range);
  publication->publish(snapshot);
  keep_fork(id, {std::move(child), nullptr, parent});
  return publication;
}

void ShardHost::take_fork(ShardId parent, std::unique_ptr<engine::OrderState> child) {
  const ShardId id = child->shard();
  begin_fork(*child);
  const bool wanted = wants_fork(id);
  caf::anon_send(
      parts_.materialiser,
      SaveOrdersFork{parent, id,
                     std::make_shared<const engine::OrderChanges>(child->take_changes())});
  if (wanted) keep_fork(id, {nullptr, std::move(child), parent});
}

bool ShardHost::wants_fork(ShardId child) const {
  if (kept_here(child)) return false;  // that is newer
  const std::lock_guard lock{mutex_};
  const auto known = known_.find(child);
  return !hosted_.contains(child) && (known == known_.end() || holds(known->second.configuration));
}

void ShardHost::keep_fork(ShardId child, Forked forked) {
  {
    const std::lock_guard lock{mutex_};
    if (ended_) return;
    forked_[child] = std::move(forked);
    changed_ = true;
  }
  wake_.notify_all();
}

/// Those that were split off are found through their parent, until the routes name them.
void ShardHost::show_children(const PublicationPtr& parent, const engine::SlotOwnership& slots) {
  std::vector<PublicationPtr> children;
  for (const engine::SlotsForked& each : slots.forked)
    children.push_back(publication_of(each.child));
  parent->publish_forked(parent->snapshot(), slots.range, children);
}

/// What was split off a moment ago is read where it was, until it is copied; so does its origin, if
/// that was split off as lately.
template <class Store>
Store ShardHost::store_behind_origins(ShardId id) {
  Store store{*parts_.database, id};
  std::optional<ShardId> origin;
  {
    const std::lock_guard lock{mutex_};
    if (const auto found = origins_.find(id); found != origins_.end()) origin = found->second;
  }
  if (!origin) return store;
  store.read_through(store_behind_origins<Store>(*origin));
  if (store.behind()) return store;
  const std::lock_guard lock{mutex_};
  origins_.erase(id);
  return store;
}

Result<void> ShardHost::open_one(const cluster::Revised& revised, engine::NamePool* names,
                                 Forked forked) {
  const ShardId id = revised.configuration.shard;
  const RecoverySource source{
      parts_.database, parts_.journal, parts_.segments, id, names, slots_before_forks(revised)};
  {
    const std::lock_guard lock{mutex_};
    if (forked.parent) origins_[id] = *forked.parent;
  }
  RecoveredCatalog catalog;
  RecoveredOrders orders;
  engine::Position position = 0;
  // First of all, see Journal::recovered().
  if (auto settled = parts_.journal->recovered(id); !settled) return settled.error();
  if (id.service == Service::orders) {
    auto recovered = recover_orders(source, std::move(forked.orders));
    if (!recovered) return recovered.error();
    orders = std::move(*recovered);
    position = orders.state->position();
  } else {
    auto recovered = recover_catalog(source, std::move(forked.catalog));
    if (!recovered) return recovered.error();
    catalog = std::move(*recovered);
    position = catalog.replica->state().position();
  }
  auto kept = journal_of(id, position);
  if (!kept) return kept.error();

  HostedShard shard;
  shard.publication = publication_of(id);
  ShardReplicaParts replica;
  replica.self = parts_.self;
  replica.recovered = std::move(*kept);
  replica.limits = parts_.limits;
  replica.publication = shard.publication;
  replica.writer = parts_.writer;
  replica.reader = reader_;
  replica.configurator = configurator_;
  replica.post = parts_.post;
  replica.heat = &parts_.heat->of(id);
  replica.send_checkpoint = [this, id](cluster::NodeId peer) { parts_.send_checkpoint(id, peer); };
  replica.changed = [this] {
    {
      const std::lock_guard lock{mutex_};
      changed_ = true;
    }
    wake_.notify_all();
  };

  if (id.service == Service::orders) {
    shard.publication->materialised = orders.materialised;
    show_children(shard.publication, orders.state->slots());
    shard.replica = spawn_shard_replica(*parts_.system, std::move(replica));
    OrderShardParts parts;
    parts.state = std::move(orders.state);
    parts.forked = [this, id](std::unique_ptr<engine::OrderState> child) {
      take_fork(id, std::move(child));
    };
    parts.publication = shard.publication;
    parts.store =
        std::make_unique<storage::OrderStore>(store_behind_origins<storage::OrderStore>(id));
    parts.log = shard.replica;
    parts.materialiser = parts_.materialiser;
    parts.health = parts_.health;
    parts.clock = &system_clock();
    parts.metrics = &parts_.metrics->shard(id);
    parts.limits = limits_of(*parts_.config);
    parts.heat = &parts_.heat->of(id);
    {
      const std::lock_guard lock{mutex_};
      if (const auto way = remote_orders_.find(id); way != remote_orders_.end())
        parts.elsewhere = way->second;
    }
    shard.orders = spawn_order_shard(*parts_.system, std::move(parts));
    caf::anon_send(shard.replica, MeetShard{shard.orders});
  } else {
    catalog.replica->state().for_each_product([&](const engine::ProductEntry& product) {
      for (const engine::Sku& sku : product.skus) parts_.directory->learn(sku, product.id);
    });
    shard.publication->materialised = catalog.materialised;
    shard.publication->publish(catalog.snapshot);
    show_children(shard.publication, catalog.replica->state().slots());
    shard.replica = spawn_shard_replica(*parts_.system, std::move(replica));
    CatalogShardParts parts;
    parts.replica = std::move(catalog.replica);
    parts.forked = [this, id](std::unique_ptr<engine::CatalogReplica> child) {
      return take_fork(id, std::move(child));
    };
    parts.publication = shard.publication;
    parts.store.emplace(store_behind_origins<storage::CatalogStore>(id));
    parts.log = shard.replica;
    parts.materialiser = parts_.materialiser;
    parts.merger = parts_.merger;
    parts.health = parts_.health;
    parts.clock = &system_clock();
    parts.metrics = &parts_.metrics->shard(id);
    parts.limits = limits_of(*parts_.config);
    parts.heat = &parts_.heat->of(id);
    {
      const std::lock_guard lock{mutex_};
      if (const auto way = remote_catalog_.find(id); way != remote_catalog_.end())
        parts.elsewhere = way->second;
    }
    shard.catalog = spawn_catalog_shard(*parts_.system, std::move(parts));
    const std::lock_guard lock{mutex_};
    if (checkouts_) caf::anon_send(shard.catalog, MeetCoordinator{checkouts_});
    caf::anon_send(shard.replica, MeetShard{shard.catalog});
  }
  caf::anon_send(shard.replica, ConfigurationSeen{revised});
  const std::lock_guard lock{mutex_};
  hosted_[id] = std::move(shard);
  return {};
}

void ShardHost::close_one(ShardId id) {
  HostedShard shard;
  {
    const std::lock_guard lock{mutex_};
    const auto found = hosted_.find(id);
    if (found == hosted_.end()) return;
    shard = std::move(found->second);
    hosted_.erase(found);
  }
  rebuild_routes();
  shard.publication->open = false;
  shard.publication->role = cluster::Role::outside;
  shard.publication->publish(nullptr);
  // Nothing of it may still be on its way to disk when this returns.
  caf::scoped_actor self{*parts_.system, true};
  const auto end_and_wait = [&](auto& actor) {
    if (!actor) return;
    self->send_exit(actor, caf::exit_reason::kill);
    self->wait_for(actor);
    actor = nullptr;
  };
  end_and_wait(shard.catalog);
  end_and_wait(shard.orders);
  end_and_wait(shard.replica);
  WriteJournal last;
  last.write.shard = id;
  last.write.epoch = shard.publication->epoch;
  self->send(parts_.writer, std::move(last));
  self->receive([](const Stored&) {}, [](const JournalFailed&) {},
                caf::after(std::chrono::seconds{30}) >> [] {});
  self->request(parts_.materialiser, std::chrono::seconds{60}, FlushTables{})
      .receive([](Saved&) {}, [](caf::error&) {});
}

void ShardHost::install(ShardId shard, std::unique_ptr<storage::CheckpointStaging> checkpoint) {
  {
    const std::lock_guard lock{mutex_};
    arrived_.emplace_back(shard, std::move(checkpoint));
    changed_ = true;
  }
  wake_.notify_all();
}

void ShardHost::failed(ShardId shard, const Error& why) {
  parts_.health->fail(shard.name() + " cannot be opened: " + why.detail);
}

bool ShardHost::is_installing(ShardId shard) const {
  const std::lock_guard lock{mutex_};
  const auto found = installing_.find(shard);
  return (found != installing_.end() && std::chrono::steady_clock::now() < found->second) ||
         std::any_of(arrived_.begin(), arrived_.end(),
                     [&](const auto& each) { return each.first == shard; });
}

void ShardHost::install_one(ShardId id, storage::CheckpointStaging& checkpoint) {
  std::optional<cluster::Revised> known;
  {
    const std::lock_guard lock{mutex_};
    const auto found = known_.find(id);
    if (found == known_.end() || !hosted_.contains(id)) return;
    known = found->second;
  }
  const auto wanted = [&] {
    const auto answer = checkpoint.takes_place(*parts_.journal);
    return answer && *answer;
  };
  if (!wanted()) return;
  close_one(id);
  if (wanted()) {
    // The next start finishes or forgets it; a copy that is half another one must not be opened.
    if (const auto installed = checkpoint.install(*parts_.database, *parts_.journal); !installed)
      return failed(id, installed.error());
  }
  if (const auto opened = open_one(*known, nullptr); !opened) failed(id, opened.error());
}

void ShardHost::follow() {
  watch_ = storage::watch_configurations(*parts_.coordinator, 0,
                                         [this](const storage::ConfigurationsChanged& news) {
                                           for (const cluster::Revised& each : news.changed)
                                             take_in(each);
                                           for (const ShardId id : news.erased) forget(id);
                                         });
  thread_ = std::jthread{[this](const std::stop_token& stop) { work(stop); }};
}

/// On a thread of the coordinator.
void ShardHost::take_in(cluster::Revised revised) {
  const ShardId id = revised.configuration.shard;
  {
    const std::lock_guard lock{mutex_};
    cluster::Revised& known = known_[id];
    if (revised.revision <= known.revision) return;
    known = revised;
    changed_ = true;
    if (const auto hosted = hosted_.find(id); hosted != hosted_.end())
      caf::anon_send(hosted->second.replica, ConfigurationSeen{revised});
  }
  parts_.on_configuration(revised);
  wake_.notify_all();
}

/// Only a shard that was to be split off is ever erased, when the split is called off before it.
void ShardHost::forget(ShardId id) {
  const std::lock_guard lock{mutex_};
  const auto known = known_.find(id);
  if (known != known_.end() && known->second.configuration.status == cluster::ShardStatus::pending)
    known_.erase(known);
}

void ShardHost::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<cluster::Revised> to_open;
    std::vector<ShardId> to_close;
    std::vector<ShardId> unwanted;
    decltype(arrived_) arrived;
    {
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, stop, std::chrono::milliseconds{500}, [&] { return changed_; });
      if (stop.stop_requested() || ended_) return;
      changed_ = false;
      arrived.swap(arrived_);
      for (const auto& each : arrived) installing_[each.first] = kNever;
      for (const auto& [id, each] : known_) {
        const bool here = hosted_.contains(id);
        if (holds(each.configuration) && !here) to_open.push_back(each);
        if (!holds(each.configuration) && here) to_close.push_back(id);
        if (!holds(each.configuration) && forked_.erase(id) > 0) unwanted.push_back(id);
      }
    }
    rebuild_routes();
    for (const ShardId id : unwanted) publication_of(id)->publish(nullptr);
    std::erase_if(to_open, [this](const auto& each) { return !can_open(each.configuration); });
    for (const cluster::Revised& each : to_open) {
      Forked forked;
      {
        const std::lock_guard lock{mutex_};
        if (auto found = forked_.extract(each.configuration.shard))
          forked = std::move(found.mapped());
      }
      if (const auto opened = open_one(each, nullptr, std::move(forked)); !opened)
        failed(each.configuration.shard, opened.error());
    }
    for (const ShardId id : to_close) close_one(id);
    for (auto& [id, checkpoint] : arrived) {
      install_one(id, *checkpoint);
      const std::lock_guard lock{mutex_};
      installing_[id] = std::chrono::steady_clock::now() + kInstalledNews;
    }
    if (!to_open.empty() || !to_close.empty() || !arrived.empty()) rebuild_routes();
    watch_leading();
    forget_left();
  }
}

/// What the shards that left have on disk here is deleted some time later: one at a time, and only
/// while the coordinator can say otherwise.
void ShardHost::forget_left() {
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::seconds kept{parts_.config->left_copies_seconds};
  std::optional<ShardId> due;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [id, each] : known_) {
      if (holds(each.configuration) || hosted_.contains(id) || forked_.contains(id) ||
          each.configuration.status != cluster::ShardStatus::active) {
        left_.erase(id);
        continue;
      }
      const auto& since = left_.try_emplace(id, now).first->second;
      if (since && now - *since >= kept) due = id;
    }
  }
  if (!due || !parts_.coordinator->status().reachable) return;
  auto& since = left_[*due];
  since = now;  // tried again if it fails
  const auto there = storage::has_copy(*due, *parts_.database, *parts_.journal);
  if (!there) return;
  if (*there && !storage::forget_copy(*due, *parts_.database, *parts_.journal)) return;
  if (!parts_.segments.empty())
    (void)storage::SegmentStore{parts_.segments, *due}.keep_only({}).has_value();
  since.reset();
}

void ShardHost::watch_leading() {
  std::vector<std::pair<ShardId, bool>> news;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& [id, shard] : hosted_) {
      const bool leads = shard.publication->open;
      if (leads == leading_.contains(id)) continue;
      if (leads)
        leading_.insert(id);
      else
        leading_.erase(id);
      news.emplace_back(id, leads);
    }
  }
  for (const auto& [id, leads] : news) parts_.on_leading(id, leads);
}

void ShardHost::rebuild_routes() {
  const std::lock_guard building{routes_mutex_};
  std::vector<cluster::Configuration> all;
  for (const cluster::Revised& each : configurations()) all.push_back(each.configuration);
  auto map = storage::map_of(all);
  if (!map) return;  // a split is half seen: the rest is on its way
  auto routes = std::make_shared<Routes>();
  routes->map = std::move(*map);
  for (const cluster::Configuration& each : all) {
    if (each.status != cluster::ShardStatus::active) continue;
    const ShardId id = each.shard;
    const engine::SlotRange slots{each.first_slot, each.last_slot};
    const PublicationPtr publication = publication_of(id);
    const std::lock_guard lock{mutex_};
    const auto hosted = hosted_.find(id);
    const bool leads = hosted != hosted_.end() && each.primary == parts_.self;
    if (id.service == Service::catalog) {
      auto& way = remote_catalog_[id];
      if (!way) way = parts_.remote_catalog(id, publication);
      routes->catalog.push_back(
          {id, leads ? CatalogShard{hosted->second.catalog} : way, publication, slots});
      // Led here, and not open yet.
      if (!routes->catalog.back().actor && each.primary == parts_.self) return;
    } else {
      auto& way = remote_orders_[id];
      if (!way) way = parts_.remote_orders(id, publication);
      routes->orders.push_back(
          {id, leads ? OrderShard{hosted->second.orders} : way, publication, slots});
      if (!routes->orders.back().actor && each.primary == parts_.self) return;
    }
  }
  parts_.table->replace(std::move(routes));
}

/// It waits for another copy before it takes writes.
bool ShardHost::too_few(ShardId shard) const {
  const std::lock_guard lock{mutex_};
  const auto known = known_.find(shard);
  if (known == known_.end()) return false;
  const cluster::Configuration& configuration = known->second.configuration;
  return configuration.members() < configuration.min_in_sync;
}

bool ShardHost::wait_settled(std::chrono::milliseconds time) const {
  const auto end = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto shards = publications();
    const bool known = !parts_.table->current()->catalog.empty();
    const bool settled =
        known && std::all_of(shards.begin(), shards.end(), [this](const auto& shard) {
          const cluster::Role role = shard->role;
          return shard->open || (shard->leader != 0 && (role == cluster::Role::secondary ||
                                                        role == cluster::Role::learner));
        });
    if (settled) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}

void ShardHost::deliver(ShardId shard, cluster::NodeId from, cluster::Message message) {
  const std::lock_guard lock{mutex_};
  const auto hosted = hosted_.find(shard);
  if (hosted == hosted_.end()) return;
  caf::anon_send(hosted->second.replica, PeerSaid{from, std::move(message)});
}

void ShardHost::peer_ended(cluster::NodeId node) {
  const std::lock_guard lock{mutex_};
  for (const auto& [id, shard] : hosted_) caf::anon_send(shard.replica, PeerEnded{node});
}

void ShardHost::meet(const CheckoutCoordinator& checkouts) {
  const std::lock_guard lock{mutex_};
  checkouts_ = checkouts;
  for (const auto& [id, shard] : hosted_) {
    if (shard.catalog) caf::anon_send(shard.catalog, MeetCoordinator{checkouts});
  }
}

std::vector<HostedShard> ShardHost::hosted() const {
  std::vector<HostedShard> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [id, shard] : hosted_) all.push_back(shard);
  return all;
}

std::optional<HostedShard> ShardHost::find(ShardId shard) const {
  const std::lock_guard lock{mutex_};
  const auto found = hosted_.find(shard);
  return found == hosted_.end() ? std::nullopt : std::optional{found->second};
}

std::vector<cluster::Revised> ShardHost::configurations() const {
  std::vector<cluster::Revised> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [id, each] : known_) all.push_back(each);
  return all;
}

std::vector<PublicationPtr> ShardHost::publications() const {
  std::vector<PublicationPtr> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [id, shard] : hosted_) all.push_back(shard.publication);
  return all;
}

void ShardHost::hand_over_all(std::chrono::milliseconds time) {
  for (const HostedShard& shard : hosted()) {
    if (!shard.publication->open) continue;
    const std::lock_guard lock{mutex_};
    const cluster::Configuration& known = known_[shard.publication->shard].configuration;
    if (known.secondaries.empty()) continue;
    const cluster::Order order{cluster::OrderKind::hand_over, known.secondaries.front()};
    caf::anon_send(shard.replica, GiveOrder{order});
  }
  const auto leads_others = [this] {
    const std::lock_guard lock{mutex_};
    return std::any_of(hosted_.begin(), hosted_.end(), [this](const auto& each) {
      const auto known = known_.find(each.first);
      return known != known_.end() && known->second.configuration.primary == parts_.self &&
             !known->second.configuration.secondaries.empty();
    });
  };
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end && leads_others())
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

void ShardHost::end() {
  watch_.reset();
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
    changed_ = true;
  }
  wake_.notify_all();
  thread_ = {};
  parts_.table->replace(
      std::make_shared<const Routes>(Routes{parts_.table->current()->map, {}, {}}));
  const std::lock_guard lock{mutex_};
  for (auto& [id, shard] : hosted_) {
    end_actor(shard.catalog);
    end_actor(shard.orders);
    end_actor(shard.replica);
  }
  hosted_.clear();
  forked_.clear();
  for (auto& [id, way] : remote_catalog_) end_actor(way);
  for (auto& [id, way] : remote_orders_) end_actor(way);
  checkouts_ = nullptr;
  end_actor(reader_);
  end_actor(configurator_);
  parts_.writer = nullptr;
  parts_.materialiser = nullptr;
  parts_.merger = nullptr;
}

}  // namespace souk::actors
