#include "net/ids.hpp"

#include <doctest/doctest.h>

#include <set>

#include "engine/types/id.hpp"

namespace souk::net {

TEST_CASE("new_id: is a valid id, unique, and sorts by its time") {
  std::set<std::string> seen;
  std::string before;

  for (int i = 1; i <= 1000; ++i) {
    const std::string id = new_id("prod_", engine::Timestamp{1'700'000'000'000'000 + i * 1000});
    CHECK(engine::is_valid_id(id));
    CHECK(id.size() == 31);
    CHECK(before < id);
    CHECK(seen.insert(id).second);
    before = id;
  }
}

TEST_CASE("scoped_key: differs with every part, and parts cannot run into each other") {
  const std::string base = scoped_key("a", "POST", "/v1/checkouts", "k");

  CHECK(base.size() == 32);
  CHECK(base == scoped_key("a", "POST", "/v1/checkouts", "k"));
  CHECK(base != scoped_key("b", "POST", "/v1/checkouts", "k"));
  CHECK(base != scoped_key("a", "PUT", "/v1/checkouts", "k"));
  CHECK(base != scoped_key("a", "POST", "/v1/reservations", "k"));
  CHECK(base != scoped_key("a", "POST", "/v1/checkouts", "l"));
  CHECK(scoped_key("ab", "c", "", "") != scoped_key("a", "bc", "", ""));
}

TEST_CASE("derived_id: the same key names the same thing") {
  const std::string scoped = scoped_key("a", "POST", "/v1/checkouts", "k");

  CHECK(derived_id("ord_", scoped) == derived_id("ord_", scoped));
  CHECK(derived_id("ord_", scoped).size() == 30);
  CHECK(derived_id("ord_", "00000000000000000000000000000020") == "ord_00000000000000000000000010");
  CHECK(engine::is_valid_id(derived_id("ord_", scoped)));
}

}  // namespace souk::net
