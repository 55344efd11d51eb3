#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/index/snapshot.hpp"
#include "engine/search/fuzzy_terms.hpp"
#include "engine/search/query_plan.hpp"

namespace souk::engine {

/// How long the texts of one field are.
struct FieldStatistics {
  std::uint64_t length_sum = 0;  // decoded lengths of live documents
  std::uint64_t docs = 0;        // live documents with the field

  friend bool operator==(const FieldStatistics&, const FieldStatistics&) = default;
};

/// What scores need to know about a collection, for one query. Only sums over live documents, so
/// that a collection's are those of its parts added up, however it is cut; a bound such as "at most
/// the collection" is put in place by plan_query(), after the last addition. A few hundred bytes.
struct SearchStatistics {
  std::uint64_t docs = 0;               // live
  std::vector<FieldStatistics> fields;  // as QueryPlan::fields
  /// Token × field: live documents per term, summed over the terms that satisfy the token (several
  /// for a prefix, and then one document may count several times).
  std::vector<std::uint64_t> doc_freqs;
  SpellingStatistics spelling;  // once a round asks for it

  friend bool operator==(const SearchStatistics&, const SearchStatistics&) = default;
};

/// Counts the words of a plan_words() in some snapshots; nothing when the query has no words. Reads
/// dictionaries only, except that attributes.<name> with dead documents walks its postings.
SearchStatistics collect_statistics(std::span<const SnapshotPtr> snapshots, const QueryPlan& words);

/// Those of both collections together. {} changes nothing. Pre: of one query, no shard in both.
SearchStatistics merge(SearchStatistics a, const SearchStatistics& b);

/// Words and fields with the worth of each, from the statistics of the whole collection. Equal on
/// every node that is given equal statistics. Pre: `statistics` are of this query.
QueryPlan plan_query(QueryPlan words, const SearchStatistics& statistics);

}  // namespace souk::engine
