#include "engine/search/query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>
#include <utility>

#include "engine/search/filter.hpp"
#include "engine/types/id.hpp"

namespace souk::engine {
namespace {

constexpr std::size_t kSortKeysMax = 8;
constexpr std::size_t kQueryFieldsMax = 64;
constexpr std::size_t kFacetsMax = 64;
constexpr std::size_t kRangesMax = 128;
constexpr std::size_t kQueryBytesMax = 4096;
constexpr std::size_t kHiddenHitsMax = 10'000;
constexpr std::size_t kRewritesMax = 32;
constexpr std::uint32_t kTyposMax = 2;
constexpr std::uint32_t kPerPageMax = 250;
constexpr std::uint64_t kWindowMax = 100'000;  // page * per_page: deeper pages are for exports
constexpr std::uint32_t kFacetValuesMax = 10'000;
constexpr std::uint32_t kWeightMax = 127;
constexpr std::uint32_t kGroupLimitMax = 99;
constexpr std::string_view kAttributePrefix = "attributes.";
constexpr std::string_view kSpace = " \t\r\n";

constexpr std::array<std::string_view, 7> kQueryFields{"title",      "brand", "categories", "tags",
                                                       "attributes", "sku",   "description"};
constexpr std::array<std::string_view, 11> kSortFields{
    "_text_match", "price",      "rating", "rating_count", "popularity", "available",
    "created_at",  "updated_at", "title",  "brand",        "id"};
constexpr std::array<std::string_view, 6> kFacetFields{"brand",    "categories", "tags",
                                                       "in_stock", "price",      "rating"};

template <std::size_t N>
bool is_known(const std::array<std::string_view, N>& fields, std::string_view field) {
  if (field.starts_with(kAttributePrefix)) return field.size() > kAttributePrefix.size();
  return std::find(fields.begin(), fields.end(), field) != fields.end();
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  if (trimmed(text).empty()) return parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Error invalid(std::string_view param, std::string detail) {
  return {Errc::invalid_query, std::move(detail), std::string{param}, {}};
}

/// A name that stands for nothing: the item tells it from a name that is misused.
Error unknown_name(std::string_view param, std::string detail) {
  Error error = invalid(param, std::move(detail));
  ErrorItem& item = error.items.emplace_back();
  item.param = param;
  item.code = Errc::unknown_field;
  return error;
}

Error too_many(std::string_view param, std::size_t most) {
  return {
      Errc::too_many, "at most " + std::to_string(most) + " are allowed", std::string{param}, {}};
}

std::string quoted(std::string_view text) {
  return '"' + std::string{text} + '"';
}

std::optional<double> parse_bound(std::string_view text) {
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

// `cheap:[0, 1000]` at the start of `text`, which loses it.
Result<FacetRange> take_range(std::string_view& text) {
  const auto open = text.find('[');
  const auto close = text.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return invalid("facet_by", "a range is written label:[from, to]");
  }
  auto label = trimmed(text.substr(0, open));
  if (!label.ends_with(':') || trimmed(label.substr(0, label.size() - 1)).empty()) {
    return invalid("facet_by", "a range is written label:[from, to]");
  }
  label = trimmed(label.substr(0, label.size() - 1));
  const auto bounds = text.substr(open + 1, close - open - 1);
  const auto comma = bounds.find(',');
  if (comma == std::string_view::npos)
    return invalid("facet_by", "range " + quoted(label) + " needs two bounds");
  text.remove_prefix(close + 1);

  FacetRange range;
  range.label = label;
  range.from = -std::numeric_limits<double>::infinity();
  range.to = std::numeric_limits<double>::infinity();
  for (const bool lower : {true, false}) {
    const auto written = trimmed(lower ? bounds.substr(0, comma) : bounds.substr(comma + 1));
    if (written.empty()) continue;
    const auto number = parse_bound(written);
    if (!number) return invalid("facet_by", quoted(written) + " is not a number");
    (lower ? range.from : range.to) = *number;
  }
  if (range.from >= range.to) return invalid("facet_by", "range " + quoted(label) + " is empty");
  return range;
}

Result<std::vector<FacetRange>> parse_ranges(std::string_view text) {
  std::vector<FacetRange> ranges;
  for (;;) {
    auto range = take_range(text);
    if (!range) return range.error();
    const bool repeated = std::any_of(ranges.begin(), ranges.end(), [&](const FacetRange& other) {
      return other.label == range->label;
    });
    if (repeated) return invalid("facet_by", "range " + quoted(range->label) + " is given twice");
    ranges.push_back(std::move(*range));
    if (ranges.size() > kRangesMax) return too_many("facet_by", kRangesMax);
    text = trimmed(text);
    if (text.empty()) return ranges;
    if (text.front() != ',') return invalid("facet_by", "expected a comma between ranges");
    text.remove_prefix(1);
  }
}

Result<std::uint32_t> parse_weight(std::string_view text) {
  std::uint32_t weight = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (failure != std::errc{} || end != text.data() + text.size() || weight > kWeightMax) {
    return invalid("query_by_weights",
                   quoted(text) + " is not a weight from 0 to " + std::to_string(kWeightMax));
  }
  return weight;
}

bool is_group_field(std::string_view field) {
  return field != "_text_match" && is_known(kSortFields, field);
}

Result<void> validate_names(const Query& query) {
  for (const auto& field : query.query_by) {
    if (!is_query_field(field.name))
      return unknown_name("query_by", "unknown field " + quoted(field.name));
  }
  for (const auto& key : query.sort_by) {
    if (!is_known(kSortFields, key.field))
      return unknown_name("sort_by", "cannot sort by " + quoted(key.field));
  }
  for (const auto& field : query.group_by) {
    if (!is_group_field(field))
      return unknown_name("group_by", "cannot group by " + quoted(field));
  }
  for (const auto& facet : query.facet_by) {
    if (!is_known(kFacetFields, facet.field))
      return unknown_name("facet_by", "no facet on " + quoted(facet.field));
  }
  for (const auto& field : query.highlight_fields) {
    if (!is_query_field(field))
      return unknown_name("highlight_fields", "unknown field " + quoted(field));
  }
  if (query.facet_query_field.empty()) return {};
  const bool counted = std::any_of(
      query.facet_by.begin(), query.facet_by.end(),
      [&](const FacetRequest& facet) { return facet.field == query.facet_query_field; });
  if (!counted)
    return invalid("facet_query", quoted(query.facet_query_field) + " is not in facet_by");
  return {};
}

}  // namespace

std::vector<QueryField> default_query_fields() {
  // By judged queries (bench/relevance): a description that is about the words says as much as a
  // title that has them. Prefixes complete what people type about a product, not its running text.
  return {{"title", 15, true},      {"sku", 12, true}, {"brand", 4, true},
          {"categories", 6, true},  {"tags", 5, true}, {"attributes", 4, true},
          {"description", 15, false}};
}

bool is_query_field(std::string_view field) {
  return is_known(kQueryFields, field);
}

Result<void> validate_query(const Query& query) {
  if (query.q.size() > kQueryBytesMax) {
    return Error{
        Errc::too_large, "q is longer than " + std::to_string(kQueryBytesMax) + " bytes", "q", {}};
  }
  if (query.rewrites.size() > kRewritesMax) return too_many("rewrites", kRewritesMax);
  for (const std::string& rewrite : query.rewrites) {
    if (rewrite.size() > kQueryBytesMax)
      return Error{Errc::too_large, "a rewrite is longer than q may be", "rewrites", {}};
  }
  if (query.num_typos > kTyposMax)
    return invalid("num_typos", "from 0 to " + std::to_string(kTyposMax));
  if (query.query_by.size() > kQueryFieldsMax) return too_many("query_by", kQueryFieldsMax);
  if (query.sort_by.size() > kSortKeysMax) return too_many("sort_by", kSortKeysMax);
  if (query.facet_by.size() > kFacetsMax) return too_many("facet_by", kFacetsMax);
  if (query.hidden_hits.size() > kHiddenHitsMax) return too_many("hidden_hits", kHiddenHitsMax);
  if (query.pinned_hits.size() > kPinnedHitsMax) return too_many("pinned_hits", kPinnedHitsMax);
  for (const PinnedHit& pin : query.pinned_hits) {
    if (pin.position == 0 || pin.position > kPinPositionMax)
      return invalid("pinned_hits", "positions are from 1 to " + std::to_string(kPinPositionMax));
  }
  if (query.boosts.size() > kHitBoostsMax) return too_many("boosts", kHitBoostsMax);
  for (const HitBoost& boost : query.boosts) {
    if (boost.percent > kBoostPercentMax)
      return invalid("boosts", "at most " + std::to_string(kBoostPercentMax) + " percent");
  }
  if (query.group_by.size() > kSortKeysMax) return too_many("group_by", kSortKeysMax);
  if (query.group_limit == 0 || query.group_limit > kGroupLimitMax)
    return invalid("group_limit", "from 1 to " + std::to_string(kGroupLimitMax));
  if (query.page == 0) return invalid("page", "pages count from 1");
  if (query.per_page > kPerPageMax)
    return invalid("per_page", "at most " + std::to_string(kPerPageMax));
  if (std::uint64_t{query.page} * query.per_page > kWindowMax) {
    return invalid("page", "page times per_page may not pass " + std::to_string(kWindowMax));
  }
  if (query.max_facet_values > kFacetValuesMax) {
    return invalid("max_facet_values", "at most " + std::to_string(kFacetValuesMax));
  }
  return validate_names(query);
}

Result<std::vector<QueryField>> parse_query_by(std::string_view query_by, std::string_view weights,
                                               std::string_view prefix) {
  auto fields = default_query_fields();
  const auto names = split(query_by, ',');
  const bool named = !names.empty();
  if (names.size() > kQueryFieldsMax) return too_many("query_by", kQueryFieldsMax);
  if (named) fields.clear();
  // Earlier fields count more when no weights are given, as with Typesense.
  auto weight = static_cast<std::uint32_t>(names.size());
  for (const auto name : names) {
    if (!is_query_field(name)) return unknown_name("query_by", "unknown field " + quoted(name));
    const bool repeated = std::any_of(fields.begin(), fields.end(),
                                      [&](const QueryField& field) { return field.name == name; });
    if (repeated) return invalid("query_by", "field " + quoted(name) + " is given twice");
    fields.push_back({std::string{name}, weight--, true});
  }

  const auto given = split(weights, ',');
  if (!given.empty()) {
    if (!named) return invalid("query_by_weights", "weights need query_by");
    if (given.size() != fields.size())
      return invalid("query_by_weights", "one weight per field of query_by");
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto parsed = parse_weight(given[i]);
      if (!parsed) return parsed.error();
      fields[i].weight = *parsed;
    }
  }

