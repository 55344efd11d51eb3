#include "tests/engine/search/search_model.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <set>

#include "engine/index/length_code.hpp"
#include "engine/search/filter.hpp"
#include "engine/text/analyzer.hpp"

using namespace souk::engine;

namespace {

using Texts = std::vector<std::string>;

struct ModelDoc {
  const ProductEntry* entry = nullptr;
  Product product;
  std::vector<const SkuEntry*> skus;
  std::map<std::string, std::vector<Word>> words;  // by queried field
  std::vector<std::size_t> matching;               // variants
  std::int64_t text_match = 0;
};

/// The distinct texts of one attribute over product and variants; with `variant`, of that variant
/// only.
std::set<std::string> attribute_texts(const Product& product, const std::string& name,
                                      const Variant* variant) {
  std::set<std::string> texts;
  for (const auto& attribute : product.attributes) {
    if (attribute.name != name) continue;
    if (const auto* text = std::get_if<std::string>(&attribute.value)) texts.insert(*text);
    if (const auto* list = std::get_if<std::vector<std::string>>(&attribute.value)) {
      texts.insert(list->begin(), list->end());
    }
  }
  for (const auto& other : product.variants) {
    if (variant != nullptr && &other != variant) continue;
    for (const auto& option : other.options) {
      if (option.name == name) texts.insert(option.value);
    }
  }
  texts.erase("");
  return texts;
}

std::set<std::string> attribute_names(const Product& product) {
  std::set<std::string> names;
  for (const auto& attribute : product.attributes) names.insert(attribute.name);
  for (const auto& variant : product.variants) {
    for (const auto& option : variant.options) names.insert(option.name);
  }
  return names;
}

Texts field_texts(const Product& product, const std::string& field) {
  if (field == "title") return {product.title};
  if (field == "brand") return {product.brand};
  if (field == "description") return {product.description};
  if (field == "categories") return product.categories;
  if (field == "tags") return product.tags;
  Texts texts;
  if (field == "sku") {
    for (const auto& variant : product.variants) texts.push_back(variant.sku.str());
  } else if (field == "attributes") {
    for (const auto& name : attribute_names(product)) {
      for (const auto& text : attribute_texts(product, name, nullptr)) texts.push_back(text);
    }
  } else {
    for (const auto& text : attribute_texts(product, field.substr(11), nullptr))
      texts.push_back(text);
  }
  return texts;
}

/// How often each entry (stem, or word that differs from it) that satisfies the token stands in the
/// text.
std::map<std::pair<bool, std::string>, std::uint32_t> entries_of(const std::vector<Word>& text,
                                                                 const Word& token,
                                                                 const QueryField& field,
                                                                 bool last) {
  std::map<std::pair<bool, std::string>, std::uint32_t> entries;
  const bool prefix = last && field.prefix;
  const std::string& stem = field.name == "sku" ? token.exact : token.term;
  for (const Word& word : text) {
    if (word.term == stem || (prefix && word.term.starts_with(token.exact)))
      ++entries[{false, word.term}];
    if (prefix && word.exact != word.term && word.exact.starts_with(token.exact))
      ++entries[{true, word.exact}];
  }
  return entries;
}

class Model {
public:
  Model(const TestShop& shop, const Query& query, Timestamp now) : query_{query}, now_{now} {
    fields_ = query.query_by.empty() ? default_query_fields() : query.query_by;
    analyzer_.set_language(query.language);
    if (query.q != "*" && !query.q.empty()) tokens_ = analyzer_.words(query.q);
    for (const auto& [id, entry] : shop.entries()) {
      ModelDoc doc;
      doc.entry = &entry;
      doc.product = *decode_document(*entry.document);
      for (const auto& sku : entry.skus) doc.skus.push_back(&shop.sku(sku));
      analyzer_.set_language(doc.product.language);
      for (const auto& field : fields_) {
        const Analysis analysis = field.name == "sku" ? Analysis::code : Analysis::text;
        if (doc.words.contains(field.name)) continue;
        auto& words = doc.words[field.name];
        std::uint32_t next = 0;  // position
        for (const auto& text : field_texts(doc.product, field.name)) {
          const std::uint32_t base = next;
          for (auto& word : analyzer_.words(text, analysis)) {
            word.position += base;
            next = word.position + 2;
            words.push_back(std::move(word));
          }
        }
      }
      docs_.push_back(std::move(doc));
    }
    analyzer_.set_language(Language::english);  // filters
  }

