#include "engine/index/posting_unions.hpp"

#include <algorithm>

#include "engine/index/segment.hpp"

namespace souk::engine {

std::shared_ptr<const PostingUnion> PostingUnions::find(std::span<const TermRange> ranges) const {
  const Key key{ranges.begin(), ranges.end()};
  const std::lock_guard lock{mutex_};
  const auto place = unions_.find(key);
  return place == unions_.end() ? nullptr : place->second;
}

std::shared_ptr<const PostingUnion> PostingUnions::make(std::span<const TermRange> ranges,
                                                        std::span<const std::uint8_t> lengths) {
  const auto doc_count = static_cast<DocId>(lengths.size());
  std::vector<std::uint32_t> tfs(doc_count, 0);
  for (const TermRange& range : ranges) {
    for (std::size_t term = range.begin; term < range.end; ++term) {
      PostingReader postings = range.dictionary->reader(term, doc_count);
      while (postings.next_block(0)) {
        const auto docs = postings.docs();
        const auto counts = postings.tfs();
        for (std::size_t i = 0; i < docs.size(); ++i)
          tfs[docs[i]] = std::max(tfs[docs[i]], counts[i]);
      }
    }
  }
  std::vector<Posting> postings;
  for (DocId doc = 0; doc < doc_count; ++doc) {
    if (tfs[doc] != 0) postings.push_back({doc, tfs[doc]});
  }
  auto made = std::make_shared<PostingUnion>();
  made->doc_freq = static_cast<std::uint32_t>(postings.size());
  encode_postings(postings, lengths, made->bytes);
  made->bytes.shrink_to_fit();

  const std::lock_guard lock{mutex_};
  if (bytes_ + made->bytes.size() > bytes_max_) {
    unions_.clear();
    bytes_ = 0;
  }
  if (made->bytes.size() > bytes_max_) return made;
  const bool added = unions_.emplace(Key{ranges.begin(), ranges.end()}, made).second;
  if (added) bytes_ += made->bytes.size();
  return made;
}

std::size_t PostingUnions::bytes() const {
  const std::lock_guard lock{mutex_};
  return bytes_;
}

}  // namespace souk::engine
