#include "bench/peers/search/asked_query.hpp"

#include <cstdlib>
#include <string_view>

namespace souk::bench {
namespace {

using engine::Errc;
using engine::Error;
using engine::Query;
using engine::Result;

/// Leaves `parsed` in `member`; whether it could be parsed.
template <class Value>
Result<void> put(Result<Value> parsed, Value& member) {
  if (!parsed) return parsed.error();
  member = std::move(*parsed);
  return {};
}

Result<void> put(std::string_view name, const std::string& value, Query& query) {
  const auto number = static_cast<std::uint32_t>(std::atoi(value.c_str()));
  if (name == "filter_by") return put(engine::parse_filter(value), query.filter);
  if (name == "facet_by") return put(engine::parse_facet_by(value), query.facet_by);
  if (name == "sort_by") return put(engine::parse_sort_by(value), query.sort_by);
  if (name == "group_by") return put(engine::parse_group_by(value), query.group_by);
  if (name == "query_by") return put(engine::parse_query_by(value, "", ""), query.query_by);
  if (name == "rewrite") {
    query.rewrites.push_back(value);
  } else if (name == "match" && value == "any") {
    query.match = engine::WordMatch::any;
  } else if (name == "group_limit") {
    query.group_limit = number;
  } else if (name == "page") {
    query.page = number;
  } else if (name == "per_page") {
    query.per_page = number;
  } else if (name == "num_typos") {
    query.num_typos = number;
  } else if (name == "any_below") {
    query.drop_tokens_threshold = number;
    query.token_dropping = engine::TokenDropping::any_word;
  } else {
    return Error{Errc::invalid_query, "unknown: " + std::string{name}, {}, {}};
  }
  return {};
}

}  // namespace

Result<Query> asked_query(const std::vector<std::string>& row) {
  Query query;
  if (row.size() < 2) return Error{Errc::invalid_query, "a name and q are needed", {}, {}};
  query.q = row[1];
  for (std::size_t i = 2; i < row.size(); ++i) {
    const std::size_t equals = row[i].find('=');
    if (equals == std::string::npos) continue;
    const auto taken =
        put(std::string_view{row[i]}.substr(0, equals), row[i].substr(equals + 1), query);
    if (!taken) return taken.error();
  }
  if (const auto valid = engine::validate_query(query); !valid) return valid.error();
  return query;
}

}  // namespace souk::bench