  const auto switches = split(prefix, ',');
  if (!switches.empty() && switches.size() != 1 && switches.size() != fields.size()) {
    return invalid("prefix", "one value, or one per field of query_by");
  }
  for (std::size_t i = 0; i < fields.size() && !switches.empty(); ++i) {
    const auto on = switches.size() == 1 ? switches.front() : switches[i];
    if (on != "true" && on != "false")
      return invalid("prefix", quoted(on) + " is neither true nor false");
    fields[i].prefix = on == "true";
  }
  return fields;
}

Result<std::vector<SortKey>> parse_sort_by(std::string_view text) {
  std::vector<SortKey> keys;
  for (const auto part : split(text, ',')) {
    const auto colon = part.rfind(':');
    const auto field = trimmed(part.substr(0, colon));
    const auto order = colon == std::string_view::npos ? "desc" : trimmed(part.substr(colon + 1));
    if (!is_known(kSortFields, field)) return unknown_name("sort_by", "cannot sort by " + quoted(field));
    if (order != "asc" && order != "desc")
      return invalid("sort_by", quoted(order) + " is neither asc nor desc");
    keys.push_back(
        {std::string{field}, order == "asc" ? SortOrder::ascending : SortOrder::descending});
    if (keys.size() > kSortKeysMax) return too_many("sort_by", kSortKeysMax);
  }
  return keys;
}

Result<std::vector<std::string>> parse_group_by(std::string_view text) {
  std::vector<std::string> fields;
  for (const auto field : split(text, ',')) {
    if (!is_group_field(field)) return unknown_name("group_by", "cannot group by " + quoted(field));
    if (std::find(fields.begin(), fields.end(), field) != fields.end())
      return invalid("group_by", "field " + quoted(field) + " is given twice");
    fields.emplace_back(field);
    if (fields.size() > kSortKeysMax) return too_many("group_by", kSortKeysMax);
  }
  return fields;
}

Result<std::vector<FacetRequest>> parse_facet_by(std::string_view text) {
  std::vector<FacetRequest> facets;
  text = trimmed(text);
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(",("), text.size());
    FacetRequest facet;
    facet.field = trimmed(text.substr(0, end));
    if (!is_known(kFacetFields, facet.field))
      return unknown_name("facet_by", "no facet on " + quoted(facet.field));
    text.remove_prefix(end);
    if (text.starts_with('(')) {
      const auto close = text.find(')');
      if (close == std::string_view::npos) return invalid("facet_by", "unclosed (");
      auto ranges = parse_ranges(trimmed(text.substr(1, close - 1)));
      if (!ranges) return ranges.error();
      facet.ranges = std::move(*ranges);
      text = trimmed(text.substr(close + 1));
    }
    const bool repeated = std::any_of(facets.begin(), facets.end(), [&](const FacetRequest& other) {
      return other.field == facet.field;
    });
    if (repeated) return invalid("facet_by", "facet " + quoted(facet.field) + " is given twice");
    facets.push_back(std::move(facet));
    if (facets.size() > kFacetsMax) return too_many("facet_by", kFacetsMax);
    if (text.empty()) break;
    if (text.front() != ',') return invalid("facet_by", "expected a comma between facets");
    text = trimmed(text.substr(1));
    if (text.empty()) return invalid("facet_by", "a facet is missing after the last comma");
  }
  return facets;
}

