#include "net/http_error.hpp"

#include "net/json/json_writer.hpp"

namespace souk::net {

namespace {

using engine::Errc;

struct Page {
  int status;
  std::string_view title;
};

Page page_of(Errc code) {
  switch (code) {
    case Errc::none:
      break;
    case Errc::malformed_request:
      return {400, "Malformed request"};
    case Errc::unknown_field:
      return {422, "Unknown field"};
    case Errc::missing_field:
      return {422, "Missing field"};
    case Errc::invalid_value:
      return {422, "Invalid value"};
    case Errc::invalid_filter:
      return {422, "Invalid filter"};
    case Errc::invalid_query:
      return {422, "Invalid query"};
    case Errc::unknown_currency:
      return {422, "Unknown currency"};
    case Errc::currency_mismatch:
      return {422, "Currencies do not match"};
    case Errc::too_large:
      return {413, "Too large"};
    case Errc::idempotency_key_required:
      return {400, "Idempotency-Key required"};
    case Errc::idempotency_key_invalid:
      return {400, "Invalid Idempotency-Key"};
    case Errc::idempotency_key_reused:
      return {422, "Idempotency-Key was used for another request"};
    case Errc::idempotency_in_progress:
      return {409, "The first request with this key is still running"};
    case Errc::unsupported_media_type:
      return {415, "Unsupported media type"};
    case Errc::not_implemented:
      return {501, "Not implemented"};
    case Errc::unauthorized:
      return {401, "Unauthorized"};
    case Errc::forbidden:
      return {403, "Forbidden"};
    case Errc::unknown_product:
      return {404, "Unknown product"};
    case Errc::unknown_sku:
      return {404, "Unknown SKU"};
    case Errc::unknown_order:
      return {404, "Unknown order"};
    case Errc::unknown_reservation:
      return {404, "Unknown reservation"};
    case Errc::unknown_route:
      return {404, "Unknown route"};
    case Errc::unknown_import:
      return {404, "Unknown import"};
    case Errc::product_exists:
      return {409, "Product exists"};
    case Errc::sku_taken:
      return {409, "SKU belongs to another product"};
    case Errc::version_mismatch:
      return {412, "Changed in the meantime"};
    case Errc::stale_source_version:
      return {409, "A newer source version is stored"};
    case Errc::insufficient_stock:
      return {409, "Not enough stock"};
    case Errc::stock_held:
      return {409, "Units are held"};
    case Errc::max_per_order_exceeded:
      return {422, "More than one order may contain"};
    case Errc::reservation_expired:
      return {409, "Reservation expired"};
    case Errc::already_committed:
      return {409, "Already committed"};
    case Errc::already_released:
      return {409, "Already released"};
    case Errc::price_changed:
      return {409, "Price changed"};
    case Errc::not_for_sale:
      return {409, "Not for sale"};
    case Errc::quantity_overflow:
      return {422, "Quantity out of range"};
    case Errc::too_many:
      return {422, "Too many items"};
    case Errc::payment_declined:
      return {402, "Payment declined"};
    case Errc::insufficient_funds:
      return {402, "Insufficient funds"};
    case Errc::payment_unavailable:
      return {503, "Payment provider unavailable"};
    case Errc::overloaded:
      return {503, "Overloaded"};
    case Errc::timed_out:
      return {504, "Deadline exceeded"};
    case Errc::unavailable:
      return {503, "Unavailable"};
    case Errc::storage_failure:
      return {503, "Storage failure"};
    case Errc::corrupt_record:
      return {500, "Corrupt record"};
    case Errc::disk_full:
      return {503, "Disk full"};
    case Errc::wrong_shard:
      return {503, "Shard moved"};
    case Errc::internal:
      return {500, "Internal error"};
    case Errc::newer_format:
      return {500, "Written by a newer version"};
    case Errc::canceled:
      return {503, "Canceled"};
    case Errc::consistency_unreachable:
      return {504, "Consistency token not reached in time"};
    case Errc::unknown_outcome:
      return {504, "Outcome unknown"};
    case Errc::unknown_lease:
      return {503, "Lease expired"};
    case Errc::not_leader:  // of nodes among themselves; clients are told unavailable
      return {503, "Unavailable"};
  }
  return {500, "Internal error"};
}

struct FaultPage {
  int status;
  std::string_view code;
  std::string_view title;
};

FaultPage page_of(HttpFault fault) {
  switch (fault) {
    case HttpFault::malformed_head:
      return {400, "malformed_request", "Malformed request"};
    case HttpFault::method_not_allowed:
      return {405, "method_not_allowed", "Method not allowed"};
    case HttpFault::request_timeout:
      return {408, "request_timeout", "Request timeout"};
    case HttpFault::header_too_large:
      return {431, "header_too_large", "Header too large"};
    case HttpFault::length_required:
      return {411, "length_required", "Length required"};
    case HttpFault::version_unsupported:
      return {505, "version_unsupported", "HTTP version not supported"};
    case HttpFault::cursor_expired:
      return {410, "cursor_expired", "The cursor has expired"};
  }
  return {500, "internal", "Internal error"};
}

// Naming a thing inside the request (a line's SKU) is a fault of the request, not of its address.
bool names_part_of_request(const engine::Error& error) {
  return !error.param.empty() &&
         (error.code == Errc::unknown_sku || error.code == Errc::unknown_product ||
          error.code == Errc::unknown_reservation);
}

std::string_view decline_code(Errc code) {
  if (code == Errc::payment_declined) return "card_declined";
  if (code == Errc::insufficient_funds) return "insufficient_funds";
  return {};
}

void write_item(JsonWriter& json, const engine::ErrorItem& item) {
  json.begin_object();
  if (!item.param.empty()) json.field("param", item.param);
  json.field("code", engine::to_string(item.code));
  if (!item.sku.empty()) json.field("sku", item.sku);
  if (item.code == Errc::version_mismatch) {
    json.field("current", item.available);
  } else if (item.requested != 0 || item.available != 0 || item.code == Errc::insufficient_stock) {
    json.field("requested", item.requested).field("available", item.available);
  }
  json.end_object();
}

Response base(int status) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  return response;
}

}  // namespace

