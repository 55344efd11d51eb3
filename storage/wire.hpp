#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/catalog/catalog_command.hpp"
#include "engine/catalog/catalog_question.hpp"
#include "engine/cluster/message.hpp"
#include "engine/order/order_question.hpp"
#include "engine/search/query.hpp"
#include "engine/search/search_result.hpp"
#include "engine/state/slot_ownership.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard_status.hpp"

// What nodes of a cluster say to each other, as bytes: protobuf messages of wire.proto in one
// envelope.
//
//   envelope := size of head: varint   head: WireHead   payload: the rest
//
// A reader skips fields it does not know and takes what is missing as its default, so versions that
// differ in the minor number understand each other. Decoding is safe on any input. Its errors name
// the field: newer_format is what only a newer version can have said (a major version, an
// alternative or an enum's number beyond ours), corrupt_record everything else, too_large what is
// beyond the bounds.
namespace souk::storage {

inline constexpr std::uint16_t kWireMajor = 1;
inline constexpr std::uint16_t kWireMinor = 0;

/// No payload is larger.
inline constexpr std::size_t kWireBytesMax = 128U << 20U;
/// Submessages and texts in one payload: what two bytes can claim costs a hundred in memory. The
/// largest page of hits (250 with 2,048 variants each) has half as many.
inline constexpr std::size_t kWirePartsMax = 4'000'000;
/// Payloads up to this size are not counted: they cannot claim more than a few megabytes.
inline constexpr std::size_t kWireUncountedBytes = 64U << 10U;
inline constexpr std::size_t kWireHeadBytesMax = 4096;

enum class WireKind : std::uint16_t {
  catalog_command = 1,
  catalog_reply = 2,
  catalog_question = 3,
  catalog_finding = 4,
  order_command = 5,
  order_reply = 6,
  order_question = 7,
  order_finding = 8,
  await_checkout = 9,  // payload: an order id; answered by order_reply
  unfinished_checkouts = 10,
  judge_holds = 11,
  holds_judged = 12,
  query = 13,
  search_reply = 14,
  error = 15,
  token = 16,
  shard_status = 17,
  cluster_message = 18,
  search_open = 19,  // this and the following: wire_search.hpp
  search_statistics = 20,
  search_run = 21,
  search_part = 22,
  search_read = 23,
  search_hits = 24,
  suggest = 25,  // and the following: wire_suggest.hpp
  suggested = 26,
  walk = 27,          // wire_search.hpp; answered by search_part
  search_spell = 28,  // this and the following: wire_search.hpp
  search_spellings = 29,
};
inline constexpr WireKind kWireKindLast = WireKind::search_spellings;

/// `payload` is a view into the bytes that were decoded. `deadline`: what is left of the sender's;
/// none: it waits forever.
struct Envelope {
  std::uint16_t major = kWireMajor;
  std::uint16_t minor = kWireMinor;
  WireKind kind = WireKind::error;
  std::uint64_t correlation = 0;
  engine::ShardId shard;
  engine::Epoch epoch = 0;
  std::optional<std::chrono::milliseconds> deadline;
  /// The slots of `shard` by the sender's map; nothing: it chose the shard by something else.
  std::optional<engine::SlotRange> believed{};
  std::string_view payload;
};
std::string encode(const Envelope& envelope);
engine::Result<Envelope> decode_envelope(std::string_view bytes);

/// A shard's answer to a command; as actors::CatalogAnswer.
struct WireCatalogAnswer {
  engine::Result<engine::CatalogReply> reply;
  engine::Position position = 0;
  engine::Replay replay{};
};
/// `at_least`: how far the shard must have been applied.
struct WireCatalogQuestion {
  engine::CatalogQuestion question;
  engine::Position at_least = 0;
};
struct WireCatalogReading {
  engine::Result<engine::CatalogFinding> finding;
  engine::Position position = 0;
};
struct WireOrderAnswer {
  engine::Result<engine::CheckoutOpened> reply;
  engine::Position position = 0;
};
struct WireOrderQuestion {
  engine::OrderQuestion question;
  engine::Position at_least = 0;
};
struct WireOrderReading {
  engine::Result<engine::OrderFinding> finding;
  engine::Position position = 0;
};

// A product travels as its document (product_codec.hpp), a filter as its canonical text.

std::string encode(const engine::CatalogCommand& command);
std::string encode(const WireCatalogAnswer& answer);
std::string encode(const WireCatalogQuestion& question);
std::string encode(const WireCatalogReading& reading);
engine::Result<engine::CatalogCommand> decode_catalog_command(std::string_view bytes);
engine::Result<WireCatalogAnswer> decode_catalog_answer(std::string_view bytes);
engine::Result<WireCatalogQuestion> decode_catalog_question(std::string_view bytes);
engine::Result<WireCatalogReading> decode_catalog_reading(std::string_view bytes);

std::string encode(const engine::OrderCommand& command);
std::string encode(const WireOrderAnswer& answer);
std::string encode(const WireOrderQuestion& question);
std::string encode(const WireOrderReading& reading);
std::string encode(const engine::UnfinishedCheckouts& checkouts);
std::string encode(const engine::JudgeHolds& question);
std::string encode(const engine::HoldsJudged& answer);
engine::Result<engine::OrderCommand> decode_order_command(std::string_view bytes);
engine::Result<WireOrderAnswer> decode_order_answer(std::string_view bytes);
engine::Result<WireOrderQuestion> decode_order_question(std::string_view bytes);
engine::Result<WireOrderReading> decode_order_reading(std::string_view bytes);
engine::Result<engine::UnfinishedCheckouts> decode_unfinished_checkouts(std::string_view bytes);
engine::Result<engine::JudgeHolds> decode_judge_holds(std::string_view bytes);
engine::Result<engine::HoldsJudged> decode_holds_judged(std::string_view bytes);

std::string encode(const engine::Query& query);
std::string encode(const engine::Result<engine::SearchPage>& page);
/// Errors: also those of parse_filter() (a filter whose canonical text is over kFilterBytesMax).
engine::Result<engine::Query> decode_query(std::string_view bytes);
/// The outer result is of the decoding, the inner one is what the other node answered.
engine::Result<engine::Result<engine::SearchPage>> decode_search_reply(std::string_view bytes);

/// What a Prepare's records hold may have any size that leaves the payload within kWireBytesMax.
std::string encode(const engine::cluster::Message& message);
/// Records are contiguous, and each matches its checksum.
engine::Result<engine::cluster::Message> decode_cluster_message(std::string_view bytes);

std::string encode(const engine::Error& error);
std::string encode(const engine::ConsistencyToken& token);
std::string encode(const engine::ShardStatus& status);
/// Fills `out`; the result is that of the decoding.
engine::Result<void> decode_error(std::string_view bytes, engine::Error& out);
engine::Result<engine::ConsistencyToken> decode_token(std::string_view bytes);
engine::Result<engine::ShardStatus> decode_shard_status(std::string_view bytes);

}  // namespace souk::storage
