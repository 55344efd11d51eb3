#include "net/cli/import_mapping.hpp"

#include <doctest/doctest.h>
#include <unistd.h>
#include <zlib.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <random>

#include "net/cli/decimal.hpp"

using namespace souk;
using namespace souk::net;

namespace {

/// A file that is gone at the end of the test.
class FeedFile {
public:
  FeedFile(const std::string& name, std::string_view content, bool zipped = false)
      : path_{std::filesystem::temp_directory_path() /
              ("souk-feed-" + std::to_string(::getpid()) + "-" + name)} {
    if (zipped) {
      gzFile file = gzopen(path_.c_str(), "wb");
      gzwrite(file, content.data(), static_cast<unsigned>(content.size()));
      gzclose(file);
    } else {
      std::ofstream{path_, std::ios::binary} << content;
    }
  }
  ~FeedFile() { std::filesystem::remove(path_); }
  FeedFile(const FeedFile&) = delete;
  FeedFile& operator=(const FeedFile&) = delete;
  std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

Mapping mapping_of(std::string_view toml) {
  auto mapping = parse_mapping(toml);
  if (!mapping) FAIL(mapping.error().detail);
  return std::move(*mapping);
}

std::string mistake_of(std::string_view toml) {
  const auto mapping = parse_mapping(toml);
  REQUIRE_FALSE(mapping);
  CHECK(mapping.error().code == engine::Errc::invalid_value);
  return mapping.error().detail;
}

std::vector<FeedReader::Item> read_all(const std::string& path, Mapping mapping) {
  auto reader = FeedReader::open(path, std::move(mapping));
  if (!reader) FAIL(reader.error().detail);
  std::vector<FeedReader::Item> items;
  while (auto item = (*reader)->next()) items.push_back(std::move(*item));
  return items;
}

/// The product of a feed of one line.
std::string mapped(std::string_view toml, const std::string& line) {
  const FeedFile feed{"one.jsonl", line};
  const auto items = read_all(feed.path(), mapping_of(toml));
  REQUIRE(items.size() == 1);
  if (!items[0].product)
    return items[0].product.error().param + ": " + items[0].product.error().detail;
  return *items[0].product;
}

const std::string kPlain = R"(
[product]
id = "id"
title = "title"
[price]
from = "price"
currency = "EUR"
)";

}  // namespace

TEST_CASE("parse_minor_units: reads decimal texts exactly") {
  const auto cents = [](std::string_view text, DecimalFormat format = {}) {
    const auto parsed = parse_minor_units(text, format);
    return parsed ? *parsed : -1;
  };
  CHECK(cents("19.99") == 1999);
  CHECK(cents("0.29") == 29);
  CHECK(cents("1.1") == 110);
  CHECK(cents("7") == 700);
  CHECK(cents(".5") == 50);
  CHECK(cents("1,299.50") == 129950);
  CHECK(cents(" $ 4.00 ") == 400);
  CHECK(cents("\u20ac5") == 500);
  CHECK(cents("1.5e2") == 15000);
  CHECK(cents("4.35000") == 435);
  CHECK(cents("1.299,50", {2, true, false}) == 129950);
  CHECK(cents("1000", {0, false, false}) == 1000);
  CHECK(cents("1.234", {3, false, false}) == 1234);
  CHECK(cents("0.005", {2, false, true}) == 1);
  CHECK(cents("0.0049", {2, false, true}) == 0);
  CHECK(cents("0.001", {2, false, true}) == 0);
  CHECK(cents("9.995", {2, false, true}) == 1000);
  for (const auto* bad :
       {"", "x", "-1", "1.2.3", "1,2", "12,99", "4.355", "1e99", "NaN", "10000000000.01", "1 2"}) {
    CAPTURE(bad);
    CHECK(cents(bad) == -1);
  }
}

