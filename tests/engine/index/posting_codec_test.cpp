#include "engine/index/posting_codec.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace souk::engine;

TEST_CASE("posting codec: gives back what was encoded, from the start or from any document") {
  std::mt19937 generator{7};
  const auto random = [&] { return static_cast<std::uint32_t>(generator()); };
  for (const std::size_t size : {1U, 2U, 127U, 128U, 129U, 256U, 1000U, 5000U}) {
    for (const std::uint32_t gap : {1U, 3U, 1000U, 100'000U}) {
      CAPTURE(size);
      CAPTURE(gap);
      std::vector<Posting> postings;
      DocId doc = random() % 3;
      for (std::size_t i = 0; i < size; ++i) {
        postings.push_back({doc, 1 + (random() % 4 == 0 ? random() % 500 : 0)});
        doc += 1 + random() % gap;
      }
      std::vector<std::uint8_t> lengths(doc + 1, 9);
      std::string bytes = "before";
      encode_postings(postings, lengths, bytes);
      const PostingReader list{std::string_view{bytes}.substr(6), static_cast<std::uint32_t>(size),
                               doc + 1};

      std::vector<Posting> all;
      PostingReader{list}.append_all(all);
      CHECK(all == postings);
      for (int i = 0; i < 20; ++i) {
        const DocId target = random() % (doc + 1);
        PostingReader reader = list;
        DocId first = kNoDoc;
        if (reader.next_block(target)) {
          for (const DocId candidate : reader.docs()) {
            if (candidate >= target) first = std::min(first, candidate);
          }
        }
        DocId wanted = kNoDoc;
        for (const Posting& posting : postings) {
          if (posting.doc >= target) wanted = std::min(wanted, posting.doc);
        }
        CHECK(first == wanted);
      }
    }
  }
}

TEST_CASE("posting codec: bytes that make no sense end the list") {
  std::mt19937 random{8};
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 400, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    std::vector<Posting> all;
    PostingReader{bytes, static_cast<std::uint32_t>(random() % 600), 1000}.append_all(all);
    for (const Posting& posting : all) REQUIRE(posting.doc < 1000);
  }
}
