#include "storage/record.hpp"

#define XXH_INLINE_ALL
#include <doctest/doctest.h>
#include <xxhash.h>

#include <functional>
#include <string>
#include <vector>

#include "storage/journal.hpp"
#include "tests/storage/random_records.hpp"
#include "tests/storage/same.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Result;
using test::RandomRecords;
using test::same;
using test::same_record;

/// Decodes bytes and says whether that failed, and if so properly.
using Refuses = std::function<bool(std::string_view)>;

template <class Decode>
Refuses refuses(Decode decode) {
  return [decode](std::string_view bytes) {
    const auto result = decode(bytes);
    return !result && (result.error().code == Errc::corrupt_record ||
                       result.error().code == Errc::newer_format);
  };
}

/// Every record format: an example, and its decoder.
struct Format {
  const char* name;
  std::string bytes;
  Refuses refuses;
};

std::vector<Format> every_format(RandomRecords& random) {
  const std::string key = shard_key({engine::Service::catalog, 3}, "some-id");
  const std::string at = position_key({engine::Service::catalog, 3}, 77);
  const auto keyed = [](auto decode, const std::string& k) {
    return refuses([decode, k](std::string_view bytes) { return decode(k, bytes); });
  };
  const std::vector<engine::LedgerEntry> ledger{random.ledger_entry(77), random.ledger_entry(77)};
  return {
      {"product", encode_product(key, random.product()), keyed(decode_product, key)},
      {"sku", encode_sku(key, random.sku()), keyed(decode_sku, key)},
      {"claim", encode_claim(key, random.id<engine::ProductId>()), keyed(decode_claim, key)},
      {"hold", encode_hold(key, random.hold()), keyed(decode_hold, key)},
      {"reservation", encode_reservation(key, random.reservation()),
       keyed(decode_reservation, key)},
      {"answer", encode_answer(key, {random.answer()}), keyed(decode_answer, key)},
      {"import", encode_import(key, {"i", 4, random.bytes(100)}), keyed(decode_import, key)},
      {"ledger", encode_ledger(at, ledger.data(), ledger.size()), keyed(decode_ledger, at)},
      {"checkout", encode_checkout(key, random.checkout()), keyed(decode_checkout, key)},
      {"materialised", encode_materialised(key, {5, 6, {engine::OrderId{"a"}}}),
       keyed(decode_materialised, key)},
      {"catalog record", encode_record(random.catalog_record()), refuses(decode_catalog_record)},
      {"large catalog record", encode_record(random.catalog_record(30)),
       refuses(decode_catalog_record)},
      {"order record", encode_record(random.order_record()), refuses(decode_order_record)},
  };
}

TEST_CASE("record: every kind of state comes back field by field") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  RandomRecords random{seed};
  const engine::ShardId shard{engine::Service::orders, 300};

  for (int round = 0; round < 300; ++round) {
    const engine::ProductEntry product = random.product();
    const std::string product_key = shard_key(shard, product.id.str());
    const auto product_back = decode_product(product_key, encode_product(product_key, product));
    REQUIRE(product_back);
    CHECK(same(product_back->product, product));

    const engine::SkuEntry sku = random.sku();
    const std::string sku_key = shard_key(shard, sku.terms.sku.str());
    const auto sku_back = decode_sku(sku_key, encode_sku(sku_key, sku));
    REQUIRE(sku_back);
    CHECK(same(*sku_back, sku));
    CHECK(decode_claim(sku_key, encode_claim(sku_key, sku.product)).value() == sku.product);

    const engine::Hold hold = random.hold();
    CHECK(decode_hold("k", encode_hold("k", hold)).value() == hold);
    const engine::Reservation reservation = random.reservation();
    CHECK(decode_reservation("k", encode_reservation("k", reservation)).value() == reservation);
    const engine::AnswerEntry answer{random.answer()};
    CHECK(same(decode_answer("k", encode_answer("k", answer)).value().answer, answer.answer));
    const engine::ImportEntry import{"import", random.number(1U << 30U), random.bytes(50'000)};
    const std::string import_key = shard_key(shard, "import");
    CHECK(same(decode_import(import_key, encode_import(import_key, import)).value(), import));

    const std::vector<engine::LedgerEntry> ledger{random.ledger_entry(9), random.ledger_entry(9)};
    const std::string ledger_key = position_key(shard, 9);
    CHECK(decode_ledger(ledger_key, encode_ledger(ledger_key, ledger.data(), 2)).value() == ledger);

    const engine::CheckoutEntry checkout = random.checkout();
    const std::string checkout_key = shard_key(shard, checkout.id.str());
    const auto checkout_back =
        decode_checkout(checkout_key, encode_checkout(checkout_key, checkout));
    REQUIRE(checkout_back);
    CHECK(same(*checkout_back, checkout));
  }
}

TEST_CASE("record: journal records come back event by event, packed or not") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  RandomRecords random{seed};

  for (int round = 0; round < 100; ++round) {
    const std::size_t size = round % 10 == 0 ? 40 : 1;
    const engine::CatalogRecord catalog = random.catalog_record(size);
    const Result<engine::CatalogRecord> catalog_back =
        decode_catalog_record(encode_record(catalog));
    REQUIRE(catalog_back);
    CHECK(same_record(*catalog_back, catalog));

    const engine::OrderRecord orders = random.order_record(size);
    const Result<engine::OrderRecord> orders_back = decode_order_record(encode_record(orders));
    REQUIRE(orders_back);
    CHECK(same_record(*orders_back, orders));
  }
}

