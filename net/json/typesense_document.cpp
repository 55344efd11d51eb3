#include "net/json/typesense_document.hpp"

#include <algorithm>

#include "net/json/product.hpp"

namespace souk::net {
namespace {

constexpr std::string_view kAttributes = "attributes";
constexpr std::int64_t kMicroseconds = 1'000'000;

/// Whether `name` is `field`, or something inside of it.
bool is_within(std::string_view name, std::string_view field) {
  return name.starts_with(field) && (name.size() == field.size() || name[field.size()] == '.');
}

std::int64_t seconds(engine::Timestamp time) {
  return time.microseconds() / kMicroseconds;
}

void render_wanted_attributes(JsonWriter& json, const engine::Product& product,
                              const TypesenseSelection& want) {
  std::vector<engine::Attribute> wanted;
  for (const engine::Attribute& attribute : product.attributes) {
    if (want.has_attribute(attribute.name)) wanted.push_back(attribute);
  }
  render_attributes(json.key(kAttributes), wanted);
}

void render_skus(JsonWriter& json, const engine::Hit& hit, bool matched_only) {
  json.begin_array();
  for (const engine::HitVariant& variant : hit.variants) {
    if (variant.matched || !matched_only) json.string(variant.sku.str());
  }
  json.end_array();
}

void render_variants(JsonWriter& json, const engine::Hit& hit) {
  json.key("variants").begin_array();
  for (const engine::HitVariant& variant : hit.variants) {
    json.begin_object().field("sku", variant.sku.str());
    render_options(json.key("options"), variant.options);
    json.field("price", variant.price.minor_units);
    json.field("currency", variant.price.currency.code());
    json.field("available", variant.available.units());
    json.field("in_stock", variant.available.units() > 0);
    if (variant.max_per_order > 0) json.field("max_per_order", variant.max_per_order);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

TypesenseSelection::TypesenseSelection(const std::vector<std::string>& include,
                                       const std::vector<std::string>& exclude)
    : include_{include.empty() ? nullptr : &include},
      exclude_{exclude.empty() ? nullptr : &exclude} {
}

bool TypesenseSelection::has(std::string_view field) const {
  const bool in = include_ == nullptr ||
                  std::any_of(include_->begin(), include_->end(),
                              [&](std::string_view name) { return is_within(name, field); });
  return in && (exclude_ == nullptr ||
                std::find(exclude_->begin(), exclude_->end(), field) == exclude_->end());
}

bool TypesenseSelection::has_attribute(std::string_view name) const {
  const auto names = [&](std::string_view one) {
    return one == kAttributes || (is_within(one, kAttributes) &&
                                  one.substr(std::min(one.size(), kAttributes.size() + 1)) == name);
  };
  const bool in = include_ == nullptr || std::any_of(include_->begin(), include_->end(), names);
  return in && (exclude_ == nullptr || std::none_of(exclude_->begin(), exclude_->end(), names));
}

engine::Hit to_hit(const engine::ProductView& view, const engine::Product& product) {
  engine::Hit hit;
  hit.id = view.entry.id;
  hit.document = view.entry.document;
  hit.version = view.entry.version;
  hit.created_at = view.entry.created_at;
  hit.updated_at = view.entry.updated_at;
  for (std::size_t i = 0; i < view.skus.size(); ++i) {
    const engine::SkuEntry& sku = view.skus[i];
    engine::HitVariant& variant = hit.variants.emplace_back();
    variant.sku = sku.terms.sku;
    if (i < product.variants.size()) variant.options = product.variants[i].options;
    variant.price = sku.terms.price;
    variant.available = sku.stock.available();
    variant.max_per_order = sku.terms.max_per_order;
    variant.matched = true;
    if (i == 0 || variant.price.minor_units < hit.price.minor_units) hit.price = variant.price;
    hit.available += variant.available;
    hit.in_stock = hit.in_stock || variant.available > engine::Quantity{0};
  }
  return hit;
}

void render_typesense_document(JsonWriter& json, const engine::Hit& hit,
                               const engine::Product& product, const TypesenseSelection& want) {
  json.begin_object();
  if (want.has("id")) json.field("id", hit.id.str());
  if (want.has("title")) json.field("title", product.title);
  if (want.has("description")) json.field("description", product.description);
  if (want.has("brand")) json.field("brand", product.brand);
  if (want.has("categories")) render_texts(json.key("categories"), product.categories);
  if (want.has("tags")) render_texts(json.key("tags"), product.tags);
  if (want.has(kAttributes)) render_wanted_attributes(json, product, want);
  if (want.has("images")) render_texts(json.key("images"), product.images);
  if (want.has("rating")) json.field("rating", product.rating);
  if (want.has("rating_count")) json.field("rating_count", product.rating_count);
  if (want.has("popularity")) json.field("popularity", product.popularity);
  if (want.has("status")) json.field("status", to_string(product.status));
  if (want.has("available_at") && product.available_at)
    json.field("available_at", seconds(*product.available_at));
  if (want.has("price")) json.field("price", hit.price.minor_units);
  if (want.has("currency")) json.field("currency", hit.price.currency.code());
  if (want.has("in_stock")) json.field("in_stock", hit.in_stock);
  if (want.has("available")) json.field("available", hit.available.units());
  if (want.has("sku")) render_skus(json.key("sku"), hit, false);
  if (want.has("matched_skus")) render_skus(json.key("matched_skus"), hit, true);
  if (want.has("variants")) render_variants(json, hit);
  if (want.has("version")) json.field("version", hit.version);
  if (want.has("created_at")) json.field("created_at", seconds(hit.created_at));
  if (want.has("updated_at")) json.field("updated_at", seconds(hit.updated_at));
  json.end_object();
}

}  // namespace souk::net
