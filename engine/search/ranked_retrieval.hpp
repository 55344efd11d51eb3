#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/search/query_plan.hpp"

namespace souk::engine {

/// Who wants the documents that a RankedRetrieval finds.
class MatchSink {
public:
  virtual ~MatchSink() = default;
  /// A document and its score, which is not below least().
  virtual void take(DocId doc, std::int64_t score) = 0;
  /// A document that matches too, with a score below least(). Only as long as counts().
  virtual void count(DocId doc) = 0;
  /// Whether admit() may be asked instead of count() and for take().
  virtual bool admits() const = 0;
  /// Documents that match, rising, whatever their scores: counts those that are wanted, and moves
  /// them to the front. Those of them that score enough follow by take_admitted().
  virtual std::size_t admit(std::span<DocId> docs) = 0;
  virtual void take_admitted(DocId doc, std::int64_t score) = 0;
  /// Documents with less need not be scored. Never falls.
  virtual std::int64_t least() const = 0;
  virtual bool counts() const = 0;
};

class TokenPostings;

/// What is known of the window at hand; one may serve many retrievals of the same plan, one after
/// another.
struct RetrievalWindow;
std::shared_ptr<RetrievalWindow> make_retrieval_window();

/// Finds the visible documents of a segment for a reading, every token required, or any one of them
/// if that is enough, and each spelled with as many typos in all of them: Retrieval's documents and
/// scores, in rising order, without looking at all of them. It goes through windows of some
/// thousand documents. What the blocks of posting lists that reach into one bound its scores by
/// tells whether it can matter at all, and where one token is enough which tokens alone cannot lift
/// a document over the sink's least score (block-max MaxScore): those are looked up for the
/// documents of the others only. Of a round that requires no token it finds the documents without
/// what having all tokens is worth: who wants that asks for those first (`match`), and passes them
/// over then.
class RankedRetrieval {
public:
  RankedRetrieval(const QueryPlan& plan, SearchRound round, WordMatch match,
                  const SegmentView& view, std::int64_t now, BudgetClock& clock,
                  RetrievalWindow& window);
  ~RankedRetrieval();
  /// True when all matching documents were given to the sink.
  bool run(MatchSink& sink);

  /// Whether it finds what Retrieval finds, and nothing else is to be found.
  static bool suits(const QueryPlan& plan, SearchRound round);

private:
  void open_groups();
  void window_any(MatchSink& sink);
  void window_all(MatchSink& sink);
  void intersect(bool scored, std::int64_t least, bool counted);
  void list_candidates();
  void drop_below(std::int64_t least, std::int64_t rest);
  void deliver(MatchSink& sink);
  void deliver_admitted(MatchSink& sink);
  void deliver_each(MatchSink& sink);
  bool visible(std::uint32_t place) const;
  void take(std::uint32_t place, MatchSink& sink);
  std::int64_t least(const MatchSink& sink) const;

  WordMatch match_;
  const SegmentView* view_;
  std::int64_t now_;
  std::int64_t typo_rank_;  // above what words are worth; all documents have the same
  bool all_visible_;
  BudgetClock* clock_;
  bool complete_ = true;
  std::vector<TokenPostings> tokens_;  // WordMatch::all: rarest first
  RetrievalWindow* window_;
};

}  // namespace souk::engine
