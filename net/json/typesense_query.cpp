#include "net/json/typesense_query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "net/json/json_writer.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;

/// Parameters whose names and values mean to Souk's own search what they mean here.
constexpr auto kShared = std::to_array<std::string_view>({"q",
                                                          "query_by",
                                                          "query_by_weights",
                                                          "prefix",
                                                          "filter_by",
                                                          "facet_by",
                                                          "facet_query",
                                                          "highlight_fields",
                                                          "highlight_start_tag",
                                                          "highlight_end_tag",
                                                          "snippet_threshold",
                                                          "drop_tokens_threshold",
                                                          "hidden_hits",
                                                          "pinned_hits",
                                                          "filter_curated_hits",
                                                          "enable_synonyms",
                                                          "enable_overrides",
                                                          "override_tags",
                                                          "stopwords",
                                                          "search_cutoff_ms",
                                                          "group_by",
                                                          "group_limit",
                                                          "group_missing_values",
                                                          "num_typos",
                                                          "min_len_1typo",
                                                          "min_len_2typo",
                                                          "typo_tokens_threshold",
                                                          "split_join_tokens",
                                                          "language",
                                                          "enable_analytics"});

/// Parameters that choose other hits than those a search without them finds: better no answer than
/// a wrong one.
constexpr auto kNotBuilt = std::to_array<std::string_view>(
    {"vector_query", "preset", "voice_query", "conversation", "nl_query"});

constexpr std::uint32_t kPerPageMax = 250;
constexpr std::uint32_t kFacetValuesMax = 10'000;

template <std::size_t N>
bool among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Error fault(Errc code, std::string_view param, std::string detail) {
  return Error{code, std::move(detail), std::string{param}, {}};
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Cuts at commas that are not inside of parentheses.
std::vector<std::string_view> split_outside(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')' && depth > 0) --depth;
    if (i != text.size() && (text[i] != ',' || depth > 0)) continue;
    if (const auto part = trim(text.substr(begin, i - begin)); !part.empty()) parts.push_back(part);
    begin = i + 1;
  }
  return parts;
}

/// `_text_match(buckets: 10):desc` as `_text_match:desc`; what a parenthesis says beyond that
/// is refused, unless it says what is done anyway.
engine::Result<std::string> plain_sort(std::string_view text) {
  std::string plain;
  for (const std::string_view key : split_outside(text)) {
    const auto open = key.find('(');
    const auto close = key.rfind(')');
    std::string_view name = trim(key.substr(0, key.find_first_of("(:")));
    if (name == "_eval" || name == "_rand" || name == "_vector_distance" || name == "_vector_query")
      return fault(Errc::not_implemented, "sort_by", "Souk cannot sort by " + std::string{name});
    if (!plain.empty()) plain += ',';
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
      plain += key;
      continue;
    }
    const std::string_view option = key.substr(open + 1, close - open - 1);
    const bool known = option.starts_with("buckets") || option.starts_with("bucket_size") ||
                       (option.find("missing_values") != std::string_view::npos &&
                        option.find("last") != std::string_view::npos);
    if (!known) {
      return fault(Errc::not_implemented, "sort_by",
                   "Souk does not know the sort option (" + std::string{option} + ")");
    }
    plain.append(trim(key.substr(0, open))).append(key.substr(close + 1));
  }
  return plain;
}

