#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/peer_kinds.hpp"
#include "actors/search_coordinator.hpp"
#include "actors/search_door.hpp"
#include "engine/index/snapshot.hpp"
#include "engine/types/shard.hpp"
#include "tests/engine/index/index_builders.hpp"
#include "tests/engine/search/random_shop.hpp"
#include "tests/support/seeded_scheduler.hpp"

namespace souk::test {

using namespace actors;
using namespace std::chrono_literals;
using engine::Errc;
using engine::ShardId;
using engine::SnapshotPtr;
using engine::cluster::NodeId;

inline constexpr engine::Timestamp kNow{1'800'000'000'000'000};
inline constexpr auto kPatience = 2s;

class FixedClock final : public Clock {
public:
  engine::Timestamp now() const override { return kNow; }
};

/// Nodes of one process on the seeded scheduler. The first one asks; the n-th is NodeId{n + 1}.
class SearchNodes {
public:
  struct Peer {
    RouteTablePtr table = std::make_shared<RouteTable>();
    std::map<ShardId, PublicationPtr> publications;
    SearchMemoryPtr memory = std::make_shared<SearchMemory>();
    SearchService searches;
    std::unique_ptr<SearchDoor> door;
    bool dead = false;
    bool silent = false;  // dead, but its connection does not know
  };

  SearchNodes(std::uint64_t seed, std::size_t nodes, std::size_t shards) : scheduler_{seed} {
    for (std::size_t node = 0; node < nodes; ++node) {
      Peer& peer = peers_.emplace_back();
      peer.memory->self = NodeId{node + 1};
      Routes routes;
      for (std::size_t i = 0; i < shards; ++i) {
        const ShardId shard{engine::Service::catalog, static_cast<std::uint16_t>(i)};
        peer.publications[shard] = std::make_shared<ShardPublication>(shard, 100);
        routes.catalog.push_back({shard, CatalogShard{}, peer.publications[shard]});
      }
      peer.table->replace(std::make_shared<const Routes>(std::move(routes)));
    }
    network_ = std::make_shared<Network>(*this);
    for (std::size_t node = 0; node < nodes; ++node) {
      Peer& peer = peers_[node];
      peer.searches = spawn_search_coordinator(scheduler_.system(), peer.table, clock_,
                                               SearchLimits{2, 64, false}, metrics_,
                                               node == 0 ? network_ : nullptr, peer.memory);
      peer.door = std::make_unique<SearchDoor>(scheduler_.system(), peer.table, peer.searches,
                                               SearchDoorLimits{}, peer.memory);
    }
  }
  ~SearchNodes() {
    for (Peer& peer : peers_) {
      peer.door.reset();
      caf::anon_send_exit(peer.searches, caf::exit_reason::user_shutdown);
      peer.searches = nullptr;
    }
    while (scheduler_.step()) {
    }
  }

  /// The first node named leads.
  void place(const SnapshotPtr& snapshot, const std::vector<std::size_t>& nodes) {
    SearchCopies& copies = copies_.emplace_back();
    copies.shard = snapshot->shard();
    for (const std::size_t node : nodes) {
      peers_[node].publications[copies.shard]->publish(snapshot);
      if (!copies.primary) {
        copies.primary = NodeId{node + 1};
      } else {
        copies.others.push_back(NodeId{node + 1});
      }
    }
  }

  SearchAnswer ask(SearchProducts request) {
    auto answer = std::make_shared<std::optional<SearchAnswer>>();
    request.context.deadline = now() + kPatience;
    const Deadline deadline = request.context.deadline;
    scheduler_.system().spawn([target = peers_[0].searches, answer,
                               request](caf::event_based_actor* self) -> caf::behavior {
      self->request(target, caf::infinite, request)
          .then([answer](SearchAnswer& said) { *answer = std::move(said); },
                [](const caf::error&) {});
      return {};
    });
    REQUIRE(scheduler_.run_until([&] { return answer->has_value(); }));
    CHECK(now() <= deadline);
    return std::move(**answer);
  }

  SuggestAnswer suggest(SuggestProducts request) {
    auto answer = std::make_shared<std::optional<SuggestAnswer>>();
    request.context.deadline = now() + kPatience;
    scheduler_.system().spawn([target = peers_[0].searches, answer,
                               request](caf::event_based_actor* self) -> caf::behavior {
      self->request(target, caf::infinite, request)
          .then([answer](SuggestAnswer& said) { *answer = std::move(said); },
                [](const caf::error&) {});
      return {};
    });
    REQUIRE(scheduler_.run_until([&] { return answer->has_value(); }));
    return std::move(**answer);
  }

  /// Messages that nobody waits for arrive.
  void settle() { scheduler_.settle(); }
  /// A node that forgot all searches of others, as one that was started again.
  void forget(std::size_t node) {
    Peer& peer = peers_[node];
    peer.door = std::make_unique<SearchDoor>(scheduler_.system(), peer.table, peer.searches,
                                             SearchDoorLimits{}, peer.memory);
  }

  Deadline now() { return scheduler_.system().clock().now(); }
  Peer& peer(std::size_t node) { return peers_[node]; }
  bool held(ShardId shard) const {
    return std::any_of(peers_.begin(), peers_.end(), [&](const Peer& peer) {
      return !peer.dead && peer.publications.at(shard)->snapshot();
    });
  }

  std::size_t asks = 0;
  std::optional<std::size_t> kill_at;  // the asked node dies with this question
  bool after = false;                  // once it has done what it was asked
  bool silent = false;

private:
  class Network final : public SearchPeers {
  public:
    explicit Network(SearchNodes& nodes) : nodes_{nodes} {}
    void ask(NodeId node, std::string bytes, Deadline deadline, OnAnswer on_answer) override {
      nodes_.carry(node, std::move(bytes), deadline, std::move(on_answer));
    }
    void send(NodeId node, std::string bytes) override {
      Peer& peer = nodes_.peers_[node.value - 1];
      if (!peer.dead) peer.door->arrived(arrival(std::move(bytes)));
    }
    bool connected(NodeId node) const override {
      const Peer& peer = nodes_.peers_[node.value - 1];
      return node.value != 1 && (!peer.dead || peer.silent);
    }
    std::vector<SearchCopies> copies() const override { return nodes_.copies_; }

  private:
    SearchNodes& nodes_;
  };

  static PeerArrival arrival(std::string bytes) {
    PeerArrival out;
    out.from = "1";
    out.envelope.kind = static_cast<std::uint16_t>(PeerKind::search);
    out.envelope.bytes = std::move(bytes);
    return out;
  }

  void carry(NodeId node, std::string bytes, Deadline deadline, SearchPeers::OnAnswer on_answer) {
    Peer& peer = peers_[node.value - 1];
    const bool dies = kill_at == asks++;
    auto open = std::make_shared<bool>(true);
    const auto once = [open, on_answer](engine::Result<std::string> answer) {
      if (std::exchange(*open, false)) on_answer(std::move(answer));
    };
    scheduler_.system().spawn(
        [once, wait = deadline - now()](caf::event_based_actor* self) -> caf::behavior {
          self->delayed_send(self, std::max(Deadline::duration{0}, wait), caf::ok_atom::value);
          return {[self, once](caf::ok_atom) {
            once(engine::Error{Errc::timed_out, "no answer"});
            self->quit();
          }};
        });
    if (!peer.dead && (!dies || after)) {
      PeerArrival message = arrival(std::move(bytes));
      message.answer = [&peer, once](engine::Result<std::string> answer) {
        if (!peer.dead) once(std::move(answer));
      };
      peer.door->arrived(std::move(message));
    }
    if (dies) {
      if (after) scheduler_.settle();
      peer.dead = true;
      peer.silent = silent;
    }
    if (peer.dead && !peer.silent) once(engine::Error{Errc::unknown_outcome, "the peer was lost"});
  }

  SeededScheduler scheduler_;
  FixedClock clock_;
  Metrics metrics_;
  std::vector<Peer> peers_;
  std::vector<SearchCopies> copies_;
  std::shared_ptr<Network> network_;
};

struct Catalog {
  Catalog(RandomShop& random, std::size_t shards) {
    for (std::size_t i = 0; i < shards; ++i)
      indexes.emplace_back(ShardId{engine::Service::catalog, static_cast<std::uint16_t>(i)});
    for (std::size_t i = 20 + random.below(150); i > 0; --i) {
      const engine::Product product = random.product();
      shop.put(indexes[engine::slot_of(product.id.str()) % shards], product);
    }
    for (std::size_t i = 0; i < shards; ++i) snapshots.push_back(indexes[i].publish(100 + i));
  }

  TestShop shop;
  std::vector<engine::CatalogIndex> indexes;
  std::vector<SnapshotPtr> snapshots;
};

/// Every shard on one to `copies` of the nodes from `first` on.
inline void spread(SearchNodes& nodes, const Catalog& catalog, std::size_t first, std::size_t count,
                   std::size_t copies, RandomShop& random) {
  for (const SnapshotPtr& snapshot : catalog.snapshots) {
    std::vector<std::size_t> on;
    const std::size_t wanted = 1 + random.below(copies);
    while (on.size() < std::min(wanted, count - first)) {
      const std::size_t node = first + random.below(count - first);
      if (std::find(on.begin(), on.end(), node) == on.end()) on.push_back(node);
    }
    nodes.place(snapshot, on);
  }
}

/// A catalog of one to five shards on two to five nodes.
struct RandomNodes {
  explicit RandomNodes(std::uint32_t seed)
      : random{seed},
        shards{1 + random.below(5)},
        catalog{random, shards},
        count{2 + random.below(4)},
        nodes{seed, count, shards} {
    spread(nodes, catalog, random.below(2), count, 3, random);
  }

  RandomShop random;
  const std::size_t shards;
  Catalog catalog;
  const std::size_t count;
  SearchNodes nodes;
};

inline SearchProducts request_of(RandomShop& random) {
  SearchProducts request;
  request.query = random.query();
  if (random.chance(30))
    request.query.drop_tokens_threshold = static_cast<std::uint32_t>(random.below(80));
  if (random.chance(50)) request.query.token_dropping = engine::TokenDropping::any_word;
  return request;
}

}  // namespace souk::test