  SearchPage run() {
    SearchPage page;
    for (const auto& doc : docs_) page.out_of += visible(doc) ? 1U : 0U;
    std::vector<ModelDoc*> hits;
    for (std::size_t required = tokens_.size();; --required) {
      hits = find(required);
      if (query_.match == WordMatch::any) break;
      if (hits.size() >= query_.drop_tokens_threshold || required <= 1) break;
      if (query_.token_dropping == TokenDropping::from_right) continue;
      hits = find(0);
      break;
    }
    page.found = hits.size();
    for (const auto& facet : query_.facet_by) page.facets.push_back(count(facet, hits));
    std::sort(hits.begin(), hits.end(),
              [this](const ModelDoc* a, const ModelDoc* b) { return before(*a, *b); });
    const std::size_t begin = std::size_t{query_.page - 1} * query_.per_page;
    for (std::size_t i = begin; i < std::min(hits.size(), begin + query_.per_page); ++i)
      page.hits.push_back(hit(*hits[i]));
    return page;
  }

private:
  bool visible(const ModelDoc& doc) const {
    return doc.entry->status == ProductStatus::active &&
           (!doc.entry->available_at || *doc.entry->available_at <= now_);
  }

  std::vector<ModelDoc*> find(std::size_t required) {
    std::vector<ModelDoc*> hits;
    for (auto& doc : docs_) {
      if (!visible(doc) || !score(doc, required)) continue;
      const auto& hidden = query_.hidden_hits;
      if (std::find(hidden.begin(), hidden.end(), doc.product.id.str()) != hidden.end()) continue;
      doc.matching.clear();
      for (std::size_t v = 0; v < doc.skus.size(); ++v) {
        if (!query_.filter || holds(*query_.filter, doc, v)) doc.matching.push_back(v);
      }
      if (!doc.matching.empty()) hits.push_back(&doc);
    }
    return hits;
  }

  bool score(ModelDoc& doc, std::size_t required) {
    std::int64_t worth_all = 0;
    std::int64_t rest = 0;
    std::size_t known = 0;
    const bool none_needed = required == 0 && !tokens_.empty();
    const bool any = query_.match == WordMatch::any || none_needed;
    for (std::size_t t = 0; t < tokens_.size(); ++t) {
      bool found = false;
      std::int64_t best = 0;
      for (std::size_t f = 0; f < fields_.size(); ++f) {
        std::uint32_t tf = 0;
        const bool last = t + 1 == tokens_.size();
        for (const auto& [entry, n] :
             entries_of(doc.words[fields_[f].name], tokens_[t], fields_[f], last))
          tf = std::max(tf, n);
        if (tf == 0) continue;
        found = true;
        best = std::max(best, worth(t, f, tf, length(doc, f)));
      }
      worth_all += best;
      known += found ? 1U : 0U;
      if (!found && t < required && !any) return false;
      if (found && t >= required) ++rest;
    }
    if (any && known == 0 && !tokens_.empty()) return false;
    if (none_needed) rest = known == tokens_.size() ? 1 : 0;
    doc.text_match = (rest << 45) + worth_all + proximity(doc, worth_all);
    return true;
  }

  /// Looks at every window of every field.
  std::int64_t proximity(const ModelDoc& doc, std::int64_t worth_all) const {
    const bool by_words =
        query_.sort_by.empty() || (query_.sort_by.front().field == "_text_match" &&
                                   query_.sort_by.front().order == SortOrder::descending);
    if (!query_.proximity || !by_words) return 0;
    std::int64_t bonus = 0;
    for (const auto& field : fields_) {
      std::set<std::string> wanted;
      for (const Word& token : tokens_)
        wanted.insert(field.name == "sku" ? token.exact : token.term);
      const auto count = static_cast<std::int64_t>(wanted.size());
      if (count < 2 || count > 16) continue;
      const std::vector<Word>& words = doc.words.at(field.name);
      for (std::size_t from = 0; from < words.size(); ++from) {
        std::set<std::string> missing = wanted;
        for (std::size_t to = from; to < words.size(); ++to) {
          missing.erase(words[to].term);
          if (!missing.empty()) continue;
          const std::int64_t window =
              std::max<std::int64_t>(words[to].position - words[from].position + 1, count);
          bonus = std::max(bonus, worth_all * count / (32 * window));
          break;
        }
      }
    }
    return bonus;
  }

  std::uint32_t length(const ModelDoc& doc, std::size_t field) const {
    const auto words = doc.words.at(fields_[field].name).size();
    return decode_length(encode_length(static_cast<std::uint32_t>(words)));
  }

