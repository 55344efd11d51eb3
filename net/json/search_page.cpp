#include "net/json/search_page.hpp"

#include <algorithm>
#include <bitset>

#include "engine/catalog/product_codec.hpp"
#include "engine/search/sort.hpp"
#include "net/json/money.hpp"
#include "net/json/product.hpp"
#include "net/json/search_hit.hpp"
#include "net/json/timestamp.hpp"

namespace souk::net {
namespace {

/// The members of a hit's document, in the order they are written.
enum Field : std::size_t {
  id,
  title,
  description,
  brand,
  categories,
  tags,
  attributes,
  images,
  rating,
  rating_count,
  popularity,
  available_at,
  price,
  in_stock,
  availability,
  variants,
  version,
  created_at,
  updated_at,
  kFieldCount
};
constexpr std::string_view kNames[kFieldCount] = {
    "id",           "title",    "description",  "brand",      "categories",   "tags",  "attributes",
    "images",       "rating",   "rating_count", "popularity", "available_at", "price", "in_stock",
    "availability", "variants", "version",      "created_at", "updated_at"};

/// Which members are asked for; single attributes by their names.
struct Selection {
  std::bitset<kFieldCount> fields;
  std::vector<std::string_view> attributes_in;  // empty: all of them
  std::vector<std::string_view> attributes_out;

  bool has(Field field) const { return fields[field]; }
  bool takes_attribute(std::string_view name) const {
    const auto among = [&](const auto& names) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    return (attributes_in.empty() || among(attributes_in)) && !among(attributes_out);
  }
};

constexpr std::string_view kAttributePrefix = "attributes.";

}  // namespace

bool is_document_field(std::string_view name) {
  if (name.starts_with(kAttributePrefix)) return name.size() > kAttributePrefix.size();
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

namespace {

void mark(std::string_view name, bool wanted, Selection& selection) {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (kNames[i] == name) selection.fields[i] = wanted;
  }
}

Selection select(const SearchRequest& request) {
  Selection selection;
  if (request.include_fields.empty()) selection.fields.set();
  bool all_attributes = false;
  for (const std::string_view name : request.include_fields) {
    mark(name, true, selection);
    all_attributes = all_attributes || name == "attributes";
    if (name.starts_with(kAttributePrefix)) {
      selection.fields[attributes] = true;
      selection.attributes_in.push_back(name.substr(kAttributePrefix.size()));
    }
  }
  if (all_attributes) selection.attributes_in.clear();
  for (const std::string_view name : request.exclude_fields) {
    mark(name, false, selection);
    if (name.starts_with(kAttributePrefix))
      selection.attributes_out.push_back(name.substr(kAttributePrefix.size()));
  }
  return selection;
}

void render_text_members(JsonWriter& json, const engine::Product& product, const Selection& want) {
  if (want.has(title)) json.field("title", product.title);
  if (want.has(description)) json.field("description", product.description);
  if (want.has(brand)) json.field("brand", product.brand);
  if (want.has(categories)) render_texts(json.key("categories"), product.categories);
  if (want.has(tags)) render_texts(json.key("tags"), product.tags);
  if (want.has(attributes)) {
    if (want.attributes_in.empty() && want.attributes_out.empty()) {
      render_attributes(json.key("attributes"), product.attributes);
    } else {
      std::vector<engine::Attribute> some;
      for (const engine::Attribute& attribute : product.attributes) {
        if (want.takes_attribute(attribute.name)) some.push_back(attribute);
      }
      render_attributes(json.key("attributes"), some);
    }
  }
  if (want.has(images)) render_texts(json.key("images"), product.images);
  if (want.has(rating)) json.field("rating", product.rating);
  if (want.has(rating_count)) json.field("rating_count", product.rating_count);
  if (want.has(popularity)) json.field("popularity", product.popularity);
  if (want.has(available_at)) {
    if (product.available_at) {
      timestamp_field(json, "available_at", *product.available_at);
    } else {
      json.null_field("available_at");
    }
  }
}

void render_availability(JsonWriter& json, const engine::Hit& hit) {
  json.key("availability").begin_object().field("available", hit.available.units());
  json.key("matched_skus").begin_array();
  for (const engine::HitVariant& variant : hit.variants) {
    if (variant.matched) json.string(variant.sku.str());
  }
  json.end_array().end_object();
}

void render_variants(JsonWriter& json, const engine::Hit& hit) {
  json.key("variants").begin_array();
  for (const engine::HitVariant& variant : hit.variants) {
    json.begin_object().field("sku", variant.sku.str());
    render_options(json.key("options"), variant.options);
    render_money(json.key("price"), variant.price);
    json.field("available", variant.available.units())
        .field("in_stock", variant.available.units() > 0);
    if (variant.max_per_order > 0) json.field("max_per_order", variant.max_per_order);
    json.end_object();
  }
  json.end_array();
}

void render_document(JsonWriter& json, const engine::Hit& hit, const engine::Product& product,
                     const Selection& want) {
  json.begin_object();
  if (want.has(id)) json.field("id", hit.id.str());
  render_text_members(json, product, want);
  if (want.has(price)) render_money(json.key("price"), hit.price);
  if (want.has(in_stock)) json.field("in_stock", hit.in_stock);
  if (want.has(availability)) render_availability(json, hit);
  if (want.has(variants)) render_variants(json, hit);
  if (want.has(version)) json.field("version", hit.version);
  if (want.has(created_at)) timestamp_field(json, "created_at", hit.created_at);
  if (want.has(updated_at)) timestamp_field(json, "updated_at", hit.updated_at);
  json.end_object();
}

void render_sort_value(JsonWriter& json, const engine::SortValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.value)) {
    json.string(*text);
  } else if (const auto* real = std::get_if<double>(&value.value)) {
    json.number(*real);
  } else if (const auto* integer = std::get_if<std::int64_t>(&value.value)) {
    json.integer(*integer);
  } else {
    json.null();
  }
}

