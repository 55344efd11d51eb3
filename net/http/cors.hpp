#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace souk::net {

class Request;

/// Which web pages may call from a browser.
struct CorsPolicy {
  bool any = false;                  // --dev
  std::vector<std::string> origins;  // exact: "https://shop.example"

  bool allows(std::string_view origin) const;
};

/// Appends the header lines of an answer to a request from that origin; nothing for an origin that
/// is not allowed.
void append_cors(std::string& head, const CorsPolicy& policy, std::string_view origin);
/// Appends what a preflight wants to know beside that.
void append_preflight(std::string& head, std::string_view allow,
                      std::string_view requested_headers);

}  // namespace souk::net
