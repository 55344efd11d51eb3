#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace souk::engine {

/// Everything that can go wrong for a caller. Its spelling is what clients see as `code`; net/http_error gives the
/// status. Append only: the numbers are stored in idempotency records.
enum class Errc : std::uint16_t {
  none = 0,
  // the request itself
  malformed_request = 1,      // not JSON, not UTF-8, wrong type
  unknown_field = 2,
  missing_field = 3,
  invalid_value = 4,          // right type, value out of range or grammar
  invalid_filter = 5,
  invalid_query = 6,
  unknown_currency = 7,
  currency_mismatch = 8,
  too_large = 9,
  idempotency_key_required = 10,
  idempotency_key_invalid = 11,
  idempotency_key_reused = 12,
  idempotency_in_progress = 13,
  unsupported_media_type = 14,
  not_implemented = 15,
  // who asks
  unauthorized = 20,
  forbidden = 21,
  // what is asked for
  unknown_product = 30,
  unknown_sku = 31,
  unknown_order = 32,
  unknown_reservation = 33,
  unknown_route = 34,
  unknown_import = 35,
  // state
  product_exists = 40,        // create of an id that exists with another body
  sku_taken = 41,             // the SKU belongs to another product
  version_mismatch = 42,      // If-Match or change_from is stale
  stale_source_version = 43,
  insufficient_stock = 44,
  stock_held = 45,            // on_hand cannot fall below what is held
  max_per_order_exceeded = 46,
  reservation_expired = 47,
  already_committed = 48,
  already_released = 49,
  price_changed = 50,
  not_for_sale = 51,          // inactive or not yet available
  quantity_overflow = 52,
  too_many = 53,              // more items than the documented bound
  // payment
  payment_declined = 60,
  insufficient_funds = 61,
  payment_unavailable = 62,
  // capacity and the node
  overloaded = 70,
  timed_out = 71,
  unavailable = 72,
  storage_failure = 73,
  corrupt_record = 74,
  disk_full = 75,
  wrong_shard = 76,
  internal = 77,
  newer_format = 78,          // written by a newer version
  canceled = 79,
  consistency_unreachable = 80,  // the token names a position this cluster does not reach in time
  unknown_outcome = 81,       // it was sent and not answered: it may have happened, may still happen, or never
  unknown_lease = 82,         // a coordinator's lease that expired or was revoked
  not_leader = 83,            // said between nodes only: another node leads the shard; nothing was done
};

/// The spelling clients see: "insufficient_stock".
std::string_view to_string(Errc code);

/// One line of a refusal that concerns several things.
struct ErrorItem {
  std::string param;      // "lines[1].quantity"
  Errc code = Errc::none;
  std::string sku;        // empty: does not concern a SKU
  std::int64_t requested = 0;
  std::int64_t available = 0;

  friend bool operator==(const ErrorItem&, const ErrorItem&) = default;
};

/// Why a request was refused. `detail` is a sentence for people, `param` the field at fault ("lines[1].quantity").
struct Error {
  Errc code = Errc::internal;
  std::string detail{};
  std::string param{};
  std::vector<ErrorItem> items{};

  friend bool operator==(const Error&, const Error&) = default;
};

}  // namespace souk::engine
