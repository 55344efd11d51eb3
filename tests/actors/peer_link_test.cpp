#include <doctest/doctest.h>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include "actors/peer_wire.hpp"
#include "tests/actors/peer_nodes.hpp"

namespace souk::test {
namespace {

struct StrangerConfig : caf::actor_system_config {
  StrangerConfig() {
    add_message_types<caf::id_block::souk_peer>();
    load<caf::io::middleman>();
    set("scheduler.max-threads", std::size_t{1});
  }
};

}  // namespace

TEST_CASE("peers: a hello from nobody is not answered, and ends nothing") {
  PeerNode b{PeerNode::config("b")};
  const actors::PeerConfig a = PeerNode::config("a");
  {
    StrangerConfig config;
    caf::actor_system system{config};
    const auto gate = system.middleman().remote_actor("127.0.0.1", b.address().port);
    REQUIRE(gate);
    // Without a sender; so does one arrive whose connection ended right behind it.
    for (std::uint64_t session = 1; session <= 20; ++session) {
      caf::anon_send(*gate,
                     actors::PeerPacket{actors::write_hello(
                         {a.cluster, "a", "b", a.version, a.wire_oldest, a.wire_newest, session})});
    }
    // Behind them, on the same connection, one that is answered.
    caf::scoped_actor self{system};
    std::string answer;
    self->request(*gate, std::chrono::seconds{10}, actors::PeerPacket{"garbage"})
        .receive([&](actors::PeerPacket& packet) { answer = packet.bytes; },
                 [&](caf::error& error) { answer = system.render(error); });
    const auto refusal = actors::read_refusal(answer);
    CHECK_MESSAGE(refusal, answer);
  }
  CHECK_FALSE(b.transport().connected("a"));
  PeerNode node{a};
  node.transport().set_peers({b.address()});
  CHECK(in_time([&] { return node.transport().connected("b"); }));
}

}  // namespace souk::test
