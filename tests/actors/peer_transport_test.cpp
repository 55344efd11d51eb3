#include <doctest/doctest.h>
#include <sys/resource.h>

#include <fstream>
#include <thread>

#include "actors/peer_transfer.hpp"
#include "engine/types/id.hpp"
#include "tests/actors/peer_nodes.hpp"
#include "tests/support/certificates.hpp"

namespace souk::test {
namespace {

using namespace std::chrono_literals;
using engine::Errc;

/// The answer, or what went wrong in words.
std::string said(const engine::Result<std::string>& answer) {
  return answer ? *answer
                : std::string{to_string(answer.error().code)} + ": " + answer.error().detail;
}

/// Two nodes of one process that know each other.
struct Pair {
  explicit Pair(actors::PeerConfig left = PeerNode::config("a"),
                actors::PeerConfig right = PeerNode::config("b"))
      : a{std::move(left)}, b{std::move(right)} {
    a.transport().set_peers({a.address(), b.address()});
    b.transport().set_peers({a.address(), b.address()});
  }
  bool up() {
    return in_time([&] { return a.transport().connected("b") && b.transport().connected("a"); });
  }
  PeerNode a;
  PeerNode b;
};

PeerEnvelope number(const std::string& stream, std::uint64_t value) {
  return {kNumber, {}, 0, stream + " " + std::to_string(value)};
}

std::uint64_t own_resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::uint64_t pages = 0;
  statm >> pages >> pages;
  return pages * 4096;
}

TEST_CASE("peers: ask and answer in both directions, errors and deadlines included") {
  Pair pair;
  REQUIRE(pair.up());

  CHECK(said(pair.a.ask("b", kEcho, "hello")) == "olleh");
  CHECK(said(pair.b.ask("a", kEcho, "hello")) == "olleh");
  const std::string large(1'000'000, 'x');
  CHECK(said(pair.b.ask("a", kEcho, large)) == large);
  const auto refused = pair.a.ask("b", kRefuse, "away");
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::wrong_shard);
  CHECK(refused.error().detail == "it moved: away");
  CHECK(pair.a.ask("b", kIgnore, "", 100ms).error().code == Errc::timed_out);
  CHECK(pair.a.ask("c", kEcho, "").error().code == Errc::unavailable);
  CHECK(pair.a.transport()
            .send("b", PeerClass::data,
                  {kIgnore, {}, 0, std::string(actors::kPeerEnvelopeBytesMax + 1, 'x')})
            .error()
            .code == Errc::too_large);

  const auto status = pair.a.status("b");
  CHECK(status.connections == 1);
  CHECK(status.version == "1.0");
  CHECK(status.messages_sent >= 4);
  CHECK(in_time([&] { return pair.a.status("b").round_trip > 0us; }));
  CHECK(pair.b.status("a").bytes_received > 1'000'000);
}

TEST_CASE("peers: three nodes, every pair by one connection") {
  Pair pair;
  PeerNode c{PeerNode::config("c")};
  const std::vector<PeerAddress> all = {pair.a.address(), pair.b.address(), c.address()};
  for (auto* node : {&pair.a, &pair.b, &c}) node->transport().set_peers(all);
  REQUIRE(pair.up());
  REQUIRE(in_time([&] {
    return c.transport().connected("a") && c.transport().connected("b") &&
           pair.a.transport().connected("c") && pair.b.transport().connected("c");
  }));

  CHECK(said(pair.a.ask("c", kEcho, "ac")) == "ca");
  CHECK(said(c.ask("b", kEcho, "cb")) == "bc");
  CHECK(said(pair.b.ask("a", kEcho, "ba")) == "ab");
  std::this_thread::sleep_for(500ms);
  for (auto* node : {&pair.a, &pair.b, &c}) {
    for (const auto& status : node->transport().status()) CHECK(status.connections == 1);
  }
}