Result<std::vector<PinnedHit>> parse_pinned_hits(std::string_view text) {
  std::vector<PinnedHit> pins;
  while (!trimmed(text).empty()) {
    const auto comma = text.find(',');
    const auto part = trimmed(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    if (part.empty()) continue;
    const auto colon = part.rfind(':');  // ids may have some too
    const auto id = trimmed(part.substr(0, colon));
    if (colon == std::string_view::npos || !is_valid_id(id))
      return invalid("pinned_hits", quoted(part) + " is not written id:position");
    const auto written = trimmed(part.substr(colon + 1));
    std::uint32_t position = 0;
    const auto [end, failure] =
        std::from_chars(written.data(), written.data() + written.size(), position);
    if (failure != std::errc{} || end != written.data() + written.size() || position == 0 ||
        position > kPinPositionMax) {
      return invalid("pinned_hits", quoted(written) + " is not a position from 1 to " +
                                        std::to_string(kPinPositionMax));
    }
    pins.push_back({std::string{id}, position});
    if (pins.size() > kPinnedHitsMax) return too_many("pinned_hits", kPinnedHitsMax);
  }
  std::stable_sort(pins.begin(), pins.end(), [](const PinnedHit& a, const PinnedHit& b) {
    return a.position < b.position;
  });
  return pins;
}

Result<FacetQuery> parse_facet_query(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return FacetQuery{};
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return invalid("facet_query", "written field:prefix");
  const auto field = trimmed(text.substr(0, colon));
  if (!is_known(kFacetFields, field)) return unknown_name("facet_query", "no facet on " + quoted(field));
  return FacetQuery{std::string{field}, std::string{trimmed(text.substr(colon + 1))}};
}

}  // namespace souk::engine