/// What a hit's text_match is made of: `parts` add up to it; then what it is sorted by.
void render_explanation(JsonWriter& json, const engine::Hit& hit,
                        const std::vector<std::string>& sort_by) {
  const engine::Explanation& made = *hit.explanation;
  json.begin_object().field("text_match", made.total()).field("query", made.reading);
  json.field("tokens_found", made.found).field("tokens_missed", made.missed);
  json.field("typos", made.typo_count).field("best_field", made.best_field);
  json.key("parts").begin_object().field("tokens", made.tokens).field("typos", made.typos);
  json.field("words", made.words).field("proximity", made.proximity);
  json.field("boost", made.boost).end_object();
  json.key("terms").begin_array();
  for (const engine::ExplainedTerm& term : made.terms) {
    json.begin_object().field("field", term.field).field("weight", term.weight);
    json.field("token", term.token).field("word", term.word).field("typos", term.typos);
    json.field("count", term.count).field("score", term.score);
    json.field("counted", term.counted).end_object();
  }
  json.end_array().key("sort").begin_array();
  for (std::size_t i = 0; i < std::min(sort_by.size(), hit.sort_values.size()); ++i) {
    json.begin_object().field("field", sort_by[i]).key("value");
    render_sort_value(json, hit.sort_values[i]);
    json.end_object();
  }
  json.end_array().end_object();
}

/// The fields that hits were sorted by.
std::vector<std::string> sort_names(const engine::SearchPage& page, const SearchRequest& request) {
  if (!page.ruling.sort_by.empty()) return page.ruling.sort_by;
  std::vector<std::string> names;
  for (const engine::SortKey& key : engine::sort_keys_of(request.query)) names.push_back(key.field);
  return names;
}

engine::Result<void> render_hit(JsonWriter& json, const engine::Hit& hit, const Selection& want,
                                const std::vector<std::string>& sort_by) {
  const auto product = engine::decode_document(*hit.document);
  if (!product) return product.error();
  json.begin_object().key("document");
  render_document(json, hit, *product, want);
  json.key("highlights").begin_array();
  for (const engine::Highlight& highlight : hit.highlights) {
    json.begin_object().field("field", highlight.field).field("snippet", highlight.snippet);
    render_texts(json.key("matched_tokens"), highlight.matched_tokens);
    json.end_object();
  }
  json.end_array().field("text_match", hit.text_match);
  if (hit.pinned > 0) json.field("curated", true);
  if (hit.explanation) render_explanation(json.key("explain"), hit, sort_by);
  json.end_object();
  return {};
}

void render_ruling(JsonWriter& json, const engine::Ruling& ruling) {
  if (!ruling.curations.empty()) render_texts(json.key("curations"), ruling.curations);
  if (!ruling.redirect.empty()) json.field("redirect", ruling.redirect);
  if (!ruling.metadata.empty()) json.raw_field("metadata", ruling.metadata);
}