TEST_CASE("peers: many threads, every class: each stream arrives whole and in order") {
  Pair pair;
  REQUIRE(pair.up());
  constexpr std::uint64_t kEach = 20'000;
  std::vector<std::thread> threads;
  std::atomic<std::uint64_t> full{0};
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      const bool forth = i % 2 == 0;
      auto& from = forth ? pair.a : pair.b;
      const auto urgency = static_cast<PeerClass>(i / 2);
      for (std::uint64_t k = 0; k < kEach; ++k) {
        while (!from.transport().send(forth ? "b" : "a", urgency,
                                      number("s" + std::to_string(i), k))) {
          ++full;
          std::this_thread::sleep_for(1ms);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();

  CHECK(in_time([&] { return pair.a.numbers() + pair.b.numbers() == 6 * kEach; }));
  CHECK(pair.a.disordered() == 0);
  CHECK(pair.b.disordered() == 0);
  CHECK_MESSAGE(pair.a.lost("b") == 0, pair.a.status("b").last_error);
  const auto status = pair.a.status("b");
  MESSAGE(status.messages_sent << " messages in " << status.packets_sent << " packets, "
                               << full.load() << " times full");
  CHECK(status.packets_sent < status.messages_sent);
}

TEST_CASE("peers: who is of another cluster, name or wire version is refused with the reason") {
  const auto refusal = [](actors::PeerConfig left, actors::PeerConfig right) {
    Pair pair{std::move(left), std::move(right)};
    CHECK(in_time([&] { return !pair.a.status("b").last_error.empty(); }));
    CHECK(!pair.a.transport().connected("b"));
    return pair.a.status("b").last_error;
  };
  auto other = PeerNode::config("b");
  other.cluster = "other";
  CHECK(refusal(PeerNode::config("a"), other).find("belongs to cluster 'other'") !=
        std::string::npos);
  auto newer = PeerNode::config("b");
  newer.wire_oldest = newer.wire_newest = 2;
  newer.version = "9.0";
  const auto why = refusal(PeerNode::config("a"), newer);
  CHECK(why.find("node b (9.0) speaks wire versions 2 to 2") != std::string::npos);

  // an address that another node lives at now
  PeerNode a{PeerNode::config("a")};
  PeerNode c{PeerNode::config("c")};
  a.transport().set_peers({{"b", "127.0.0.1", c.address().port}});
  CHECK(in_time([&] { return a.status("b").last_error == "refused: this is node c, not b"; }));

  // and versions that overlap get along
  auto both = PeerNode::config("b");
  both.wire_newest = 2;
  Pair pair{PeerNode::config("a"), both};
  CHECK(pair.up());
}

TEST_CASE("peers: a large transfer goes in chunks that small messages overtake") {
  Pair pair;
  REQUIRE(pair.up());
  constexpr std::uint64_t kBytes = 40U << 20U;
  std::uint64_t left = kBytes;
  std::uint64_t hash = 0;
  const actors::PeerSource source = [&](std::string& into,
                                        std::size_t most) -> engine::Result<void> {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(most, left));
    into.assign(size, static_cast<char>('a' + left % 23));
    left -= size;
    hash = hash * 31 + engine::hash_key(into);
    return {};
  };
  std::atomic<bool> done{false};
  std::chrono::microseconds worst{0};
  std::thread asker{[&] {
    while (!done) {
      const auto start = std::chrono::steady_clock::now();
      CHECK(pair.a.ask("b", kEcho, "x"));
      worst = std::max(worst, std::chrono::duration_cast<std::chrono::microseconds>(
                                  std::chrono::steady_clock::now() - start));
    }
  }};
  const auto sent = actors::run_transfer(pair.a.transport(), {.node = "b", .kind = kChunk, .id = 9},
                                         source, 10s, {});
  done = true;
  asker.join();

  REQUIRE(sent);
  CHECK(*sent == kBytes);
  CHECK(pair.b.transferred() == kBytes);
  CHECK(pair.b.transfer_hash() == hash);
  CHECK(pair.b.disordered() == 0);
  MESSAGE("the slowest question beside it took " << worst.count() << " us");
  CHECK(worst < 5s);

  std::string chunk = actors::write_chunk({1, 2, false, "bytes"});
  CHECK(actors::read_chunk(chunk));
  chunk[20] = static_cast<char>(chunk[20] ^ 1);
  CHECK(actors::read_chunk(chunk).error().code == Errc::corrupt_record);
  CHECK(actors::run_transfer(pair.a.transport(), {.node = "z", .kind = kChunk}, source, 1s, {})
            .error()
            .code == Errc::unavailable);
}

TEST_CASE("peers: a process killed -9 fails what it was asked and is found again") {
  PeerNode a{PeerNode::config("a")};
  PeerProcess b{"b", {a.address()}};
  a.transport().set_peers({b.address()});
  REQUIRE(in_time([&] { return a.transport().connected("b"); }));

  for (int round = 1; round <= 3; ++round) {
    REQUIRE(a.ask("b", kEcho, "ab"));
    std::optional<engine::Result<std::string>> answer;
    std::thread asker{[&] { answer = a.ask("b", kIgnore, "", 30s); }};
    std::this_thread::sleep_for(100ms);
    const auto killed = std::chrono::steady_clock::now();
    b.process().end(SIGKILL);
    asker.join();
    const auto took = std::chrono::steady_clock::now() - killed;
    CHECK(answer->error().code == Errc::unknown_outcome);
    CHECK(took < 2s);
    // The asker may hear of it first.
    CHECK(in_time([&] { return a.lost("b") == round; }));
    CHECK(in_time([&] { return a.ended("b") == round; }));
    CHECK(a.transport().send("b", PeerClass::control, number("x", 0)).error().code ==
          Errc::unavailable);

    const auto restarted = std::chrono::steady_clock::now();
    b.start();
    REQUIRE(in_time([&] { return a.transport().connected("b"); }));
    MESSAGE("lost after " << std::chrono::duration_cast<std::chrono::milliseconds>(took).count()
                          << " ms, back after "
                          << std::chrono::duration_cast<std::chrono::milliseconds>(
                                 std::chrono::steady_clock::now() - restarted)
                                 .count()
                          << " ms");
  }
  CHECK(said(a.ask("b", kEcho, "again")) == "niaga");
  CHECK(a.status("b").connections == 4);
}

TEST_CASE("peers: one that makes the connection itself comes back as well") {
  // "0" is the smaller name: the process connects
  PeerNode a{PeerNode::config("a")};
  PeerProcess zero{"0", {a.address()}};
  a.transport().set_peers({zero.address()});
  REQUIRE(in_time([&] { return a.transport().connected("0"); }));
  CHECK(said(a.ask("0", kEcho, "ab")) == "ba");

  zero.process().end(SIGKILL);
  CHECK(in_time([&] { return !a.transport().connected("0"); }));
  CHECK(in_time([&] { return a.ended("0") == 1; }));
  zero.start();
  CHECK(in_time([&] { return a.transport().connected("0"); }));
  CHECK(said(a.ask("0", kEcho, "ab")) == "ba");
}

TEST_CASE("peers: one that is stopped takes no memory without bound, is lost, and comes back") {
  auto config = PeerNode::config("a");
  config.limits.silence = 1500ms;
  PeerNode a{config};
  PeerProcess b{"b", {a.address()}};
  a.transport().set_peers({b.address()});
  REQUIRE(in_time([&] { return a.transport().connected("b"); }));
  REQUIRE(a.ask("b", kEcho, "ab"));
  const auto before = own_resident_bytes();

  b.process().pause();
  const PeerEnvelope envelope{kIgnore, {}, 0, std::string(64U << 10U, 'x')};
  std::uint64_t accepted = 0;
  std::uint64_t overloaded = 0;
  bool control = false;
  Errc code = Errc::none;
  while (code != Errc::unavailable) {
    const auto sent = a.transport().send("b", PeerClass::data, envelope);
    accepted += sent ? envelope.bytes.size() : 0;
    code = sent ? Errc::none : sent.error().code;
    if (code != Errc::overloaded) continue;
    // data is full: control has room of its own
    if (overloaded++ == 0)
      control = bool{a.transport().send("b", PeerClass::control, number("x", 0))};
    std::this_thread::sleep_for(1ms);
  }
  const actors::PeerLimits limits;
  MESSAGE(accepted << " bytes accepted, " << overloaded << " times overloaded, "
                   << (own_resident_bytes() - before) / 1024 << " KiB more resident");
  CHECK(overloaded > 0);
  CHECK(control);
  CHECK(accepted <= limits.window[1] + limits.queue[1] + (1U << 20U));
  CHECK(own_resident_bytes() < before + (96U << 20U));
  CHECK(a.status("b").last_error == "it is silent");
  CHECK(a.ended("b") == 0);

  b.process().signal(SIGCONT);
  CHECK(in_time([&] { return a.transport().connected("b"); }));
  CHECK(said(a.ask("b", kEcho, "ab")) == "ba");
  CHECK(said(a.ask("b", kCount, "")).ends_with(" 0"));
}

TEST_CASE("peers: with TLS only who has the cluster's certificate joins") {
  const TemporaryFolder folder;
  make_authority(folder.path(), "ca");
  make_authority(folder.path(), "stranger");
  make_certificate(folder.path(), "node", "ca");
  make_certificate(folder.path(), "foreign", "stranger");
  const auto with = [&](const std::string& node, const std::string& ca, const std::string& cert) {
    auto config = PeerNode::config(node);
    config.tls =
        actors::PeerTls{folder / (ca + ".pem"), folder / (cert + ".pem"), folder / (cert + ".key")};
    return config;
  };
  PeerNode b{with("b", "ca", "node")};

  {
    PeerNode a{with("a", "ca", "node")};
    a.transport().set_peers({b.address()});
    REQUIRE(in_time([&] { return a.transport().connected("b"); }));
    CHECK(a.ask("b", kEcho, std::string(900'000, 'x')));
    CHECK(said(b.ask("a", kEcho, "ab")) == "ba");
  }
  const auto stays_out = [&](actors::PeerConfig config) {
    PeerNode a{std::move(config)};
    a.transport().set_peers({b.address()});
    CHECK(in_time([&] { return !a.status("b").last_error.empty(); }));
    std::this_thread::sleep_for(500ms);
    return !a.transport().connected("b") && !b.transport().connected("a");
  };
  CHECK(stays_out(with("a", "ca", "foreign")));        // we trust them, they not us
  CHECK(stays_out(with("a", "stranger", "foreign")));  // nobody trusts anybody
  CHECK(stays_out(PeerNode::config("a")));             // no TLS at all
  // and who belongs there still gets in
  PeerNode again{with("a", "ca", "node")};
  again.transport().set_peers({b.address()});
  CHECK(in_time([&] { return again.transport().connected("b"); }));

  auto missing = with("c", "nothing", "node");
  CHECK(actors::PeerTransport::start(missing, {}).error().code == Errc::invalid_value);
}

TEST_CASE("peers: what small messages cost" * doctest::skip()) {
  PeerNode a{PeerNode::config("a")};
  PeerProcess b{"b", {a.address()}};
  a.transport().set_peers({b.address()});
  REQUIRE(in_time([&] { return a.transport().connected("b"); }));
  const auto cpu = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  };
  const auto other_cpu = [&] {
    std::ifstream stat{"/proc/" + std::to_string(b.process().pid()) + "/stat"};
    std::string word;
    double ticks = 0;
    for (int i = 1; i <= 15 && stat >> word; ++i) {
      if (i >= 14) ticks += std::stod(word);
    }
    return ticks / 100;
  };
  // a hundred every millisecond
  constexpr std::uint64_t kSeconds = 5;
  const double before = cpu();
  const double other_before = other_cpu();
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t sent = 0;
  for (std::uint64_t ms = 0; ms < kSeconds * 1000; ++ms) {
    for (int i = 0; i < 100; ++i) {
      if (a.transport().send("b", PeerClass::data, number("s", sent))) ++sent;
    }
    std::this_thread::sleep_until(start + std::chrono::milliseconds{ms + 1});
  }
  const auto counted = [&] { return said(a.ask("b", kCount, "")); };
  CHECK(in_time([&] { return counted() == std::to_string(sent) + " 0"; }));
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto status = a.status("b");
  MESSAGE(sent << " messages in " << took << " s, " << status.packets_sent << " packets, "
               << (cpu() - before) / took << " cores of the sender, "
               << (other_cpu() - other_before) / took << " of the receiver, round trip "
               << status.round_trip.count() << " us");

  // as fast as it goes
  const auto rush = std::chrono::steady_clock::now();
  const double rush_cpu = cpu();
  constexpr std::uint64_t kRush = 2'000'000;
  for (std::uint64_t i = 0; i < kRush; ++i) {
    while (!a.transport().send("b", PeerClass::data, number("s", sent + i)))
      std::this_thread::sleep_for(100us);
  }
  CHECK(in_time([&] { return counted() == std::to_string(sent + kRush) + " 0"; }));
  const auto rushed =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - rush).count();
  MESSAGE((kRush / rushed) << " messages/s at most, " << (cpu() - rush_cpu) / kRush * 1e6
                           << " us of the sender each");
}

}  // namespace
}  // namespace souk::test
