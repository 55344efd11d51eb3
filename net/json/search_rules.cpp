#include "net/json/search_rules.hpp"

#include <utility>

#include "net/json/merge_patch.hpp"
#include "net/json/product.hpp"
#include "net/json/timestamp.hpp"

namespace souk::net {

using engine::Curation;
using engine::CurationMatch;
using engine::Errc;
using engine::RuleKind;
using engine::SearchRule;

namespace {

/// Bounds are the engine's; these only keep what is read small.
constexpr std::size_t kItemsRead = 10'000;

std::string text_of(ObjectReader& reader, std::string_view name) {
  return std::string{reader.optional_string(name).value_or(std::string_view{})};
}

engine::Synonym read_synonym(ObjectReader& in, JsonErrors& errors) {
  engine::Synonym rule;
  rule.root = text_of(in, "root");
  rule.synonyms = rule_texts(in, "synonyms", errors);
  rule.locale = text_of(in, "locale");
  return rule;
}

engine::StopWords read_stop_words(ObjectReader& in, JsonErrors& errors) {
  engine::StopWords rule;
  rule.words = rule_texts(in, "stopwords", errors);
  rule.always = in.optional_bool("always").value_or(true);
  rule.locale = text_of(in, "locale");
  return rule;
}

void read_condition(JsonValue value, Curation& rule, JsonErrors& errors) {
  ObjectReader in{value, errors};
  rule.query = text_of(in, "query");
  if (const auto match = in.optional_string("match")) {
    if (*match == "contains") {
      rule.match = CurationMatch::contains;
    } else if (*match != "exact") {
      errors.add(Errc::invalid_value, in.path_of("match"), "must be exact or contains");
    }
  }
  rule.rule_filter_by = text_of(in, "filter_by");
  rule.tags = rule_texts(in, "tags", errors);
  in.finish();
}

void read_hits(ObjectReader& in, Curation& rule, JsonErrors& errors) {
  if (const auto includes = in.optional_array("includes", kItemsRead)) {
    for (const JsonValue item : *includes) {
      ObjectReader hit{item, errors};
      engine::PinnedHit& pin = rule.includes.emplace_back();
      pin.product = hit.required_id("id");
      pin.position =
          static_cast<std::uint32_t>(hit.required_integer("position", 1, engine::kPinPositionMax));
      hit.finish();
    }
  }
  if (const auto excludes = in.optional_array("excludes", kItemsRead)) {
    for (const JsonValue item : *excludes) {
      ObjectReader hit{item, errors};
      rule.excludes.emplace_back(hit.required_id("id"));
      hit.finish();
    }
  }
  if (const auto boosts = in.optional_array("boosts", kItemsRead)) {
    for (const JsonValue item : *boosts) {
      ObjectReader boost{item, errors};
      engine::CurationBoost& one = rule.boosts.emplace_back();
      one.filter_by = boost.required_string("filter_by");
      one.percent = static_cast<std::uint32_t>(
          boost.required_integer("percent", 0, engine::kBoostPercentMax));
      boost.finish();
    }
  }
}

Curation read_curation(ObjectReader& in, JsonErrors& errors) {
  Curation rule;
  if (const auto condition = in.required_object("rule")) read_condition(*condition, rule, errors);
  read_hits(in, rule, errors);
  rule.filter_by = text_of(in, "filter_by");
  rule.sort_by = text_of(in, "sort_by");
  rule.replace_query = text_of(in, "replace_query");
  rule.remove_matched_tokens = in.optional_bool("remove_matched_tokens").value_or(false);
  rule.filter_curated_hits = in.optional_bool("filter_curated_hits");
  rule.enabled = in.optional_bool("enabled").value_or(true);
  rule.stop_processing = in.optional_bool("stop_processing").value_or(true);
  rule.effective_from = optional_timestamp(in, "effective_from", errors);
  rule.effective_to = optional_timestamp(in, "effective_to", errors);
  rule.redirect = text_of(in, "redirect");
  if (const auto metadata = in.optional_object("metadata")) {
    JsonWriter json{rule.metadata};
    render_value(json, *metadata);
  }
  return rule;
}

void render(JsonWriter& json, const engine::Synonym& rule) {
  if (!rule.root.empty()) json.field("root", rule.root);
  render_texts(json.key("synonyms"), rule.synonyms);
  if (!rule.locale.empty()) json.field("locale", rule.locale);
}

void render(JsonWriter& json, const engine::StopWords& rule) {
  render_texts(json.key("stopwords"), rule.words);
  json.field("always", rule.always);
  if (!rule.locale.empty()) json.field("locale", rule.locale);
}

void render(JsonWriter& json, const Curation& rule) {
  const auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) json.field(name, value);
  };
  json.key("rule").begin_object();
  if (!rule.query.empty()) {
    json.field("query", rule.query);
    json.field("match", rule.match == CurationMatch::exact ? "exact" : "contains");
  }
  text("filter_by", rule.rule_filter_by);
  if (!rule.tags.empty()) render_texts(json.key("tags"), rule.tags);
  json.end_object().key("includes").begin_array();
  for (const engine::PinnedHit& pin : rule.includes)
    json.begin_object().field("id", pin.product).field("position", pin.position).end_object();
  json.end_array().key("excludes").begin_array();
  for (const std::string& id : rule.excludes) json.begin_object().field("id", id).end_object();
  json.end_array().key("boosts").begin_array();
  for (const engine::CurationBoost& boost : rule.boosts) {
    json.begin_object().field("filter_by", boost.filter_by).field("percent", boost.percent);
    json.end_object();
  }
  json.end_array();
  text("filter_by", rule.filter_by);
  text("sort_by", rule.sort_by);
  text("replace_query", rule.replace_query);
  json.field("remove_matched_tokens", rule.remove_matched_tokens);
  if (rule.filter_curated_hits) json.field("filter_curated_hits", *rule.filter_curated_hits);
  json.field("enabled", rule.enabled).field("stop_processing", rule.stop_processing);
  if (rule.effective_from) timestamp_field(json, "effective_from", *rule.effective_from);
  if (rule.effective_to) timestamp_field(json, "effective_to", *rule.effective_to);
  text("redirect", rule.redirect);
  if (!rule.metadata.empty()) json.raw_field("metadata", rule.metadata);
}

