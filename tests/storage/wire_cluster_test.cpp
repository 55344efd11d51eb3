#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "storage/record.hpp"
#include "storage/wire.hpp"
#include "storage/wire.pb.h"
#include "tests/storage/random_records.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Position;
using engine::Result;
using engine::cluster::Instant;
using engine::cluster::Message;
using engine::cluster::Prepare;
using engine::cluster::Record;

Record record(Position position, std::string payload) {
  const std::uint32_t crc = payload_checksum(payload);
  return {position, 3, crc, std::make_shared<const std::string>(std::move(payload))};
}

Message random_message(test::RandomRecords& random, std::size_t kind) {
  const auto any = [&] { return random.number(~0ULL); };
  const Instant at{random.integer()};
  switch (kind) {
    case 0: {
      Prepare made{any(), any(), {random.number(1ULL << 40U), any()}, {}, any()};
      for (std::uint64_t i = random.number(5); i > 0; --i) {
        made.records.push_back(
            record(made.prev.position + made.records.size() + 1, random.bytes(200)));
        made.records.back().epoch = any();
      }
      return made;
    }
    case 1:
      return engine::cluster::PrepareOk{any(), any()};
    case 2:
      return engine::cluster::Reject{any()};
    case 3:
      return engine::cluster::CatchUp{any(), any()};
    case 4:
      return engine::cluster::Heartbeat{any(), any(), at};
    case 5:
      return engine::cluster::HeartbeatOk{any(), at, any(), random.flip(), random.flip()};
    default:
      return engine::cluster::HandOver{any()};
  }
}

/// Everything that a message says, for comparison.
struct Same {
  template <class One, class Other>
  bool operator()(const One&, const Other&) const {
    return false;
  }
  bool operator()(const Prepare& a, const Prepare& b) const {
    bool same = a.epoch == b.epoch && a.start == b.start && a.prev == b.prev &&
                a.committed == b.committed && a.records.size() == b.records.size();
    for (std::size_t i = 0; same && i < a.records.size(); ++i) {
      same = a.records[i].mark() == b.records[i].mark() && a.records[i].crc == b.records[i].crc &&
             *a.records[i].payload == *b.records[i].payload;
    }
    return same;
  }
  bool operator()(const engine::cluster::PrepareOk& a, const engine::cluster::PrepareOk& b) const {
    return a.epoch == b.epoch && a.stored == b.stored;
  }
  bool operator()(const engine::cluster::Reject& a, const engine::cluster::Reject& b) const {
    return a.epoch == b.epoch;
  }
  bool operator()(const engine::cluster::CatchUp& a, const engine::cluster::CatchUp& b) const {
    return a.epoch == b.epoch && a.last == b.last;
  }
  bool operator()(const engine::cluster::Heartbeat& a, const engine::cluster::Heartbeat& b) const {
    return a.epoch == b.epoch && a.committed == b.committed && a.sent_at == b.sent_at;
  }
  bool operator()(const engine::cluster::HeartbeatOk& a,
                  const engine::cluster::HeartbeatOk& b) const {
    return a.epoch == b.epoch && a.sent_at == b.sent_at && a.stored == b.stored &&
           a.matched == b.matched;
  }
  bool operator()(const engine::cluster::HandOver& a, const engine::cluster::HandOver& b) const {
    return a.epoch == b.epoch;
  }
};

TEST_CASE("wire: what replicas say to each other comes back as it was") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  test::RandomRecords random{seed};
  for (int round = 0; round < 200; ++round) {
    for (std::size_t kind = 0; kind < std::variant_size_v<Message>; ++kind) {
      const Message message = random_message(random, kind);
      const std::string bytes = encode(message);
      const Result<Message> again = decode_cluster_message(bytes);
      REQUIRE(again);
      CHECK(again->index() == kind);
      CHECK(std::visit(Same{}, message, *again));

      std::string damaged = bytes;
      damaged[random.number(damaged.size())] ^= static_cast<char>(random.number(255) + 1);
      (void)decode_cluster_message(damaged).has_value();
      (void)decode_cluster_message(std::string_view{bytes}.substr(0, random.number(bytes.size())))
          .has_value();
    }
  }
}

TEST_CASE("wire: a record may be as large as a payload, and no larger") {
  std::string payload(kWireBytesMax - 100, 'x');
  const Message message = Prepare{7, 1, {1, 7}, {record(2, std::move(payload))}, 1};
  std::string bytes = encode(message);
  REQUIRE(bytes.size() <= kWireBytesMax);

  const Result<Message> again = decode_cluster_message(bytes);

  REQUIRE(again);
  CHECK(std::visit(Same{}, message, *again));
  bytes.append(100, '\0');
  CHECK(decode_cluster_message(bytes).error().code == Errc::too_large);
}

TEST_CASE("wire: no bit of a record changes on the way unnoticed") {
  const Message message = Prepare{7, 1, {1, 7}, {record(2, "first"), record(3, "second")}, 1};
  const std::string bytes = encode(message);
  const std::size_t at = bytes.find("second");
  REQUIRE(at != std::string::npos);
  for (std::size_t bit = 0; bit < 6 * 8; ++bit) {
    std::string damaged = bytes;
    damaged[at + bit / 8] = static_cast<char>(damaged[at + bit / 8] ^ (1 << (bit % 8)));
    const Result<Message> read = decode_cluster_message(damaged);
    REQUIRE(!read);
    CHECK(read.error().code == Errc::corrupt_record);
    CHECK(read.error().param == "prepare.records.payload");
  }
}

TEST_CASE("wire: a replica's message that cannot be is refused by its field") {
  const auto refusal = [](const Message& message) {
    const Result<Message> read = decode_cluster_message(encode(message));
    REQUIRE(!read);
    CHECK(read.error().code == Errc::corrupt_record);
    return read.error().param;
  };
  CHECK(refusal(Prepare{7, 1, {1, 7}, {record(3, "gap")}, 1}) == "prepare.records.position");
  CHECK(refusal(Prepare{7, 1, {1, 7}, {record(2, "a"), record(2, "b")}, 1}) ==
        "prepare.records.position");
  CHECK(decode_cluster_message("").error().param == "cluster_message");
  pb::WireReplica newer;
  newer.GetReflection()->MutableUnknownFields(&newer)->AddVarint(8, 1);
  CHECK(decode_cluster_message(newer.SerializeAsString()).error().code == Errc::newer_format);
}

}  // namespace
}  // namespace souk::storage