TEST_CASE("record: a cut, a flipped bit, a foreign key or a tail never gives a value") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  RandomRecords random{seed};

  for (int round = 0; round < 10; ++round) {
    for (const Format& format : every_format(random)) {
      INFO(format.name);
      REQUIRE(!format.refuses(format.bytes));
      for (std::size_t i = 0; i < 60; ++i) {
        std::string flipped = format.bytes;
        const std::size_t at = i < 8 * kFrameBytes ? i / 8 : random.number(flipped.size());
        flipped[at] = static_cast<char>(flipped[at] ^
                                        (1 << (i < 8 * kFrameBytes ? i % 8 : random.number(8))));
        CHECK(format.refuses(flipped));
        CHECK(format.refuses(
            std::string_view{format.bytes}.substr(0, random.number(format.bytes.size()))));
      }
      CHECK(format.refuses(format.bytes + random.bytes(4) + "x"));
    }
  }
  CHECK(!decode_sku("there", encode_sku("here", random.sku())));
}

TEST_CASE("record: whatever stands in an intact frame, decoding it does not crash") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  RandomRecords random{seed};

  for (int round = 0; round < 50; ++round) {
    std::string unpacked;
    for (const Format& format : every_format(random)) {
      if (round > 3 && format.bytes.size() > 20'000) continue;
      const Result<std::string_view> payload = unseal({}, format.bytes, unpacked);
      std::string damaged{payload ? *payload : std::string_view{format.bytes}.substr(kFrameBytes)};
      for (std::size_t i = random.number(4); i > 0 && !damaged.empty(); --i) {
        damaged[random.number(damaged.size())] = static_cast<char>(random.number(256));
      }
      const std::string key = shard_key({}, "k");
      const std::string sealed = seal(key, damaged);
      (void)decode_product(key, sealed).has_value();
      (void)decode_sku(key, sealed).has_value();
      (void)decode_hold(key, sealed).has_value();
      (void)decode_answer(key, sealed).has_value();
      (void)decode_ledger(key, sealed).has_value();
      (void)decode_checkout(key, sealed).has_value();
      (void)decode_materialised(key, sealed).has_value();
      (void)decode_catalog_record(seal({}, damaged)).has_value();
      (void)decode_order_record(seal({}, damaged)).has_value();
    }
  }
}

/// A frame as a later version would write it, checksum and all.
std::string frame_of_version(std::uint8_t version, std::uint8_t flags, const std::string& payload) {
  const std::uint64_t key_hash = XXH3_64bits("", 0);
  const std::uint64_t seed = key_hash ^ (std::uint64_t{version} << 8U | flags);
  const auto sum =
      static_cast<std::uint32_t>(XXH3_64bits_withSeed(payload.data(), payload.size(), seed));
  std::string frame{static_cast<char>(version), static_cast<char>(flags)};
  for (unsigned shift = 0; shift < 32; shift += 8)
    frame.push_back(static_cast<char>(sum >> shift & 0xFFU));
  return frame + payload;
}

TEST_CASE("record: a later version or an event of one is refused as such") {
  std::string unpacked;
  CHECK(unseal({}, frame_of_version(kRecordVersion, 0, "payload"), unpacked).value() == "payload");
  CHECK(unseal({}, frame_of_version(kRecordVersion + 1, 0, "payload"), unpacked).error().code ==
        Errc::newer_format);
  CHECK(unseal({}, frame_of_version(0, 0, "payload"), unpacked).error().code ==
        Errc::corrupt_record);
  CHECK(unseal({}, frame_of_version(kRecordVersion, 4, "payload"), unpacked).error().code ==
        Errc::corrupt_record);

  // events (field 4): one message with an unknown field 99.
  const std::string later_event{"\x22\x03\x9a\x06\x00", 5};
  CHECK(decode_catalog_record(seal({}, later_event)).error().code == Errc::newer_format);
  CHECK(decode_order_record(seal({}, later_event)).error().code == Errc::newer_format);
}

TEST_CASE(
    "record: a packed payload that lies about its size is refused without taking the memory") {
  std::string large(kCompressFrom * 4, 'x');
  std::string frame = seal({}, large, Compression::large);
  CHECK(frame.size() < 1000);
  std::string unpacked;
  CHECK(unseal({}, frame, unpacked).value() == large);

  // The content size stands in the zstd header; claim a terabyte.
  std::string lie{"\x28\xb5\x2f\xfd\xe0", 5};
  lie += std::string{"\x00\x00\x00\x00\x00\x01\x00\x00", 8};
  lie += "\x01\x00\x00";
  CHECK(unseal({}, frame_of_version(kRecordVersion, 1, lie), unpacked).error().code ==
        Errc::corrupt_record);
  CHECK(unseal({}, frame_of_version(kRecordVersion, 1, "not zstd"), unpacked).error().code ==
        Errc::corrupt_record);
}

TEST_CASE("record: keys sort as positions and times do") {
  const engine::ShardId shard{engine::Service::catalog, 1};
  const engine::ShardId next{engine::Service::catalog, 2};
  CHECK(position_key(shard, 255) < position_key(shard, 256));
  CHECK(position_key(shard, ~0ULL) < position_key(next, 0));
  CHECK(position_in(position_key(shard, 123456789)) == 123456789);
  CHECK(time_key(shard, 'o', engine::Timestamp{-5}, "z") <
        time_key(shard, 'o', engine::Timestamp{-4}, "a"));
  CHECK(time_key(shard, 'o', engine::Timestamp{-1}, "z") <
        time_key(shard, 'o', engine::Timestamp{0}, "a"));
  CHECK(after_prefix(shard_key(shard)) == shard_key(next));
  CHECK(after_prefix(std::string{"a\xff\xff", 3}) == "b");
}

}  // namespace
}  // namespace souk::storage
