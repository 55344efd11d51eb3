#include <array>
#include <string>

#include "engine/text/language.hpp"
#include "net/endpoints/search.hpp"
#include "net/endpoints/search_params.hpp"

namespace souk::net {
namespace {

struct Parameter {
  std::string_view name;
  std::string_view description;
  std::string_view schema;
};

constexpr std::string_view kText = R"({"type":"string"})";

constexpr auto kParameters = std::to_array<Parameter>({
    {"q", "the words to look for; * or nothing matches everything", kText},
    {"query_by",
     "fields q looks into, separated by commas; without it title, brand, categories, tags, "
     "attributes, sku "
     "and description",
     kText},
    {"query_by_weights", "one number per field of query_by", kText},
    {"prefix", "whether the last word may be the beginning of one; one flag, or one per field",
     kText},
    {"filter_by",
     "price:[1000..2000] && brand:=[Acme,`Foo & Co`] && in_stock:true && (a:b || c:!=d)", kText},
    {"facet_by",
     "fields to count, separated by commas; ranges as price(cheap:[0, 1000], dear:[1000, ])",
     kText},
    {"facet_query", "field:text, only values that begin so", kText},
    {"max_facet_values", "values per facet",
     R"({"type":"integer","minimum":0,"maximum":10000,"default":10})"},
    {"sort_by", "up to 8 of field:asc or field:desc", kText},
    {"group_by",
     "sort fields, separated by commas: the answer has grouped_hits instead of hits, and found "
     "counts groups",
     kText},
    {"group_limit", "hits per group", R"({"type":"integer","minimum":1,"maximum":99,"default":3})"},
    {"group_missing_values", "products without a value are one group, not one each",
     R"({"type":"boolean","default":true})"},
    {"page", "page number", R"({"type":"integer","minimum":1,"default":1})"},
    {"per_page", "hits per page", R"({"type":"integer","minimum":0,"maximum":250,"default":10})"},
    {"cursor",
     "* begins a walk through all hits on one fixed state, the cursor of a page gives the next "
     "one; "
     "kept for a minute after each page, then 410 cursor_expired: begin again with *. Facets come "
     "with the first page only",
     kText},
    {"include_fields", "members of the document to give; all without it", kText},
    {"exclude_fields", "members of the document to leave out", kText},
    {"highlight_fields", "fields to mark matches in; none for no marks", kText},
    {"highlight_start_tag", "put before a match", R"({"type":"string","default":"<mark>"})"},
    {"highlight_end_tag", "put after a match", R"({"type":"string","default":"</mark>"})"},
    {"snippet_threshold", "longer fields are cut to a snippet: words",
     R"({"type":"integer","minimum":0,"default":30})"},
    {"drop_tokens_threshold",
     "with fewer hits, any word of q will do; what lacks a word stands below what has them all. "
     "Without it per_page, but 20 at least. When sort_by names another first key than _text_match "
     "words are dropped from the right instead, and without it only when nothing has them all",
     R"({"type":"integer","minimum":0})"},
    {"num_typos",
     "letters of a word that may be wrong, missing, too many or swapped; tried when too few hits "
     "have the words as written, and ranked behind those",
     R"({"type":"integer","minimum":0,"maximum":2,"default":2})"},
    {"min_len_1typo", "letters from which on a word may have one typo",
     R"({"type":"integer","minimum":1,"maximum":64,"default":4})"},
    {"min_len_2typo", "letters from which on a word may have two typos",
     R"({"type":"integer","minimum":1,"maximum":64,"default":7})"},
    {"typo_tokens_threshold", "with fewer hits, more typos are tried",
     R"({"type":"integer","minimum":0,"default":1})"},
    {"split_join_tokens", "words are cut in two and joined: never, with too few hits, always",
     R"({"type":"string","enum":["off","fallback","always"],"default":"fallback"})"},
    {"enable_analytics",
     "false for what is searched while it is still being typed: it is not suggested to others",
     R"({"type":"boolean","default":true})"},
    {"match",
     "whether a product needs all words of q or any one; phrases in quotes are needed anyway",
     R"({"type":"string","enum":["all","any"],"default":"all"})"},
    {"count_limit",
     "so many hits are counted at least; beyond, found may be a lower bound, which found_exact "
     "tells. "
     "Without it all are. Makes searches by text match without facets and groups faster",
     R"({"type":"integer","minimum":1})"},
    {"pinned_hits",
     "products and their places, id:position,id:position; they are hits whether q finds them or "
     "not. Not with group_by or cursor",
     kText},
    {"filter_curated_hits", "whether a pinned product that filter_by refuses is left out",
     R"({"type":"boolean","default":true})"},
    {"hidden_hits", "ids of products to leave out", kText},
    {"enable_synonyms", "whether synonyms count", R"({"type":"boolean","default":true})"},
    {"enable_overrides", "whether curations count", R"({"type":"boolean","default":true})"},
    {"override_tags", "tags that curations may ask for, separated by commas", kText},
    {"stopwords", "a set of stop words that counts too; those with always do anyway", kText},
    {"language",
     "the language of q, by which its words lose their endings; products have theirs in `language`",
     kLanguageSchema},
    {"proximity",
     "whether words that stand close together in one field count up to a thirty-second more; only "
     "where hits are sorted by _text_match first",
     R"({"type":"boolean","default":true})"},
    {"explain", "tell of each hit what its text_match is made of",
     R"({"type":"boolean","default":false})"},
    {"search_cutoff_ms", "stop after that long; the answer then says what is missing",
     R"({"type":"integer","minimum":1})"},
    {"require_full_coverage", "504 rather than an answer without some shards",
     R"({"type":"boolean","default":false})"},
});

constexpr std::string_view kPage = R"({
  "type": "object", "required": ["found", "out_of", "page", "facet_counts", "coverage", "consistency"],
  "properties": {
    "found": {"type": "integer", "format": "int64"}, "out_of": {"type": "integer", "format": "int64"},
    "found_exact": {"type": "boolean", "description": "else found is a lower bound"},
    "page": {"type": "integer"}, "search_time_ms": {"type": "integer"},
    "hits": {"type": "array", "items": {"type": "object", "properties": {
      "document": {"type": "object", "properties": {
        "id": {"type": "string"}, "title": {"type": "string"},
        "price": {"$ref": "#/components/schemas/Money", "description": "Of the cheapest matching variant"},
        "in_stock": {"type": "boolean"},
        "availability": {"type": "object", "properties": {
          "available": {"type": "integer", "format": "int64"},
          "matched_skus": {"type": "array", "items": {"type": "string"}}}}}},
      "highlights": {"type": "array", "items": {"type": "object", "properties": {
        "field": {"type": "string"}, "snippet": {"type": "string"},
        "matched_tokens": {"type": "array", "items": {"type": "string"}}}}},
      "text_match": {"type": "integer", "format": "int64"},
      "curated": {"type": "boolean", "description": "pinned"},
      "explain": {"type": "object", "description": "parts add up to text_match; terms that are counted to words, as if q had as many tokens as the wording that found the hit", "properties": {
        "text_match": {"type": "integer", "format": "int64"}, "query": {"type": "string"},
        "tokens_found": {"type": "integer"}, "tokens_missed": {"type": "integer"}, "typos": {"type": "integer"},
        "best_field": {"type": "string"},
        "parts": {"type": "object", "properties": {
          "tokens": {"type": "integer", "format": "int64"}, "typos": {"type": "integer", "format": "int64"},
          "words": {"type": "integer", "format": "int64"}, "proximity": {"type": "integer", "format": "int64"},
          "boost": {"type": "integer", "format": "int64"}}},
        "terms": {"type": "array", "items": {"type": "object", "properties": {
          "field": {"type": "string"}, "weight": {"type": "integer"}, "token": {"type": "string"},
          "word": {"type": "string"}, "typos": {"type": "integer"}, "count": {"type": "integer"},
          "score": {"type": "integer", "format": "int64"}, "counted": {"type": "boolean"}}}},
        "sort": {"type": "array", "items": {"type": "object"}}}}}}},
    "curations": {"type": "array", "items": {"type": "string"}, "description": "that held"},
    "redirect": {"type": "string", "description": "of the first curation that has one"},
    "metadata": {"type": "object", "description": "of the first curation that has some"},
    "found_docs": {"type": "integer", "format": "int64", "description": "with group_by: products"},
    "grouped_hits": {"type": "array", "description": "with group_by", "items": {"type": "object", "properties": {
      "group_key": {"type": "array"}, "found": {"type": "integer", "format": "int64"},
      "hits": {"type": "array", "items": {"type": "object"}}}}},
    "facet_counts": {"type": "array", "items": {"type": "object", "properties": {
      "field_name": {"type": "string"},
      "counts": {"type": "array", "items": {"type": "object", "properties": {
        "value": {"type": "string"}, "count": {"type": "integer", "format": "int64"}, "highlighted": {"type": "string"}}}},
      "exact": {"type": "boolean"},
      "stats": {"type": "object", "properties": {
        "min": {"type": "number"}, "max": {"type": "number"}, "sum": {"type": "number"}, "avg": {"type": "number"},
        "total_values": {"type": "integer", "format": "int64"}}}}}},
    "search_cutoff": {"type": "boolean"},
    "coverage": {"type": "object", "properties": {
      "fraction": {"type": "number"}, "shards": {"type": "integer"},
      "missing": {"type": "array", "items": {"type": "string"}}}},
    "consistency": {"type": "object", "properties": {"token": {"type": "string"}, "exact": {"type": "boolean"}}},
    "request_params": {"type": "object", "properties": {"q": {"type": "string"}, "per_page": {"type": "integer"}}},
    "corrected_query": {"type": "string", "description": "q as it was understood, when words of it stand nowhere: did you mean"},
    "cursor": {"type": "string", "description": "Of the next page of a walk; none after the last"}}})";