SearchRule read_rule(RuleKind kind, ObjectReader& in, JsonErrors& errors) {
  switch (kind) {
    case RuleKind::synonym:
      return read_synonym(in, errors);
    case RuleKind::stop_words:
      return read_stop_words(in, errors);
    case RuleKind::curation:
      break;
  }
  return read_curation(in, errors);
}

}  // namespace

std::vector<std::string> rule_texts(ObjectReader& reader, std::string_view name,
                                    JsonErrors& errors) {
  std::vector<std::string> texts;
  const auto list = reader.optional_array(name, kItemsRead);
  if (!list) return texts;
  for (const JsonValue item : *list) {
    if (!item.is_string()) {
      errors.add(Errc::malformed_request, item, "must be a string");
      continue;
    }
    texts.emplace_back(item.as_string());
  }
  return texts;
}

engine::Result<SearchRule> parse_rule(RuleKind kind, std::string id, JsonValue value) {
  JsonErrors errors;
  ObjectReader in{value, errors};
  if (const auto given = in.optional_string("id"); given && *given != id)
    errors.add(Errc::invalid_value, "id", "is not the one in the path: leave it out");
  SearchRule rule = read_rule(kind, in, errors);
  in.finish();
  if (errors.any()) return errors.error();
  std::visit([&](auto& each) { each.id = std::move(id); }, rule);
  if (const auto valid = engine::validate_rule(rule); !valid) return valid.error();
  return rule;
}

void render_rule(JsonWriter& json, const SearchRule& rule) {
  json.begin_object().field("id", engine::id_of(rule));
  std::visit([&](const auto& each) { render(json, each); }, rule);
  json.end_object();
}

}  // namespace souk::net
