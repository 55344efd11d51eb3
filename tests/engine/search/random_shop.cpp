#include "tests/engine/search/random_shop.hpp"

#include <algorithm>
#include <cassert>

using namespace souk::engine;

namespace {

constexpr const char* kWords[] = {"running", "run",   "runs",  "shoe",      "shoes",    "shirt",
                                  "shirts",  "red",   "happy", "happiness", "Café",     "blue",
                                  "cotton",  "cot",   "wool",  "15.6in",    "a1",       "alpha",
                                  "beta",    "gamma", "delta", "x",         "wh1000xm4"};
constexpr const char* kBrands[] = {"Acme", "Foo & Co", "acme", "Bar", ""};
constexpr const char* kColors[] = {"red", "blue", "Dark Red", "green"};
constexpr const char* kSizes[] = {"S", "M", "L"};
constexpr const char* kCategories[] = {"Clothing > Shirts", "Clothing > Shoes > Running",
                                       "Clothing", "Toys"};

}  // namespace

std::string RandomShop::word() {
  return one_of(kWords);
}

std::string RandomShop::words(std::size_t most) {
  std::string text;
  for (std::size_t i = below(most + 1); i > 0; --i) text += (text.empty() ? "" : " ") + word();
  return text;
}

Product RandomShop::product() {
  Product product;
  product.id = ProductId{id()};
  product.title = word() + " " + words(4);
  product.description = words(chance(10) ? 120 : 12);
  product.brand = one_of(kBrands);
  for (std::size_t i = below(3); i > 0; --i) product.categories.push_back(one_of(kCategories));
  for (std::size_t i = below(3); i > 0; --i) product.tags.push_back(word());
  if (chance(50)) product.attributes.push_back({"color", one_of(kColors)});
  if (chance(30)) product.attributes.push_back({"flag", chance(50)});
  if (chance(40))
    product.attributes.push_back({"material", std::vector<std::string>{word(), word()}});
  if (chance(20)) product.attributes.push_back({"mixed", static_cast<double>(below(5))});
  if (product.attributes.empty() || product.attributes.back().name != "mixed") {
    if (chance(20)) product.attributes.push_back({"mixed", std::to_string(below(5))});
  }
  if (chance(40)) product.attributes.push_back({"weight", static_cast<double>(below(40)) / 8});
  product.rating = static_cast<double>(below(51)) / 10;
  product.popularity = static_cast<std::int64_t>(below(4));
  if (chance(25)) product.language = chance(50) ? Language::german : Language::french;
  if (chance(10)) product.status = ProductStatus::draft;
  if (chance(10))
    product.available_at = Timestamp{chance(50) ? 1'600'000'000'000'000 : 1'900'000'000'000'000};
  const std::size_t variants = 1 + below(4);
  for (std::size_t i = 0; i < variants; ++i) {
    Variant variant;
    variant.sku = Sku{product.id.str() + "-" + one_of(kSizes) + std::to_string(i)};
    if (chance(70)) variant.options.push_back({"size", one_of(kSizes)});
    if (chance(40)) variant.options.push_back({"color", one_of(kColors)});
    variant.price = {static_cast<std::int64_t>(100 * (1 + below(20))), *Currency::parse("EUR")};
    variant.stock = Quantity{chance(40) ? 0 : static_cast<std::int64_t>(below(9))};
    product.variants.push_back(std::move(variant));
  }
  return product;
}

std::string RandomShop::filter(int depth) {
  if (depth < 3 && chance(45)) {
    return "(" + filter(depth + 1) + (chance(50) ? " && " : " || ") + filter(depth + 1) + ")";
  }
  const std::string op = chance(30) ? ":!=" : chance(50) ? ":=" : ":";
  switch (below(12)) {
    case 0:
      return "in_stock:" + std::string{chance(50) ? "true" : "false"};
    case 1:
      return "price:[" + std::to_string(below(1000)) + ".." + std::to_string(1000 + below(1000)) +
             "]";
    case 2:
      return "price:>=" + std::to_string(below(2000));
    case 3:
      return "attributes.size" + op + one_of(kSizes);
    case 4:
      return "attributes.color" + op + "`" + one_of(kColors) + "`";
    case 5:
      return "brand" + op + "[Acme, `Foo & Co`]";
    case 6:
      return "categories" + op + "`" + one_of(kCategories) + "`";
    case 7:
      return "tags" + op + word();
    case 8:
      return "rating:>" + std::to_string(below(5));
    case 9:
      return "attributes.mixed" + op + std::to_string(below(5));
    case 10:
      return chance(50) ? "attributes.flag:" + std::string{chance(50) ? "true" : "false"}
                        : "available:<" + std::to_string(below(8));
    default:
      return chance(50) ? "id" + op + id() : "attributes.weight:<" + std::to_string(below(5));
  }
}

void RandomShop::group(Query& query) {
  static constexpr const char* kFields[] = {
      "brand", "rating", "price", "attributes.size", "attributes.color", "attributes.mixed",
      "title"};
  for (std::size_t i = 1 + below(2); i > 0; --i) query.group_by.push_back(one_of(kFields));
  query.group_limit = static_cast<std::uint32_t>(1 + below(5));
  query.group_missing_values = chance(70);
}

Query RandomShop::query() {
  static constexpr const char* kFields[] = {
      "title", "brand",      "categories",       "tags",
      "sku",   "attributes", "attributes.color", "description"};
  static constexpr const char* kSorts[] = {
      "price",       "rating",          "popularity", "available",        "title",
      "updated_at",  "brand",           "id",         "attributes.mixed", "attributes.weight",
      "_text_match", "attributes.color"};
  static constexpr const char* kFacets[] = {"brand",
                                            "categories",
                                            "tags",
                                            "in_stock",
                                            "price",
                                            "rating",
                                            "attributes.size",
                                            "attributes.color",
                                            "attributes.flag",
                                            "attributes.mixed",
                                            "attributes.weight"};
  Query query;
  query.q = chance(30) ? "*" : words(4);
  if (chance(20)) query.language = Language::german;
  if (query.q.size() > 2 && chance(40)) query.q.resize(query.q.size() - 1);
  if (chance(50)) {
    for (std::size_t i = 1 + below(3); i > 0; --i) {
      query.query_by.push_back(
          {one_of(kFields), static_cast<std::uint32_t>(1 + below(9)), chance(50)});
    }
  }
  if (chance(60)) {
    auto parsed = parse_filter(filter());
    assert(parsed);
    query.filter = *parsed;
  }
  for (std::size_t i = below(4); i > 0; --i) query.facet_by.push_back({one_of(kFacets), {}});
  if (chance(20))
    query.facet_by.push_back(
        {"price", {{"low", 0, 700}, {"middle", 700, 1400}, {"high", 1400, 9999}}});
  for (std::size_t i = below(4); i > 0; --i) {
    query.sort_by.push_back(
        {one_of(kSorts), chance(50) ? SortOrder::ascending : SortOrder::descending});
  }
  query.page = static_cast<std::uint32_t>(1 + below(3));
  query.per_page = static_cast<std::uint32_t>(below(25));
  query.max_facet_values = static_cast<std::uint32_t>(1 + below(12));
  query.drop_tokens_threshold = static_cast<std::uint32_t>(below(6));
  if (chance(50)) query.token_dropping = TokenDropping::any_word;
  if (chance(10)) query.hidden_hits.push_back(id());
  if (chance(30)) query.match = WordMatch::any;
  query.num_typos = 0;
  query.split_join_tokens = SplitJoin::off;
  return query;
}
