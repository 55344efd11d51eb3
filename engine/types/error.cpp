#include "engine/types/error.hpp"

namespace souk::engine {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::none: return "none";
    case Errc::malformed_request: return "malformed_request";
    case Errc::unknown_field: return "unknown_field";
    case Errc::missing_field: return "missing_field";
    case Errc::invalid_value: return "invalid_value";
    case Errc::invalid_filter: return "invalid_filter";
    case Errc::invalid_query: return "invalid_query";
    case Errc::unknown_currency: return "unknown_currency";
    case Errc::currency_mismatch: return "currency_mismatch";
    case Errc::too_large: return "too_large";
    case Errc::idempotency_key_required: return "idempotency_key_required";
    case Errc::idempotency_key_invalid: return "idempotency_key_invalid";
    case Errc::idempotency_key_reused: return "idempotency_key_reused";
    case Errc::idempotency_in_progress: return "idempotency_in_progress";
    case Errc::unsupported_media_type: return "unsupported_media_type";
    case Errc::not_implemented: return "not_implemented";
    case Errc::unauthorized: return "unauthorized";
    case Errc::forbidden: return "forbidden";
    case Errc::unknown_product: return "unknown_product";
    case Errc::unknown_sku: return "unknown_sku";
    case Errc::unknown_order: return "unknown_order";
    case Errc::unknown_reservation: return "unknown_reservation";
    case Errc::unknown_route: return "unknown_route";
    case Errc::unknown_import: return "unknown_import";
    case Errc::product_exists: return "product_exists";
    case Errc::sku_taken: return "sku_taken";
    case Errc::version_mismatch: return "version_mismatch";
    case Errc::stale_source_version: return "stale_source_version";
    case Errc::insufficient_stock: return "insufficient_stock";
    case Errc::stock_held: return "stock_held";
    case Errc::max_per_order_exceeded: return "max_per_order_exceeded";
    case Errc::reservation_expired: return "reservation_expired";
    case Errc::already_committed: return "already_committed";
    case Errc::already_released: return "already_released";
    case Errc::price_changed: return "price_changed";
    case Errc::not_for_sale: return "not_for_sale";
    case Errc::quantity_overflow: return "quantity_overflow";
    case Errc::too_many: return "too_many";
    case Errc::payment_declined: return "payment_declined";
    case Errc::insufficient_funds: return "insufficient_funds";
    case Errc::payment_unavailable: return "payment_unavailable";
    case Errc::overloaded: return "overloaded";
    case Errc::timed_out: return "timed_out";
    case Errc::unavailable: return "unavailable";
    case Errc::storage_failure: return "storage_failure";
    case Errc::corrupt_record: return "corrupt_record";
    case Errc::disk_full: return "disk_full";
    case Errc::wrong_shard: return "wrong_shard";
    case Errc::internal: return "internal";
    case Errc::newer_format: return "newer_format";
    case Errc::canceled: return "canceled";
    case Errc::consistency_unreachable: return "consistency_unreachable";
    case Errc::unknown_outcome: return "unknown_outcome";
    case Errc::unknown_lease: return "unknown_lease";
    case Errc::not_leader: return "not_leader";
  }
  return "internal";
}

}  // namespace souk::engine
