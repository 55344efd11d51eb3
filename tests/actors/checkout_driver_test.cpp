#include "actors/checkout_driver.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "actors/driver_watch.hpp"

using namespace souk;
using actors::driver_tag;
using actors::driver_was_restarted;
using engine::HoldId;
using engine::cluster::NodeId;

namespace {

storage::NodeFact running(const std::string& run) {
  storage::NodeFact fact;
  fact.run = run;
  return fact;
}

}  // namespace

TEST_CASE(
    "checkout driver: a node that was started again has left what it drove, one that is missing "
    "may not have") {
  const NodeId a{0x1234567890abcdef};
  const NodeId b{0x1234567811111111};
  const std::string first = driver_tag(a, 1);
  const std::string second = driver_tag(a, 2);
  const std::string other = driver_tag(b, 1);
  const HoldId hold = actors::driven_by(HoldId{"ord_x.n1"}, first);

  CHECK(hold == HoldId{"ord_x.n1" + first});
  CHECK_FALSE(driver_was_restarted(hold, {running(first), running(other)}));
  CHECK(driver_was_restarted(hold, {running(second), running(other)}));
  CHECK_FALSE(driver_was_restarted(hold, {running(other)}));
  CHECK_FALSE(driver_was_restarted(hold, {}));
  CHECK_FALSE(driver_was_restarted(hold, {running("")}));
  // The second try of one attempt is its driver's.
  CHECK(driver_was_restarted(HoldId{hold.str() + "r"}, {running(second)}));
  CHECK_FALSE(driver_was_restarted(HoldId{hold.str() + "r"}, {running(first)}));
}

TEST_CASE("checkout driver: attempts of a node that is alone have no mark") {
  const HoldId hold{"ord_x.n1"};
  CHECK(actors::driven_by(hold, "") == hold);
  CHECK_FALSE(driver_was_restarted(hold, {running(driver_tag(NodeId{1}, 1))}));
  CHECK_FALSE(driver_was_restarted(HoldId{"ord_x.n:1"}, {running(driver_tag(NodeId{1}, 1))}));
}

TEST_CASE("checkout driver: a run has ended when its lease is over and its address refuses twice") {
  using std::chrono::milliseconds;
  const std::string tag = driver_tag(NodeId{1}, 1);
  const HoldId hold = actors::driven_by(HoldId{"ord_x.n1"}, tag);
  const auto fact = running(tag);
  bool refuses = true;
  int asked = 0;
  actors::DriverWatch watch{[&](const std::string&, std::uint16_t) {
    ++asked;
    return refuses;
  }};
  actors::DriverWatch::Time now{};
  const auto look = [&](const std::vector<storage::NodeFact>& nodes) {
    now += milliseconds{1000};
    watch.look(nodes, now);
  };

  look({fact});
  CHECK(asked == 0);  // while it is there nobody doubts it
  refuses = false;
  for (int i = 0; i < 5; ++i) look({});
  CHECK_FALSE(watch.ended(hold));  // cut off, perhaps
  refuses = true;
  look({});
  CHECK_FALSE(watch.ended(hold));
  look({fact});  // the coordinator was away
  look({});
  CHECK_FALSE(watch.ended(hold));
  look({});
  CHECK(watch.ended(hold));
  CHECK_FALSE(watch.ended(HoldId{"ord_x.n1"}));
  CHECK_FALSE(watch.ended(actors::driven_by(HoldId{"ord_x.n1"}, driver_tag(NodeId{1}, 2))));
}

TEST_CASE("checkout driver: who listens does not refuse, who listened does") {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(listen(fd, 4) == 0);
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  const std::uint16_t port = ntohs(address.sin_port);
  CHECK_FALSE(actors::DriverWatch::refuses_connections("127.0.0.1", port));
  close(fd);
  CHECK(actors::DriverWatch::refuses_connections("127.0.0.1", port));
  CHECK_FALSE(actors::DriverWatch::refuses_connections("no.such.host.invalid", port));
}