TEST_CASE("parse_minor_units: agrees with integers written as decimals") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 5'000; ++round) {
    const auto amount = static_cast<std::int64_t>(random() % 100'000'000);
    const auto text = std::to_string(amount / 100) + "." + std::to_string(amount / 10 % 10) +
                      std::to_string(amount % 10);
    REQUIRE(*parse_minor_units(text, {}) == amount);
  }
}

TEST_CASE("mapping: mistakes are named with key and line") {
  CHECK(
      mistake_of("[product]\nid = \"id\"\ntitel = \"t\"\n[price]\nfrom=\"p\"\ncurrency=\"EUR\"") ==
      "product.title is missing");
  CHECK(mistake_of(kPlain + "colour = \"x\"") == "unknown key price.colour (line 8)");
  CHECK(mistake_of(kPlain + "[extra]\na = 1") == "unknown key extra (line 8)");
  CHECK(mistake_of("[product]\nid=\"i\"\ntitle=\"t\"") == "section [price] is missing");
  CHECK(mistake_of("[product]\nid=\"i\"\ntitle=\"t\"\n[price]\nfrom=\"p\"\ncurrency=\"EURO\"") ==
        "price.currency: ISO 4217 has no currency EURO (line 6)");
  CHECK(mistake_of("[product]\ntitle=\"t\"\n[price]\nfrom=\"p\"\ncurrency=\"EUR\"")
            .starts_with("product.id is missing"));
  CHECK(mistake_of("[product]\nid=\"i\"\ntitle={ from=\"t\", constant=\"x\" "
                   "}\n[price]\nfrom=\"p\"\ncurrency=\"EUR\"")
            .find("give one of from, constant and template") != std::string::npos);
  CHECK(mistake_of(kPlain + "[variants]\ngroup_by=\"p\"").find("product.sku") != std::string::npos);
  CHECK(mistake_of("[product\n").find("line 1") != std::string::npos);
  CHECK(mistake_of(kPlain + "missing = \"perhaps\"").starts_with("price.missing"));
}

TEST_CASE("import: the least mapping makes a product with one variant") {
  CHECK(
      mapped(kPlain, R"({"id":"a","title":" Tee ","price":19.99})") ==
      R"({"id":"a","title":"Tee","variants":[{"sku":"a","price":{"amount":1999,"currency":"EUR"},"stock":100}]})");
}

TEST_CASE("import: paths, lists, templates, defaults and constants") {
  const auto* toml = R"toml(
[product]
id = { from = "meta.id", prefix = "x-" }
title = { template = "{name} ({color})" }
description = { from = ["long", "short"], default = "none" }
brand = { constant = "Acme" }
categories = { from = "cats", list = ";", levels = "/" }
tags = { from = ["tags", "labels.*.name"], list = "|" }
images = "pictures.0.url"
status = { from = "state", default = "draft" }
rating = "stars"
rating_count = "votes"
popularity = "sold"
source_version = "rev"
sku = "meta.sku"
max_per_order = "most"
[price]
from = ["offers.1.price", "offers.0.price"]
currency_from = "offers.0.currency"
currency = "EUR"
[stock]
from = "count"
[attributes]
material = { from = "material", list = "," }
weight = { from = "weight", type = "number" }
eco = { from = "eco", type = "boolean" }
"a.b" = "a.b"
[variants.options]
color = "color"
)toml";

  const std::string row =
      R"({"meta":{"id":7,"sku":"S-7"},"name":"Tee","color":"red","short":"soft","cats":"A / B;C",)"
      R"("tags":"x | y|x","labels":[{"name":"z"},{}],"pictures":[{"url":"u"}],"stars":"4.5",)"
      R"("votes":"1,200","sold":12.0,"rev":3,"most":5,"offers":[{"price":"1000","currency":"JPY"}],)"
      R"("count":"-3","material":"wool, silk","weight":"0.50","eco":"Yes","a.b":[1,"t"]})";
  const std::string product =
      R"j({"id":"x-7","title":"Tee (red)","description":"soft","brand":"Acme","status":"draft",)j"
      R"("categories":["A > B","C"],"tags":["x","y","z"],"images":["u"],"rating":4.5,)"
      R"("rating_count":1200,"popularity":12,"source_version":3,)"
      R"("attributes":{"a.b":["1","t"],"eco":true,"material":["wool","silk"],"weight":0.5},)"
      R"("variants":[{"sku":"S-7","options":{"color":"red"},"price":{"amount":1000,"currency":"JPY"},)"
      R"("stock":0,"max_per_order":5}]})";
  CHECK(mapped(toml, row) == product);
}

