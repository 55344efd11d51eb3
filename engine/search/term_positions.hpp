#pragma once

#include <cstdint>
#include <vector>

#include "engine/index/segment.hpp"

namespace souk::engine {

/// Where one term of a dictionary stands, document by document. Reads positions of the documents it
/// is asked for only.
class TermPositions {
public:
  TermPositions(const TermDictionary& dictionary, std::size_t term, DocId doc_count);

  std::uint32_t doc_freq() const { return start_.doc_freq(); }
  /// Whether the term stands in the document. Quickest when documents come in rising order.
  bool seek(DocId doc);
  /// Of the document found last. False when nothing is known of it.
  bool read() { return stands_.read(reader_.block(), place_, reader_.tfs(), positions_); }
  const std::vector<std::uint32_t>& positions() const { return positions_; }

private:
  PostingReader start_;
  PostingReader reader_;
  PositionReader stands_;
  DocId asked_ = 0;
  bool begun_ = false;
  bool ended_ = false;
  std::size_t place_ = 0;  // in the block
  std::vector<std::uint32_t> positions_;
};

}  // namespace souk::engine
