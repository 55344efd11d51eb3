#include "engine/search/token_postings.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace souk::engine {
namespace {

constexpr std::uint32_t kTfOfBlockMax = 255;
/// Fewer postings than documents / this are sorted, more are spread over all documents.
constexpr std::uint32_t kSparse = 16;
/// So many postings are read sooner than a union of them is looked for.
constexpr std::uint64_t kUnionPostingsMin = 2'048;
/// A union costs about so many times as much as reading the lists.
constexpr std::uint64_t kUnionSteps = 3;

void set_bit(WindowBits& bits, std::uint32_t place) {
  bits[place / 64] |= std::uint64_t{1} << (place % 64);
}

bool has_bit(std::span<const std::uint64_t> bits, DocId doc) {
  return (bits[doc / 64] >> (doc % 64) & 1U) != 0;
}

/// The lists of the alternative as one that is kept, or null if it is not worth it.
std::shared_ptr<const PostingUnion> union_of(const TokenAlternative& alternative,
                                             std::uint64_t postings, const Segment& segment,
                                             BudgetClock& clock) {
  // The same words are hardly misspelled the same way again.
  if (postings < kUnionPostingsMin || alternative.typos > 0) return nullptr;
  if (!segment.has(*alternative.text)) return nullptr;
  if (auto made = segment.unions().find(alternative.ranges)) return made;
  if (clock.spend(kUnionSteps * postings)) return nullptr;
  const ArrayView<std::uint8_t>& lengths = alternative.text->lengths;
  return segment.unions().make(
      alternative.ranges, {reinterpret_cast<const std::uint8_t*>(lengths.bytes()), lengths.size()});
}

/// The first place from `from` on whose document is not below `target`; there is one.
std::size_t first_from(std::span<const DocId> docs, std::size_t from, DocId target) {
  std::size_t size = docs.size() - from;
  const DocId* first = docs.data() + from;
  while (size > 1) {
    const std::size_t half = size / 2;
    first += first[half - 1] < target ? half : 0;
    size -= half;
  }
  return static_cast<std::size_t>(first - docs.data());
}

}  // namespace

TermPostings::TermPostings(PostingReader reader, const TextField& text, const TokenScorer& scorer)
    : reader_{reader}, text_{&text}, scorer_{&scorer} {
}

TermPostings::TermPostings(std::shared_ptr<const PostingUnion> postings, DocId doc_count,
                           const TokenAlternative& alternative)
    : union_{std::move(postings)},
      reader_{union_->reader(doc_count)},
      text_{alternative.text},
      scorer_{alternative.scorer} {
}

DocId TermPostings::seek(DocId target) {
  if (started_ && next_ >= target) return next_;
  if (!started_ || reader_.docs().back() < target) {
    started_ = true;
    at_ = 0;
    if (!reader_.next_block(target) || reader_.docs().back() < target) return next_ = kNoDoc;
  }
  at_ = first_from(reader_.docs(), at_, target);
  return next_ = reader_.docs()[at_];
}

std::int64_t TermPostings::block_bound(std::size_t block) const {
  const std::uint32_t tf = reader_.block_tf_max(block);
  const std::uint32_t most = tf < kTfOfBlockMax ? tf : std::numeric_limits<std::uint32_t>::max();
  // One more, because dividing rounds.
  return scorer_->score(most, reader_.block_length_min(block)) + 1;
}

std::int64_t TermPostings::bound(const DocWindow& window) {
  if (started_ && next_ >= window.end) return 0;
  while (bound_block_ < reader_.blocks() && reader_.block_last(bound_block_) < window.begin)
    ++bound_block_;
  std::int64_t most = 0;
  for (std::size_t block = bound_block_; block < reader_.blocks(); ++block) {
    most = std::max(most, block_bound(block));
    if (reader_.block_last(block) >= window.end - 1) return most;
  }
  if (!tail_bound_) {
    PostingReader tail{reader_};
    std::int64_t best = 0;
    tail.next_block(kNoDoc);  // nothing to read if it is at hand
    for (std::size_t i = 0; i < tail.docs().size(); ++i)
      best = std::max(best, scorer_->score(tail.tfs()[i], text_->lengths[tail.docs()[i]]));
    tail_bound_ = best;
  }
  return std::max(most, *tail_bound_);
}

template <class Visit>
std::size_t TermPostings::walk(const DocWindow& window, Visit visit) {
  std::size_t count = 0;
  for (seek(window.begin); next_ < window.end;) {
    const std::span<const DocId> docs = reader_.docs();
    const bool whole = docs.back() < window.end;
    const std::size_t end = whole ? docs.size() : first_from(docs, at_, window.end);
    visit(docs, at_, end);
    count += end - at_;
    at_ = end;
    if (!whole) {
      next_ = docs[at_];
    } else {
      at_ = 0;
      next_ = reader_.next_block(0) ? reader_.docs()[0] : kNoDoc;
    }
  }
  return count;
}

