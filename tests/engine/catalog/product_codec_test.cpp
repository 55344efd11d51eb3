#include "engine/catalog/product_codec.hpp"

#include <doctest/doctest.h>

#include <random>

namespace souk::engine {
namespace {

Product full_product() {
  Product product;
  product.id = ProductId{"tee-1"};
  product.title = "Organic tee";
  product.description = std::string(300, 'x') + "ü";
  product.brand = "Acme";
  product.categories = {"Clothing > Shirts", "Summer"};
  product.tags = {"summer"};
  product.attributes = {{"material", std::vector<std::string>{"cotton", ""}},
                        {"none", std::vector<std::string>{}},
                        {"sleeve", std::string{"short"}},
                        {"washable", true},
                        {"weight_g", 180.5}};
  product.images = {"https://example.org/1.jpg"};
  product.rating = 4.4;
  product.rating_count = 120;
  product.popularity = 310;
  product.variants.resize(2);
  product.variants[0].sku = Sku{"TEE-1-S"};
  product.variants[0].options = {{"size", "S"}, {"color", ""}};
  product.variants[1].sku = Sku{"TEE-1-M"};
  return product;
}

TEST_CASE("product codec: what is encoded comes back") {
  const Product product = full_product();

  const auto decoded = decode_document(encode_document(product));

  REQUIRE(decoded);
  CHECK(*decoded == product);
  CHECK(title_of(encode_document(product)) == "Organic tee");
}

TEST_CASE("product codec: price, stock and limits are not part of the document") {
  Product priced = full_product();
  priced.variants[0].price = {1999, *Currency::parse("EUR")};
  priced.variants[0].stock = Quantity{7};
  priced.variants[0].max_per_order = 5;
  priced.status = ProductStatus::draft;

  CHECK(encode_document(priced) == encode_document(full_product()));
}

TEST_CASE("product codec: negative zero and zero are the same bytes") {
  Product a = full_product();
  Product b = full_product();
  a.attributes.back().value = 0.0;
  b.attributes.back().value = -0.0;

  CHECK(encode_document(a) == encode_document(b));
}

TEST_CASE("product codec: unknown tags are skipped and newer versions refused") {
  std::string bytes = encode_document(full_product());
  std::string longer = bytes;
  longer += std::string{"\x63\x03"} + "abc";  // tag 99, three bytes

  const auto decoded = decode_document(longer);
  REQUIRE(decoded);
  CHECK(*decoded == full_product());

  bytes[0] = 2;
  CHECK(decode_document(bytes).error().code == Errc::newer_format);
  CHECK(decode_document("").error().code == Errc::corrupt_record);
}

TEST_CASE("product codec: damaged bytes are refused or read, never overrun") {
  const std::string bytes = encode_document(full_product());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // A heap copy of the exact size lets the address sanitizer see a read past the end.
    const std::string cut(bytes.data(), size);
    (void)decode_document(cut);
    (void)title_of(cut);
  }

  constexpr std::uint32_t kSeed = 7;
  MESSAGE("seed " << kSeed);
  std::mt19937 random{kSeed};
  for (int round = 0; round < 20'000; ++round) {
    std::string flipped = bytes;
    for (int flips = 0; flips < 1 + round % 4; ++flips) {
      flipped[random() % flipped.size()] = static_cast<char>(random());
    }
    const auto decoded = decode_document(flipped);
    if (decoded) CHECK(decode_document(encode_document(*decoded)).has_value());
  }
}

TEST_CASE("product codec: a view becomes the product a client would have written") {
  const Product document = full_product();
  ProductView view;
  view.entry.id = document.id;
  view.entry.document = std::make_shared<const std::string>(encode_document(document));
  view.entry.status = ProductStatus::archived;
  for (const Variant& variant : document.variants) {
    SkuEntry sku;
    sku.terms = {variant.sku, {500, *Currency::parse("EUR")}, 3};
    sku.stock.on_hand = Quantity{4};
    view.skus.push_back(sku);
  }

  const auto product = to_product(view);

  REQUIRE(product);
  CHECK(product->status == ProductStatus::archived);
  CHECK(product->variants[1].price.minor_units == 500);
  CHECK(product->variants[1].max_per_order == 3);
  CHECK(product->variants[1].stock == Quantity{4});
}

}  // namespace
}  // namespace souk::engine
