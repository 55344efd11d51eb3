#include "engine/search/filter.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace souk::engine;

namespace {

FilterPtr parsed(std::string_view text) {
  auto filter = parse_filter(text);
  INFO(text);
  if (!filter) FAIL(filter.error().detail);
  return *filter;
}

FilterLeaf leaf_of(std::string_view text) {
  const auto filter = parsed(text);
  REQUIRE(filter != nullptr);
  REQUIRE(filter->kind == FilterKind::leaf);
  return filter->leaf;
}

std::string refusal(std::string_view text) {
  const auto filter = parse_filter(text);
  REQUIRE_MESSAGE(!filter, text);
  CHECK(filter.error().code == Errc::invalid_filter);
  CHECK(filter.error().param == "filter_by");
  return filter.error().detail;
}

bool holds(std::string_view filter, std::string_view value) {
  Analyzer analyzer;
  return holds_text(leaf_of(filter), value, analyzer);
}

}  // namespace

TEST_CASE("filter: nothing filters nothing") {
  CHECK(parsed("") == nullptr);
  CHECK(parsed("  \n ") == nullptr);
}

TEST_CASE("filter: the example of the contract has the shape it says") {
  const auto filter = parsed(
      "price:[1000..2000] && brand:=[Acme,`Foo & Co`] && in_stock:true && attributes.size:!=S && "
      "rating:>=4 && "
      "(tags:a || tags:b)");

  REQUIRE(filter->kind == FilterKind::all_of);
  REQUIRE(filter->children.size() == 6);
  const auto& price = filter->children[0]->leaf;
  CHECK(price.field == "price");
  CHECK(price.values.front().range == NumberRange{1000, 2000, false, false});
  const auto& brand = filter->children[1]->leaf;
  CHECK(brand.op == FilterOp::equals);
  REQUIRE(brand.values.size() == 2);
  CHECK(brand.values[0].text == "Acme");
  CHECK(brand.values[1].text == "Foo & Co");
  CHECK(filter->children[2]->leaf.values.front().boolean == true);
  CHECK(filter->children[3]->leaf.op == FilterOp::differs);
  CHECK(filter->children[4]->leaf.values.front().range->low == 4);
  CHECK(filter->children[5]->kind == FilterKind::any_of);
}

TEST_CASE("filter: && binds tighter than ||, parentheses and ! group") {
  CHECK(render_filter(parsed("tags:a || tags:b && tags:c")) ==
        "`tags`:`a` || (`tags`:`b` && `tags`:`c`)");
  CHECK(render_filter(parsed("(tags:a||tags:b)&&tags:c")) ==
        "(`tags`:`a` || `tags`:`b`) && `tags`:`c`");
  CHECK(render_filter(parsed("! ( tags:a ) && ((tags:b))")) == "!(`tags`:`a`) && `tags`:`b`");
  CHECK(render_filter(parsed("tags:![a, b] || tags:! c")) ==
        "!(`tags`:[`a`, `b`]) || !(`tags`:`c`)");
}

TEST_CASE("filter: lists of numbers mix values, ranges and comparisons") {
  const auto leaf = leaf_of("price:[1..5, 7, >=10, <-3]");

  for (const double yes : {1.0, 3.0, 5.0, 7.0, 10.0, 1e9, -4.0}) CHECK(holds_number(leaf, yes));
  for (const double no : {0.0, 5.5, 6.0, 9.99, -3.0}) CHECK_FALSE(holds_number(leaf, no));
}

TEST_CASE("filter: comparisons are open or closed as written") {
  CHECK(holds_number(leaf_of("rating:>4"), 4.1));
  CHECK_FALSE(holds_number(leaf_of("rating:>4"), 4));
  CHECK(holds_number(leaf_of("rating: <= 4"), 4));
  CHECK_FALSE(holds_number(leaf_of("rating:<4"), 4));
  CHECK(holds_number(leaf_of("rating:4.5"), 4.5));
  CHECK(holds_number(leaf_of("rating:=4.5"), 4.5));
}

TEST_CASE("filter: `:` matches words, `:=` whole values") {
  CHECK(holds("brand:acme", "Acme Corp"));
  CHECK(holds("brand:corp acme", "Acme Corp"));
  CHECK_FALSE(holds("brand:ac", "Acme Corp"));
  CHECK(holds("brand:acm*", "Acme Corp"));
  CHECK(holds("brand:*", "Acme Corp"));
  CHECK_FALSE(holds("brand:=acme", "Acme Corp"));
  CHECK(holds("brand:=ACME corp", "Acme Corp"));
  CHECK(holds("brand:=Acme*", "Acme Corp"));
  CHECK(holds("brand:=`Foo & Co`", "Foo & Co"));
  CHECK_FALSE(holds("brand:=`Foo & Co`", "Foo Co"));
  CHECK(holds("brand:!=[Acme, Foo]", "foo"));
  CHECK(holds("categories:=Clothing > Shirts", "Clothing > Shirts"));
}

