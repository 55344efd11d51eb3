#include "net/typesense_error.hpp"

#include "net/http_error.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

using engine::Errc;

namespace {

/// A query that names a field there is not.
bool names_nothing(const engine::Error& error) {
  return !error.items.empty() && error.items.front().code == Errc::unknown_field;
}

}  // namespace

int typesense_status(const engine::Error& error) {
  switch (error.code) {
    case Errc::malformed_request:
    case Errc::missing_field:
    case Errc::invalid_value:
      return 400;
    case Errc::invalid_filter:
    case Errc::invalid_query:
      return names_nothing(error) ? 404 : 400;
    case Errc::unknown_currency:
    case Errc::currency_mismatch:
    case Errc::not_implemented:
      return 400;
    case Errc::unauthorized:
    case Errc::forbidden:
      return 401;
    case Errc::unknown_field:
      return 404;
    case Errc::sku_taken:
    case Errc::stock_held:
    case Errc::version_mismatch:
      return 409;
    case Errc::timed_out:
    case Errc::consistency_unreachable:
      return 408;
    default:
      return status_of(error);
  }
}

std::string typesense_message(const engine::Error& error) {
  switch (error.code) {
    case Errc::unauthorized:
    case Errc::forbidden:
      return "Forbidden - a valid `x-typesense-api-key` header must be sent.";
    case Errc::unknown_route:
      return "Not Found";
    case Errc::overloaded:
      return "Server is busy: " + error.detail;
    default:
      return error.detail.empty() ? std::string{engine::to_string(error.code)} : error.detail;
  }
}

Response typesense_problem(const engine::Error& error) {
  Response response;
  response.status = typesense_status(error);
  JsonWriter{response.body}.begin_object().field("message", typesense_message(error)).end_object();
  return response;
}

}  // namespace souk::net
