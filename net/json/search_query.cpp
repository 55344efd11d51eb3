#include "net/json/search_query.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/types/id.hpp"
#include "net/json/search_page.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;
using Failure = std::optional<Error>;

Error fault(Errc code, std::string_view param, std::string detail) {
  return Error{code, std::string{param} + ": " + detail, std::string{param}, {}};
}

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Cuts at commas; empty parts are left out.
std::vector<std::string> split_texts(std::string_view text) {
  std::vector<std::string> texts;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (const auto part = trim(text.substr(0, comma)); !part.empty()) texts.emplace_back(part);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return texts;
}

bool parse_unsigned(std::string_view text, std::uint32_t& out) {
  const auto [rest, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc{} && rest == text.data() + text.size();
}

bool parse_flag(std::string_view text, bool& out) {
  out = text == "true" || text == "1";
  return out || text == "false" || text == "0";
}

/// Everything gathered before it can be judged together.
struct Draft {
  SearchRequest request;
  std::string_view query_by, weights, prefix;
};

Failure set_unsigned(std::string_view name, std::string_view text, std::uint32_t min,
                     std::uint32_t max, std::uint32_t& out) {
  if (parse_unsigned(trim(text), out) && out >= min && out <= max) return std::nullopt;
  return fault(Errc::invalid_value, name,
               "must be an integer from " + std::to_string(min) + " to " + std::to_string(max));
}

Failure set_flag(std::string_view name, std::string_view text, bool& out) {
  if (parse_flag(trim(text), out)) return std::nullopt;
  return fault(Errc::invalid_value, name, "must be true or false");
}

/// Takes what a grammar of the engine made of a parameter, or its error.
template <class T, class Take>
Failure take(engine::Result<T> parsed, Take&& take_value) {
  if (!parsed) return std::move(parsed).error();
  take_value(std::move(parsed).value());
  return std::nullopt;
}

Failure set_filter(std::string_view text, engine::Query& query) {
  Failure failure = take(engine::parse_filter(text),
                         [&](engine::FilterPtr filter) { query.filter = std::move(filter); });
  if (failure) failure->param = "filter_by";
  query.rules.filter_by = text;
  return failure;
}

Failure set_pins(std::string_view text, engine::Query& query) {
  return take(engine::parse_pinned_hits(text),
              [&](auto pins) { query.pinned_hits = std::move(pins); });
}

/// An id that no product can have is a slip of the pen.
Failure set_hidden(std::string_view text, engine::Query& query) {
  query.hidden_hits = split_texts(text);
  for (const std::string& id : query.hidden_hits) {
    if (!engine::is_valid_id(id))
      return fault(Errc::invalid_value, "hidden_hits", id + " is no product id");
  }
  return std::nullopt;
}

Failure set_tags(std::string_view text, engine::Query& query) {
  constexpr std::size_t kTagsMax = 32;
  query.rules.tags = split_texts(text);
  if (query.rules.tags.size() <= kTagsMax) return std::nullopt;
  return fault(Errc::too_many, "override_tags", "at most " + std::to_string(kTagsMax));
}

Failure set_facets(std::string_view text, engine::Query& query) {
  return take(engine::parse_facet_by(text),
              [&](auto facets) { query.facet_by = std::move(facets); });
}

Failure set_facet_query(std::string_view text, engine::Query& query) {
  return take(engine::parse_facet_query(text), [&](engine::FacetQuery facet) {
    query.facet_query_field = std::move(facet.field);
    query.facet_query_prefix = std::move(facet.prefix);
  });
}

Failure set_sort(std::string_view text, engine::Query& query) {
  return take(engine::parse_sort_by(text), [&](auto keys) { query.sort_by = std::move(keys); });
}

Failure set_groups(std::string_view text, engine::Query& query) {
  return take(engine::parse_group_by(text),
              [&](auto fields) { query.group_by = std::move(fields); });
}

Failure set_highlights(std::string_view text, engine::Query& query) {
  query.highlight_fields = split_texts(text);
  if (query.highlight_fields == std::vector<std::string>{"none"}) {
    query.highlight_fields.clear();
    query.highlight = false;
  }
  return std::nullopt;
}

/// A name that nothing can have is a slip of the pen: the client would miss a field, or see one it
/// wanted gone, and nobody would say why. An attribute that no product has is no slip.
Failure set_fields(std::string_view param, std::string_view text, std::vector<std::string>& out) {
  out = split_texts(text);
  for (const std::string& name : out) {
    if (!is_document_field(name))
      return fault(Errc::unknown_field, param, "documents have no field " + name);
  }
  return std::nullopt;
}

Failure set_split_join(std::string_view text, engine::Query& query) {
  const std::string_view name = trim(text);
  if (name == "off") {
    query.split_join_tokens = engine::SplitJoin::off;
  } else if (name == "fallback") {
    query.split_join_tokens = engine::SplitJoin::fallback;
  } else if (name == "always") {
    query.split_join_tokens = engine::SplitJoin::always;
  } else {
    return fault(Errc::invalid_value, "split_join_tokens", "must be off, fallback or always");
  }
  return std::nullopt;
}

Failure set_match(std::string_view text, engine::Query& query) {
  const std::string_view name = trim(text);
  if (name != "all" && name != "any")
    return fault(Errc::invalid_value, "match", "must be all or any");
  query.match = name == "any" ? engine::WordMatch::any : engine::WordMatch::all;
  return std::nullopt;
}

Failure set_language(std::string_view text, engine::Query& query) {
  const auto language = engine::language_of(trim(text));
  if (!language) {
    return fault(Errc::invalid_value, "language",
                 "must be one of " + std::string{engine::language_codes()});
  }
  query.language = *language;
  return {};
}

Failure set_count_limit(std::string_view text, engine::Query& query) {
  std::uint32_t hits = 0;
  if (auto failure = set_unsigned("count_limit", text, 1, 1'000'000'000, hits)) return failure;
  query.count_limit = hits;
  return std::nullopt;
}

Failure set_cutoff(std::string_view text, SearchRequest& request) {
  std::uint32_t milliseconds = 0;
  if (auto failure = set_unsigned("search_cutoff_ms", text, 1, 600'000, milliseconds))
    return failure;
  request.cutoff = std::chrono::milliseconds{milliseconds};
  return std::nullopt;
}

enum class ParamKind { text, list, integer, flag };

struct Parameter {
  std::string_view name;
  ParamKind kind;
  Failure (*set)(std::string_view text, Draft& draft);  // null: part of the API, not built
};

/// Of judged queries that have fewer hits, most lack good ones that do without a word
/// (bench/relevance).
constexpr std::uint32_t kDropTokensThreshold = 20;

constexpr auto kParameters = std::to_array<Parameter>({
    {"q", ParamKind::text, [](std::string_view t, Draft& d) -> Failure { d.request.query.q = t; return {}; }},
    {"query_by", ParamKind::list, [](std::string_view t, Draft& d) -> Failure { d.query_by = t; return {}; }},
    {"query_by_weights", ParamKind::list, [](std::string_view t, Draft& d) -> Failure { d.weights = t; return {}; }},
    {"prefix", ParamKind::list, [](std::string_view t, Draft& d) -> Failure { d.prefix = t; return {}; }},
    {"filter_by", ParamKind::text, [](std::string_view t, Draft& d) { return set_filter(t, d.request.query); }},
    {"facet_by", ParamKind::list, [](std::string_view t, Draft& d) { return set_facets(t, d.request.query); }},
    {"facet_query", ParamKind::text, [](std::string_view t, Draft& d) { return set_facet_query(t, d.request.query); }},
    {"max_facet_values", ParamKind::integer,
     [](std::string_view t, Draft& d) { return set_unsigned("max_facet_values", t, 0, 10'000, d.request.query.max_facet_values); }},
    {"sort_by", ParamKind::list, [](std::string_view t, Draft& d) { return set_sort(t, d.request.query); }},
    {"page", ParamKind::integer,
     [](std::string_view t, Draft& d) { return set_unsigned("page", t, 1, 1'000'000, d.request.query.page); }},
    {"per_page", ParamKind::integer,
     [](std::string_view t, Draft& d) { return set_unsigned("per_page", t, 0, 250, d.request.query.per_page); }},
    {"include_fields", ParamKind::list,
     [](std::string_view t, Draft& d) { return set_fields("include_fields", t, d.request.include_fields); }},
    {"exclude_fields", ParamKind::list,
     [](std::string_view t, Draft& d) { return set_fields("exclude_fields", t, d.request.exclude_fields); }},
    {"highlight_fields", ParamKind::list, [](std::string_view t, Draft& d) { return set_highlights(t, d.request.query); }},
    {"highlight_start_tag", ParamKind::text,
     [](std::string_view t, Draft& d) -> Failure { d.request.query.highlight_start = t; return {}; }},
    {"highlight_end_tag", ParamKind::text,
     [](std::string_view t, Draft& d) -> Failure { d.request.query.highlight_end = t; return {}; }},
    {"snippet_threshold", ParamKind::integer,
     [](std::string_view t, Draft& d) { return set_unsigned("snippet_threshold", t, 0, 100'000, d.request.query.snippet_threshold); }},
    {"drop_tokens_threshold", ParamKind::integer,
     [](std::string_view t, Draft& d) { return set_unsigned("drop_tokens_threshold", t, 0, 1'000'000, d.request.query.drop_tokens_threshold); }},
    {"hidden_hits", ParamKind::list,
     [](std::string_view t, Draft& d) { return set_hidden(t, d.request.query); }},
    {"pinned_hits", ParamKind::list, [](std::string_view t, Draft& d) { return set_pins(t, d.request.query); }},
    {"filter_curated_hits", ParamKind::flag,
     [](std::string_view t, Draft& d) { return set_flag("filter_curated_hits", t, d.request.query.filter_pinned_hits); }},
    {"enable_synonyms", ParamKind::flag,
     [](std::string_view t, Draft& d) { return set_flag("enable_synonyms", t, d.request.query.rules.synonyms); }},
    {"enable_overrides", ParamKind::flag,
     [](std::string_view t, Draft& d) { return set_flag("enable_overrides", t, d.request.query.rules.curations); }},
    {"override_tags", ParamKind::list, [](std::string_view t, Draft& d) { return set_tags(t, d.request.query); }},
    {"stopwords", ParamKind::text,
     [](std::string_view t, Draft& d) -> Failure { d.request.query.rules.stop_words = trim(t); return {}; }},
    {"language", ParamKind::text,
     [](std::string_view t, Draft& d) { return set_language(t, d.request.query); }},
    {"proximity", ParamKind::flag,
     [](std::string_view t, Draft& d) { return set_flag("proximity", t, d.request.query.proximity); }},
    {"explain", ParamKind::flag,
     [](std::string_view t, Draft& d) { return set_flag("explain", t, d.request.query.explain); }},
    {"search_cutoff_ms", ParamKind::integer, [](std::string_view t, Draft& d) { return set_cutoff(t, d.request); }},
    {"require_full_coverage", ParamKind::flag,
     [](std::string_view t, Draft& d) { return set_flag("require_full_coverage", t, d.request.require_full_coverage); }},
    {"enable_analytics", ParamKind::flag,
     [](std::string_view t, Draft& d) { return set_flag("enable_analytics", t, d.request.analytics); }},
    {"num_typos", ParamKind::integer,
     [](std::string_view t, Draft& d) { return set_unsigned("num_typos", t, 0, 2, d.request.query.num_typos); }},
    {"min_len_1typo", ParamKind::integer,
     [](std::string_view t, Draft& d) { return set_unsigned("min_len_1typo", t, 1, 64, d.request.query.min_len_1typo); }},
    {"min_len_2typo", ParamKind::integer,
     [](std::string_view t, Draft& d) { return set_unsigned("min_len_2typo", t, 1, 64, d.request.query.min_len_2typo); }},
    {"typo_tokens_threshold", ParamKind::integer,
     [](std::string_view t, Draft& d) { return set_unsigned("typo_tokens_threshold", t, 0, 1'000'000, d.request.query.typo_tokens_threshold); }},
    {"split_join_tokens", ParamKind::text,
     [](std::string_view t, Draft& d) { return set_split_join(t, d.request.query); }},
    {"match", ParamKind::text,
     [](std::string_view t, Draft& d) { return set_match(t, d.request.query); }},
    {"count_limit", ParamKind::integer,
     [](std::string_view t, Draft& d) { return set_count_limit(t, d.request.query); }},
    {"group_by", ParamKind::list, [](std::string_view t, Draft& d) { return set_groups(t, d.request.query); }},
    {"group_limit", ParamKind::integer,
     [](std::string_view t, Draft& d) { return set_unsigned("group_limit", t, 1, 99, d.request.query.group_limit); }},
    {"group_missing_values", ParamKind::flag,
     [](std::string_view t, Draft& d) { return set_flag("group_missing_values", t, d.request.query.group_missing_values); }},
    {"cursor", ParamKind::text,
     [](std::string_view t, Draft& d) -> Failure { d.request.cursor = t; return {}; }},
});

const Parameter* find_parameter(std::string_view name) {
  const auto found =
      std::find_if(kParameters.begin(), kParameters.end(),
                   [&](const Parameter& parameter) { return parameter.name == name; });
  return found == kParameters.end() ? nullptr : &*found;
}

/// A list of texts as one comma-separated text; nothing if an item is none.
std::optional<std::string> join_texts(JsonValue list) {
  std::string text;
  for (const JsonValue item : list) {
    if (!item.is_string()) return std::nullopt;
    if (!text.empty()) text += ',';
    text += item.as_string();
  }
  return text;
}

/// The text of a member in the notation of query strings, or what it should have been.
std::optional<std::string> to_param_text(const Parameter& parameter, JsonValue value,
                                         std::string_view& expected) {
  switch (parameter.kind) {
    case ParamKind::text:
      expected = "a string";
      if (value.is_string()) return std::string{value.as_string()};
      return std::nullopt;
    case ParamKind::list:
      expected = "a string or a list of strings";
      if (value.is_string()) return std::string{value.as_string()};
      if (value.is_array()) return join_texts(value);
      if (parameter.name == "prefix" && value.kind() == JsonKind::boolean)
        return value.as_bool() ? "true" : "false";
      return std::nullopt;
    case ParamKind::integer:
      expected = "an integer";
      if (value.kind() == JsonKind::integer) return std::to_string(value.as_integer());
      if (value.kind() == JsonKind::unsigned_integer) return "18446744073709551615";
      return std::nullopt;
    case ParamKind::flag:
      expected = "true or false";
      if (value.kind() == JsonKind::boolean) return value.as_bool() ? "true" : "false";
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

namespace {

/// Of the parameters that decide which hits there are and in which order, whatever their own order.
std::uint64_t fingerprint_of(const SearchParams& params) {
  constexpr std::string_view kDeciding[] = {"q",
                                            "query_by",
                                            "query_by_weights",
                                            "prefix",
                                            "filter_by",
                                            "sort_by",
                                            "drop_tokens_threshold",
                                            "hidden_hits",
                                            "enable_synonyms",
                                            "enable_overrides",
                                            "override_tags",
                                            "stopwords",
                                            "num_typos",
                                            "min_len_1typo",
                                            "min_len_2typo",
                                            "typo_tokens_threshold",
                                            "split_join_tokens",
                                            "match"};
  std::string text;
  for (const std::string_view name : kDeciding) {
    for (const auto& [given, value] : params) {
      if (given == name) text.append(name).append(1, '=').append(value).append(1, '\0');
    }
  }
  return engine::hash_key(text);
}

}  // namespace

engine::Result<SearchRequest> parse_search_params(const SearchParams& params) {
  Draft draft;
  for (std::size_t i = 0; i < params.size(); ++i) {
    const auto& [name, value] = params[i];
    const Parameter* parameter = find_parameter(name);
    if (parameter == nullptr) return fault(Errc::unknown_field, name, "no such parameter");
    if (parameter->set == nullptr) return fault(Errc::not_implemented, name, "is not built yet");
    const auto again = [&wanted = params[i].first](const auto& earlier) {
      return earlier.first == wanted;
    };
    if (std::any_of(params.begin(), params.begin() + static_cast<std::ptrdiff_t>(i), again)) {
      return fault(Errc::invalid_value, name, "is given twice");
    }
    if (auto failure = parameter->set(value, draft)) return std::move(*failure);
  }
  engine::Query& query = draft.request.query;
  auto fields = engine::parse_query_by(draft.query_by, draft.weights, draft.prefix);
  if (!fields) return std::move(fields).error();
  query.query_by = std::move(fields).value();
  // Hits with fewer words stand below all others, unless something else decides what stands first.
  const bool by_match = query.sort_by.empty() || query.sort_by.front().field == "_text_match";
  const bool given = std::any_of(params.begin(), params.end(), [](const auto& param) {
    return param.first == "drop_tokens_threshold";
  });
  if (by_match) query.token_dropping = engine::TokenDropping::any_word;
  if (by_match && !given)
    query.drop_tokens_threshold = std::max(kDropTokensThreshold, query.per_page);
  if (const auto valid = engine::validate_query(query); !valid) return valid.error();
  if (!query.pinned_hits.empty() && !query.group_by.empty())
    return fault(Errc::invalid_value, "pinned_hits", "groups have no places for them");
  if (!draft.request.cursor.empty()) {
    if (!query.pinned_hits.empty())
      return fault(Errc::invalid_value, "pinned_hits", "a walk has no places for them");
    if (query.page != 1) return fault(Errc::invalid_value, "page", "a cursor knows its page");
    if (query.count_limit != 0)
      return fault(Errc::invalid_value, "count_limit", "a walk knows how many hits there are");
    if (query.per_page == 0) return fault(Errc::invalid_value, "per_page", "a walk takes steps");
    if (!query.group_by.empty())
      return fault(Errc::invalid_value, "cursor", "groups are not walked through");
    draft.request.fingerprint = fingerprint_of(params);
  }
  return std::move(draft.request);
}

engine::Result<SearchParams> parse_search_body(JsonValue value) {
  if (!value.is_object())
    return Error{Errc::malformed_request, "the body must be a JSON object", "", {}};
  SearchParams params;
  params.reserve(value.size());
  for (const JsonValue member : value) {
    if (member.is_null()) continue;
    const Parameter* parameter = find_parameter(member.key());
    if (parameter == nullptr) return fault(Errc::unknown_field, member.key(), "no such parameter");
    if (parameter->set == nullptr)
      return fault(Errc::not_implemented, member.key(), "is not built yet");
    std::string_view expected;
    auto text = to_param_text(*parameter, member, expected);
    if (!text)
      return fault(Errc::malformed_request, member.key(), "must be " + std::string{expected});
    params.emplace_back(std::string{member.key()}, std::move(*text));
  }
  return params;
}

}  // namespace souk::net
