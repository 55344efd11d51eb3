#include "actors/checkout_driver.hpp"

#include <doctest/doctest.h>

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
