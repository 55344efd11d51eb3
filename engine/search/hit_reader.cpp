#include "engine/search/hit_reader.hpp"

#include <algorithm>

#include "engine/catalog/product_codec.hpp"
#include "engine/index/product_fields.hpp"
#include "engine/search/highlight.hpp"

namespace souk::engine {
namespace {

struct NamedText {
  std::string field;
  std::vector<std::string_view> texts;
};

std::vector<NamedText> texts_of(const Product& product, std::string_view field) {
  if (field == "title") return {{"title", {product.title}}};
  if (field == "description") return {{"description", {product.description}}};
  if (field == "brand") return {{"brand", {product.brand}}};
  if (field == "categories")
    return {{"categories", {product.categories.begin(), product.categories.end()}}};
  if (field == "tags") return {{"tags", {product.tags.begin(), product.tags.end()}}};
  if (field == "sku") {
    NamedText skus{"sku", {}};
    for (const Variant& variant : product.variants) skus.texts.push_back(variant.sku.str());
    return {skus};
  }
  std::vector<NamedText> named;
  for (const Attribute& attribute : product.attributes) {
    std::string name = attribute_field(attribute.name);
    if (field == "attributes" || field == name)
      named.push_back({std::move(name), text_values(attribute)});
  }
  for (const Variant& variant : product.variants) {
    for (const Option& option : variant.options) {
      std::string name = attribute_field(option.name);
      if (field != "attributes" && field != name) continue;
      const auto known = std::find_if(named.begin(), named.end(),
                                      [&](const NamedText& n) { return n.field == name; });
      if (known == named.end()) {
        named.push_back({std::move(name), {option.value}});
      } else if (std::find(known->texts.begin(), known->texts.end(), option.value) ==
                 known->texts.end()) {
        known->texts.emplace_back(option.value);
      }
    }
  }
  return named;
}

/// By how many typos the nearest spelling of each token differs that stands in the product: what it
/// was found by. A word that stands there as it was typed is meant, not one that resembles it.
std::vector<std::uint32_t> nearest_spellings(const Product& product, const QueryPlan& plan,
                                             SearchRound round,
                                             const std::vector<std::string>& fields,
                                             Analyzer& analyzer) {
  std::vector<std::uint32_t> nearest(plan.tokens.size());
  bool any = false;
  for (std::size_t i = 0; i < plan.tokens.size(); ++i) {
    const PlannedToken& token = plan.tokens[i];
    if (!token.corrections.empty()) nearest[i] = plan.typos_of(token, round.spelling);
    any = any || nearest[i] > 0;
  }
  if (!any) return nearest;
  const auto look = [&](const Token& word) {
    for (std::size_t i = 0; i < plan.tokens.size(); ++i) {
      const PlannedToken& token = plan.tokens[i];
      if (nearest[i] == 0) continue;
      if (word.exact == token.exact || word.term == token.term ||
          (token.last && word.exact.starts_with(token.exact))) {
        nearest[i] = 0;
        continue;
      }
      for (const Correction& each : token.corrections) {
        if (each.typos < nearest[i] && (word.exact == each.word || word.term == each.term))
          nearest[i] = each.typos;
      }
    }
  };
  for (const std::string& field : fields) {
    for (const NamedText& named : texts_of(product, field)) {
      for (const std::string_view text : named.texts) {
        analyzer.start(text);
        for (Token word; analyzer.next(word);) look(word);
      }
    }
  }
  return nearest;
}

}  // namespace

Hit read_hit(const RankedHit& ranked, std::span<const std::uint32_t> matched) {
  const SegmentView& view = *ranked.view;
  const DocId doc = ranked.doc;
  const DocChunk& chunk = view.doc_chunk(doc);
  const std::size_t row = doc % kChunkRows;
  Hit hit;
  hit.id = ProductId{std::string{view.segment->id(doc)}};
  hit.document = (*view.documents)[doc];
  hit.version = chunk.version[row];
  hit.created_at = Timestamp{chunk.created_at[row]};
  hit.updated_at = Timestamp{chunk.updated_at[row]};
  hit.text_match = ranked.text_match;
  const auto product = decode_document(*hit.document);
  const std::uint32_t first = view.segment->first_variant(doc);
  for (std::uint32_t variant = first; variant < view.segment->first_variant(doc + 1); ++variant) {
    const VariantChunk& terms = view.variant_chunk(variant);
    const std::size_t place = variant % kChunkRows;
    HitVariant read;
    read.sku = Sku{std::string{view.segment->sku(variant)}};
    if (product && variant - first < product->variants.size())
      read.options = product->variants[variant - first].options;
    read.price = {terms.price[place], Currency::from_packed(terms.currency[place])};
    read.available = Quantity{terms.available[place]};
    read.max_per_order = terms.max_per_order[place];
    read.matched = std::find(matched.begin(), matched.end(), variant) != matched.end();
    if (read.matched) {
      const bool cheaper =
          hit.price.currency.none() || read.price.minor_units < hit.price.minor_units;
      if (cheaper) hit.price = read.price;
      hit.available += read.available;
      hit.in_stock = hit.in_stock || read.available > Quantity{0};
    }
    hit.variants.push_back(std::move(read));
  }
  return hit;
}

std::vector<Highlight> highlight_hit(const Hit& hit, const QueryPlan& plan, SearchRound round,
                                     const Query& query, Analyzer& analyzer) {
  std::vector<Highlight> highlights;
  const auto product = decode_document(*hit.document);
  if (!product || plan.matches_all()) return highlights;
  std::vector<std::string> fields = query.highlight_fields;
  if (fields.empty()) {
    for (const PlannedField& field : plan.fields) fields.push_back(field.name);
  }
  const HighlightStyle style{query.highlight_start, query.highlight_end, query.snippet_threshold,
                             4};
  analyzer.set_language(product->language);
  const auto nearest = nearest_spellings(*product, plan, round, fields, analyzer);
  for (const std::string& field : fields) {
    HighlightTerms terms;
    const bool sku = field == "sku";
    std::vector<bool> used(plan.tokens.size());
    for (const Reading& reading : plan.readings) {
      if (!plan.is_read(reading, round)) continue;
      for (const std::uint32_t number : reading.tokens) used[number] = true;
    }
    for (std::size_t i = 0; i < plan.tokens.size(); ++i) {
      if (!used[i]) continue;
      const PlannedToken& token = plan.tokens[i];
      terms.terms.push_back(sku ? token.exact : token.term);
      for (const Correction& each : token.corrections) {
        if (each.typos <= nearest[i]) terms.terms.push_back(sku ? each.word : each.term);
      }
    }
    const bool prefix =
        std::any_of(plan.fields.begin(), plan.fields.end(), [&](const PlannedField& planned) {
          return planned.prefix && (planned.name == field || !query.highlight_fields.empty());
        });
    for (std::size_t i = 0; i < plan.tokens.size() && prefix; ++i) {
      if (used[i] && plan.tokens[i].last) terms.prefixes.push_back(plan.tokens[i].exact);
    }
    for (const NamedText& named : texts_of(*product, field)) {
      for (std::uint32_t value = 0; value < named.texts.size(); ++value) {
        auto marked = highlight(named.field, named.texts[value], terms, style, analyzer);
        if (!marked) continue;
        marked->value = value;
        highlights.push_back(std::move(*marked));
      }
    }
  }
  analyzer.set_language(Language::english);  // filters compare words in it
  return highlights;
}

}  // namespace souk::engine
