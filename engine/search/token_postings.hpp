#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/search/query_plan.hpp"

namespace souk::engine {

inline constexpr std::uint32_t kWindowDocs = 4096;
using WindowBits = std::array<std::uint64_t, kWindowDocs / 64>;

/// Documents [begin, end) of a segment, at most kWindowDocs, and what is known of them. Their
/// places count from `begin`.
struct DocWindow {
  DocId begin = 0;
  DocId end = 0;
  /// By place; 0 where nothing was added.
  std::vector<std::int64_t> scores;
  /// Of the token that is being added, in the best field so far; else 0.
  std::vector<std::int64_t> token_scores;

  std::uint32_t place(DocId doc) const { return doc - begin; }
};

/// One posting list on the way through windows that rise.
class TermPostings {
public:
  TermPostings(PostingReader reader, const TextField& text, const TokenScorer& scorer);
  TermPostings(std::shared_ptr<const PostingUnion> postings, DocId doc_count,
               const TokenAlternative& alternative);

  std::uint32_t doc_freq() const { return reader_.doc_freq(); }
  /// The first document ≥ `target`, or kNoDoc. Targets rise.
  DocId seek(DocId target);
  /// No document of the window scores higher.
  std::int64_t bound(const DocWindow& window);
  /// Marks the documents of the window; returns how many.
  std::size_t mark(const DocWindow& window, WindowBits& bits);
  /// Marks them and adds their scores.
  std::size_t add(DocWindow& window, WindowBits& bits);
  /// Marks them and leaves the higher of their token's scores and those in this list.
  std::size_t raise(DocWindow& window, WindowBits& bits);
  /// Whether the list has the document. Documents rise.
  bool has(DocId doc) { return seek(doc) == doc; }
  /// Of the document that it was just found to have.
  std::int64_t score(DocId doc);

private:
  template <class Visit>
  std::size_t walk(const DocWindow& window, Visit visit);
  std::int64_t block_bound(std::size_t block) const;

  std::shared_ptr<const PostingUnion> union_;  // whose bytes are read
  PostingReader reader_;
  const TextField* text_;
  const TokenScorer* scorer_;
  std::size_t at_ = 0;  // in the block read last
  DocId next_ = 0;      // the document there; before the first block 0
  bool started_ = false;
  std::size_t bound_block_ = 0;  // blocks before it end before the window
  std::optional<std::int64_t> tail_bound_;
};

/// The lists of many terms as one: a document has the highest of their counts.
class GroupPostings {
public:
  /// `allowed`: only these documents matter, by bit; empty: all do.
  GroupPostings(const TokenAlternative& alternative, DocId doc_count,
                std::span<const std::uint64_t> allowed, BudgetClock& clock);

  std::int64_t bound(const DocWindow& window) const;
  std::size_t mark(const DocWindow& window, WindowBits& bits);
  std::size_t raise(DocWindow& window, WindowBits& bits);

private:
  void read(std::span<const TermRange> ranges, DocId doc_count,
            std::span<const std::uint64_t> allowed, BudgetClock& clock);
  void sort_by_window(DocId doc_count);
  std::size_t gather(const DocWindow& window, WindowBits& bits);

  const TextField* text_;
  const TokenScorer* scorer_;
  bool dense_ = false;
  std::uint32_t tf_max_ = 0;
  std::vector<std::uint32_t> tfs_;      // dense: by document; else by place in the window
  std::vector<Posting> postings_;       // by window, else in no order
  std::vector<std::uint32_t> windows_;  // where the postings of each begin
};

/// All lists of a token in a segment.
class TokenPostings {
public:
  TokenPostings() = default;
  TokenPostings(std::vector<TokenAlternative> alternatives, const Segment& segment,
                BudgetClock& clock);

  std::uint64_t postings() const { return postings_; }
  /// Lists of many terms are read as a whole, so that it does not pay to look documents up.
  /// So many lists a document is looked up in.
  std::size_t lists() const { return terms_.size(); }
  bool grouped() const { return !group_alternatives_.empty(); }
  void open_groups(DocId doc_count, std::span<const std::uint64_t> allowed, BudgetClock& clock);
  DocId seek(DocId target);
  /// No document of the window scores higher.
  std::int64_t bound(const DocWindow& window);
  std::size_t mark(const DocWindow& window, WindowBits& bits);
  /// Returns how many postings it was worth reading.
  std::size_t add(DocWindow& window, WindowBits& bits);
  bool look_up(DocId doc, DocWindow& window, bool scored);

private:
  std::vector<TokenAlternative> group_alternatives_;
  std::vector<TermPostings> terms_;
  std::vector<GroupPostings> groups_;
  std::uint64_t postings_ = 0;
};

}  // namespace souk::engine
