#include "net/json/product.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "engine/catalog/product_codec.hpp"
#include "net/json/merge_patch.hpp"

namespace souk::net {
namespace {

using engine::Errc;

constexpr std::string_view kTee =
    R"({"id": "tee-1", "title": "Organic tee", "description": "Soft \u00fcber \"tee\"",
  "brand": "Acme", "categories": ["Clothing > Shirts"], "tags": ["summer"],
  "attributes": {"material": ["cotton"], "sleeve": "short", "weight_g": 180, "ratio": 0.3, "vegan": true},
  "images": ["https://img.example/1.jpg"], "rating": 4.4, "rating_count": 120, "popularity": 310,
  "status": "draft", "available_at": "2026-03-01T12:30:00+01:00", "source_version": 9,
  "variants": [{"sku": "TEE-1-S", "options": {"size": "S", "color": "red"},
                "price": {"amount": 1999, "currency": "EUR"}, "stock": 7, "max_per_order": 5},
               {"sku": "TEE-1-M", "price": {"amount": 2099, "currency": "EUR"}}]})";

engine::Result<ProductInput> parse(std::string_view text, const std::string& id = "") {
  JsonDocument document;
  if (const auto parsed = document.parse(text); !parsed) return parsed.error();
  return parse_product(document.root(), engine::ProductId{id});
}

/// The product as a shard would show it, stock 0 where none was given.
engine::ProductView view_of(const engine::Product& product) {
  engine::ProductView view;
  view.entry.id = product.id;
  view.entry.document = std::make_shared<const std::string>(engine::encode_document(product));
  view.entry.status = product.status;
  view.entry.available_at = product.available_at;
  view.entry.version = 17;
  view.entry.created_at = view.entry.updated_at = engine::Timestamp{1'700'000'000'000'000};
  for (const engine::Variant& variant : product.variants) {
    engine::SkuEntry sku;
    sku.terms = {variant.sku, variant.price, variant.max_per_order};
    sku.product = product.id;
    sku.stock.on_hand = sku.stock.received = variant.stock.value_or(engine::Quantity{});
    sku.version = 3;
    view.entry.skus.push_back(variant.sku);
    view.skus.push_back(std::move(sku));
  }
  return view;
}

std::string rendered(const engine::ProductView& view) {
  std::string text;
  JsonWriter json{text};
  const auto product = engine::to_product(view);
  REQUIRE(product);
  render_product(json, view, *product);
  return text;
}

}  // namespace

