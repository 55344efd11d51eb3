#include <doctest/doctest.h>

#include "tests/net/etcd/etcd_cluster.hpp"
#include "tests/net/etcd/etcd_proxy.hpp"
#include "tests/storage/coordinator_contract.hpp"

namespace souk::test {
namespace {

using namespace std::chrono_literals;

net::EtcdEndpoint at(std::uint16_t port) {
  return {"127.0.0.1", port, false};
}

/// How long `work` took.
template <class Work>
std::chrono::milliseconds timed(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

TEST_CASE("etcd: keeps the contract of coordinators") {
  const EtcdCluster etcd;
  const auto coordinator = etcd.coordinator();

  check_contract(*coordinator, [&] { etcd.compact(); });
}

TEST_CASE("etcd: shops with other prefixes do not see each other") {
  const EtcdCluster etcd;
  auto settings = etcd.settings();
  const auto ours = EtcdCluster::coordinator(settings);
  settings.prefix = "other/";
  const auto theirs = EtcdCluster::coordinator(settings);
  Watched watched;
  const auto watch = theirs->watch("", 0, watched.callback());

  REQUIRE(ours->compare_and_swap("fact", 0, "ours"));
  REQUIRE(theirs->compare_and_swap("fact", 0, "theirs"));

  CHECK(ours->get("fact").value()->value == "ours");
  CHECK(ours->list("").value().size() == 1);
  CHECK(watched.wait([&] { return watched.facts().contains("fact"); }));
  CHECK(watched.changes().size() == 1);
  CHECK(etcd.ctl({"get", "souk/fact"}));
}

TEST_CASE("etcd: killed and started again in the middle, no acknowledged change is lost") {
  EtcdCluster etcd;
  const auto coordinator = etcd.coordinator();
  Watched watched;
  REQUIRE(coordinator->compare_and_swap("count", 0, "0"));
  const auto watch = coordinator->watch("count", 0, watched.callback());
  std::atomic<bool> stop{false};
  int acknowledged = 0;
  int unknown = 0;
  std::thread writer{[&] {
    // counts up by one with every acknowledged swap; after a doubt it reads again
    while (!stop) {
      const auto fact = coordinator->find("count", within(1s));
      if (!fact || !*fact) continue;
      const auto next = std::to_string(std::stoi((*fact)->value) + 1);
      const auto done = coordinator->compare_and_swap("count", (*fact)->revision, next, within(1s));
      if (done)
        ++acknowledged;
      else if (done.error().code == Errc::unknown_outcome)
        ++unknown;
    }
  }};
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(300ms);
    etcd.kill(0);
    CHECK(eventually([&] { return !coordinator->status().reachable; }));
    etcd.start(0);
    etcd.wait_ready();
    CHECK(eventually([&] { return coordinator->status().reachable; }));
  }
  std::this_thread::sleep_for(300ms);
  stop = true;
  writer.join();

  const auto counted = coordinator->get("count");
  REQUIRE(counted);
  const int value = std::stoi((*counted)->value);
  MESSAGE(acknowledged << " acknowledged, " << unknown << " unknown, counted " << value);
  CHECK(acknowledged > 10);
  CHECK(value >= acknowledged);
  CHECK(value <= acknowledged + unknown);
  // and the watch lived through it: every number once, in order
  REQUIRE(watched.wait([&] { return watched.facts()["count"] == std::to_string(value); }));
  std::optional<int> last;  // the first is what was there when the watch began
  for (const auto& change : watched.changes()) {
    const int told = std::stoi(change.value.value_or("-1"));
    if (last) CHECK(told == *last + 1);
    last = told;
  }
}

TEST_CASE("etcd: of three members one may be killed, also the first of the list") {
  EtcdCluster etcd{{.members = 3, .tls = false}};
  const auto coordinator = etcd.coordinator();
  Watched watched;
  const auto watch = coordinator->watch("", 0, watched.callback());
  auto revision = coordinator->compare_and_swap("fact", 0, "0");
  REQUIRE(revision);

  for (std::size_t member = 0; member < 3; ++member) {
    etcd.kill(member);
    const auto value = "without " + std::to_string(member);
    // It may have been the leader: a doubt is allowed, a lost change is not.
    const bool done = eventually([&] {
      const auto fact = coordinator->find("fact", within(3s));
      if (!fact) return false;
      return (*fact)->value == value ||
             coordinator->compare_and_swap("fact", (*fact)->revision, value, within(3s));
    });
    CHECK(done);
    CHECK(watched.wait([&] { return watched.facts()["fact"] == value; }));
    etcd.start(member);
    etcd.wait_ready();
    std::this_thread::sleep_for(1s);  // the member catches up before the next one goes
  }
  CHECK(watched.complete_events() == 1);
}

TEST_CASE("etcd: endpoints that refuse or are silent cost one timeout, then they are left alone") {
  const EtcdCluster etcd;
  auto settings = etcd.settings();
  // Nobody accepts here: connections are made by the kernel and never answered.
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor silent{io, {boost::asio::ip::make_address("127.0.0.1"), 0}};
  settings.endpoints.insert(settings.endpoints.begin(),
                            {at(free_port()), at(silent.local_endpoint().port())});
  settings.read_timeout = 500ms;
  const auto coordinator = EtcdCluster::coordinator(settings);

  const auto first = timed([&] { CHECK(coordinator->get("fact")); });
  const auto second = timed([&] {
    for (int i = 0; i < 10; ++i) CHECK(coordinator->get("fact"));
  });

  CHECK(first < 2s);
  CHECK(second < 1s);
  CHECK(coordinator->status().reachable);
  CHECK(coordinator->status().detail == settings.endpoints[2].name());
}

TEST_CASE("etcd: away, every call ends at its deadline and says so") {
  EtcdCluster etcd;
  const auto coordinator = etcd.coordinator();
  REQUIRE(coordinator->compare_and_swap("fact", 0, "x"));
  const auto failure = [](const auto& call) {
    Errc why{};
    const auto taken = timed([&] {
      const auto result = call();
      REQUIRE(!result);
      why = result.error().code;
    });
    CHECK(taken < 900ms);
    return why;
  };
  const auto write = [&] { return coordinator->compare_and_swap("fact", 1, "y", within(400ms)); };
  const auto read = [&] { return coordinator->find("fact", within(400ms)); };
  // which of the two depends on whether the endpoint was just found silent
  const auto not_done = [](Errc why) { return why == Errc::timed_out || why == Errc::unavailable; };

  // It hangs: whether a change arrived that was sent nobody knows.
  etcd.pause(0);
  CHECK(failure(write) == Errc::unknown_outcome);
  CHECK(not_done(failure(read)));
  CHECK(eventually([&] { return !coordinator->status().reachable; }));
  // It is dead: nothing was sent.
  etcd.kill(0);
  CHECK(not_done(failure(write)));
  CHECK(not_done(failure(read)));
}

TEST_CASE("etcd: a change whose answer is lost is of unknown outcome and not repeated") {
  const EtcdCluster etcd;
  AnswerProxy proxy{etcd.port(0)};
  auto settings = etcd.settings();
  settings.endpoints = {at(proxy.port())};
  settings.pulse = 1h;
  const auto coordinator = EtcdCluster::coordinator(settings);
  const auto direct = etcd.coordinator();
  const auto first = coordinator->compare_and_swap("fact", 0, "1");
  REQUIRE(first);

  // swallowed: it happened
  proxy.swallow = true;
  const auto lost = coordinator->compare_and_swap("fact", *first, "2", within(500ms));
  CHECK(lost.error().code == Errc::unknown_outcome);
  CHECK(proxy.swallowed > 0);
  const auto now = direct->get("fact").value();
  REQUIRE(now);
  CHECK(now->value == "2");
  CHECK(now->revision == *first + 1);  // once
  // a read in the same weather has no outcome to doubt
  CHECK(coordinator->find("fact", within(300ms)).error().code == Errc::timed_out);

  // cut while it waits: unknown as well, at once
  std::thread cutter{[&] {
    std::this_thread::sleep_for(300ms);
    proxy.cut();
  }};
  const auto waited = timed([&] {
    CHECK(coordinator->compare_and_swap("fact", now->revision, "3", within(10s)).error().code ==
          Errc::unknown_outcome);
  });
  cutter.join();
  CHECK(waited < 5s);
  CHECK(direct->get("fact").value()->value == "3");

  // and when the weather is fine again, so are we
  proxy.swallow = false;
  CHECK(coordinator->get("fact").value()->value == "3");
  // a connection that was ended while nobody used it raises no doubt
  proxy.cut();
  std::this_thread::sleep_for(100ms);
  CHECK(coordinator->compare_and_swap("fact", coordinator->get("fact").value()->revision, "4"));
}

TEST_CASE("etcd: speaks TLS, shows its certificate and trusts one authority only") {
  const EtcdCluster etcd{{.members = 1, .tls = true}};
  auto settings = etcd.settings();
  const auto coordinator = EtcdCluster::coordinator(settings);
  Watched watched;
  const auto watch = coordinator->watch("", 0, watched.callback());
  REQUIRE(coordinator->compare_and_swap("fact", 0, "secret"));
  CHECK(watched.wait([&] { return watched.facts().contains("fact"); }));

  const auto refused = [](const net::EtcdSettings& with) {
    const auto fact = EtcdCluster::coordinator(with)->find("fact", within(500ms));
    return !fact && fact.error().code == Errc::unavailable;
  };
  auto plain = settings;
  plain.endpoints.front().tls = false;
  CHECK(refused(plain));
  auto stranger = settings;
  stranger.ca = etcd.folder() / "stranger.pem";
  CHECK(refused(stranger));
  auto nobody = settings;
  nobody.cert.clear();
  CHECK(refused(nobody));
  auto misnamed = settings;
  misnamed.endpoints.front().host = "localhost";  // the certificate says 127.0.0.1
  CHECK(refused(misnamed));
  auto broken = settings;
  broken.key = etcd.folder() / "server.key";
  CHECK(net::make_etcd_coordinator(broken).error().code == Errc::invalid_value);
}

TEST_CASE("etcd: logs in with a password, again when the token is over") {
  EtcdCluster etcd;
  REQUIRE(etcd.ctl({"user", "add", "root:rootpw"}));
  REQUIRE(etcd.ctl({"user", "grant-role", "root", "root"}));
  REQUIRE(etcd.ctl({"user", "add", "souk:soukpw"}));
  REQUIRE(etcd.ctl({"role", "add", "souk"}));
  REQUIRE(etcd.ctl({"role", "grant-permission", "souk", "readwrite", "souk/", "--prefix"}));
  REQUIRE(etcd.ctl({"user", "grant-role", "souk", "souk"}));
  REQUIRE(etcd.ctl({"auth", "enable"}));
  auto settings = etcd.settings();
  settings.user = "souk";
  settings.password = "soukpw";
  const auto coordinator = EtcdCluster::coordinator(settings);
  Watched watched;
  const auto watch = coordinator->watch("", 0, watched.callback());
  REQUIRE(coordinator->compare_and_swap("fact", 0, "1"));
  CHECK(watched.wait([&] { return watched.facts().contains("fact"); }));
  CHECK(coordinator->grant(10s, soon()));

  // etcd forgets its simple tokens with a restart
  etcd.kill(0);
  etcd.start(0);
  REQUIRE(eventually([&] { return bool{coordinator->get("fact")}; }));
  CHECK(coordinator->compare_and_swap("fact", coordinator->get("fact").value()->revision, "2"));
  CHECK(watched.wait([&] { return watched.facts()["fact"] == "2"; }));

  settings.password = "wrong";
  CHECK(EtcdCluster::coordinator(settings)->get("fact").error().code == Errc::unauthorized);
  settings.password = "soukpw";
  settings.prefix = "elsewhere/";
  CHECK(EtcdCluster::coordinator(settings)->get("fact").error().code == Errc::forbidden);
  settings.user.clear();
  CHECK(EtcdCluster::coordinator(settings)->get("fact").error().code == Errc::unauthorized);
}

TEST_CASE("etcd: endpoints are read strictly") {
  CHECK(net::parse_etcd_endpoint("http://a:2380/").value() == net::EtcdEndpoint{"a", 2380, false});
  CHECK(net::parse_etcd_endpoint("https://a").value() == net::EtcdEndpoint{"a", 2379, true});
  CHECK(net::parse_etcd_endpoint("[::1]:1").value() == net::EtcdEndpoint{"::1", 1, false});
  for (const char* wrong :
       {"", "http://", "http://a:0", "http://a:b", "http://a/b", "ftp://a:1:2"}) {
    CHECK_MESSAGE(!net::parse_etcd_endpoint(wrong), wrong);
  }
}

}  // namespace
}  // namespace souk::test
