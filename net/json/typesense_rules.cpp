#include "net/json/typesense_rules.hpp"

#include <utility>

#include "net/json/merge_patch.hpp"
#include "net/json/product.hpp"
#include "net/json/search_rules.hpp"

namespace souk::net {

using engine::Curation;
using engine::CurationMatch;
using engine::Errc;
using engine::Error;
using engine::RuleKind;
using engine::SearchRule;

namespace {

constexpr std::int64_t kMicroseconds = 1'000'000;
constexpr std::int64_t kSecondsMax = 253'402'300'799;  // the end of the year 9999

std::string text_of(ObjectReader& reader, std::string_view name) {
  return std::string{reader.optional_string(name).value_or(std::string_view{})};
}

Error refusal(std::string_view param, std::string detail) {
  return Error{Errc::malformed_request, std::move(detail), std::string{param}, {}};
}

std::optional<engine::Timestamp> seconds_of(ObjectReader& in, std::string_view name) {
  const auto seconds = in.optional_integer(name, 0, kSecondsMax);
  if (!seconds) return std::nullopt;
  return engine::Timestamp{*seconds * kMicroseconds};
}

std::vector<std::string> ids_of(ObjectReader& in, std::string_view name, JsonErrors& errors,
                                std::vector<engine::PinnedHit>* pins) {
  std::vector<std::string> ids;
  const auto list = in.optional_array(name);
  if (!list) return ids;
  for (const JsonValue item : *list) {
    ObjectReader hit{item, errors};
    std::string id{hit.required_string("id", 128)};
    if (pins != nullptr) {
      pins->push_back({std::move(id), static_cast<std::uint32_t>(hit.required_integer(
                                          "position", 1, engine::kPinPositionMax))});
    } else {
      ids.push_back(std::move(id));
    }
  }
  return ids;
}

void read_condition(JsonValue value, Curation& rule, JsonErrors& errors) {
  ObjectReader in{value, errors};
  rule.query = text_of(in, "query");
  const auto match = in.optional_string("match");
  if (match == "contains") {
    rule.match = CurationMatch::contains;
  } else if (match && *match != "exact") {
    errors.add(Errc::invalid_value, "rule.match", "must be exact or contains");
  }
  rule.rule_filter_by = text_of(in, "filter_by");
  rule.tags = rule_texts(in, "tags", errors);
}

Curation read_curation(ObjectReader& in, JsonErrors& errors) {
  Curation rule;
  if (const auto condition = in.optional_object("rule")) read_condition(*condition, rule, errors);
  ids_of(in, "includes", errors, &rule.includes);
  rule.excludes = ids_of(in, "excludes", errors, nullptr);
  rule.filter_by = text_of(in, "filter_by");
  rule.sort_by = text_of(in, "sort_by");
  rule.replace_query = text_of(in, "replace_query");
  rule.remove_matched_tokens =
      in.optional_bool("remove_matched_tokens").value_or(!rule.filter_by.empty());
  rule.filter_curated_hits = in.optional_bool("filter_curated_hits");
  rule.stop_processing = in.optional_bool("stop_processing").value_or(true);
  rule.effective_from = seconds_of(in, "effective_from_ts");
  rule.effective_to = seconds_of(in, "effective_to_ts");
  if (const auto metadata = in.optional_object("metadata")) {
    JsonWriter json{rule.metadata};
    render_value(json, *metadata);
  }
  return rule;
}

SearchRule read_rule(RuleKind kind, ObjectReader& in, JsonErrors& errors) {
  switch (kind) {
    case RuleKind::synonym: {
      engine::Synonym rule;
      rule.root = text_of(in, "root");
      rule.synonyms = rule_texts(in, "synonyms", errors);
      rule.locale = text_of(in, "locale");
      return rule;
    }
    case RuleKind::stop_words: {
      engine::StopWords rule;
      rule.words = rule_texts(in, "stopwords", errors);
      rule.always = false;
      rule.locale = text_of(in, "locale");
      return rule;
    }
    case RuleKind::curation:
      break;
  }
  return read_curation(in, errors);
}

/// What Typesense asks for by name.
engine::Result<void> check_members(RuleKind kind, JsonValue value) {
  const auto has = [&](std::string_view name, JsonKind wanted) {
    const auto member = value.find(name);
    return member && member->kind() == wanted;
  };
  switch (kind) {
    case RuleKind::synonym:
      if (!has("synonyms", JsonKind::array))
        return refusal("synonyms", "Could not find an array of `synonyms`");
      break;
    case RuleKind::stop_words:
      if (!has("stopwords", JsonKind::array))
        return refusal("stopwords", "Parameter `stopwords` is required as string array value.");
      break;
    case RuleKind::curation:
      if (!has("rule", JsonKind::object)) return refusal("rule", "Missing `rule` definition.");
      break;
  }
  return {};
}

void render(JsonWriter& json, const engine::Synonym& rule) {
  json.field("root", rule.root);
  render_texts(json.key("synonyms"), rule.synonyms);
  if (!rule.locale.empty()) json.field("locale", rule.locale);
}

void render(JsonWriter& json, const engine::StopWords& rule) {
  json.field("locale", rule.locale);
  render_texts(json.key("stopwords"), rule.words);
}

void render(JsonWriter& json, const Curation& rule) {
  const auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) json.field(name, value);
  };
  if (rule.effective_from)
    json.field("effective_from_ts", rule.effective_from->microseconds() / kMicroseconds);
  if (rule.effective_to)
    json.field("effective_to_ts", rule.effective_to->microseconds() / kMicroseconds);
  json.key("excludes").begin_array();
  for (const std::string& id : rule.excludes) json.begin_object().field("id", id).end_object();
  json.end_array();
  text("filter_by", rule.filter_by);
  if (rule.filter_curated_hits) json.field("filter_curated_hits", *rule.filter_curated_hits);
  json.key("includes").begin_array();
  for (const engine::PinnedHit& pin : rule.includes)
    json.begin_object().field("id", pin.product).field("position", pin.position).end_object();
  json.end_array();
  if (!rule.metadata.empty()) json.raw_field("metadata", rule.metadata);
  json.field("remove_matched_tokens", rule.remove_matched_tokens);
  text("replace_query", rule.replace_query);
  json.key("rule").begin_object();
  text("filter_by", rule.rule_filter_by);
  if (!rule.query.empty()) {
    json.field("match", rule.match == CurationMatch::exact ? "exact" : "contains");
    json.field("query", rule.query);
  }
  if (!rule.tags.empty()) render_texts(json.key("tags"), rule.tags);
  json.end_object();
  text("sort_by", rule.sort_by);
  json.field("stop_processing", rule.stop_processing);
}

}  // namespace

engine::Result<SearchRule> parse_typesense_rule(RuleKind kind, std::string id, JsonValue value) {
  if (!value.is_object()) return refusal("", "Bad JSON.");
  if (const auto complete = check_members(kind, value); !complete) return complete.error();
  JsonErrors errors;
  ObjectReader in{value, errors};
  SearchRule rule = read_rule(kind, in, errors);
  if (errors.any()) {
    Error error = errors.error();
    error.detail = "`" + error.param + "`: " + error.detail;
    return error;
  }
  std::visit([&](auto& each) { each.id = std::move(id); }, rule);
  if (const auto valid = engine::validate_rule(rule); !valid) return valid.error();
  return rule;
}

void render_typesense_rule(JsonWriter& json, const SearchRule& rule) {
  json.begin_object().field("id", engine::id_of(rule));
  std::visit([&](const auto& each) { render(json, each); }, rule);
  json.end_object();
}

}  // namespace souk::net