int status_of(const engine::Error& error) {
  return names_part_of_request(error) ? 422 : page_of(error.code).status;
}

bool retryable(Errc code) {
  switch (code) {
    case Errc::idempotency_in_progress:
    case Errc::payment_unavailable:
    case Errc::overloaded:
    case Errc::timed_out:
    case Errc::unavailable:
    case Errc::storage_failure:
    case Errc::disk_full:
    case Errc::wrong_shard:
    case Errc::canceled:
    case Errc::consistency_unreachable:
    case Errc::unknown_outcome:
    case Errc::unknown_lease:
    case Errc::not_leader:
      return true;
    default:
      return false;
  }
}

void render_problem(std::string& out, const engine::Error& error, std::string_view instance,
                    std::string_view request_id) {
  const auto code = engine::to_string(error.code);
  JsonWriter json{out};
  json.begin_object();
  json.key("type");
  out += "\"https://souk.dev/errors/";
  out += code;
  out += '"';
  json.field("title", page_of(error.code).title).field("status", status_of(error));
  if (!error.detail.empty()) json.field("detail", error.detail);
  json.field("instance", instance).field("code", code);
  if (!error.param.empty()) json.field("param", error.param);
  if (const auto decline = decline_code(error.code); !decline.empty())
    json.field("decline_code", decline);
  json.field("request_id", request_id).field("retryable", retryable(error.code));
  if (!error.items.empty()) {
    json.key("errors").begin_array();
    for (const auto& item : error.items) write_item(json, item);
    json.end_array();
  }
  json.end_object();
}

Response problem(const engine::Error& error, std::string_view instance,
                 std::string_view request_id) {
  Response response = base(status_of(error));
  render_problem(response.body, error, instance, request_id);
  if (response.status == 401) response.with("WWW-Authenticate", "Bearer realm=\"souk\"");
  if (response.status == 503 || error.code == Errc::idempotency_in_progress)
    response.with("Retry-After", "1");
  return response;
}

Response problem(const RequestScope& scope, const engine::Error& error) {
  return problem(error, scope.request.path(), scope.answer_request_id());
}

Response problem(HttpFault fault, std::string detail, std::string_view instance,
                 std::string_view request_id) {
  const auto page = page_of(fault);
  Response response = base(page.status);
  JsonWriter json{response.body};
  json.begin_object();
  json.field("type", "https://souk.dev/errors/" + std::string{page.code});
  json.field("title", page.title).field("status", page.status);
  if (!detail.empty()) json.field("detail", detail);
  json.field("instance", instance).field("code", page.code).field("request_id", request_id);
  json.field("retryable", fault == HttpFault::request_timeout).end_object();
  return response;
}

}  // namespace souk::net
