#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/index/posting_codec.hpp"

namespace souk::engine {

struct TermDictionary;

/// Terms [begin, end) of a dictionary.
struct TermRange {
  const TermDictionary* dictionary = nullptr;
  std::size_t begin = 0;
  std::size_t end = 0;

  friend auto operator<=>(const TermRange&, const TermRange&) = default;
};

/// The posting lists of many terms as one: a document has the highest of their counts.
struct PostingUnion {
  std::string bytes;  // as encode_postings()
  std::uint32_t doc_freq = 0;

  PostingReader reader(DocId doc_limit) const { return {bytes, doc_freq, doc_limit}; }
};

/// Unions of a segment's lists, made when first asked for and kept while there is room: what begins
/// with one or two letters is asked for all day, and is too much to be read for each query. When
/// there is no room those go that nobody has asked for the longest. Any number of threads.
class PostingUnions {
public:
  explicit PostingUnions(std::size_t bytes_max) : bytes_max_{bytes_max} {}

  /// Null unless it has been made.
  std::shared_ptr<const PostingUnion> find(std::span<const TermRange> ranges);
  /// Reads all the lists. `lengths` as encode_postings() wants them, of all documents.
  std::shared_ptr<const PostingUnion> make(std::span<const TermRange> ranges,
                                           std::span<const std::uint8_t> lengths);
  std::size_t bytes() const;

private:
  struct Kept;
  using Unions = std::map<std::vector<TermRange>, Kept>;
  using Key = Unions::key_type;
  struct Kept {
    std::shared_ptr<const PostingUnion> made;
    std::list<Unions::iterator>::iterator use;
  };

  std::size_t bytes_max_;
  mutable std::mutex mutex_;
  Unions unions_;
  std::list<Unions::iterator> by_use_;  // the longest not asked for first
  std::size_t bytes_ = 0;
};

}  // namespace souk::engine