TEST_CASE("filter: backticks take any content") {
  const auto leaf = leaf_of("tags:=[`a, b]`, `(x) && y || z`, `>=3`, `1..2`, ``]");

  REQUIRE(leaf.values.size() == 5);
  CHECK(leaf.values[0].text == "a, b]");
  CHECK(leaf.values[1].text == "(x) && y || z");
  CHECK(leaf.values[2].text == ">=3");
  CHECK(leaf.values[2].is_text);
  CHECK_FALSE(leaf.values[2].range);
  CHECK_FALSE(leaf.values[3].range);
  CHECK(leaf.values[4].text.empty());
}

TEST_CASE("filter: plain values keep spaces, signs and balanced parentheses") {
  CHECK(leaf_of("brand:= Foo (UK) Ltd. ").values.front().text == "Foo (UK) Ltd.");
  CHECK(parsed("(brand:=Foo (UK))")->leaf.values.front().text == "Foo (UK)");
  CHECK(leaf_of("attributes.screen size:15\"").field == "attributes.screen size");
  CHECK(leaf_of("`attributes.a:b`:x").field == "attributes.a:b");
  CHECK(leaf_of("brand:H&M").values.front().text == "H&M");
}

TEST_CASE("filter: mistakes are named with their byte") {
  CHECK(refusal("price") == "expected :, found the end at byte 5");
  CHECK(refusal("price:") == "expected a value, found the end at byte 6");
  CHECK(refusal("price:>x") == "expected a number after > at byte 7");
  CHECK(refusal("pric:>3") ==
        "unknown field \"pric\" (attributes are written attributes.<name>) at byte 0");
  CHECK(refusal("price:[1..") == "a range needs two numbers (or use >= and <=) at byte 7");
  CHECK(refusal("price:[5..1]") == "the range ends before it begins at byte 7");
  CHECK(refusal("price:[1, 2") == "unclosed [ at byte 6");
  CHECK(refusal("price:[]") == "expected a value at byte 7");
  CHECK(refusal("(price:1") == "expected ), found the end at byte 8");
  CHECK(refusal("price:1)") == "expected && or || at byte 7");
  CHECK(refusal("price:1 &&") == "expected a field, found the end at byte 10");
  CHECK(refusal("&& price:1") == "expected a field at byte 0");
  CHECK(refusal("brand:`x") == "unclosed ` at byte 6");
  CHECK(refusal("brand:`x` y") == "expected &&, || or ) after the quoted value at byte 10");
  CHECK(refusal("!price:1") == "expected ( after ! at byte 1");
  CHECK(refusal("price:abc") == "price is compared with numbers at byte 0");
  CHECK(refusal("rating:[1, x]") == "rating is compared with numbers at byte 0");
  CHECK(refusal("in_stock:maybe") == "in_stock is true or false at byte 0");
  CHECK(refusal("brand:!") == "expected a value, found the end at byte 7");
}

TEST_CASE("filter: nesting and values are bounded") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "price:1" + std::string(depth, ')');
  };
  CHECK(parse_filter(nested(kFilterDepthMax)));
  CHECK_FALSE(parse_filter(nested(kFilterDepthMax + 1)));
  CHECK_FALSE(parse_filter(nested(60'000)));

  const auto listed = [](std::size_t count) {
    std::string text = "price:[1";
    for (std::size_t i = 1; i < count; ++i) text += ",1";
    return text + "]";
  };
  CHECK(parse_filter(listed(kFilterTermsMax)));
  CHECK_FALSE(parse_filter(listed(kFilterTermsMax + 1)));
  CHECK_FALSE(parse_filter(std::string(kFilterBytesMax + 1, ' ')));
}

TEST_CASE("filter: whatever parses renders to what parses the same; random text never crashes") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const std::string_view pieces[] = {"price",
                                     "brand",
                                     "attributes.a b",
                                     ":",
                                     ":=",
                                     ":!=",
                                     ":>=",
                                     ":<",
                                     "[",
                                     "]",
                                     "(",
                                     ")",
                                     "!(",
                                     "&&",
                                     "||",
                                     ",",
                                     "..",
                                     "1",
                                     "-2.5",
                                     "1e3",
                                     "true",
                                     "`",
                                     "`x, y`",
                                     "*",
                                     " ",
                                     "a",
                                     "Foo",
                                     "brand:a",
                                     "price:[1..2]",
                                     "price:>3",
                                     "&",
                                     "|",
                                     "\xff"};
  std::size_t valid = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text;
    const auto length = random() % 12;
    for (unsigned i = 0; i < length; ++i) {
      if (random() % 16 == 0) {
        text.push_back(static_cast<char>(random() % 256));
      } else {
        text += pieces[random() % std::size(pieces)];
      }
    }
    const auto filter = parse_filter(text);
    if (!filter) continue;
    ++valid;
    const auto rendered = render_filter(*filter);
    const auto again = parse_filter(rendered);
    CAPTURE(text);
    CAPTURE(rendered);
    REQUIRE(again.has_value());
    REQUIRE(same_filter(*filter, *again));
    REQUIRE(render_filter(*again) == rendered);
  }
  CHECK(valid > 1'000);
}
