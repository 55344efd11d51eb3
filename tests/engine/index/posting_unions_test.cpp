#include "engine/index/posting_unions.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "engine/index/segment_builder.hpp"

using namespace souk::engine;

namespace {

/// Documents of a few words each; with `often` one of them has a word more than 255 times.
std::shared_ptr<const Segment> segment_of(std::mt19937& random, std::size_t docs, bool often) {
  SegmentBuilder builder;
  for (std::size_t doc = 0; doc < docs; ++doc) {
    Product product;
    const std::string number = std::to_string(100'000 + doc);
    product.id = ProductId{"p" + number};
    const std::size_t times = often && doc == docs / 2 ? 300 : random() % 4;
    for (std::size_t i = 0; i < times; ++i) product.title += "w0 ";
    for (std::size_t i = random() % 6; i > 0; --i)
      product.title += "w" + std::to_string(random() % 40) + " ";
    Variant variant;
    variant.sku = Sku{"s" + number};
    variant.price = {100, *Currency::parse("EUR")};
    product.variants.push_back(std::move(variant));
    builder.add(product, doc);
  }
  return builder.finish();
}

std::vector<Posting> slowly(std::span<const TermRange> ranges, DocId doc_count) {
  std::map<DocId, std::uint32_t> most;
  for (const TermRange& range : ranges) {
    for (std::size_t term = range.begin; term < range.end; ++term) {
      std::vector<Posting> postings;
      range.dictionary->reader(term, doc_count).append_all(postings);
      for (const Posting& each : postings) most[each.doc] = std::max(most[each.doc], each.tf);
    }
  }
  std::vector<Posting> all;
  for (const auto& [doc, tf] : most) all.push_back({doc, tf});
  return all;
}

std::vector<Posting> postings_of(const PostingUnion& made, DocId doc_count) {
  std::vector<Posting> all;
  made.reader(doc_count).append_all(all);
  return all;
}

std::span<const std::uint8_t> lengths_of(const TextField& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.lengths.bytes()), text.lengths.size()};
}

}  // namespace

TEST_CASE("posting unions: of random ranges, as joined one by one, and kept") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (const bool often : {false, true}) {
    const auto segment = segment_of(random, 1 + random() % 3000, often);
    const TextField& text = segment->text(TextFieldId::title);
    const std::size_t terms = text.stems.size();
    REQUIRE(terms > 0);
    PostingUnions unions{1U << 20U};
    for (int round = 0; round < 40; ++round) {
      std::vector<TermRange> ranges;
      for (std::size_t begin = random() % terms; begin < terms;) {
        const std::size_t end = begin + 1 + random() % (terms - begin);
        ranges.push_back({&text.stems, begin, end});
        begin = end + random() % terms;
      }
      const auto made = unions.make(ranges, lengths_of(text));
      const auto wanted = slowly(ranges, segment->doc_count());
      CHECK(made->doc_freq == wanted.size());
      CHECK(postings_of(*made, segment->doc_count()) == wanted);
      CHECK(unions.find(ranges) != nullptr);
    }
  }
}

TEST_CASE("posting unions: what nobody has asked for the longest makes room") {
  std::mt19937 random{3};
  const auto segment = segment_of(random, 2000, false);
  const TextField& text = segment->text(TextFieldId::title);
  const auto range = [&](std::size_t begin) {
    return std::vector<TermRange>{{&text.stems, begin, begin + 6}};
  };
  PostingUnions roomy{1U << 20U};
  for (std::size_t i = 0; i < 3; ++i) (void)roomy.make(range(i), lengths_of(text));
  const std::size_t three = roomy.bytes();

  PostingUnions unions{three + 10};
  for (std::size_t i = 0; i < 3; ++i) (void)unions.make(range(i), lengths_of(text));
  CHECK(unions.find(range(0)) != nullptr);  // asked for again
  const auto held = unions.find(range(1));
  CHECK(unions.find(range(0)) != nullptr);
  CHECK(unions.find(range(2)) != nullptr);
  (void)unions.make(range(3), lengths_of(text));
  CHECK(unions.bytes() <= three + 10);
  CHECK(unions.find(range(1)) == nullptr);
  CHECK(unions.find(range(0)) != nullptr);
  CHECK(unions.find(range(2)) != nullptr);
  CHECK(unions.find(range(3)) != nullptr);
  // Who reads it goes on.
  CHECK(postings_of(*held, segment->doc_count()) == slowly(range(1), segment->doc_count()));

  PostingUnions none{10};
  CHECK(none.make(range(0), lengths_of(text))->doc_freq > 0);
  CHECK(none.find(range(0)) == nullptr);
  CHECK(none.bytes() == 0);
}