std::size_t TermPostings::mark(const DocWindow& window, WindowBits& bits) {
  return walk(window, [&](std::span<const DocId> docs, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) set_bit(bits, window.place(docs[i]));
  });
}

std::size_t TermPostings::add(DocWindow& window, WindowBits& bits) {
  std::int64_t* scores = window.scores.data();
  return walk(window, [&](std::span<const DocId> docs, std::size_t begin, std::size_t end) {
    const std::span<const std::uint32_t> tfs = reader_.tfs();
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint32_t place = window.place(docs[i]);
      scores[place] += scorer_->score(tfs[i], text_->lengths[docs[i]]);
      set_bit(bits, place);
    }
  });
}

std::size_t TermPostings::raise(DocWindow& window, WindowBits& bits) {
  std::int64_t* scores = window.token_scores.data();
  return walk(window, [&](std::span<const DocId> docs, std::size_t begin, std::size_t end) {
    const std::span<const std::uint32_t> tfs = reader_.tfs();
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint32_t place = window.place(docs[i]);
      scores[place] = std::max(scores[place], scorer_->score(tfs[i], text_->lengths[docs[i]]));
      set_bit(bits, place);
    }
  });
}

std::int64_t TermPostings::score(DocId doc) {
  return scorer_->score(reader_.tfs()[at_], text_->lengths[doc]);
}

GroupPostings::GroupPostings(const TokenAlternative& alternative, DocId doc_count,
                             std::span<const std::uint64_t> allowed, BudgetClock& clock)
    : text_{alternative.text}, scorer_{alternative.scorer} {
  std::uint64_t total = 0;
  for (const TermRange& range : alternative.ranges) {
    for (std::size_t term = range.begin; term < range.end; ++term)
      total += range.dictionary->doc_freqs[term];
  }
  dense_ = allowed.empty() && total > doc_count / kSparse;
  tfs_.assign(dense_ ? doc_count : kWindowDocs, 0);
  read(alternative.ranges, doc_count, allowed, clock);
  if (!dense_) sort_by_window(doc_count);
}

void GroupPostings::read(std::span<const TermRange> ranges, DocId doc_count,
                         std::span<const std::uint64_t> allowed, BudgetClock& clock) {
  for (const TermRange& range : ranges) {
    for (std::size_t term = range.begin; term < range.end; ++term) {
      PostingReader postings = range.dictionary->reader(term, doc_count);
      while (postings.next_block(0)) {
        const auto docs = postings.docs();
        if (clock.spend(docs.size())) return;
        if (dense_) {
          const auto tfs = postings.tfs();
          for (std::size_t i = 0; i < docs.size(); ++i) {
            tf_max_ = std::max(tf_max_, tfs[i]);
            tfs_[docs[i]] = std::max(tfs_[docs[i]], tfs[i]);
          }
          continue;
        }
        for (std::size_t i = 0; i < docs.size(); ++i) {
          if (!allowed.empty() && !has_bit(allowed, docs[i])) continue;
          postings_.push_back({docs[i], postings.tfs()[i]});
          tf_max_ = std::max(tf_max_, postings_.back().tf);
        }
      }
    }
  }
}

void GroupPostings::sort_by_window(DocId doc_count) {
  windows_.assign(doc_count / kWindowDocs + 2, 0);
  for (const Posting& posting : postings_) ++windows_[posting.doc / kWindowDocs + 1];
  for (std::size_t i = 1; i < windows_.size(); ++i) windows_[i] += windows_[i - 1];
  std::vector<std::uint32_t> places{windows_};
  std::vector<Posting> sorted(postings_.size());
  for (const Posting& posting : postings_) sorted[places[posting.doc / kWindowDocs]++] = posting;
  postings_ = std::move(sorted);
}

std::int64_t GroupPostings::bound(const DocWindow& window) const {
  const std::size_t number = window.begin / kWindowDocs;
  if (!dense_ && windows_[number] == windows_[number + 1]) return 0;
  return scorer_->score(tf_max_, 0) + 1;
}

/// tfs_ of the window's documents, by place; returns how many there are.
std::size_t GroupPostings::gather(const DocWindow& window, WindowBits& bits) {
  if (dense_) {
    const std::uint32_t* tfs = tfs_.data() + window.begin;
    const std::size_t size = window.end - window.begin;
    for (std::size_t word = 0; word * 64 < size; ++word) {
      std::uint64_t set = 0;
      const std::size_t end = std::min<std::size_t>(64, size - word * 64);
      for (std::size_t i = 0; i < end; ++i)
        set |= static_cast<std::uint64_t>(tfs[word * 64 + i] != 0) << i;
      bits[word] |= set;
    }
    return size / 4;
  }
  const std::size_t number = window.begin / kWindowDocs;
  for (std::size_t i = windows_[number]; i < windows_[number + 1]; ++i)
    set_bit(bits, window.place(postings_[i].doc));
  return windows_[number + 1] - windows_[number];
}