  std::int64_t worth(std::size_t token, std::size_t field, std::uint32_t tf, std::uint32_t words) {
    auto& known = statistics_[{token, field}];
    if (known.first == 0) {
      std::uint64_t sum = 0;
      std::uint64_t with = 0;
      std::uint64_t listed = 0;
      for (const auto& doc : docs_) {
        sum += length(doc, field);
        with += length(doc, field) > 0 ? 1U : 0U;
        listed += entries_of(doc.words.at(fields_[field].name), tokens_[token], fields_[field],
                             token + 1 == tokens_.size())
                      .size();
      }
      known = {static_cast<double>(sum) / static_cast<double>(with),
               std::min(static_cast<double>(listed), static_cast<double>(docs_.size()))};
    }
    const double idf = std::log(1.0 + (static_cast<double>(docs_.size()) - known.second + 0.5) /
                                          (known.second + 0.5));
    const double norm =
        1.2 * (1 - 0.75 + 0.75 * static_cast<double>(words) / std::max(known.first, 1.0));
    const double factor = 65536.0 * static_cast<double>(fields_[field].weight) * idf * (1.2 + 1);
    return static_cast<std::int64_t>(factor * tf / (tf + norm) + 0.5);
  }

  bool holds(const Filter& filter, const ModelDoc& doc, std::size_t v) {
    const auto child = [&](const FilterPtr& f) { return holds(*f, doc, v); };
    switch (filter.kind) {
      case FilterKind::all_of:
        return std::all_of(filter.children.begin(), filter.children.end(), child);
      case FilterKind::any_of:
        return std::any_of(filter.children.begin(), filter.children.end(), child);
      case FilterKind::negation:
        return !child(filter.children.front());
      case FilterKind::leaf:
        break;
    }
    return leaf_holds(filter.leaf, doc, v) != (filter.leaf.op == FilterOp::differs);
  }

  bool leaf_holds(const FilterLeaf& leaf, const ModelDoc& doc, std::size_t v) {
    const auto text = [&](const std::string& value) { return holds_text(leaf, value, analyzer_); };
    const std::string& f = leaf.field;
    if (f == "in_stock") return holds_bool(leaf, doc.skus[v]->stock.available() > Quantity{0});
    if (f == "sku") return text(doc.product.variants[v].sku.str());
    if (f == "id") return text(doc.product.id.str());
    for (const double number : numbers(f, doc, {v})) {
      if (holds_number(leaf, number)) return true;
    }
    for (const auto& value : values(f, doc, {v})) {
      if (text(value)) return true;
    }
    for (const auto& attribute : doc.product.attributes) {
      const auto* flag = std::get_if<bool>(&attribute.value);
      if (flag != nullptr && f == "attributes." + attribute.name && holds_bool(leaf, *flag))
        return true;
    }
    return false;
  }

  /// Texts of a facet field over some variants, booleans excepted.
  static std::set<std::string> values(const std::string& f, const ModelDoc& doc,
                                      const std::vector<std::size_t>& variants) {
    std::set<std::string> found;
    if (f == "brand") found.insert(doc.product.brand);
    if (f == "title") found.insert(doc.product.title);
    if (f == "tags") found.insert(doc.product.tags.begin(), doc.product.tags.end());
    if (f == "categories") {
      for (const auto& category : doc.product.categories) {
        for (auto at = category.find(" > "); at != std::string::npos;
             at = category.find(" > ", at + 3)) {
          found.insert(category.substr(0, at));
        }
        found.insert(category);
      }
    }
    if (f.starts_with("attributes.")) {
      for (const auto v : variants)
        found.merge(attribute_texts(doc.product, f.substr(11), &doc.product.variants[v]));
    }
    found.erase("");
    return found;
  }

  static std::set<double> numbers(const std::string& f, const ModelDoc& doc,
                                  const std::vector<std::size_t>& variants) {
    std::set<double> found;
    for (const auto v : variants) {
      if (f == "price") found.insert(static_cast<double>(doc.skus[v]->terms.price.minor_units));
      if (f == "available")
        found.insert(static_cast<double>(doc.skus[v]->stock.available().units()));
    }
    if (f == "rating") found.insert(doc.product.rating);
    if (f == "popularity") found.insert(static_cast<double>(doc.product.popularity));
    for (const auto& attribute : doc.product.attributes) {
      const auto* number = std::get_if<double>(&attribute.value);
      if (number != nullptr && f == "attributes." + attribute.name) found.insert(*number);
    }
    return found;
  }

