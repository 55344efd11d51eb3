#include "net/json/json_reader.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "net/json/json_writer.hpp"

using namespace souk::net;
using souk::engine::Errc;

namespace {

souk::engine::Error parse_error(std::string_view text) {
  JsonDocument document;
  const auto parsed = document.parse(text);
  REQUIRE(!parsed);
  CHECK(parsed.error().code == Errc::malformed_request);
  return parsed.error();
}

// Writes a random document and, beside it, how it would be rendered again.
void write_random(std::mt19937_64& random, JsonWriter& json, int depth) {
  switch (depth > 4 ? random() % 5 : random() % 7) {
    case 0:
      json.null();
      return;
    case 1:
      json.boolean(random() % 2 == 0);
      return;
    case 2:
      json.integer(static_cast<std::int64_t>(random()));
      return;
    case 3:
      json.number(static_cast<double>(random() % 100'000) / 64.0);
      return;
    case 4: {
      std::string text;
      for (std::size_t i = random() % 12; i > 0; --i) text += static_cast<char>(random() % 128);
      json.string(text + "\xC3\xA4\xF0\x9F\x98\x80");
      return;
    }
    case 5:
      json.begin_array();
      for (std::size_t i = random() % 5; i > 0; --i) write_random(random, json, depth + 1);
      json.end_array();
      return;
    default:
      json.begin_object();
      for (std::size_t i = random() % 5; i > 0; --i) {
        json.key("k\"" + std::to_string(i));
        write_random(random, json, depth + 1);
      }
      json.end_object();
  }
}

void render(JsonWriter& json, const JsonValue& value) {
  switch (value.kind()) {
    case JsonKind::null:
      json.null();
      return;
    case JsonKind::boolean:
      json.boolean(value.as_bool());
      return;
    case JsonKind::integer:
      json.integer(value.as_integer());
      return;
    case JsonKind::unsigned_integer:
    case JsonKind::number:
      json.number(value.as_number());
      return;
    case JsonKind::string:
      json.string(value.as_string());
      return;
    case JsonKind::array:
      json.begin_array();
      for (const JsonValue item : value) render(json, item);
      json.end_array();
      return;
    case JsonKind::object:
      json.begin_object();
      for (const JsonValue member : value) {
        json.key(member.key());
        render(json, member);
      }
      json.end_object();
  }
}

}  // namespace

TEST_CASE("json: refuses what is no JSON, each with a reason") {
  for (const std::string_view text :
       {"", "{", "{\"a\":}", "[1,]", "{} x", "nul", "\"\xff\"", "{\"a\":\"\\ud800\"}", "01", "NaN",
        "'a'", "{\"a\":1e999}", "\"a\tb\"", "// c\n{}"})
    CHECK(!parse_error(text).detail.empty());
  CHECK(parse_error(std::string(40, '[')).detail.find("32") != std::string::npos);
  std::string deep;
  for (int i = 0; i < 32; ++i) deep += "{\"a\":";
  JsonDocument document;
  CHECK(document.parse(std::string(32, '[') + std::string(32, ']')));
  CHECK(!document.parse(deep + "{\"a\":1}" + std::string(32, '}')));
}

TEST_CASE("json: names the place of a duplicate key and of a number nobody can hold") {
  CHECK(parse_error(R"({"lines":[{"sku":"a"},{"sku":"b","n":1,"sku":"c"}]})").param ==
        "lines[1].sku");
  CHECK(parse_error(R"({"a":{"b":[1,2,-1e400]}})").param == "a.b[2]");
  std::string many = "{";
  for (int i = 0; i < 40; ++i) many += "\"k" + std::to_string(i) + "\":1,";
  CHECK(parse_error(many + "\"k7\":2}").param == "k7");
}

TEST_CASE("json: reads back what was written, for random documents") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937_64 random{seed};
  JsonDocument document;
  for (int round = 0; round < 500; ++round) {
    std::string written;
    JsonWriter writer{written};
    write_random(random, writer, 0);
    const auto parsed = document.parse(written);
    REQUIRE_MESSAGE(parsed, parsed.error().detail);
    std::string again;
    JsonWriter second{again};
    render(second, document.root());
    REQUIRE(again == written);
  }
}

TEST_CASE("json: random bytes never get further than an error") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937_64 random{seed};
  constexpr std::string_view kAlphabet = "{}[]\",:0123456789.eE+-truefalsn\\u \n\xC3\xA4";
  JsonDocument document;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 40; i > 0; --i) text += kAlphabet[random() % kAlphabet.size()];
    if (!document.parse(text)) continue;
    std::string again;
    JsonWriter writer{again};
    render(writer, document.root());
    CHECK(!again.empty());
  }
}

TEST_CASE("json: a reader gives typed members and tells every fault with its place") {
  JsonDocument document;
  REQUIRE(document.parse(
      R"({"lines":[{"sku":"a","quantity":2},{"sku":"","quantity":1.5,"colour":1},{"quantity":-3}],"note":null})"));
  JsonErrors errors;
  ObjectReader root{document.root(), errors};
  const auto lines = root.required_array("lines");
  CHECK(!root.optional_string("note"));
  root.finish();
  REQUIRE(lines);
  std::vector<std::int64_t> quantities;
  for (const JsonValue item : *lines) {
    ObjectReader line{item, errors};
    (void)line.required_id("sku");
    quantities.push_back(line.required_integer("quantity", 1, 10));
    line.finish();
  }

  CHECK(quantities.front() == 2);
  REQUIRE(errors.any());
  const auto error = errors.error();
  CHECK(error.param == "lines[1].sku");
  CHECK(error.code == Errc::invalid_value);
  REQUIRE(error.items.size() == 5);
  CHECK(error.items[1].param == "lines[1].quantity");
  CHECK(error.items[1].code == Errc::malformed_request);
  CHECK(error.items[2].param == "lines[1].colour");
  CHECK(error.items[2].code == Errc::unknown_field);
  CHECK(error.items[3].param == "lines[2].sku");
  CHECK(error.items[3].code == Errc::missing_field);
  CHECK(error.items[4].param == "lines[2].quantity");
  CHECK(error.items[4].code == Errc::invalid_value);
}

TEST_CASE("json: integers beyond 64 bits are out of range, whole floats are integers") {
  JsonDocument document;
  REQUIRE(document.parse(
      R"({"a":9223372036854775807,"b":9223372036854775808,"c":1e3,"d":1e30,"e":"1"})"));
  JsonErrors errors;
  ObjectReader root{document.root(), errors};
  CHECK(root.optional_integer("a") == std::numeric_limits<std::int64_t>::max());
  CHECK(root.optional_integer("c") == 1000);
  CHECK(!errors.any());
  CHECK(!root.optional_integer("b"));
  CHECK(!root.optional_integer("d"));
  CHECK(!root.optional_integer("e"));
  const auto error = errors.error();
  REQUIRE(error.items.size() == 3);
  CHECK(error.items[0].code == Errc::invalid_value);
  CHECK(error.items[1].code == Errc::invalid_value);
  CHECK(error.items[2].code == Errc::malformed_request);
}

TEST_CASE("json: something else than an object is one fault, not one per member") {
  JsonDocument document;
  REQUIRE(document.parse("[1]"));
  JsonErrors errors;
  ObjectReader root{document.root(), errors};
  (void)root.required_string("a");
  (void)root.required_integer("b");
  root.finish();
  CHECK(errors.error().items.size() == 1);
}
