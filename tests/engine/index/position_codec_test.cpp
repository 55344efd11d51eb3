#include "engine/index/position_codec.hpp"

#include <doctest/doctest.h>

#include <random>

#include "engine/index/segment_builder.hpp"
#include "tests/engine/index/index_builders.hpp"

using namespace souk::engine;

namespace {

class Dice {
public:
  explicit Dice(std::uint32_t seed) : engine_{seed} {}
  std::uint32_t operator()() { return static_cast<std::uint32_t>(engine_()); }

private:
  std::mt19937 engine_;
};

struct Lists {
  std::vector<Posting> postings;
  std::vector<std::uint32_t> gaps;
  std::vector<std::vector<std::uint32_t>> positions;  // by posting
};

Lists random_lists(Dice& random, std::size_t count, std::uint32_t width) {
  Lists lists;
  DocId doc = 0;
  for (std::size_t i = 0; i < count; ++i) {
    doc += 1 + random() % 9;
    const std::uint32_t tf = random() % 5 == 0 ? 1 + random() % 40 : 1;
    lists.postings.push_back({doc, tf});
    lists.positions.emplace_back();
    std::uint32_t position = 0;
    for (std::uint32_t n = 0; n < tf; ++n) {
      const std::uint32_t gap = random() % width;
      lists.gaps.push_back(gap);
      lists.positions.back().push_back(position += gap);
    }
  }
  return lists;
}

std::vector<std::uint32_t> tfs_of(const Lists& lists, std::size_t block) {
  std::vector<std::uint32_t> tfs;
  for (std::size_t i = block * kBlockPostings;
       i < std::min(lists.postings.size(), (block + 1) * kBlockPostings); ++i) {
    tfs.push_back(lists.postings[i].tf);
  }
  return tfs;
}

/// Where the words of a text stand in a field of a product's only segment.
std::vector<std::uint32_t> positions_in(const Segment& segment, TextFieldId field,
                                        std::string_view word) {
  const TermDictionary& stems = segment.text(field).stems;
  const std::size_t term = stems.terms.find(word);
  REQUIRE(term < stems.size());
  PostingReader postings = stems.reader(term, segment.doc_count());
  REQUIRE(postings.next_block(0));
  std::vector<std::uint32_t> positions;
  REQUIRE(stems.positions_of(term).read(postings.block(), 0, postings.tfs(), positions));
  return positions;
}

}  // namespace

TEST_CASE("positions: what is written is read, posting by posting and block by block") {
  Dice random{3};
  for (const std::size_t count : {1U, 2U, 15U, 16U, 127U, 128U, 129U, 256U, 1000U}) {
    for (const std::uint32_t width : {1U, 2U, 100U, 70'000U, 0xFFFFFU}) {
      const Lists lists = random_lists(random, count, width);
      std::string bytes;
      encode_positions(lists.postings, lists.gaps, bytes);
      const PositionReader reader{bytes, static_cast<std::uint32_t>(count)};
      std::vector<std::uint32_t> gaps;
      for (std::size_t block = 0; block * kBlockPostings < count; ++block) {
        const auto tfs = tfs_of(lists, block);
        REQUIRE(reader.append_gaps(block, tfs, gaps));
        for (std::size_t i = 0; i < tfs.size(); ++i) {
          std::vector<std::uint32_t> positions;
          REQUIRE(reader.read(block, i, tfs, positions));
          CHECK(positions == lists.positions[block * kBlockPostings + i]);
        }
      }
      CHECK(gaps == lists.gaps);
    }
  }
}

TEST_CASE("positions: damaged bytes give nothing or something, never a read outside") {
  Dice random{4};
  const Lists lists = random_lists(random, 300, 90);
  std::string whole;
  encode_positions(lists.postings, lists.gaps, whole);
  for (int round = 0; round < 20'000; ++round) {
    // A copy of its own size, so that a sanitizer sees the byte behind it.
    std::vector<char> bytes{whole.begin(), whole.end()};
    bytes.resize(random() % 4 == 0 ? random() % bytes.size() : bytes.size());
    for (int i = 0; i < 3 && !bytes.empty(); ++i)
      bytes[random() % std::min<std::size_t>(bytes.size(), 40)] = static_cast<char>(random());
    const PositionReader reader{{bytes.data(), bytes.size()}, 300};
    const std::size_t block = random() % 4;
    std::vector<std::uint32_t> tfs(1 + random() % 128);
    for (std::uint32_t& tf : tfs) tf = random() % 50 == 0 ? random() : 1 + random() % 9;
    std::vector<std::uint32_t> out;
    (void)reader.read(block, random() % tfs.size(), tfs, out);
    CHECK(out.size() <= bytes.size() * 8);
    out.clear();
    (void)reader.append_gaps(block, tfs, out);
    CHECK(out.size() <= bytes.size() * 8);
  }
}

TEST_CASE("positions: lists one behind another are found by number") {
  Dice random{5};
  std::string bytes;
  std::vector<Lists> all;
  for (std::size_t i = 0; i < kPositionGroup; ++i) {
    all.push_back(random_lists(random, 1 + random() % 200, 60));
    append_positions(all.back().postings, all.back().gaps, bytes);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto reader =
        PositionReader::of(bytes, i, static_cast<std::uint32_t>(all[i].postings.size()));
    std::vector<std::uint32_t> positions;
    REQUIRE(reader.read(0, 0, tfs_of(all[i], 0), positions));
    CHECK(positions == all[i].positions[0]);
  }
  std::vector<std::uint32_t> none;
  const std::vector<std::uint32_t> one{1};
  CHECK_FALSE(PositionReader::of(bytes, kPositionGroup, 1).read(0, 0, one, none));
}

TEST_CASE("positions: a field of several values leaves a gap between them") {
  Product product = product_of("a", "red shoe red");
  product.tags = {"summer sale", "red hot"};
  SegmentBuilder builder;
  builder.add(product, 1);
  const auto segment = builder.finish();
  CHECK(positions_in(*segment, TextFieldId::title, "red") == std::vector<std::uint32_t>{0, 2});
  CHECK(positions_in(*segment, TextFieldId::title, "shoe") == std::vector<std::uint32_t>{1});
  CHECK(positions_in(*segment, TextFieldId::tags, "sale") == std::vector<std::uint32_t>{1});
  CHECK(positions_in(*segment, TextFieldId::tags, "red") ==
        std::vector<std::uint32_t>{2 + kValueGap});
}
