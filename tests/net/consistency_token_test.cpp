#include "net/consistency_token.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace souk;
using engine::ConsistencyToken;
using engine::Service;
using engine::ShardId;

TEST_CASE("token: reads back what was written, at the higher position of both") {
  std::mt19937_64 random{7};
  for (int round = 0; round < 200; ++round) {
    ConsistencyToken touched;
    ConsistencyToken earlier;
    for (std::size_t i = random() % 8; i > 0; --i)
      touched.raise({{random() % 2 == 0 ? Service::catalog : Service::orders,
                      static_cast<std::uint16_t>(random() % 300)},
                     random() >> (random() % 64)});
    for (std::size_t i = random() % 4; i > 0; --i)
      earlier.raise({{Service::catalog, static_cast<std::uint16_t>(random() % 300)},
                     random() >> (random() % 64)});

    const auto text = net::encode_token(touched, earlier);
    const auto read = net::decode_token(text);

    REQUIRE(read);
    CHECK(text.size() <= net::kTokenBytesMax);
    auto both = earlier;
    both.merge(touched);
    CHECK(read->positions == both.positions);
  }
}

TEST_CASE("token: never grows over its bound; what was just touched stays") {
  ConsistencyToken touched;
  ConsistencyToken earlier;
  for (std::uint16_t i = 0; i < 200; ++i) earlier.raise({{Service::catalog, i}, 1'000'000'000});
  touched.raise({{Service::orders, 250}, 5});

  const auto text = net::encode_token(touched, earlier);

  CHECK(text.size() <= net::kTokenBytesMax);
  const auto read = net::decode_token(text);
  REQUIRE(read);
  CHECK(read->position_of({Service::orders, 250}) == 5);
  CHECK(read->positions.size() > 10);
}

TEST_CASE("token: what is none of ours is refused") {
  for (const std::string_view text :
       {"", "A", "AA", "AQ=", "AQEB?", "AQ8B", "AQGAgICAgICAgICAAQ", "Ag"}) {
    CAPTURE(text);
    const auto read = net::decode_token(text);
    REQUIRE(!read);
    CHECK(read.error().param == "Consistency-Token");
  }
  CHECK(!net::decode_token(std::string(500, 'A')));
  CHECK(net::decode_token("AQEB"));
}
