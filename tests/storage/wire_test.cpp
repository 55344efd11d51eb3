#include "storage/wire.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <variant>

#include "storage/wire.pb.h"
#include "tests/storage/random_wire.hpp"
#include "tests/storage/same_wire.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Result;
using test::RandomWire;
using test::same_wire;

constexpr std::size_t kRounds = 60;

/// Comes back as it was; and neither a cut nor a changed byte of it does any harm.
template <class Value, class Decode>
void check_round_trip(RandomWire& random, const Value& value, Decode decode) {
  const std::string bytes = encode(value);
  const auto again = decode(bytes);
  REQUIRE(again);
  CHECK(same_wire(value, Value{*again}));

  std::string damaged = bytes;
  if (!damaged.empty())
    damaged[random.number(damaged.size())] ^= static_cast<char>(random.number(255) + 1);
  (void)decode(damaged).has_value();
  (void)decode(std::string_view{bytes}.substr(0, random.number(bytes.size() + 1))).has_value();
}

template <class Result>
void check_refused(const Result& result, Errc code, std::string_view field) {
  REQUIRE(!result);
  CHECK(result.error().code == code);
  CHECK(result.error().param == field);
}

TEST_CASE("wire: what is said to catalog shards comes back as it was") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  RandomWire random{seed};
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < std::variant_size_v<engine::CatalogCommand>; ++i) {
      const engine::CatalogCommand command = random.catalog_command(i);
      REQUIRE(command.index() == i);
      check_round_trip(random, command, decode_catalog_command);
    }
    for (std::size_t i = 0; i < std::variant_size_v<engine::CatalogReply>; ++i) {
      const WireCatalogAnswer answer{random.catalog_reply(i), random.any(), random.replay()};
      REQUIRE(answer.reply->index() == i);
      check_round_trip(random, answer, decode_catalog_answer);
    }
    for (std::size_t i = 0; i < std::variant_size_v<engine::CatalogQuestion>; ++i) {
      const WireCatalogQuestion question{random.catalog_question(i), random.any()};
      REQUIRE(question.question.index() == i);
      check_round_trip(random, question, decode_catalog_question);
    }
    for (std::size_t i = 0; i < std::variant_size_v<engine::CatalogFinding>; ++i) {
      const WireCatalogReading reading{random.catalog_finding(i), random.any()};
      REQUIRE(reading.finding->index() == i);
      check_round_trip(random, reading, decode_catalog_reading);
    }
    check_round_trip(random, WireCatalogAnswer{random.refusal(), random.any(), random.replay()},
                     decode_catalog_answer);
    check_round_trip(random, WireCatalogReading{random.refusal(), random.any()},
                     decode_catalog_reading);
  }
}

TEST_CASE("wire: what is said to orders shards comes back as it was") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  RandomWire random{seed};
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < std::variant_size_v<engine::OrderCommand>; ++i) {
      const engine::OrderCommand command = random.order_command(i);
      REQUIRE(command.index() == i);
      check_round_trip(random, command, decode_order_command);
    }
    for (std::size_t i = 0; i < std::variant_size_v<engine::OrderQuestion>; ++i) {
      check_round_trip(random, WireOrderQuestion{random.order_question(i), random.any()},
                       decode_order_question);
      check_round_trip(random, WireOrderReading{random.order_finding(i), random.any()},
                       decode_order_reading);
    }
    check_round_trip(random, WireOrderAnswer{random.opened(), random.any()}, decode_order_answer);
    check_round_trip(random, WireOrderAnswer{random.refusal(), random.any()}, decode_order_answer);
    check_round_trip(random, WireOrderReading{random.refusal(), random.any()},
                     decode_order_reading);
    check_round_trip(random,
                     engine::UnfinishedCheckouts{random.list([&] { return random.entry(); })},
                     decode_unfinished_checkouts);
    const auto holds = random.list([&] { return random.id<engine::HoldId>(); });
    check_round_trip(random, engine::JudgeHolds{holds}, decode_judge_holds);
    check_round_trip(random, engine::HoldsJudged{holds}, decode_holds_judged);
  }
}

