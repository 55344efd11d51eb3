#include "net/endpoints/request_parts.hpp"

#include <algorithm>
#include <charconv>

#include "net/json/timestamp.hpp"

namespace souk::net {

using engine::Errc;

engine::Result<std::string> path_id(const Request& request, std::string_view name) {
  const std::string_view text = request.path_param(name);
  if (!engine::is_valid_id(text)) {
    return engine::Error{Errc::invalid_value,
                         std::string{name} + ": must be 1 to 128 characters of A-Z a-z 0-9 _ . : -",
                         std::string{name},
                         {}};
  }
  return std::string{text};
}

std::optional<std::string_view> QueryReader::text(std::string_view name) {
  known_.push_back(name);
  const auto& params = request_.query_params();
  const auto named = [&](const auto& param) { return param.first == name; };
  if (std::count_if(params.begin(), params.end(), named) > 1) {
    errors_.add(Errc::invalid_value, std::string{name}, "is given twice");
  }
  return request_.query(name);
}

std::optional<std::int64_t> QueryReader::integer(std::string_view name, std::int64_t min,
                                                 std::int64_t max) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  std::int64_t number = 0;
  const auto [rest, ec] = std::from_chars(given->data(), given->data() + given->size(), number);
  if (ec == std::errc{} && rest == given->data() + given->size() && number >= min && number <= max)
    return number;
  errors_.add(Errc::invalid_value, std::string{name},
              "must be an integer from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

std::optional<bool> QueryReader::flag(std::string_view name) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  if (*given == "true") return true;
  if (*given == "false") return false;
  errors_.add(Errc::invalid_value, std::string{name}, "must be true or false");
  return std::nullopt;
}

std::optional<engine::Timestamp> QueryReader::time(std::string_view name) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto time = parse_timestamp(*given);
  if (!time) {
    errors_.add(Errc::invalid_value, std::string{name},
                "must be an RFC 3339 time such as 2026-01-31T12:00:00Z");
  }
  return time;
}

std::size_t QueryReader::limit() {
  return static_cast<std::size_t>(integer("limit", 1, 250).value_or(20));
}

void QueryReader::finish() {
  for (const auto& [name, value] : request_.query_params()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    errors_.add(Errc::unknown_field, name, "no such parameter");
  }
}

engine::Result<void> refuse_query(const Request& request) {
  JsonErrors errors;
  QueryReader{request, errors}.finish();
  if (errors.any()) return errors.error();
  return {};
}

bool none_match_names(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    const auto comma = header.find(',');
    std::string_view one = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view{} : header.substr(comma + 1);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == etag) return true;
  }
  return false;
}

std::string schema_ref(std::string_view name) {
  return R"({"$ref":"#/components/schemas/)" + std::string{name} + R"("})";
}

std::string list_schema(std::string_view item) {
  return R"({"type":"object","required":["data","has_more"],"properties":{"data":{"type":"array","items":)" +
         schema_ref(item) +
         R"(},"has_more":{"type":"boolean"},"next_cursor":{"type":["string","null"]}}})";
}

}  // namespace souk::net
