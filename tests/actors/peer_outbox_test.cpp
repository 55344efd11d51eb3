#include "actors/peer_outbox.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <random>

#include "actors/peer_wire.hpp"

namespace souk::actors {
namespace {

PeerLimits limits(std::uint64_t window, std::uint64_t queue) {
  PeerLimits small;
  small.window = {window, window, window};
  small.queue = {queue, queue, queue};
  return small;
}

/// The messages of a packet without head.
std::vector<std::string> messages(const std::string& packet) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < packet.size();) {
    std::uint32_t size = 0;
    std::memcpy(&size, packet.data() + at, 4);
    all.push_back(packet.substr(at + 4, size));
    at += 4 + size;
  }
  return all;
}

TEST_CASE("peer outbox: control goes before data before bulk, each in its order") {
  PeerOutbox outbox{limits(1000, 1000)};
  CHECK(outbox.push(PeerClass::bulk, "b1"));
  CHECK(outbox.push(PeerClass::data, "d1"));
  CHECK(outbox.push(PeerClass::control, "c1"));
  CHECK(outbox.push(PeerClass::data, "d2"));
  CHECK(outbox.push(PeerClass::control, "c2"));

  std::string packet;
  CHECK(outbox.take(packet, 1000) == 5);
  CHECK(messages(packet) == std::vector<std::string>{"c1", "c2", "d1", "d2", "b1"});
  CHECK(!outbox.ready());
}

TEST_CASE("peer outbox: sends no more than the window, and refuses what the queue cannot hold") {
  PeerOutbox outbox{limits(30, 40)};
  for (int i = 0; i < 4; ++i) CHECK(outbox.push(PeerClass::data, "123456"));
  CHECK(!outbox.push(PeerClass::data, "1"));
  CHECK(outbox.push(PeerClass::control, "other queues have room"));

  std::string packet;
  CHECK(outbox.take(packet, 1000) == 4);  // one of control, three of data
  CHECK(outbox.window_bytes()[1] == 30);
  CHECK(outbox.queued_bytes()[1] == 10);
  CHECK(!outbox.ready());
  CHECK(outbox.consumed({0, 10, 0}));
  CHECK(outbox.take(packet, 1000) == 1);
  CHECK(!outbox.consumed({0, 41, 0}));
  CHECK(outbox.consumed({26, 40, 0}));
  CHECK(outbox.window_bytes() == PerPeerClass<std::uint64_t>{});

  // larger than window and queue: alone it passes
  CHECK(outbox.push(PeerClass::bulk, std::string(100, 'x')));
  CHECK(!outbox.push(PeerClass::bulk, "x"));
  CHECK(outbox.take(packet, 10) == 1);
}

TEST_CASE("peer outbox: knows what was sent until a new connection begins") {
  PeerOutbox outbox{limits(20, 1000)};
  const auto first = outbox.push(PeerClass::data, "1234567890");
  const auto second = outbox.push(PeerClass::data, "1234567890");
  std::string packet;
  CHECK(outbox.take(packet, 1000) == 1);
  CHECK(outbox.sent(PeerClass::data, first.value_or(99)));
  CHECK(!outbox.sent(PeerClass::data, second.value_or(99)));

  outbox.reset();
  CHECK(!outbox.ready());
  CHECK(outbox.push(PeerClass::data, "x") == std::uint64_t{0});
}

