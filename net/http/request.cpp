#include "net/http/request.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "net/http/utf8.hpp"

namespace souk::net {

namespace {

using engine::Errc;
using engine::Error;

constexpr std::array<std::string_view, 8> kMethodNames = {"GET",   "HEAD",   "POST",    "PUT",
                                                          "PATCH", "DELETE", "OPTIONS", "OTHER"};

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

// More parameters than this is not a query but an attack on whoever reads them.
constexpr std::size_t kQueryParamsMax = 256;

}  // namespace

std::string_view to_string(Method method) {
  return kMethodNames[static_cast<std::size_t>(method)];
}

Method parse_method(std::string_view text) {
  for (std::size_t i = 0; i + 1 < kMethodNames.size(); ++i)
    if (kMethodNames[i] == text) return static_cast<Method>(i);
  return Method::other;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '+' && plus_is_space) {
      decoded += ' ';
    } else if (c != '%') {
      decoded += c;
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

std::string percent_encode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4U];
    encoded += kHex[byte & 15U];
  }
  return encoded;
}

std::string_view Request::path_param(std::string_view name) const {
  for (const auto& [key, value] : path_params_)
    if (key == name) return value;
  return {};
}

std::optional<std::string_view> Request::query(std::string_view name) const {
  for (const auto& [key, value] : query_)
    if (key == name) return value;
  return std::nullopt;
}

std::string_view Request::header(std::string_view name) const {
  const std::string_view head{head_};
  for (const auto& place : headers_)
    if (place.name_size == name.size() && same_name(head.substr(place.name, place.name_size), name))
      return head.substr(place.value, place.value_size);
  return {};
}

bool Request::has_header(std::string_view name) const {
  const std::string_view head{head_};
  return std::any_of(headers_.begin(), headers_.end(), [&](const HeaderPlace& place) {
    return same_name(head.substr(place.name, place.name_size), name);
  });
}

void Request::clear() {
  method = Method::get;
  // One huge request must not make its connection keep the memory for good.
  if (body.capacity() > (64U << 10U)) std::string{}.swap(body);
  body.clear();
  target_.clear();
  path_ = {};
  query_.clear();
  path_params_.clear();
  head_.clear();
  headers_.clear();
}

engine::Result<void> Request::set_target(std::string_view target) {
  target_.assign(target);
  query_.clear();
  const std::string_view whole{target_};
  const auto mark = whole.find('?');
  path_ = whole.substr(0, mark);
  if (path_.empty() || path_.front() != '/')
    return Error{Errc::malformed_request, "the request target must start with '/'", {}, {}};
  if (path_.find('#') != std::string_view::npos)
    return Error{Errc::malformed_request, "the request target must not have a fragment", {}, {}};
  if (mark == std::string_view::npos) return {};

  std::string_view rest = whole.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::optional<std::string>{std::string{}}
                                                  : percent_decode(pair.substr(equals + 1), true);
    if (!name || !value || !is_utf8(*name) || !is_utf8(*value))
      return Error{Errc::malformed_request,
                   "the query string has a bad escape or is not UTF-8",
                   name && is_utf8(*name) ? *name : std::string{},
                   {}};
    if (query_.size() == kQueryParamsMax)
      return Error{Errc::too_many, "more than 256 query parameters", {}, {}};
    query_.emplace_back(std::move(*name), std::move(*value));
  }
  return {};
}

void Request::add_header(std::string_view name, std::string_view value) {
  HeaderPlace place;
  place.name = static_cast<std::uint32_t>(head_.size());
  place.name_size = static_cast<std::uint32_t>(name.size());
  head_ += name;
  place.value = static_cast<std::uint32_t>(head_.size());
  place.value_size = static_cast<std::uint32_t>(value.size());
  head_ += value;
  headers_.push_back(place);
}

void Request::set_path_params(std::vector<std::pair<std::string_view, std::string>> params) {
  path_params_ = std::move(params);
}

}  // namespace souk::net
