#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/search/suggest.hpp"
#include "engine/types/result.hpp"

namespace souk::engine {

/// A query as it is remembered: folded and without superfluous spaces. Empty: it is not to be
/// remembered, because it is long, or looks as if it told who somebody is (an @, long numbers).
std::string remembered_form(std::string_view q);

/// The queries that are asked most, in bounded memory: Space-Saving, Metwally, Agrawal, El Abbadi,
/// "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005. A query that
/// is one of more than total / `size_max` is certainly among them. Only texts and counts are kept,
/// nothing of who asked or when; all counts are halved when many were added, and by whoever owns
/// this when time went by, so that old fashions fade. One owner.
class PastQueries {
public:
  explicit PastQueries(std::size_t size_max = 4096, std::uint64_t halve_after = 1'000'000)
      : size_max_{size_max}, halve_after_{halve_after} {}

  /// O(log size).
  void add(const std::string& form);
  /// The most asked ones that begin with `beginning`, at most `count`, each with how often it was
  /// asked at least. O(those that begin so).
  std::vector<SuggestedQuery> begin_with(std::string_view beginning, std::size_t count) const;
  std::size_t size() const { return entries_.size(); }
  /// Halves all counts; what was asked once is forgotten. O(size log size).
  void fade();

  /// All of it as text, with a checksum.
  std::string encode() const;
  /// Adds what encode() gave, as far as there is room. Errors: corrupt_record; then nothing is
  /// added.
  Result<void> decode(std::string_view text);

private:
  struct Entry {
    std::uint64_t count = 0;
    std::uint64_t error = 0;  // at most so many of them were others
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  std::size_t size_max_;
  std::uint64_t halve_after_;
  std::uint64_t added_ = 0;
  Entries entries_;
  std::set<std::pair<std::uint64_t, std::string_view>> by_count_;  // texts lie in entries_
};

}  // namespace souk::engine
