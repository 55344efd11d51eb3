#include "net/http/cors.hpp"

#include <algorithm>

namespace souk::net {

namespace {

// What pages may read of an answer beyond the few headers they always can.
constexpr std::string_view kExposed =
    "Request-Id, ETag, Location, Consistency-Token, Idempotency-Replayed, Retry-After, "
    "traceparent";

// Only what a header value may carry is sent back.
bool is_header_list(std::string_view text) {
  return text.size() <= 1024 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == ',' || c == ' ';
         });
}

}  // namespace

bool CorsPolicy::allows(std::string_view origin) const {
  return any || std::find(origins.begin(), origins.end(), origin) != origins.end();
}

void append_cors(std::string& head, const CorsPolicy& policy, std::string_view origin) {
  if (origin.empty() || !policy.allows(origin)) return;
  head += "Access-Control-Allow-Origin: ";
  head += policy.any ? std::string_view{"*"} : origin;
  head += "\r\nAccess-Control-Expose-Headers: ";
  head += kExposed;
  head += policy.any ? "\r\n" : "\r\nVary: Origin\r\n";
}

void append_preflight(std::string& head, std::string_view allow,
                      std::string_view requested_headers) {
  head += "Access-Control-Allow-Methods: ";
  head += allow;
  head += "\r\nAccess-Control-Allow-Headers: ";
  head += !requested_headers.empty() && is_header_list(requested_headers)
              ? requested_headers
              : std::string_view{"Authorization, Content-Type, Idempotency-Key, Order-Token"};
  head += "\r\nAccess-Control-Max-Age: 86400\r\n";
}

}  // namespace souk::net