std::size_t GroupPostings::mark(const DocWindow& window, WindowBits& bits) {
  return gather(window, bits);
}

std::size_t GroupPostings::raise(DocWindow& window, WindowBits& bits) {
  WindowBits own{};
  const std::size_t count = gather(window, own);
  std::uint32_t* tfs = tfs_.data();
  if (dense_) {
    tfs += window.begin;
  } else {
    const std::size_t number = window.begin / kWindowDocs;
    for (std::size_t i = windows_[number]; i < windows_[number + 1]; ++i) {
      std::uint32_t& tf = tfs[window.place(postings_[i].doc)];
      tf = std::max(tf, postings_[i].tf);
    }
  }
  std::int64_t* scores = window.token_scores.data();
  for (std::size_t word = 0; word < own.size(); ++word) {
    bits[word] |= own[word];
    for (std::uint64_t rest = own[word]; rest != 0; rest &= rest - 1) {
      const std::size_t place = word * 64 + static_cast<std::size_t>(std::countr_zero(rest));
      scores[place] =
          std::max(scores[place], scorer_->score(tfs[place], text_->lengths[window.begin + place]));
      if (!dense_) tfs[place] = 0;
    }
  }
  return count;
}

TokenPostings::TokenPostings(std::vector<TokenAlternative> alternatives, const Segment& segment,
                             BudgetClock& clock) {
  terms_.reserve(alternatives.size());
  for (TokenAlternative& alternative : alternatives) {
    std::size_t terms = 0;
    std::uint64_t postings = 0;
    for (const TermRange& range : alternative.ranges) {
      terms += range.end - range.begin;
      for (std::size_t term = range.begin; term < range.end; ++term)
        postings += range.dictionary->doc_freqs[term];
    }
    if (terms == 1) {
      const TermRange& range = alternative.ranges.front();
      terms_.emplace_back(range.dictionary->reader(range.begin, segment.doc_count()),
                          *alternative.text, *alternative.scorer);
    } else if (auto all = union_of(alternative, postings, segment, clock)) {
      postings = all->doc_freq;
      terms_.emplace_back(std::move(all), segment.doc_count(), alternative);
    } else {
      group_alternatives_.push_back(std::move(alternative));
    }
    postings_ += postings;
  }
}

void TokenPostings::open_groups(DocId doc_count, std::span<const std::uint64_t> allowed,
                                BudgetClock& clock) {
  for (const TokenAlternative& alternative : group_alternatives_)
    groups_.emplace_back(alternative, doc_count, allowed, clock);
}

DocId TokenPostings::seek(DocId target) {
  if (!group_alternatives_.empty()) return target;
  DocId next = kNoDoc;
  for (TermPostings& term : terms_) next = std::min(next, term.seek(target));
  return next;
}

std::int64_t TokenPostings::bound(const DocWindow& window) {
  std::int64_t most = 0;
  for (TermPostings& term : terms_) most = std::max(most, term.bound(window));
  for (const GroupPostings& group : groups_) most = std::max(most, group.bound(window));
  return most;
}

std::size_t TokenPostings::mark(const DocWindow& window, WindowBits& bits) {
  std::size_t count = 0;
  for (TermPostings& term : terms_) count += term.mark(window, bits);
  for (GroupPostings& group : groups_) count += group.mark(window, bits);
  return count;
}

std::size_t TokenPostings::add(DocWindow& window, WindowBits& bits) {
  if (groups_.empty() && terms_.size() == 1) return terms_.front().add(window, bits);
  WindowBits own{};
  std::size_t count = 0;
  for (TermPostings& term : terms_) count += term.raise(window, own);
  for (GroupPostings& group : groups_) count += group.raise(window, own);
  std::int64_t* scores = window.scores.data();
  std::int64_t* token_scores = window.token_scores.data();
  for (std::size_t word = 0; word < own.size(); ++word) {
    bits[word] |= own[word];
    for (std::uint64_t rest = own[word]; rest != 0; rest &= rest - 1) {
      const std::size_t place = word * 64 + static_cast<std::size_t>(std::countr_zero(rest));
      scores[place] += token_scores[place];
      token_scores[place] = 0;
    }
  }
  return 2 * count;
}

bool TokenPostings::look_up(DocId doc, DocWindow& window, bool scored) {
  bool found = false;
  std::int64_t best = 0;
  for (TermPostings& term : terms_) {
    if (!term.has(doc)) continue;
    found = true;
    if (!scored) break;
    best = std::max(best, term.score(doc));
  }
  if (best > 0) window.scores[window.place(doc)] += best;
  return found;
}

}  // namespace souk::engine