TEST_CASE("peer outbox: loses and reorders nothing in any mixture of calls") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random{seed};
  PeerOutbox outbox{limits(5000, 20000)};
  PerPeerClass<std::vector<std::string>> pushed;
  PerPeerClass<std::vector<std::string>> taken;
  PerPeerClass<std::uint64_t> bytes{};
  for (int i = 0; i < 20000; ++i) {
    const auto urgency = random() % kPeerClasses;
    if (random() % 3 != 0) {
      std::string text = std::to_string(urgency) + ":" + std::to_string(i);
      text.append(random() % 300, 'x');
      if (outbox.push(static_cast<PeerClass>(urgency), text)) pushed[urgency].push_back(text);
    } else {
      std::string packet;
      outbox.take(packet, random() % 2000);
      for (auto& text : messages(packet)) {
        const auto of = static_cast<std::size_t>(text[0] - '0');
        bytes[of] += 4 + text.size();
        taken[of].push_back(std::move(text));
      }
      if (random() % 2 == 0) REQUIRE(outbox.consumed(bytes));
    }
    for (const auto waits : outbox.queued_bytes()) REQUIRE(waits <= 20000);
    for (const auto away : outbox.window_bytes()) REQUIRE(away <= 5000);
  }
  for (std::string packet; outbox.consumed(bytes), outbox.take(packet, 1000) > 0; packet.clear()) {
    for (auto& text : messages(packet)) {
      const auto of = static_cast<std::size_t>(text[0] - '0');
      bytes[of] += 4 + text.size();
      taken[of].push_back(std::move(text));
    }
  }
  for (std::size_t i = 0; i < kPeerClasses; ++i) CHECK(taken[i] == pushed[i]);
}

TEST_CASE("peer wire: heads, messages, errors and hellos read back as written") {
  const PacketHead head{1, 2, 3, 4, 5, {6, 7, 8}};
  std::string packet = begin_packet(head);
  CHECK(packet.size() == kPacketHeadBytes);
  PeerOutbox outbox{PeerLimits{}};
  outbox.push(PeerClass::bulk, write_message({.urgency = PeerClass::bulk,
                                              .role = PeerMessage::Role::request,
                                              .correlation = 77,
                                              .kind = 513,
                                              .shard = {engine::Service::orders, 300},
                                              .epoch = 1ULL << 40U,
                                              .bytes = "bytes"}));
  outbox.take(packet, 1000);
  std::string_view rest = packet;
  CHECK(read_head(rest) == head);
  const auto message = read_message(rest);
  REQUIRE(message);
  CHECK(message->urgency == PeerClass::bulk);
  CHECK(message->role == PeerMessage::Role::request);
  CHECK(message->correlation == 77);
  CHECK(message->kind == 513);
  CHECK(message->shard == engine::ShardId{engine::Service::orders, 300});
  CHECK(message->epoch == 1ULL << 40U);
  CHECK(message->bytes == "bytes");
  CHECK(rest.empty());
  // cut anywhere it is refused, never read beyond its end
  for (std::size_t size = 0; size < packet.size(); ++size) {
    std::string_view cut{packet.data(), size};
    const auto read = read_head(cut);
    CHECK((!read || cut.empty() || !read_message(cut)));
  }

  const engine::Error error{engine::Errc::wrong_shard, "moved"};
  CHECK(read_error(write_error(error)) == error);
  const auto hello = read_hello(write_hello({"shop", "a", "b", "1.0", 1, 3, 99}));
  REQUIRE(hello);
  CHECK(hello->node == "a");
  CHECK(hello->target == "b");
  CHECK(hello->wire_newest == 3);
  CHECK(hello->session == 99);
  CHECK(!read_hello("GET / HTTP/1.1\r\n"));
}

TEST_CASE(
    "peer wire: a hello of another cluster, node or wire version is refused with the reason") {
  PeerConfig us;
  us.cluster = "shop";
  us.node = "b";
  us.wire_oldest = 2;
  us.wire_newest = 3;
  const PeerHello good{"shop", "a", "b", "1.0", 1, 2, 9};
  CHECK(objection_to(good, us).empty());
  const auto objection = [&](auto change) {
    PeerHello bad = good;
    change(bad);
    return objection_to(bad, us);
  };
  CHECK(objection([](auto& h) { h.cluster = "other"; }).find("belongs to cluster 'shop'") !=
        std::string::npos);
  CHECK(objection([](auto& h) { h.target = "c"; }) == "this is node b, not c");
  CHECK(objection([](auto& h) { h.node = "b"; }) == "two nodes call themselves b");
  CHECK(objection([](auto& h) { h.wire_newest = 1; }).find("wire versions 2 to 3") !=
        std::string::npos);
  CHECK(!objection([](auto& h) { h.wire_oldest = h.wire_newest = 4; }).empty());
}

}  // namespace
}  // namespace souk::actors