TEST_CASE("import: rows that cannot be mapped say which field and what to do") {
  CHECK(mapped(kPlain, R"({"title":"t","price":1})") == "id: the row has no value for the id");
  CHECK(mapped(kPlain, R"({"id":"a b","title":"t","price":1})")
            .starts_with("id: \"a b\" is not an id"));
  CHECK(mapped(kPlain, R"({"id":"a","price":1})").starts_with("title: the row has no title"));
  CHECK(mapped(kPlain, R"({"id":"a","title":"t"})").starts_with("price: the row has no price"));
  CHECK(mapped(kPlain, R"({"id":"a","title":"t","price":1.999})").find("more decimals") !=
        std::string::npos);
  CHECK(mapped(kPlain, R"({"id":"a","title":"t","price":"free"})") ==
        "price: \"free\" is not an amount");
  CHECK(mapped(kPlain, R"({"id":"a")").find("not JSON") != std::string::npos);
  CHECK(mapped(kPlain, "[1]").find("one JSON object") != std::string::npos);
  CHECK(mapped(kPlain + "[attributes]\nw = { from = \"w\", type = \"number\" }",
               R"({"id":"a","title":"t","price":1,"w":"heavy"})") ==
        "attributes.w: \"heavy\" is not a number; map it as text");
}

TEST_CASE("import: prices may be missing when the mapping says what then") {
  const FeedFile feed{"prices.jsonl",
                      "{\"id\":\"a\",\"title\":\"t\"}\n\n{\"id\":\"b\",\"title\":\"t\",\"price\":0}"
                      "\n{\"id\":\"c\",\"title\":\"t\",\"price\":2}"};

  auto reader =
      FeedReader::open(feed.path(), mapping_of(kPlain + "missing=\"skip\"\nzero=\"missing\""));
  REQUIRE(reader);
  const auto only = (*reader)->next();
  REQUIRE(only);
  CHECK(only->line == 4);
  CHECK_FALSE((*reader)->next());
  CHECK((*reader)->skipped() == 2);

  const auto items =
      read_all(feed.path(), mapping_of(kPlain + "default=\"9.99\"\ndefault_stock=0"));
  REQUIRE(items.size() == 3);
  CHECK(items[0].product->find(R"("amount":999,"currency":"EUR"},"stock":0)") != std::string::npos);
  CHECK(items[1].product->find(R"("amount":0,)") != std::string::npos);
}

TEST_CASE("import: attributes follow patterns of names") {
  const auto line = mapped(
      kPlain + "[[attribute_pattern]]\nmatch=\"a_*_x\"\nname=\"n_*\"\nexclude=\"a_no_x\"",
      R"({"id":"a","title":"t","price":1,"a_one_x":1.5,"a_no_x":2,"a_x":3,"a_two_x":"","a_tri_x":true})");

  CHECK(boost::json::parse(line).at("attributes") ==
        boost::json::parse(R"({"n_one":1.5,"n_tri":true})"));
}

TEST_CASE("import: CSV with quotes, line ends in fields, a byte order mark and a header") {
  const FeedFile feed{"feed.csv",
                      "\xEF\xBB\xBFid,title,price\r\na,\"Tee, "
                      "\"\"red\"\"\r\nlong\",1.5\r\n\r\nb,Bag,2\nc,\"x\" y,3\nd,e,4,5\ne,E,6"};

  const auto items = read_all(feed.path(), mapping_of(kPlain));

  REQUIRE(items.size() == 5);
  CHECK(boost::json::parse(*items[0].product).at("title") == "Tee, \"red\"\r\nlong");
  CHECK(items[1].line == 5);
  CHECK(items[1].product);
  CHECK_FALSE(items[2].product);
  CHECK(items[2].line == 6);
  CHECK(items[3].product.error().detail.starts_with("4 fields under 3 columns"));
  CHECK(items[4].product->find("\"amount\":600") != std::string::npos);
}