TEST_CASE("product: every member is read") {
  const auto input = parse(kTee);

  REQUIRE(input);
  const engine::Product& product = input->product;
  CHECK(product.id.str() == "tee-1");
  CHECK(product.description ==
        "Soft \xc3\xbc"
        "ber \"tee\"");
  CHECK(product.categories == std::vector<std::string>{"Clothing > Shirts"});
  REQUIRE(product.attributes.size() == 5);
  CHECK(product.attributes[0].name == "material");
  CHECK(std::get<std::vector<std::string>>(product.attributes[0].value) ==
        std::vector<std::string>{"cotton"});
  CHECK(std::get<double>(product.attributes[1].value) == 0.3);
  CHECK(std::get<bool>(product.attributes[3].value));
  CHECK(product.rating == 4.4);
  CHECK(product.status == engine::ProductStatus::draft);
  CHECK(product.available_at == engine::Timestamp{1'772'364'600'000'000});
  CHECK(input->source_version == 9);
  REQUIRE(product.variants.size() == 2);
  CHECK(product.variants[0].stock == engine::Quantity{7});
  CHECK(product.variants[0].max_per_order == 5);
  CHECK(product.variants[0].options ==
        std::vector<engine::Option>{{"size", "S"}, {"color", "red"}});
  CHECK_FALSE(product.variants[1].stock);
  CHECK(engine::validate(product));
}

TEST_CASE("product: what was rendered is read back as the same product") {
  const auto input = parse(kTee);
  REQUIRE(input);
  engine::Product product = input->product;

  auto again = parse(rendered(view_of(product)));

  REQUIRE(again);
  product.variants[1].stock = engine::Quantity{0};
  CAPTURE(rendered(view_of(product)));
  CHECK(again->product == product);
}

TEST_CASE("product: without variants it is its own only variant, named by its sku or its id") {
  const auto named = parse(
      R"({"id":"a","title":"A","sku":"A-1","price":{"amount":5,"currency":"JPY"},"stock":2})");
  auto unnamed = parse(R"({"title":"A","price":{"amount":5,"currency":"JPY"}})");

  REQUIRE(named);
  REQUIRE(named->product.variants.size() == 1);
  CHECK(named->product.variants[0].sku.str() == "A-1");
  CHECK(named->product.variants[0].stock == engine::Quantity{2});
  REQUIRE(unnamed);
  REQUIRE(complete_product(unnamed->product, engine::ProductId{"prod_1"}));
  CHECK(unnamed->product.id.str() == "prod_1");
  CHECK(unnamed->product.variants[0].sku.str() == "prod_1");
}

TEST_CASE("product: the ETag names the edit version, If-Match reads it back") {
  const auto input = parse(kTee);
  REQUIRE(input);

  const std::string etag = etag_of(view_of(input->product));

  CHECK(etag == "\"v17-6\"");
  CHECK(*parse_etag_version(etag) == 17);
  CHECK(*parse_etag_version("\"v17\"") == 17);
  CHECK(*parse_etag_version("W/\"v3-9\"") == 3);
  for (const char* bad :
       {"", "v17", "\"17\"", "\"v\"", "\"vx\"", "\"v1-x\"", "\"v99999999999999999999\"", "\"v1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_etag_version(bad));
  }
}

TEST_CASE("merge_patch: the examples of RFC 7396") {
  const auto merged = [](std::string_view target, std::string_view patch) {
    JsonDocument a, b;
    REQUIRE(a.parse(target));
    REQUIRE(b.parse(patch));
    return merge_patch(a.root(), b.root());
  };

  CHECK(merged(R"({"a":"b"})", R"({"a":"c"})") == R"({"a":"c"})");
  CHECK(merged(R"({"a":"b"})", R"({"b":"c"})") == R"({"a":"b","b":"c"})");
  CHECK(merged(R"({"a":"b"})", R"({"a":null})") == R"({})");
  CHECK(merged(R"({"a":"b","b":"c"})", R"({"a":null})") == R"({"b":"c"})");
  CHECK(merged(R"({"a":["b"]})", R"({"a":"c"})") == R"({"a":"c"})");
  CHECK(merged(R"({"a":"c"})", R"({"a":["b"]})") == R"({"a":["b"]})");
  CHECK(merged(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})") == R"({"a":{"b":"d"}})");
  CHECK(merged(R"({"a":[{"b":"c"}]})", R"({"a":[1]})") == R"({"a":[1]})");
  CHECK(merged(R"(["a","b"])", R"(["c","d"])") == R"(["c","d"])");
  CHECK(merged(R"({"a":"b"})", R"(["c"])") == R"(["c"])");
  CHECK(merged(R"({"a":"foo"})", "null") == "null");
  CHECK(merged(R"({"a":"foo"})", R"("bar")") == R"("bar")");
  CHECK(merged(R"({"e":null})", R"({"a":1})") == R"({"e":null,"a":1})");
  CHECK(merged(R"([1,2])", R"({"a":"b","c":null})") == R"({"a":"b"})");
  CHECK(merged("{}", R"({"a":{"bb":{"ccc":null}}})") == R"({"a":{"bb":{}}})");
}

TEST_CASE("product: parsing keeps up with an import" * doctest::may_fail()) {
  std::string text{kTee};
  text.replace(text.find("Soft"), 4, std::string(600, 'x'));
  JsonDocument document;
  constexpr int kRuns = 20'000;
  std::size_t variants = 0;

  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kRuns; ++i) {
    REQUIRE(document.parse(text));
    const auto input = parse_product(document.root(), {});
    REQUIRE(input);
    REQUIRE(engine::validate(input->product));
    variants += input->product.variants.size();
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;

  MESSAGE(text.size() << " bytes: " << took.count() / kRuns << " us per product");
  CHECK(variants == 2 * kRuns);
  CHECK(took.count() / kRuns < 20);
}

}  // namespace souk::net
