#include "engine/index/segment.hpp"

#include <doctest/doctest.h>
#include <xxhash.h>

#include <cstring>
#include <random>

#include "engine/index/segment_builder.hpp"
#include "tests/engine/search/random_shop.hpp"
#include "tests/engine/search/search_model.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};

std::shared_ptr<const Segment> small_segment() {
  RandomShop random{5};
  std::map<ProductId, Product> products;
  for (int i = 0; i < 40; ++i) {
    Product product = random.product();
    products.emplace(product.id, std::move(product));
  }
  SegmentBuilder builder;
  for (const auto& [id, product] : products) builder.add(product, 1);
  return builder.finish();
}

/// Reads everything a segment can be asked for.
std::size_t read_all(const Segment& segment) {
  std::size_t sum = 0;
  for (std::size_t field = 0; field < kTextFieldCount; ++field) {
    const TextField& text = segment.text(static_cast<TextFieldId>(field));
    for (const auto* dictionary : {&text.stems, &text.forms}) {
      for (std::size_t term = 0; term < dictionary->size(); ++term) {
        std::vector<Posting> postings;
        dictionary->reader(term, segment.doc_count()).append_all(postings);
        for (const Posting& posting : postings)
          sum += posting.doc + posting.tf + text.lengths[posting.doc];
        sum += dictionary->terms[term].size();
        PostingReader reader = dictionary->reader(term, segment.doc_count());
        std::vector<std::uint32_t> positions;
        while (reader.next_block(0)) {
          for (std::size_t i = 0; i < reader.docs().size(); ++i) {
            if (dictionary->positions_of(term).read(reader.block(), i, reader.tfs(), positions))
              sum += positions.size();
          }
        }
      }
    }
  }
  for (const ValueColumn& column : segment.columns()) {
    std::size_t hint = 0;
    for (DocId doc = 0; doc < segment.doc_count(); ++doc) {
      const auto [begin, end] = column.docs.find(doc, hint);
      for (std::uint32_t at = begin; at < end; ++at)
        sum += column.values[column.docs.ordinals[at]].size();
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("segment: a flipped bit or a cut is a corrupt record") {
  const auto segment = small_segment();
  const std::string bytes{segment->bytes().view()};
  std::mt19937 random{11};

  for (int i = 0; i < 2000; ++i) {
    std::string damaged = bytes;
    const auto at = random() % damaged.size();
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
    const auto opened = Segment::open(SharedBytes{damaged});
    REQUIRE_FALSE(opened);
    const auto code = opened.error().code;
    CHECK((code == Errc::corrupt_record || code == Errc::newer_format));
  }
  for (std::size_t length = 0; length < bytes.size(); length += 1 + random() % 97) {
    const auto opened = Segment::open(SharedBytes{bytes.substr(0, length)});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Errc::corrupt_record);
  }
}

TEST_CASE("segment: damage under a matching checksum is refused or read without harm") {
  const auto segment = small_segment();
  std::mt19937 random{12};

  for (int i = 0; i < 4000; ++i) {
    std::string damaged{segment->bytes().view()};
    for (int flips = 0; flips < 3; ++flips)
      damaged[24 + random() % (damaged.size() - 24)] = static_cast<char>(random());
    const std::uint64_t checksum = XXH3_64bits(damaged.data() + 24, damaged.size() - 24);
    std::memcpy(damaged.data() + 16, &checksum, sizeof checksum);
    const auto opened = Segment::open(SharedBytes{damaged});
    if (opened) read_all(**opened);
  }
  CHECK(read_all(*segment) > 0);
}

TEST_CASE("segment: after a restart saved segments give the same searches as before") {
  for (std::uint32_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    TestShop shop;
    CatalogIndex before{ShardId{}};
    for (int i = 0; i < 6000; ++i) {
      Product product = random.product();
      product.id = ProductId{"q-" + std::to_string(random.below(4000))};
      for (std::size_t v = 0; v < product.variants.size(); ++v) {
        product.variants[v].sku = Sku{product.id.str() + "-" + std::to_string(v)};
      }
      shop.put(before, product);
    }
    before.publish(1);
    const auto saved = before.take_unsaved();
    REQUIRE(saved.size() == 1);
    CHECK(before.take_unsaved().empty());
    CHECK(before.segment_names() == std::vector<std::string>{saved[0].name});
    for (int i = 0; i < 300; ++i) {
      Product product = random.product();
      product.id = ProductId{"q-" + std::to_string(random.below(4200))};
      for (std::size_t v = 0; v < product.variants.size(); ++v) {
        product.variants[v].sku = Sku{product.id.str() + "-" + std::to_string(v)};
      }
      if (random.chance(60)) shop.put(before, product);
      if (!random.chance(60) && shop.entries().contains(product.id)) shop.erase(before, product.id);
    }
    const std::vector<SnapshotPtr> wanted{before.publish(2)};

    CatalogIndex after{ShardId{}};
    REQUIRE(after.load(saved[0].name, saved[0].bytes));
    for (const auto& [id, entry] : shop.entries()) shop.put_again(after, id);
    const std::vector<SnapshotPtr> restarted{after.publish(2)};

    CHECK(after.segment_names() == std::vector<std::string>{saved[0].name});
    CHECK(after.take_unsaved().empty());
    CHECK(snapshot_size(*restarted[0]) == shop.entries().size());
    for (int i = 0; i < 60; ++i) {
      const Query query = random.query();
      const auto a = search(restarted, query, kNow, {});
      const auto b = search(wanted, query, kNow, {});
      REQUIRE(a.found == b.found);
      REQUIRE(a.hits.size() == b.hits.size());
      for (std::size_t hit = 0; hit < a.hits.size(); ++hit) {
        REQUIRE(a.hits[hit].id == b.hits[hit].id);
        REQUIRE(a.hits[hit].text_match == b.hits[hit].text_match);
        REQUIRE(a.hits[hit].price == b.hits[hit].price);
      }
    }
  }
}

TEST_CASE("segment: a damaged file is refused and the index goes on without it") {
  CatalogIndex index{ShardId{}};
  const auto loaded = index.load("segment-1", SharedBytes{"nonsense"});

  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == Errc::corrupt_record);
  CHECK(index.segment_count() == 0);
}