TEST_CASE("import: CSV compressed, with another separator and decimal commas") {
  const FeedFile feed{"feed.csv.gz", "id;title;price\n1;T;1.299,5\n", true};

  const auto items = read_all(
      feed.path(), mapping_of("[feed]\nseparator=\";\"\n" + kPlain + "decimal_comma=true"));

  REQUIRE(items.size() == 1);
  CHECK(items[0].product->find("\"amount\":129950") != std::string::npos);
}

TEST_CASE("import: text that is not UTF-8 is refused with a remedy") {
  const FeedFile feed{"latin.csv", "id,title,price\na,caf\xe9,1\nb,ok,1\n"};

  const auto items = read_all(feed.path(), mapping_of(kPlain));

  REQUIRE(items.size() == 2);
  CHECK(items[0].product.error().detail.find("iconv") != std::string::npos);
  CHECK(items[1].product);
}

TEST_CASE("import: a compressed feed that breaks off gives its whole lines and then an error") {
  std::string content;
  for (int i = 0; i < 20'000; ++i)
    content += "{\"id\":\"p" + std::to_string(i * 7919) + "\",\"title\":\"t\",\"price\":1}\n";
  const FeedFile feed{"cut.jsonl.gz", content, true};
  std::filesystem::resize_file(feed.path(), std::filesystem::file_size(feed.path()) / 2);

  const auto items = read_all(feed.path(), mapping_of(kPlain));

  REQUIRE(items.size() > 100);
  CHECK_FALSE(items.back().product);
  for (std::size_t i = 0; i + 1 < items.size(); ++i) REQUIRE(items[i].product);
}

TEST_CASE("import: rows of one parent become its variants") {
  const auto toml = R"(
[product]
title = "title"
sku = "sku"
[price]
from = "price"
currency = "EUR"
[variants]
group_by = "parent"
window = 3
[variants.options]
size = "size"
)";
  const FeedFile feed{"variants.csv",
                      "parent,sku,title,size,price\nA,A-S,Tee,S,1\nB,B-S,Bag,,2\nA,A-M,ignored,M,1."
                      "5\n,solo,Alone,,3\nC,C1,Cap,,4\nC,C2,Cap,,4\nA,A-L,late,L,1\n"};

  const auto items = read_all(feed.path(), mapping_of(toml));

  REQUIRE(items.size() == 5);
  CHECK(boost::json::parse(*items[0].product).at("id") == "solo");
  const auto tee = boost::json::parse(*items[1].product);
  CHECK(tee.at("id") == "A");
  CHECK(tee.at("title") == "Tee");
  REQUIRE(tee.at("variants").as_array().size() == 2);
  CHECK(tee.at("variants").at(1).at("options").at("size") == "M");
  CHECK(items[2].product.error().detail.find("variants.window") != std::string::npos);
  CHECK(items[2].line == 8);
}

TEST_CASE("import: random bytes never crash the reader") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const std::string_view pieces[] = {
      "{", "}", "\"id\"",           ":",         "\"a\"", ",", "\n", "\r", "\"", "1",
      "[", "]", "id,title,price\n", "x,\"y\",3", "\xff"};
  for (int round = 0; round < 300; ++round) {
    std::string content;
    for (auto i = random() % 60; i > 0; --i) content += pieces[random() % std::size(pieces)];
    for (const auto* name : {"random.csv", "random.jsonl", "random.jsonl.gz"}) {
      const FeedFile feed{name, content};
      auto reader = FeedReader::open(feed.path(), mapping_of(kPlain));
      if (!reader) continue;
      while ((*reader)->next()) {
      }
    }
  }
}
