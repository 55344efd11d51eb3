#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/index/snapshot.hpp"
#include "engine/search/query.hpp"
#include "engine/search/search_result.hpp"

namespace souk::engine {

inline constexpr std::size_t kSortKeysUsed = 8;

/// The keys a query sorts by: its first kSortKeysUsed, or the default.
std::vector<SortKey> sort_keys_of(const Query& query);

/// One sort key of one hit, made so that the greater cell comes first whatever the key's order:
/// numbers before texts before missing. Within a segment texts are their ordinals; between segments
/// their strings are compared.
struct SortCell {
  enum class Kind : std::uint8_t { missing = 0, text = 1, number = 2 };
  Kind kind = Kind::missing;
  std::uint64_t rank = 0;

  friend auto operator<=>(const SortCell&, const SortCell&) = default;
};

struct RankedHit {
  std::array<SortCell, kSortKeysUsed> cells;
  const SegmentView* view = nullptr;
  DocId doc = 0;
  std::int64_t text_match = 0;
};

/// Orders hits by the keys of a query. One per search; begin_segment() before its hits.
class HitSorter {
public:
  explicit HitSorter(const Query& query);

  /// Whether a hit with a higher text_match always comes first.
  bool by_text_match() const {
    return keys_.front().source == Source::text_match && !keys_.front().ascending;
  }

  /// Whether rank() looks at the variants of hits of the current segment.
  bool looks_at_variants() const;
  /// What ranking a product takes.
  std::size_t steps() const { return 2 * keys_.size(); }
  void begin_segment(const SegmentView& view);
  /// Fills the cells of a hit of the current segment.
  void rank(RankedHit& hit, std::span<const std::uint32_t> variants);
  /// Both of one segment: documents are numbered by product id, so a tie goes to the smaller.
  bool before_in_segment(const RankedHit& a, const RankedHit& b) const;
  bool before(const RankedHit& a, const RankedHit& b) const;
  /// The cells as values that mean the same on every node, one per key.
  std::vector<SortValue> values(const RankedHit& hit) const;

private:
  enum class Source : std::uint8_t {
    text_match,
    price,
    rating,
    rating_count,
    popularity,
    available,
    created_at,
    updated_at,
    id,
    values
  };
  struct Key {
    std::string field;
    Source source = Source::values;
    bool ascending = false;
    const ValueColumn* texts = nullptr;
    const NumberColumn* numbers = nullptr;
    std::size_t text_hint = 0;
    std::size_t variant_hint = 0;
    std::size_t number_hint = 0;
  };
  static Source source_of(std::string_view field);
  SortCell cell(Key& key, const RankedHit& hit, std::span<const std::uint32_t> variants) const;
  SortCell value_cell(Key& key, DocId doc, std::span<const std::uint32_t> variants) const;
  std::string_view text(const Key& key, const RankedHit& hit, SortCell cell) const;

  std::vector<Key> keys_;
  const SegmentView* view_ = nullptr;
};

/// The best `limit` hits of one segment: a heap whose root is the worst kept.
class TopHits {
public:
  TopHits(const HitSorter& sorter, std::size_t limit) : sorter_{&sorter}, limit_{limit} {}
  /// Whether it is among the best so far.
  bool add(const RankedHit& hit);
  /// The worst of so many as are wanted, or null while there are fewer.
  const RankedHit* worst() const {
    return limit_ > 0 && hits_.size() == limit_ ? &hits_.front() : nullptr;
  }
  std::vector<RankedHit> take() { return std::move(hits_); }

private:
  const HitSorter* sorter_;
  std::size_t limit_;
  std::vector<RankedHit> hits_;
};

}  // namespace souk::engine