std::optional<std::uint32_t> number(std::string_view text) {
  text = trim(text);
  std::uint32_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

engine::Result<std::uint32_t> number_or(const SearchParams& params, std::string_view name,
                                        std::uint32_t otherwise) {
  const std::string_view text = typesense_param(params, name);
  if (trim(text).empty()) return otherwise;
  const auto value = number(text);
  if (!value) {
    return fault(Errc::invalid_value, name,
                 "Parameter `" + std::string{name} + "` must be an unsigned integer.");
  }
  return *value;
}

/// The page that holds `take` hits from `skip` on, if there is one that is not larger than allowed.
struct Window {
  std::uint32_t page = 1;
  std::uint32_t per_page = 10;
  std::uint32_t skip = 0;
};
std::optional<Window> window_of(std::uint32_t skip, std::uint32_t take) {
  if (take == 0) return Window{1, 0, 0};
  for (std::uint32_t size = take; size <= kPerPageMax; ++size) {
    if (skip / size == (skip + take - 1) / size) return Window{skip / size + 1, size, skip % size};
  }
  return std::nullopt;
}

/// Page, size and offset in all their spellings.
engine::Result<void> set_page(const SearchParams& params, TypesenseSearch& search) {
  const auto limit = number_or(params, "limit", 10);
  if (!limit) return limit.error();
  const auto per_page = number_or(params, "per_page", *limit);
  if (!per_page) return per_page.error();
  if (*per_page > kPerPageMax) {
    return fault(Errc::too_many, "per_page",
                 "Only upto " + std::to_string(kPerPageMax) + " hits can be fetched per page.");
  }
  auto page = number_or(params, "page", 1);
  if (!page) return page.error();
  const auto offset = number_or(params, "offset", 0);
  if (!offset) return offset.error();
  search.per_page = *per_page;
  search.page = std::max(1U, *page);
  engine::Query& query = search.request.query;
  query.page = search.page;
  query.per_page = search.per_page;
  if (*offset > 0) {
    const auto window = window_of(*offset, *per_page);
    if (!window) {
      return fault(Errc::not_implemented, "offset",
                   "Souk cannot give that many hits from that offset at once: lower `limit`");
    }
    query.page = window->page;
    query.per_page = window->per_page;
    search.skip = window->skip;
    if (*per_page > 0) search.page = *offset / *per_page + 1;
  }
  const auto hits_max = number_or(params, "limit_hits", 0);
  if (!hits_max) return hits_max.error();
  const std::uint64_t last = std::uint64_t{search.page} * search.per_page;
  if (*hits_max > 0 && last > *hits_max) {
    return fault(Errc::too_many, "limit_hits",
                 "Only upto " + std::to_string(*hits_max) +
                     " hits can be fetched. Ensure that `page` and `per_page` parameters are "
                     "within this range.");
  }
  return {};
}

std::optional<std::string> text_of(JsonValue value) {
  switch (value.kind()) {
    case JsonKind::string:
      return std::string{value.as_string()};
    case JsonKind::boolean:
      return value.as_bool() ? "true" : "false";
    case JsonKind::integer:
      return std::to_string(value.as_integer());
    case JsonKind::unsigned_integer:
    case JsonKind::number: {
      std::string text;
      JsonWriter::append_number(text, value.as_number());
      return text;
    }
    case JsonKind::array: {
      std::string text;
      for (const JsonValue item : value) {
        const auto part = text_of(item);
        if (!part) return std::nullopt;
        if (!text.empty()) text += ',';
        text += *part;
      }
      return text;
    }
    case JsonKind::null:
    case JsonKind::object:
      break;
  }
  return std::nullopt;
}

/// `num_typos: 1,0` gives one number per field; a word may have typos in all fields or none, so the
/// largest counts. Anything else stays for the reader of numbers to refuse.
std::string largest_of(std::string_view list) {
  std::uint32_t most = 0;
  for (const std::string_view part : split_outside(list)) {
    const auto value = number(part);
    if (!value) return std::string{list};
    most = std::max(most, *value);
  }
  return std::to_string(most);
}

bool says_no(std::string_view text) {
  return trim(text).empty() || text == "false";
}

}  // namespace

std::vector<std::string> typesense_names(std::string_view list) {
  std::vector<std::string> names;
  for (const std::string_view name : split_outside(list)) names.emplace_back(name);
  return names;
}

std::string_view typesense_param(const SearchParams& params, std::string_view name) {
  const auto found = std::find_if(params.rbegin(), params.rend(),
                                  [&](const auto& param) { return param.first == name; });
  return found == params.rend() ? std::string_view{} : std::string_view{found->second};
}

engine::Result<SearchParams> typesense_params(JsonValue object) {
  if (!object.is_object())
    return fault(Errc::malformed_request, "", "Bad JSON: a search must be an object.");
  SearchParams params;
  for (const JsonValue member : object) {
    if (auto text = text_of(member))
      params.emplace_back(std::string{member.key()}, std::move(*text));
  }
  return params;
}

engine::Result<TypesenseSearch> parse_typesense_search(const SearchParams& params) {
  const bool has_q = std::any_of(params.begin(), params.end(),
                                 [](const auto& param) { return param.first == "q"; });
  if (!has_q) return fault(Errc::missing_field, "q", "Parameter `q` is required.");
  for (const std::string_view name : kNotBuilt) {
    if (!says_no(typesense_param(params, name)))
      return fault(Errc::not_implemented, name,
                   "Parameter `" + std::string{name} + "` is not built in Souk.");
  }
  SearchParams own;
  for (const std::string_view name : kShared) {
    const std::string_view value = typesense_param(params, name);
    if (value.empty()) continue;
    own.emplace_back(std::string{name},
                     name == "num_typos" ? largest_of(value) : std::string{value});
  }
  auto sort = plain_sort(typesense_param(params, "sort_by"));
  if (!sort) return std::move(sort).error();
  if (!sort->empty()) own.emplace_back("sort_by", std::move(*sort));

  if (typesense_param(params, "drop_tokens_threshold").empty())
    own.emplace_back("drop_tokens_threshold", "1");

  auto request = parse_search_params(own);
  if (!request) return std::move(request).error();
  TypesenseSearch search;
  search.request = std::move(*request);
  search.request.query.token_dropping = engine::TokenDropping::from_right;
  search.q = typesense_param(params, "q");
  const auto values = number_or(params, "max_facet_values", 10);
  if (!values) return values.error();
  search.request.query.max_facet_values = std::min(*values, kFacetValuesMax);
  search.request.include_fields = typesense_names(typesense_param(params, "include_fields"));
  search.request.exclude_fields = typesense_names(typesense_param(params, "exclude_fields"));
  if (const auto paged = set_page(params, search); !paged) return paged.error();
  if (const auto valid = engine::validate_query(search.request.query); !valid) return valid.error();
  return search;
}

}  // namespace souk::net
