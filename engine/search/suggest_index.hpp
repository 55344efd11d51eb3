#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/index/snapshot.hpp"
#include "engine/search/budget.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

/// A word of what is typed.
struct SuggestWord {
  std::string term;     // stem
  std::string exact;    // as written
  bool prefix = false;  // may be the beginning of a word
};

/// What suggestions want to know of one segment and what does not stand in it: which of its
/// products can be bought, how many of them each brand and category has, which values begin with a
/// word. It follows the columns: what did not change since the last look is not looked at again, so
/// a look costs a comparison of chunk pointers and 256 rows for each chunk that was written.
/// Thread-safe.
class SuggestSegment {
public:
  struct Tally {
    std::uint64_t products = 0;
    std::int64_t popularity = 0;
  };
  enum Column : std::uint8_t { brand = 0, categories = 1 };
  static constexpr std::size_t kColumns = 2;

  /// Every view given to it must be of this segment, and holds it.
  explicit SuggestSegment(const Segment& segment);

  /// Calls `found` for every value of a column that has all words and something to buy. No words:
  /// every value has them.
  void values(const SegmentView& view, std::int64_t now, Column column,
              std::span<const SuggestWord> words,
              const std::function<void(std::string_view value, Tally)>& found, BudgetClock& clock);
  /// The `count` most popular buyable documents whose title, brand or SKU have all words; ties to
  /// the smaller document.
  std::vector<DocId> products(const SegmentView& view, std::int64_t now,
                              std::span<const SuggestWord> words, std::size_t count,
                              BudgetClock& clock);
  /// Buyable documents that have all words in some field.
  std::uint64_t count(const SegmentView& view, std::int64_t now, std::span<const SuggestWord> words,
                      BudgetClock& clock);

private:
  struct ValueWord {
    std::uint32_t begin = 0;  // in bytes_
    std::uint32_t size = 0;
    std::uint32_t ordinal = 0;
  };
  struct Values {
    const ValueColumn* column = nullptr;
    std::string bytes;             // all words, end to end
    std::vector<ValueWord> words;  // by bytes, then ordinal
    std::vector<Tally> tallies;

    std::string_view word(const ValueWord& each) const {
      return std::string_view{bytes}.substr(each.begin, each.size);
    }
  };

  void index_values(Values& values, bool last_level);
  void follow(const SegmentView& view, std::int64_t now);
  void look_at(const SegmentView& view, std::int64_t now, std::size_t chunk);
  void turn(DocId doc, bool buyable);
  bool buyable(DocId doc) const { return (buyable_[doc / 64] >> (doc % 64) & 1U) != 0; }
  void keep_popular(std::vector<DocId>& docs, std::size_t count) const;

  const Segment* segment_;
  std::mutex mutex_;
  Values values_[kColumns];
  std::vector<std::uint64_t> buyable_;  // a bit per document
  // Of what the bits and tallies tell.
  std::shared_ptr<const ColumnRoot<DocChunk>> docs_;
  std::shared_ptr<const ColumnRoot<VariantChunk>> variants_;
  std::int64_t looked_at_ = 0;
  std::int64_t next_visible_ = 0;  // when another product comes to be visible
  // The most popular documents of words that very many have.
  std::unordered_map<std::string, std::vector<DocId>> popular_;
};

/// The SuggestSegments of a node. Thread-safe.
class SuggestIndexes {
public:
  /// Two shards may share a segment after a split, and live in different parts of it.
  std::shared_ptr<SuggestSegment> of(ShardId shard, const std::shared_ptr<const Segment>& segment);
  std::size_t size() const;

private:
  struct Known {
    std::weak_ptr<const Segment> segment;
    std::shared_ptr<SuggestSegment> index;
  };
  mutable std::mutex mutex_;
  std::map<std::pair<const Segment*, ShardId>, Known> known_;
  std::uint64_t uses_ = 0;
};

/// The words of what is typed. Without a space behind it the last one may be a beginning.
std::vector<SuggestWord> suggest_words(std::string_view q, Analyzer& analyzer, bool complete);

}  // namespace souk::engine
