// A shard asked over real connections between two nodes of this process.
#include <doctest/doctest.h>

#include <caf/actor_cast.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "actors/peer_door.hpp"
#include "actors/registration.hpp"
#include "actors/remote_shard.hpp"
#include "peer_nodes.hpp"
#include "storage/cluster_facts.hpp"

namespace souk::test {
namespace {

using namespace souk::actors;
using engine::Errc;
using engine::cluster::NodeId;

constexpr engine::ShardId kShard{engine::Service::catalog, 0};
constexpr NodeId kAsker{1};
constexpr NodeId kLeader{2};

/// Which holds were placed, and how often that was asked.
struct Ledger {
  std::mutex mutex;
  std::multiset<std::string> placed;
};

CatalogShard spawn_ledger(caf::actor_system& system, const std::shared_ptr<Ledger>& ledger,
                          const PublicationPtr& publication) {
  return system.spawn([=](CatalogShard::pointer self) -> CatalogShard::behavior_type {
    const auto place = [=](const engine::CatalogCommand& command) {
      publication->leave();
      const std::lock_guard lock{ledger->mutex};
      ledger->placed.insert(std::get<engine::PlaceHold>(command).id.str());
      return CatalogAnswer{engine::CatalogReply{engine::Acknowledged{}}, ledger->placed.size()};
    };
    return {
        [=](WriteCatalog& request) { return place(request.command); },
        [=](WriteCatalogs& request) {
          CatalogAnswers answers;
          for (const auto& item : request.items) {
            answers.items.push_back({item.serial, place(item.command)});
          }
          self->send(caf::actor_cast<CatalogAsker>(self->current_sender()), std::move(answers));
        },
        [=](const ReadCatalog&) {
          return CatalogReading{engine::Result<engine::CatalogFinding>{engine::ProductId{"p"}}, 1};
        },
        [=](const ReadStatus&) { return ShardStatusReading{ShardStatus{}}; },
    };
  });
}

std::unique_ptr<PeerTransport> transport(NodeId node, std::function<void(PeerArrival)> arrived,
                                         std::uint16_t port = 0) {
  PeerConfig config = PeerNode::config(storage::node_name(node));
  config.listen_port = port;
  auto started =
      PeerTransport::start(config, {std::move(arrived), [](const std::string&, bool) {}});
  REQUIRE(started);
  return std::move(*started);
}

TEST_CASE("remote shard: over real connections, with the leader's node lost in the middle") {
  SystemConfig config;
  config.set_scheduler(2);
  caf::actor_system system{config};
  const auto ledger = std::make_shared<Ledger>();
  const auto leading = std::make_shared<ShardPublication>(kShard, 8192);
  leading->open = true;
  leading->leader = kLeader.value;
  const CatalogShard shard = spawn_ledger(system, ledger, leading);
  PeerDoor::Parts doors;
  doors.catalog = [=](engine::ShardId) {
    return std::optional{ShardLink<CatalogShard>{kShard, shard, leading}};
  };
  doors.orders = [](engine::ShardId) { return std::optional<ShardLink<OrderShard>>{}; };
  PeerDoor door{system, doors};
  const auto let_in = [&](PeerArrival arrival) { door.arrived(std::move(arrival)); };
  auto leader = transport(kLeader, let_in);
  const std::uint16_t port = leader->port();
  auto asker = transport(kAsker, [](PeerArrival) {});
  const PeerAddress of_leader{storage::node_name(kLeader), "127.0.0.1", port};
  const PeerAddress of_asker{storage::node_name(kAsker), "127.0.0.1", asker->port()};
  asker->set_peers({of_leader});
  leader->set_peers({of_asker});
  REQUIRE(in_time([&] { return asker->connected(of_leader.node); }));

  const auto publication = std::make_shared<ShardPublication>(kShard, 4096);
  const auto view = std::make_shared<ClusterView>(kAsker);
  engine::cluster::Revised revised;
  revised.configuration.shard = kShard;
  revised.configuration.primary = kLeader;
  revised.revision = 1;
  view->note(revised);
  const CatalogShard remote = spawn_remote_catalog(
      system, {kShard, publication, view, std::make_shared<TransportAsker>(*asker), nullptr});

  std::mutex mutex;
  std::multiset<std::uint64_t> done;
  std::multiset<std::string_view> refused;
  const auto counter = system.spawn([&](CatalogAsker::pointer) -> CatalogAsker::behavior_type {
    return {[&](CatalogAnswers& answers) {
      const std::lock_guard lock{mutex};
      for (const auto& item : answers.items) {
        done.insert(item.serial);
        if (!item.answer.reply) refused.insert(to_string(item.answer.reply.error().code));
      }
    }};
  });
  const auto answered = [&] {
    const std::lock_guard lock{mutex};
    return done.size();
  };
  constexpr std::uint64_t kHolds = 3'000;
  std::thread killer;
  for (std::uint64_t serial = 1; serial <= kHolds; serial += 10) {
    WriteCatalogs batch;
    for (std::uint64_t i = serial; i < serial + 10; ++i) {
      REQUIRE(publication->enter());
      batch.items.push_back(
          {i, engine::PlaceHold{engine::HoldId{"h" + std::to_string(i)}, {}, {}, true, {}, {}},
           std::chrono::steady_clock::now() + std::chrono::seconds{30}});
    }
    caf::send_as(counter, remote, std::move(batch));
    if (serial != kHolds / 2 + 1) continue;
    // The node dies with requests under way, and comes back a little later.
    killer = std::thread{[&] {
      leader.reset();
      std::this_thread::sleep_for(std::chrono::milliseconds{200});
      leader = transport(kLeader, let_in, port);
      leader->set_peers({of_asker});
    }};
  }
  CHECK(in_time([&] { return answered() == kHolds; }, std::chrono::seconds{40}));
  killer.join();
  {
    const std::lock_guard lock{mutex};
    CHECK(done.size() == kHolds);
    CHECK(std::set<std::uint64_t>(done.begin(), done.end()).size() == kHolds);
    // All are repeatable.
    CAPTURE((refused.empty() ? "" : *refused.begin()));
    CHECK(refused.empty());
  }
  {
    const std::lock_guard lock{ledger->mutex};
    CHECK(std::set<std::string>(ledger->placed.begin(), ledger->placed.end()).size() == kHolds);
  }
  CHECK(publication->queued() == 0);

  for (const auto& each : {caf::actor_cast<caf::actor>(remote), caf::actor_cast<caf::actor>(shard),
                           caf::actor_cast<caf::actor>(counter)}) {
    caf::anon_send_exit(each, caf::exit_reason::kill);
  }
  asker.reset();
  leader.reset();
}

}  // namespace
}  // namespace souk::test
