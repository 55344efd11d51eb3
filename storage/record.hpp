#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/catalog/catalog_state.hpp"
#include "engine/order/order_command.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

// The meaning of every byte in the database.
//
// KEYS. <shard> is 3 bytes: service, then number big-endian. Numbers are big-endian, so bytes sort
// as values do; times have their sign bit flipped for the same reason. Ids have no length: they are
// the rest of the key.
//
// clang-format off
//   table               key                                            value
//   journal             <shard> position:8                             epoch:8 committed:8 and the record's own frame
//   meta                "node" | "committed" <shard> | "trimmed" <shard> | "installing" <shard> | "fact/" name | "revision"
//   materialised        <shard>                                        Materialised: position and state hash
//   products            <shard> product id                             ProductEntry
//   skus                <shard> SKU                                    SkuEntry
//   claims              <shard> SKU                                    product id
//   holds, reservations <shard> hold id                                Hold, Reservation
//   answers             <shard> idempotency key                        Answer
//   imports             <shard> import id                              Import
//   ledger              <shard> position:8                             Ledger: all entries made by that record
//   orders              <shard> order id                               CheckoutEntry
//   orders_by_time      <shard> 'o' created_at:8 order id              1 byte: status
//                       <shard> 'r' begun_at:8 order id                nothing: a refused checkout
//   orders_by_customer  <shard> xxh3(customer id or email):8 created_at:8 order id    1 byte: status
//
// VALUES are frames around a protobuf message of record.proto (index entries of a byte or none
// excepted):
//
//   ┌────────────┬──────────┬──────────────┬─────────┐
//   │ version: 1 │ flags: 1 │ checksum: 4  │ payload │   checksum: low half of xxh3_64(payload),
//   └────────────┴──────────┴──────────────┴─────────┘   seeded with the key, the version and the
//                                                        flags; little-endian
// clang-format on
//
// flags bit 0: the payload is one zstd frame. The checksum covers the key, so a value under a
// foreign key is noticed too. An undamaged frame of a version above ours is refused with
// newer_format.
namespace souk::storage {

inline constexpr std::uint8_t kRecordVersion = 2;
inline constexpr std::size_t kFrameBytes = 6;
/// A payload from this size on is compressed: below it zstd's set-up costs more than the bytes are
/// worth.
inline constexpr std::size_t kCompressFrom = 16U << 10U;
/// No record is larger once unpacked; a frame that claims more is damaged.
inline constexpr std::size_t kPayloadMax = 1U << 30U;

/// Of a journal record's payload, wherever it travels: cluster::Record::crc. Low half of xxh3_64.
std::uint32_t payload_checksum(std::string_view payload);

enum class Compression : std::uint8_t { none, large };

/// `payload` in its frame, for the given key (empty for a record that is checked without one).
std::string seal(std::string_view key, std::string_view payload,
                 Compression compression = Compression::none);
/// The payload of a frame; `unpacked` holds it if it was compressed. Safe on any input.
/// Errors: corrupt_record, newer_format.
engine::Result<std::string_view> unseal(std::string_view key, std::string_view frame,
                                        std::string& unpacked);

// Keys.
std::string shard_key(engine::ShardId shard, std::string_view name = {});
std::string position_key(engine::ShardId shard, engine::Position position);
std::string time_key(engine::ShardId shard, char kind, engine::Timestamp time,
                     std::string_view order);
std::string customer_key(engine::ShardId shard, std::string_view customer, engine::Timestamp time,
                         std::string_view order);
/// Smallest key above every key that starts with `prefix`. Pre: not all 0xFF.
std::string after_prefix(std::string prefix);
/// The 8 bytes at `offset` as a position; 0 if the key is too short.
engine::Position position_in(std::string_view key, std::size_t offset = 3);
inline constexpr std::size_t kShardKeyBytes = 3;

// State records. encode: of the value for that key. decode errors: corrupt_record, newer_format;
// safe on any input.
/// A product with the SKUs that are written with it.
struct ProductRow {
  engine::ProductEntry product;
  std::vector<engine::SkuEntry> skus;
};
std::string encode_product(std::string_view key, const engine::ProductEntry& entry,
                           std::span<const engine::SkuEntry> skus = {});
std::string encode_sku(std::string_view key, const engine::SkuEntry& entry);
std::string encode_claim(std::string_view key, const engine::ProductId& product);
std::string encode_hold(std::string_view key, const engine::Hold& hold);
std::string encode_reservation(std::string_view key, const engine::Reservation& reservation);
std::string encode_answer(std::string_view key, const engine::AnswerEntry& answer);
std::string encode_import(std::string_view key, const engine::ImportEntry& entry);
/// All entries of one journal position.
std::string encode_ledger(std::string_view key, const engine::LedgerEntry* entries,
                          std::size_t count);
std::string encode_checkout(std::string_view key, const engine::CheckoutEntry& entry);

engine::Result<ProductRow> decode_product(std::string_view key, std::string_view value);
engine::Result<engine::SkuEntry> decode_sku(std::string_view key, std::string_view value);
engine::Result<engine::ProductId> decode_claim(std::string_view key, std::string_view value);
engine::Result<engine::Hold> decode_hold(std::string_view key, std::string_view value);
engine::Result<engine::Reservation> decode_reservation(std::string_view key,
                                                       std::string_view value);
engine::Result<engine::AnswerEntry> decode_answer(std::string_view key, std::string_view value);
engine::Result<engine::ImportEntry> decode_import(std::string_view key, std::string_view value);
engine::Result<std::vector<engine::LedgerEntry>> decode_ledger(std::string_view key,
                                                               std::string_view value);
engine::Result<engine::CheckoutEntry> decode_checkout(std::string_view key, std::string_view value);

/// How far a shard's state in the tables reaches.
struct Materialised {
  engine::Position position = 0;
  std::uint64_t state_hash = 0;
  std::vector<engine::OrderId>
      unfinished;  // orders shards: checkouts that are begun or placed at that position
  engine::SlotOwnership slots{};
  std::vector<std::uint64_t> slot_hashes{};  // orders shards: parts of state_hash, by slot; or none
};
std::string encode_materialised(std::string_view key, const Materialised& materialised);
engine::Result<Materialised> decode_materialised(std::string_view key, std::string_view value);

}  // namespace souk::storage
