#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "net/cli/import_mapping.hpp"

using namespace souk;
using namespace souk::net;

namespace {

std::optional<std::filesystem::path> data_sets() {
  std::vector<std::filesystem::path> places{std::filesystem::path{SOUK_SOURCE_DIR} /
                                            "../shared/data"};
  if (const char* given = std::getenv("SOUK_DATA"); given != nullptr)
    places.insert(places.begin(), given);
  for (const auto& place : places) {
    if (std::filesystem::is_directory(place)) return place;
  }
  return std::nullopt;
}

struct Imported {
  std::map<std::string, boost::json::object> products;
  std::uint64_t skipped = 0;
};

std::optional<Imported> import_set(const std::string& name) {
  const auto data = data_sets();
  if (!data || !std::filesystem::exists(*data / name / "products.jsonl.gz")) {
    MESSAGE("skipped: no data sets (" << name << "); set SOUK_DATA to their folder");
    return std::nullopt;
  }
  auto mapping = load_mapping(std::string{SOUK_SOURCE_DIR} + "/deploy/mappings/" + name + ".toml");
  if (!mapping) FAIL(mapping.error().detail);
  auto reader =
      FeedReader::open((*data / name / "products.jsonl.gz").string(), std::move(*mapping));
  if (!reader) FAIL(reader.error().detail);
  Imported imported;
  while (auto item = (*reader)->next()) {
    if (!item->product)
      FAIL("line " << item->line << ": " << item->product.error().param << ": "
                   << item->product.error().detail);
    auto product = boost::json::parse(*item->product).as_object();
    const std::string id{product.at("id").as_string()};
    REQUIRE(imported.products.emplace(id, std::move(product)).second);
  }
  imported.skipped = (*reader)->skipped();
  return imported;
}

std::int64_t amount(const boost::json::object& product) {
  return product.at("variants").at(0).at("price").at("amount").as_int64();
}

std::int64_t stock(const boost::json::object& product) {
  return product.at("variants").at(0).at("stock").as_int64();
}

}  // namespace

TEST_CASE("mappings: every file under deploy/mappings is valid") {
  std::size_t count = 0;
  for (const auto& file :
       std::filesystem::directory_iterator{std::string{SOUK_SOURCE_DIR} + "/deploy/mappings"}) {
    const auto mapping = load_mapping(file.path().string());
    CHECK_MESSAGE(mapping.has_value(), file.path().string());
    ++count;
  }
  CHECK(count >= 5);
}

TEST_CASE("mappings: icecat-chorus") {
  const auto set = import_set("icecat-chorus");
  if (!set) return;

  CHECK(set->products.size() == 19'406);
  const auto& toner = set->products.at("3920564");
  CHECK(toner.at("title") == "Xerox 006R90321 toner cartridge Original Black 6 pc(s)");
  CHECK(toner.at("brand") == "Xerox");
  CHECK(amount(toner) == 4995);
  const auto& attributes = toner.at("attributes").as_object();
  CHECK(attributes.at("printing_colours") == "Black");
  CHECK(attributes.at("black_toner_page_yield") == 23000);
  CHECK(attributes.at("ean").at(0) == "0095205603217");
  CHECK(set->products.at("2101957").at("attributes").at("touchscreen") == false);
}

TEST_CASE("mappings: esci-us-small") {
  const auto set = import_set("esci-us-small");
  if (!set) return;

  CHECK(set->products.size() == 6'764);
  const auto& dragons = set->products.at("006287716X");
  CHECK(amount(dragons) == 3290);
  CHECK(dragons.at("categories").at(0) ==
        "Books > Literature & Fiction > Short Stories & Anthologies");
  CHECK(dragons.at("rating_count") == 197);
  const auto& unpriced = set->products.at("0142420956");
  CHECK(stock(unpriced) == 0);
  std::size_t buyable = 0;
  for (const auto& [id, product] : set->products) buyable += stock(product) > 0 ? 1 : 0;
  CHECK(buyable == 6'764 - 4'774 - 3);
}

TEST_CASE("mappings: livostyle") {
  const auto set = import_set("livostyle");
  if (!set) return;

  CHECK(set->products.size() == 2'766);
  const auto& cover = set->products.at("7817153052811");
  CHECK(amount(cover) == 2899);
  CHECK(cover.at("categories").at(0) == "Apparel & Accessories > Clothing > Swimwear > Cover Ups");
  CHECK(cover.at("tags").at(1) == "beach cover-up");
  CHECK(cover.at("rating") == 4.9);
  std::size_t sold_out = 0;
  for (const auto& [id, product] : set->products) sold_out += stock(product) == 0 ? 1 : 0;
  CHECK(sold_out == 6);
}

TEST_CASE("mappings: bestbuy-phones") {
  const auto set = import_set("bestbuy-phones");
  if (!set) return;

  CHECK(set->products.size() == 3'291);
  const auto& phone = set->products.at("bb-1");
  CHECK(phone.at("brand") == "AT&T GoPhone");
  CHECK(phone.at("categories").at(0) == "Cell Phones > Prepaid Phones > All Prepaid Phones");
  CHECK(amount(phone) == 4999);
  CHECK(phone.at("popularity") == 21449);
}

TEST_CASE("mappings: online-retail") {
  const auto set = import_set("online-retail");
  if (!set) return;

  CHECK(set->products.size() + set->skipped == 3'889);
  CHECK(set->skipped == 35);
  const auto& globe = set->products.at("10002");
  CHECK(globe.at("title") == "INFLATABLE POLITICAL GLOBE");
  CHECK(amount(globe) == 85);
  CHECK(set->products.contains("BANK_CHARGES"));
}
