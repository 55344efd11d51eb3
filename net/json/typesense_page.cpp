#include "net/json/typesense_page.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/catalog/product_codec.hpp"
#include "net/json/product.hpp"
#include "net/json/search_page.hpp"
#include "net/json/typesense_document.hpp"

namespace souk::net {
namespace {

using engine::Highlight;
using engine::Product;

constexpr std::string_view kAttributePrefix = "attributes.";

const engine::Attribute* find_attribute(const Product& product, std::string_view name) {
  const auto found =
      std::find_if(product.attributes.begin(), product.attributes.end(),
                   [&](const engine::Attribute& attribute) { return attribute.name == name; });
  return found == product.attributes.end() ? nullptr : &*found;
}

/// The values of a field that is a list in the document; nothing for one that is a single text.
/// A list without values stands for what has no place in the document: options of variants.
std::optional<std::vector<std::string>> list_of(const engine::Hit& hit, const Product& product,
                                                std::string_view field) {
  if (field == "categories") return product.categories;
  if (field == "tags") return product.tags;
  if (field == "sku") {
    std::vector<std::string> skus;
    for (const engine::HitVariant& variant : hit.variants) skus.push_back(variant.sku.str());
    return skus;
  }
  if (!field.starts_with(kAttributePrefix)) return std::nullopt;
  const auto* attribute = find_attribute(product, field.substr(kAttributePrefix.size()));
  if (attribute == nullptr) return std::vector<std::string>{};
  if (const auto* texts = std::get_if<std::vector<std::string>>(&attribute->value)) return *texts;
  return std::nullopt;
}

/// The marks in one field.
struct FieldMarks {
  std::string_view field;
  std::optional<std::vector<std::string>> list;
  std::vector<const Highlight*> marks;  // by value
};

std::vector<FieldMarks> marks_by_field(const engine::Hit& hit, const Product& product) {
  std::vector<FieldMarks> fields;
  for (const Highlight& highlight : hit.highlights) {
    const auto known = std::find_if(fields.begin(), fields.end(), [&](const FieldMarks& marks) {
      return marks.field == highlight.field;
    });
    if (known != fields.end()) {
      known->marks.push_back(&highlight);
    } else {
      fields.push_back({highlight.field, list_of(hit, product, highlight.field), {&highlight}});
    }
  }
  return fields;
}

void render_mark(JsonWriter& json, const Highlight& mark) {
  json.begin_object();
  render_texts(json.key("matched_tokens"), mark.matched_tokens);
  json.field("snippet", mark.snippet).end_object();
}

/// Every value of a list, so that each mark stands where its value stands in the document.
void render_list_marks(JsonWriter& json, const FieldMarks& field) {
  json.begin_array();
  const std::size_t values = field.list->empty() ? field.marks.size() : field.list->size();
  for (std::size_t i = 0; i < values; ++i) {
    const auto mark = std::find_if(field.marks.begin(), field.marks.end(),
                                   [&](const Highlight* each) { return each->value == i; });
    if (field.list->empty()) {
      render_mark(json, *field.marks[i]);
    } else if (mark != field.marks.end()) {
      render_mark(json, **mark);
    } else {
      json.begin_object().key("matched_tokens").begin_array().end_array();
      json.field("snippet", (*field.list)[i]).end_object();
    }
  }
  json.end_array();
}

void render_field_marks(JsonWriter& json, std::string_view name, const FieldMarks& field) {
  json.key(name);
  if (field.list) {
    render_list_marks(json, field);
  } else {
    render_mark(json, *field.marks.front());
  }
}

/// Nested as the document is: what newer clients read.
void render_highlight(JsonWriter& json, const std::vector<FieldMarks>& fields) {
  json.key("highlight").begin_object();
  bool nested = false;
  for (const FieldMarks& field : fields) {
    if (field.field.starts_with(kAttributePrefix)) {
      nested = true;
    } else {
      render_field_marks(json, field.field, field);
    }
  }
  if (nested) {
    json.key("attributes").begin_object();
    for (const FieldMarks& field : fields) {
      if (field.field.starts_with(kAttributePrefix))
        render_field_marks(json, field.field.substr(kAttributePrefix.size()), field);
    }
    json.end_object();
  }
  json.end_object();
}

/// A flat list: what older clients read.
void render_highlights(JsonWriter& json, const std::vector<FieldMarks>& fields) {
  json.key("highlights").begin_array();
  for (const FieldMarks& field : fields) {
    json.begin_object().field("field", field.field);
    if (!field.list) {
      render_texts(json.key("matched_tokens"), field.marks.front()->matched_tokens);
      json.field("snippet", field.marks.front()->snippet).end_object();
      continue;
    }
    json.key("indices").begin_array();
    for (const Highlight* mark : field.marks) json.unsigned_integer(mark->value);
    json.end_array().key("matched_tokens").begin_array();
    for (const Highlight* mark : field.marks) render_texts(json, mark->matched_tokens);
    json.end_array().key("snippets").begin_array();
    for (const Highlight* mark : field.marks) json.string(mark->snippet);
    json.end_array().end_object();
  }
  json.end_array();
}

engine::Result<void> render_hit(JsonWriter& json, const engine::Hit& hit,
                                const TypesenseSelection& want) {
  const auto product = engine::decode_document(*hit.document);
  if (!product) return product.error();
  const std::vector<FieldMarks> fields = marks_by_field(hit, *product);
  json.begin_object().key("document");
  render_typesense_document(json, hit, *product, want);
  render_highlight(json, fields);
  render_highlights(json, fields);
  if (hit.pinned > 0) json.field("curated", true);
  json.field("text_match", hit.text_match).end_object();
  return {};
}

engine::Result<void> render_hits(JsonWriter& json, const engine::SearchPage& page,
                                 const TypesenseSearch& search, const TypesenseSelection& want) {
  json.field("found", page.found).key("hits").begin_array();
  const std::size_t end =
      std::min<std::size_t>(page.hits.size(), std::size_t{search.skip} + search.per_page);
  for (std::size_t i = search.skip; i < end; ++i) {
    if (const auto rendered = render_hit(json, page.hits[i], want); !rendered)
      return rendered.error();
  }
  json.end_array();
  return {};
}

/// Pages are made of groups, and `found` counts them.
engine::Result<void> render_groups(JsonWriter& json, const engine::SearchPage& page,
                                   const TypesenseSearch& search, const TypesenseSelection& want) {
  json.field("found", page.groups_found).field("found_docs", page.found);
  json.key("grouped_hits").begin_array();
  const std::size_t end =
      std::min<std::size_t>(page.groups.size(), std::size_t{search.skip} + search.per_page);
  std::size_t next = 0;
  for (std::size_t i = 0; i < end; ++i) {
    const engine::HitGroup& group = page.groups[i];
    const std::size_t first = std::exchange(next, next + group.hits);
    if (i < search.skip) continue;
    json.begin_object().field("found", group.found);
    render_group_key(json.key("group_key"), group);
    json.key("hits").begin_array();
    for (std::size_t hit = first; hit < next; ++hit) {
      if (const auto rendered = render_hit(json, page.hits[hit], want); !rendered)
        return rendered.error();
    }
    json.end_array().end_object();
  }
  json.end_array();
  return {};
}

void render_facet(JsonWriter& json, const engine::Facet& facet) {
  json.begin_object().key("counts").begin_array();
  for (const engine::FacetCount& count : facet.counts) {
    json.begin_object().field("count", count.count).field("highlighted", count.highlighted);
    json.field("value", count.value).end_object();
  }
  json.end_array().field("field_name", facet.field).field("sampled", false);
  json.key("stats").begin_object();
  if (facet.stats) {
    json.field("avg", facet.stats->average).field("max", facet.stats->max);
    json.field("min", facet.stats->min).field("sum", facet.stats->sum);
  }
  json.field("total_values", facet.total_values).end_object().end_object();
}

}  // namespace

engine::Result<void> render_typesense_page(JsonWriter& json, const engine::SearchPage& page,
                                           const TypesenseSearch& search,
                                           std::int64_t search_time_ms) {
  const TypesenseSelection want{search.request.include_fields, search.request.exclude_fields};
  json.begin_object().key("facet_counts").begin_array();
  for (const engine::Facet& facet : page.facets) render_facet(json, facet);
  json.end_array();
  const bool grouped = !search.request.query.group_by.empty();
  const auto rendered =
      grouped ? render_groups(json, page, search, want) : render_hits(json, page, search, want);
  if (!rendered) return rendered.error();
  json.field("out_of", page.out_of).field("page", search.page);
  json.key("request_params").begin_object().field("collection_name", "products");
  json.field("first_q", search.q).field("per_page", search.per_page).field("q", search.q);
  json.end_object().field("search_cutoff", page.cutoff || !page.missing.empty());
  json.field("search_time_ms", search_time_ms);
  if (!page.missing.empty()) {
    json.key("coverage").begin_object().field("shards", page.shards);
    json.key("missing").begin_array();
    for (const engine::ShardId& shard : page.missing) json.string(shard.name());
    json.end_array().end_object();
  }
  // Where to send the customer, and how q was understood when that is not as it is written: more
  // than Typesense tells.
  if (!page.ruling.metadata.empty()) json.raw_field("metadata", page.ruling.metadata);
  if (!page.ruling.redirect.empty()) json.field("redirect", page.ruling.redirect);
  if (!page.corrected_query.empty()) json.field("corrected_query", page.corrected_query);
  json.end_object();
  return {};
}

}  // namespace souk::net