/// The parameters as members of an object.
std::string request_schema() {
  std::string schema = R"({"type":"object","additionalProperties":false,"properties":{)";
  for (const Parameter& parameter : kParameters) {
    if (schema.back() != '{') schema += ',';
    schema.append("\"").append(parameter.name).append("\":").append(parameter.schema);
  }
  return schema + "}}";
}

std::string language_schema() {
  std::string codes;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(engine::kLastLanguage); ++i) {
    const auto code = engine::code_of(static_cast<engine::Language>(i));
    codes.append(codes.empty() ? "\"" : ",\"").append(code).append("\"");
  }
  return R"({"type":"string","default":"en","description":"Of a text: ISO 639-1; its words lose )"
         R"(their endings as in this language","enum":[)" +
         codes + "]}";
}

}  // namespace

std::vector<ParamDoc> search_param_docs() {
  std::vector<ParamDoc> docs;
  for (const Parameter& parameter : kParameters) {
    docs.push_back({std::string{parameter.name}, "query", std::string{parameter.description},
                    std::string{parameter.schema}});
  }
  return docs;
}

void add_search_schemas(Router& router) {
  router.add_schema("SearchRequest", request_schema());
  router.add_schema("Language", language_schema());
  router.add_schema("SearchPage", std::string{kPage});
}

}  // namespace souk::net
