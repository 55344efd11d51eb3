#include "net/cli/generate.hpp"

#include <doctest/doctest.h>
#include <xxhash.h>

#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <set>
#include <sstream>

#include "engine/types/id.hpp"

using namespace souk;

namespace {

std::string generated(std::uint64_t products, std::uint64_t seed) {
  std::ostringstream out;
  net::generate(out, products, seed);
  return out.str();
}

}  // namespace

TEST_CASE("generate: the same seed gives the same bytes on every machine") {
  const auto catalog = generated(1'000, 42);

  CHECK(XXH3_64bits(catalog.data(), catalog.size()) == 2895759376471320530U);
  CHECK(catalog == generated(1'000, 42));
  CHECK(catalog != generated(1'000, 43));
}

TEST_CASE("generate: a part is what it is in the whole") {
  const net::CatalogGenerator generator{7};
  std::string part;

  generator.append_product(58, part);

  std::istringstream whole{generated(60, 7)};
  std::string line;
  for (int i = 0; i < 58; ++i) std::getline(whole, line);
  CHECK(line + "\n" == part);
}

TEST_CASE("generate: every product is one a shop could sell") {
  std::istringstream catalog{generated(3'000, 1)};
  std::set<std::string> skus;
  std::set<std::string> categories;
  std::map<std::string, int> brands;
  std::size_t variants_in_all = 0;

  for (std::string line; std::getline(catalog, line);) {
    CAPTURE(line);
    const auto product = boost::json::parse(line).as_object();
    REQUIRE(engine::is_valid_id(product.at("id").as_string()));
    REQUIRE(!product.at("title").as_string().empty());
    const std::string_view description = product.at("description").as_string();
    const auto words = std::count(description.begin(), description.end(), ' ') + 1;
    REQUIRE(words >= 20);
    REQUIRE(words <= 64);
    ++brands[std::string{product.at("brand").as_string()}];
    categories.emplace(product.at("categories").at(0).as_string());
    const auto& variants = product.at("variants").as_array();
    REQUIRE(variants.size() >= 1);
    REQUIRE(variants.size() <= 8);
    variants_in_all += variants.size();
    for (const auto& variant : variants) {
      const std::string sku{variant.at("sku").as_string()};
      REQUIRE(engine::is_valid_id(sku));
      REQUIRE(skus.insert(sku).second);
      REQUIRE(variant.at("price").at("amount").to_number<std::int64_t>() >= 100);
      REQUIRE(variant.at("stock").to_number<std::int64_t>() >= 0);
    }
  }

  CHECK(categories.size() >= 38);
  CHECK(brands.size() > 200);
  int most = 0;
  for (const auto& [brand, count] : brands) most = std::max(most, count);
  CHECK(most > 150);  // a few brands have much of the catalog
  CHECK(variants_in_all > 3'000 * 2);
}

TEST_CASE("generate: the ids are as documented") {
  const auto catalog = generated(1, 42);

  CHECK(catalog.starts_with(R"({"id":"p-000001","title":")"));
  CHECK(catalog.find(R"("sku":"P000001)") != std::string::npos);
  CHECK(generated(0, 42).empty());
}

TEST_CASE("generate: says how fast it is") {
  std::string buffer;
  const net::CatalogGenerator generator{1};
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t index = 1; index <= 50'000; ++index) {
    buffer.clear();
    generator.append_product(index, buffer);
  }
  const auto seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  MESSAGE("products/s: " << 50'000 / seconds);
}