TEST_CASE("wire: searches, their pages and the small messages come back as they were") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  RandomWire random{seed};
  for (std::size_t round = 0; round < kRounds * 4; ++round) {
    check_round_trip(random, random.query(), decode_query);
    check_round_trip(random, Result<engine::SearchPage>{random.page()}, decode_search_reply);
    check_round_trip(random, Result<engine::SearchPage>{random.refusal()}, decode_search_reply);

    engine::ConsistencyToken token;
    for (std::size_t i = random.number(5); i > 0; --i) token.raise({random.shard(), random.any()});
    check_round_trip(random, token, decode_token);

    engine::ShardStatus status{{random.shard(), 17, 4095}};
    status.state_hash = random.any();
    status.stored = 1, status.committed = 2, status.applied = 3, status.materialised = 4;
    status.products = 5, status.skus = 6, status.holds = 7, status.orders = 8;
    status.segments = 9, status.queue_depth = 10, status.index_bytes = random.any();
    check_round_trip(random, status, decode_shard_status);

    const engine::Error error = random.refusal();
    engine::Error read;
    REQUIRE(decode_error(encode(error), read));
    CHECK(read == error);

    const std::string payload = random.bytes();
    Envelope envelope{
        kWireMajor,
        static_cast<std::uint16_t>(random.number(65536)),
        static_cast<WireKind>(1 + random.number(17)),
        random.any(),
        random.shard(),
        random.any(),
        random.maybe([&] { return std::chrono::milliseconds{random.number(60'000)}; }),
        random.maybe([&] {
          const auto first = static_cast<engine::Slot>(random.number(engine::kSlotCount));
          return engine::SlotRange{
              first, static_cast<engine::Slot>(first + random.number(engine::kSlotCount - first))};
        }),
        payload};
    check_round_trip(random, envelope, decode_envelope);
  }
}

TEST_CASE("wire: a newer node's new fields are skipped, its new numbers are refused by name") {
  // A field 1000 that this version does not know, in the payload and within a submessage.
  pb::WireCatalogCommand command;
  pb::WirePlaceHold& place = *command.mutable_place_hold();
  place.set_id("h-1");
  place.GetReflection()->MutableUnknownFields(&place)->AddLengthDelimited(1000, "new");
  command.GetReflection()->MutableUnknownFields(&command)->AddVarint(1000, 7);
  const auto read = decode_catalog_command(command.SerializeAsString());
  REQUIRE(read);
  CHECK(std::get<engine::PlaceHold>(*read).id.str() == "h-1");

  place.set_owner(9);
  check_refused(decode_catalog_command(command.SerializeAsString()), Errc::newer_format,
                "place_hold.owner");

  pb::WireCatalogCommand unheard;
  unheard.GetReflection()->MutableUnknownFields(&unheard)->AddLengthDelimited(14, "new command");
  check_refused(decode_catalog_command(unheard.SerializeAsString()), Errc::newer_format,
                "catalog_command");

  pb::Error error;
  error.set_code(999);
  engine::Error out;
  check_refused(decode_error(error.SerializeAsString(), out), Errc::newer_format, "error.code");

  Envelope next;
  next.kind = WireKind::token;
  next.minor = kWireMinor + 1;
  CHECK(decode_envelope(encode(next)));
  next.major = kWireMajor + 1;
  check_refused(decode_envelope(encode(next)), Errc::newer_format, "envelope.version");
  next.major = kWireMajor;
  next.kind = static_cast<WireKind>(500);
  check_refused(decode_envelope(encode(next)), Errc::newer_format, "envelope.kind");
}

TEST_CASE("wire: damage is refused by name") {
  check_refused(decode_catalog_command(""), Errc::corrupt_record, "catalog_command");
  check_refused(decode_order_command(""), Errc::corrupt_record, "order_command");
  check_refused(decode_search_reply(""), Errc::corrupt_record, "search_reply");
  check_refused(decode_catalog_command("\xFF\xFF"), Errc::corrupt_record, "WireCatalogCommand");
  check_refused(decode_envelope(""), Errc::corrupt_record, "envelope.head");
  check_refused(decode_envelope("\x7F"), Errc::corrupt_record, "envelope.head");

  pb::WireCatalogCommand command;
  command.mutable_put_product()->set_document("nonsense");
  CHECK(!decode_catalog_command(command.SerializeAsString()));
  pb::WireQuery query;
  query.set_filter("price:<");
  check_refused(decode_query(query.SerializeAsString()), Errc::invalid_filter, "query.filter");
  pb::WireToken token;
  token.add_positions()->set_service(1);
  token.add_positions()->set_service(1);
  check_refused(decode_token(token.SerializeAsString()), Errc::corrupt_record, "token.positions");
}

TEST_CASE("wire: a payload that claims more than it may cost is refused before it costs it") {
  // Empty submessages: two bytes each here, a hundred in memory.
  std::string hits;
  for (std::size_t i = 0; i <= kWirePartsMax; ++i) hits += std::string{"\x1a\x00", 2};
  std::string page = "\x0a";
  for (std::size_t rest = hits.size(); rest != 0; rest >>= 7U) {
    page += static_cast<char>((rest & 0x7FU) | (rest > 0x7FU ? 0x80U : 0U));
  }
  check_refused(decode_search_reply(page + hits), Errc::corrupt_record, "WireSearchReply");
  check_refused(decode_query(std::string(kWireBytesMax + 1, '\0')), Errc::too_large, "WireQuery");
}

template <class Act>
void measure(const char* what, std::size_t bytes, Act act) {
  constexpr int kTimes = 20'000;
  double best = 1e9;
  for (int run = 0; run < 5; ++run) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kTimes; ++i) act();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / kTimes);
  }
  std::printf("%-28s %6zu bytes %9.0f ns\n", what, bytes, best);
}

