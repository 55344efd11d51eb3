#include "engine/catalog/product.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>

namespace souk::engine {
namespace {

Product valid_product() {
  Product product;
  product.id = ProductId{"tee-1"};
  product.title = "Tee";
  product.variants.resize(2);
  product.variants[0].sku = Sku{"S"};
  product.variants[0].price = {100, *Currency::parse("EUR")};
  product.variants[1].sku = Sku{"M"};
  product.variants[1].price = {100, *Currency::parse("EUR")};
  return product;
}

struct Fault {
  const char* param;
  Errc code;
  std::function<void(Product&)> plant;
};

TEST_CASE("validate: a product within all bounds is accepted") {
  CHECK(validate(valid_product()).has_value());
}

TEST_CASE("validate: every fault is named") {
  const Fault faults[] = {
      {"id", Errc::missing_field, [](Product& p) { p.id = {}; }},
      {"id", Errc::invalid_value, [](Product& p) { p.id = ProductId{"a b"}; }},
      {"title", Errc::missing_field, [](Product& p) { p.title.clear(); }},
      {"title", Errc::invalid_value, [](Product& p) { p.title.assign(kTitleMax + 1, 'x'); }},
      {"description", Errc::invalid_value,
       [](Product& p) { p.description.assign(kTextMax + 1, 'x'); }},
      {"tags", Errc::too_many, [](Product& p) { p.tags.assign(kListMax + 1, "x"); }},
      {"tags[1]", Errc::invalid_value,
       [](Product& p) {
         p.tags = {"a", ""};
       }},
      {"rating", Errc::invalid_value, [](Product& p) { p.rating = 5.1; }},
      {"rating", Errc::invalid_value,
       [](Product& p) { p.rating = std::numeric_limits<double>::quiet_NaN(); }},
      {"popularity", Errc::invalid_value, [](Product& p) { p.popularity = -1; }},
      {"attributes.b", Errc::invalid_value,
       [](Product& p) {
         p.attributes = {{"b", true}, {"b", false}};
       }},
      {"attributes.w", Errc::invalid_value,
       [](Product& p) {
         p.attributes = {{"w", std::numeric_limits<double>::infinity()}};
       }},
      {"variants", Errc::missing_field, [](Product& p) { p.variants.clear(); }},
      {"variants", Errc::too_many, [](Product& p) { p.variants.resize(kVariantsMax + 1); }},
      {"variants[1].sku", Errc::invalid_value, [](Product& p) { p.variants[1].sku = Sku{"S"}; }},
      {"variants[0].price", Errc::missing_field, [](Product& p) { p.variants[0].price = {}; }},
      {"variants[0].price.amount", Errc::invalid_value,
       [](Product& p) { p.variants[0].price.minor_units = -1; }},
      {"variants[1].price.currency", Errc::currency_mismatch,
       [](Product& p) { p.variants[1].price.currency = *Currency::parse("USD"); }},
      {"variants[0].stock", Errc::invalid_value,
       [](Product& p) { p.variants[0].stock = Quantity{-1}; }},
      {"variants[0].options.size", Errc::invalid_value,
       [](Product& p) {
         p.variants[0].options = {{"size", "S"}, {"size", "M"}};
       }},
  };

  for (const Fault& fault : faults) {
    CAPTURE(fault.param);
    Product product = valid_product();
    fault.plant(product);
    const auto result = validate(product);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().param == fault.param);
    CHECK(result.error().code == fault.code);
  }
}

}  // namespace
}  // namespace souk::engine
