#include "actors/peer_membership.hpp"

#include <doctest/doctest.h>

#include "storage/coordinator_store.hpp"
#include "tests/actors/peer_nodes.hpp"
#include "tests/storage/open_database.hpp"

namespace souk::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("peer membership: nodes find each other through the coordinator and see each other go") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  const auto coordinator = std::make_shared<storage::CoordinatorStore>(*database);
  PeerNode a{PeerNode::config("a")};
  auto b = std::make_unique<PeerNode>(PeerNode::config("b"));
  const auto fact = [](PeerNode& node, const std::string& zone) {
    return storage::NodeFact{node.address().node,   "127.0.0.1", node.address().port, zone,
                             {"catalog", "orders"}, "1.0", ":1"};
  };
  actors::PeerMembership of_a{coordinator, a.transport(), {fact(a, "z1"), 1s}};
  auto of_b = std::make_unique<actors::PeerMembership>(
      coordinator, b->transport(), actors::PeerMembership::Config{fact(*b, "z2"), 1s});

  REQUIRE(in_time([&] { return a.transport().connected("b") && b->transport().connected("a"); }));
  REQUIRE(in_time([&] { return of_a.nodes().size() == 2; }));
  CHECK(of_a.nodes()[1] == fact(*b, "z2"));
  CHECK(of_a.present());

  // its lease lost (the coordinator forgot it), a node says again that it runs
  const auto lost = coordinator->list("nodes/a");
  REQUIRE(lost);
  for (storage::Coordinator::LeaseId lease = 1; lease < 10; ++lease) {
    (void)coordinator->revoke(lease, storage::Coordinator::patience());
  }
  CHECK(in_time([&] { return coordinator->list("nodes/").value().size() == 2; }));
  CHECK(in_time([&] { return of_a.nodes().size() == 2; }));
  CHECK(a.ask("b", kEcho, "still connected"));

  // moved: the same node at another address
  of_b.reset();
  CHECK(in_time([&] { return of_a.nodes().size() == 1; }));
  b.reset();
  CHECK(in_time([&] { return !a.transport().connected("b"); }));
  PeerNode moved{PeerNode::config("b")};
  actors::PeerMembership of_moved{coordinator, moved.transport(), {fact(moved, "z2"), 1s}};
  CHECK(in_time([&] { return a.transport().connected("b"); }));
  CHECK(a.ask("b", kEcho, "ab").value() == "ba");
}

}  // namespace
}  // namespace souk::test