// Figures, not checks: storage_tests --no-skip -tc="measure: wire*"
TEST_CASE("measure: wire payloads" * doctest::skip()) {
  engine::PlaceHold place;
  place.id = engine::HoldId{"ord_0123456789abcdefghjkmnpqrs.1"};
  place.owner = engine::HoldOwner::checkout;
  for (int i = 0; i < 3; ++i) {
    place.lines.push_back({engine::Sku{"sku-10000" + std::to_string(i)}, engine::Quantity{i + 1}});
  }
  place.now = engine::Timestamp{1'790'000'000'000'000};
  place.expires_at = engine::Timestamp{1'790'000'900'000'000};
  const engine::CatalogCommand command = place;
  const std::string placed = encode(command);
  measure("PlaceHold, 3 lines: encode", placed.size(), [&] { (void)encode(command).size(); });
  measure("PlaceHold, 3 lines: decode", placed.size(),
          [&] { (void)decode_catalog_command(placed).has_value(); });

  engine::SearchPage page;
  page.found = 1234;
  for (int i = 0; i < 10; ++i) {
    engine::Hit& hit = page.hits.emplace_back();
    hit.id = engine::ProductId{"product-1000" + std::to_string(i)};
    hit.document = std::make_shared<const std::string>(600, 'd');
    for (int v = 0; v < 3; ++v) {
      hit.variants.push_back({engine::Sku{"sku-10000" + std::to_string(v)},
                              {{"size", "M"}, {"color", "blue"}},
                              {1999, *engine::Currency::parse("EUR")},
                              engine::Quantity{17},
                              0,
                              true});
    }
    hit.price = hit.variants[0].price;
    hit.created_at = hit.updated_at = engine::Timestamp{1'790'000'000'000'000};
    hit.sort_values = {{std::int64_t{123456}}, {0.5}};
    hit.highlights = {{"title", "a <mark>blue</mark> shirt of cotton", {"blue"}}};
  }
  page.positions = {{{engine::Service::catalog, 0}, 77}, {{engine::Service::catalog, 1}, 78}};
  const Result<engine::SearchPage> answer = page;
  const std::string paged = encode(answer);
  measure("SearchPage, 10 hits: encode", paged.size(), [&] { (void)encode(answer).size(); });
  measure("SearchPage, 10 hits: decode", paged.size(),
          [&] { (void)decode_search_reply(paged).has_value(); });
}

}  // namespace
}  // namespace souk::storage