  Facet count(const FacetRequest& request, const std::vector<ModelDoc*>& hits) const {
    std::map<std::string, std::uint64_t> counts;
    std::map<double, std::uint64_t> number_counts;
    for (const ModelDoc* doc : hits) {
      std::set<std::string> seen = values(request.field, *doc, doc->matching);
      for (const auto& attribute : doc->product.attributes) {
        const auto* flag = std::get_if<bool>(&attribute.value);
        if (flag != nullptr && request.field == "attributes." + attribute.name)
          seen.insert(*flag ? "true" : "false");
      }
      if (request.field == "in_stock") {
        for (const auto v : doc->matching)
          seen.insert(doc->skus[v]->stock.available() > Quantity{0} ? "true" : "false");
      }
      std::set<std::string> ranges;
      for (const double number : numbers(request.field, *doc, doc->matching)) {
        ++number_counts[number];
        std::array<char, 32> text{};
        if (request.ranges.empty()) {
          char* end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
          seen.insert(std::string(text.data(), end));
        }
        for (const auto& range : request.ranges) {
          if (number >= range.from && number < range.to) ranges.insert(range.label);
        }
      }
      if (!request.ranges.empty()) seen = ranges;
      for (const auto& value : seen) ++counts[value];
    }
    Facet facet;
    facet.field = request.field;
    for (const auto& [value, n] : counts) facet.counts.push_back({value, value, n});
    std::stable_sort(facet.counts.begin(), facet.counts.end(),
                     [](const auto& a, const auto& b) { return a.count > b.count; });
    facet.total_values = facet.counts.size();
    if (facet.counts.size() > query_.max_facet_values) facet.counts.resize(query_.max_facet_values);
    if (!number_counts.empty()) {
      FacetStats stats{number_counts.begin()->first, number_counts.rbegin()->first, 0, 0};
      double n = 0;
      for (const auto& [number, times] : number_counts) {
        stats.sum += number * static_cast<double>(times);
        n += static_cast<double>(times);
      }
      stats.average = stats.sum / n;
      facet.stats = stats;
    }
    return facet;
  }

  SortValue sort_value(const std::string& f, const ModelDoc& doc) const {
    if (f == "_text_match") return {doc.text_match};
    if (f == "id") return {doc.product.id.str()};
    if (f == "rating") return {doc.product.rating};
    if (f == "popularity") return {doc.product.popularity};
    if (f == "created_at") return {doc.entry->created_at.microseconds()};
    if (f == "updated_at") return {doc.entry->updated_at.microseconds()};
    if (f == "available") {
      std::int64_t sum = 0;
      for (const auto v : doc.matching) sum += doc.skus[v]->stock.available().units();
      return {sum};
    }
    const auto found = numbers(f, doc, doc.matching);
    if (f == "price") return {static_cast<std::int64_t>(*found.begin())};
    if (!found.empty()) return {*found.begin()};
    if (f.starts_with("attributes.")) {
      for (const auto& attribute : doc.product.attributes) {
        const std::set<std::string> own =
            "attributes." + attribute.name != f ? std::set<std::string>{} : [&] {
              Product bare = doc.product;
              bare.variants.clear();
              return attribute_texts(bare, attribute.name, nullptr);
            }();
        if (!own.empty()) return {*own.begin()};
      }
    }
    const auto texts = values(f, doc, doc.matching);
    if (!texts.empty()) return {*texts.begin()};
    return {};
  }

  bool before(const ModelDoc& a, const ModelDoc& b) const {
    auto keys = query_.sort_by;
    if (keys.empty())
      keys = {{"_text_match", SortOrder::descending}, {"popularity", SortOrder::descending}};
    for (const auto& key : keys) {
      const SortValue x = sort_value(key.field, a);
      const SortValue y = sort_value(key.field, b);
      const auto rank = [](const SortValue& value) {  // numbers, texts, missing
        return value.value.index() == 0 ? 2 : value.value.index() == 3 ? 1 : 0;
      };
      if (rank(x) != rank(y)) return rank(x) < rank(y);
      if (x.value == y.value) continue;
      return key.order == SortOrder::ascending ? x.value < y.value : y.value < x.value;
    }
    return a.product.id < b.product.id;
  }

  Hit hit(const ModelDoc& doc) const {
    Hit hit;
    hit.id = doc.product.id;
    hit.document = doc.entry->document;
    hit.version = doc.entry->version;
    hit.text_match = doc.text_match;
    hit.updated_at = doc.entry->updated_at;
    hit.price = doc.skus[doc.matching.front()]->terms.price;
    for (std::size_t v = 0; v < doc.skus.size(); ++v) {
      HitVariant variant{doc.product.variants[v].sku,
                         doc.product.variants[v].options,
                         doc.skus[v]->terms.price,
                         doc.skus[v]->stock.available(),
                         0,
                         false};
      variant.matched =
          std::find(doc.matching.begin(), doc.matching.end(), v) != doc.matching.end();
      if (variant.matched) {
        hit.price = std::min(hit.price, variant.price);
        hit.available += variant.available;
        hit.in_stock = hit.in_stock || variant.available > Quantity{0};
      }
      hit.variants.push_back(std::move(variant));
    }
    return hit;
  }

  const Query& query_;
  Timestamp now_;
  Analyzer analyzer_;
  std::vector<QueryField> fields_;
  std::vector<Word> tokens_;
  std::vector<ModelDoc> docs_;
  std::map<std::pair<std::size_t, std::size_t>, std::pair<double, double>> statistics_;
};

}  // namespace

SearchPage model_search(const TestShop& shop, const Query& query, Timestamp now) {
  return Model{shop, query, now}.run();
}