engine::Result<void> render_hits(JsonWriter& json, const engine::SearchPage& page, bool grouped,
                                 const Selection& want, const std::vector<std::string>& sort_by) {
  json.key(grouped ? "grouped_hits" : "hits").begin_array();
  auto hit = page.hits.begin();
  for (const engine::HitGroup& group : page.groups) {
    json.begin_object().field("found", group.found);
    render_group_key(json.key("group_key"), group);
    json.key("hits").begin_array();
    for (std::uint32_t i = 0; i < group.hits; ++i) {
      if (const auto rendered = render_hit(json, *hit++, want, sort_by); !rendered)
        return rendered.error();
    }
    json.end_array().end_object();
  }
  for (; hit != page.hits.end(); ++hit) {
    if (const auto rendered = render_hit(json, *hit, want, sort_by); !rendered)
      return rendered.error();
  }
  json.end_array();
  return {};
}

void render_facet(JsonWriter& json, const engine::Facet& facet, bool exact) {
  json.begin_object().field("field_name", facet.field).key("counts").begin_array();
  for (const engine::FacetCount& count : facet.counts) {
    json.begin_object().field("value", count.value).field("count", count.count);
    json.field("highlighted", count.highlighted).end_object();
  }
  json.end_array().field("exact", exact).key("stats").begin_object();
  if (facet.stats) {
    json.field("min", facet.stats->min).field("max", facet.stats->max);
    json.field("sum", facet.stats->sum).field("avg", facet.stats->average);
  }
  json.field("total_values", facet.total_values).end_object().end_object();
}

void render_coverage(JsonWriter& json, const engine::SearchPage& page) {
  const auto answered = static_cast<double>(page.shards) - static_cast<double>(page.missing.size());
  json.key("coverage").begin_object();
  json.field("fraction", page.shards == 0 ? 1.0 : answered / static_cast<double>(page.shards));
  json.field("shards", page.shards).key("missing").begin_array();
  for (const engine::ShardId& shard : page.missing) json.string(shard.name());
  json.end_array().end_object();
}

}  // namespace

void render_group_key(JsonWriter& json, const engine::HitGroup& group) {
  json.begin_array();
  for (const engine::SortValue& value : group.key) render_sort_value(json, value);
  json.end_array();
}

engine::Result<void> render_search_page(JsonWriter& json, const engine::SearchPage& page,
                                        const SearchRequest& request, std::string_view token,
                                        std::int64_t search_time_ms, std::string_view cursor) {
  const bool exact = page.missing.empty() && !page.cutoff;
  const Selection want = select(request);
  const bool grouped = !request.query.group_by.empty();
  json.begin_object().field("found", grouped ? page.groups_found : page.found);
  if (grouped) json.field("found_docs", page.found);
  json.field("found_exact", page.found_exact);
  json.field("out_of", page.out_of);
  json.field("page", request.query.page).field("search_time_ms", search_time_ms);
  const std::vector<std::string> sort_by =
      request.query.explain ? sort_names(page, request) : std::vector<std::string>{};
  if (const auto rendered = render_hits(json, page, grouped, want, sort_by); !rendered)
    return rendered.error();
  json.key("facet_counts").begin_array();
  for (const engine::Facet& facet : page.facets) render_facet(json, facet, exact);
  json.end_array();
  render_coverage(json, page);
  json.field("search_cutoff", page.cutoff);
  json.key("consistency").begin_object().field("token", token).field("exact", exact).end_object();
  json.key("request_params")
      .begin_object()
      .field("q", request.query.q)
      .field("per_page", request.query.per_page);
  json.end_object();
  render_ruling(json, page.ruling);
  if (!page.corrected_query.empty()) json.field("corrected_query", page.corrected_query);
  if (!cursor.empty()) json.field("cursor", cursor);
  json.end_object();
  return {};
}

engine::Result<void> render_search_hit(JsonWriter& json, const engine::Hit& hit,
                                       const SearchRequest& request) {
  return render_hit(json, hit, select(request), {});
}

void render_search_facet(JsonWriter& json, const engine::SearchPage& page, std::size_t facet) {
  render_facet(json, page.facets[facet], page.missing.empty() && !page.cutoff);
}

}  // namespace souk::net
