#include "engine/search/term_positions.hpp"

#include <algorithm>

namespace souk::engine {

TermPositions::TermPositions(const TermDictionary& dictionary, std::size_t term, DocId doc_count)
    : start_{dictionary.reader(term, doc_count)},
      reader_{start_},
      stands_{dictionary.positions_of(term)} {
}

bool TermPositions::seek(DocId doc) {
  // Back to the start for a document before the one asked for last.
  if (begun_ && doc < asked_) {
    reader_ = start_;
    begun_ = false;
    ended_ = false;
  }
  asked_ = doc;
  if (ended_) return false;
  while (!begun_ || reader_.docs().back() < doc) {
    begun_ = true;
    ended_ = !reader_.next_block(doc);
    if (ended_) return false;
  }
  const auto docs = reader_.docs();
  const auto found = std::lower_bound(docs.begin(), docs.end(), doc);
  place_ = static_cast<std::size_t>(found - docs.begin());
  return *found == doc;
}

}  // namespace souk::engine
