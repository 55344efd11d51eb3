#include "engine/index/posting_unions.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/index/segment.hpp"

namespace souk::engine {

namespace {

/// The highest count of each document; false if one does not fit.
template <class Count>
bool highest_counts(std::span<const TermRange> ranges, std::vector<Count>& counts) {
  const auto doc_count = static_cast<DocId>(counts.size());
  std::uint32_t most = 0;
  for (const TermRange& range : ranges) {
    for (std::size_t term = range.begin; term < range.end; ++term) {
      PostingReader postings = range.dictionary->reader(term, doc_count);
      while (postings.next_block(0)) {
        const auto docs = postings.docs();
        const auto tfs = postings.tfs();
        for (std::size_t i = 0; i < docs.size(); ++i) {
          most = std::max(most, tfs[i]);
          counts[docs[i]] = std::max(counts[docs[i]], static_cast<Count>(tfs[i]));
        }
      }
    }
  }
  return most <= std::numeric_limits<Count>::max();
}

template <class Count>
std::vector<Posting> postings_of(const std::vector<Count>& counts) {
  constexpr std::size_t kStride = sizeof(std::uint64_t) / sizeof(Count);
  std::vector<Posting> postings;
  const auto add = [&](std::size_t doc) {
    if (counts[doc] != 0) postings.push_back({static_cast<DocId>(doc), counts[doc]});
  };
  std::size_t doc = 0;
  for (; doc + kStride <= counts.size(); doc += kStride) {
    std::uint64_t some = 0;
    std::memcpy(&some, &counts[doc], sizeof some);
    if (some == 0) continue;
    for (std::size_t i = 0; i < kStride; ++i) add(doc + i);
  }
  for (; doc < counts.size(); ++doc) add(doc);
  return postings;
}

/// A document has hardly ever a word more than 255 times, and what is written for each posting
/// should stay near.
std::vector<Posting> united(std::span<const TermRange> ranges, std::size_t doc_count) {
  std::vector<std::uint8_t> narrow(doc_count, 0);
  if (highest_counts(ranges, narrow)) return postings_of(narrow);
  std::vector<std::uint32_t> wide(doc_count, 0);
  (void)highest_counts(ranges, wide);
  return postings_of(wide);
}

}  // namespace

std::shared_ptr<const PostingUnion> PostingUnions::find(std::span<const TermRange> ranges) {
  const Key key{ranges.begin(), ranges.end()};
  const std::lock_guard lock{mutex_};
  const auto place = unions_.find(key);
  if (place == unions_.end()) return nullptr;
  by_use_.splice(by_use_.end(), by_use_, place->second.use);
  return place->second.made;
}

std::shared_ptr<const PostingUnion> PostingUnions::make(std::span<const TermRange> ranges,
                                                        std::span<const std::uint8_t> lengths) {
  const std::vector<Posting> postings = united(ranges, lengths.size());
  auto made = std::make_shared<PostingUnion>();
  made->doc_freq = static_cast<std::uint32_t>(postings.size());
  encode_postings(postings, lengths, made->bytes);
  made->bytes.shrink_to_fit();
  if (made->bytes.size() > bytes_max_) return made;

  const std::lock_guard lock{mutex_};
  const auto [place, added] = unions_.try_emplace(Key{ranges.begin(), ranges.end()});
  if (!added) return place->second.made;
  bytes_ += made->bytes.size();
  place->second = {made, by_use_.insert(by_use_.end(), place)};
  while (bytes_ > bytes_max_) {
    const auto oldest = by_use_.front();
    by_use_.pop_front();
    bytes_ -= oldest->second.made->bytes.size();
    unions_.erase(oldest);
  }
  return made;
}

std::size_t PostingUnions::bytes() const {
  const std::lock_guard lock{mutex_};
  return bytes_;
}

}  // namespace souk::engine
