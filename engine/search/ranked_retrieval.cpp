#include "engine/search/ranked_retrieval.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <optional>
#include <utility>

#include "engine/search/text_match.hpp"
#include "engine/search/token_postings.hpp"

namespace souk::engine {
namespace {

constexpr std::int64_t kAnyScore = std::numeric_limits<std::int64_t>::min();
/// With so many postings for one document it is cheaper to look it up than to mark them all.
constexpr std::size_t kSparse = 4;

bool any_set(const WindowBits& bits) {
  std::uint64_t all = 0;
  for (const std::uint64_t word : bits) all |= word;
  return all != 0;
}

template <class Visit>
void each_bit(const WindowBits& bits, Visit visit) {
  for (std::uint32_t word = 0; word < bits.size(); ++word) {
    for (std::uint64_t rest = bits[word]; rest != 0; rest &= rest - 1)
      visit(word * 64 + static_cast<std::uint32_t>(std::countr_zero(rest)));
  }
}

}  // namespace

/// The window at hand and what has been found in it.
struct RetrievalWindow {
  DocWindow docs;
  WindowBits bits{};                      // documents that have scores to be taken away again
  WindowBits matching{};                  // documents that match, if they are to be counted
  std::vector<std::uint32_t> candidates;  // places
  std::array<DocId, kWindowDocs> admitted;
  std::vector<std::int64_t> bounds;  // by token
  std::vector<std::size_t> order;    // of tokens, highest bound first
  std::vector<std::int64_t> rest;    // sum of the bounds from a place in `order` on
  /// What only marks documents goes its own way, so that scoring can begin behind it.
  std::vector<TokenPostings> markers;

  /// Makes candidates of what scores enough; the others' scores are taken away while at hand.
  /// Whether there are others.
  bool begin_candidates(const WindowBits& found, std::int64_t least) {
    bool others = false;
    each_bit(found, [&](std::uint32_t place) {
      if (docs.scores[place] >= least) {
        candidates.push_back(place);
        bits[place / 64] |= std::uint64_t{1} << (place % 64);
      } else {
        docs.scores[place] = 0;
        others = true;
      }
    });
    return others;
  }
};

std::shared_ptr<RetrievalWindow> make_retrieval_window() {
  auto window = std::make_shared<RetrievalWindow>();
  window->docs.scores.resize(kWindowDocs);
  window->docs.token_scores.resize(kWindowDocs);
  return window;
}

namespace {

/// Typos that a token counts with in all documents of the round; nothing if there are more in some
/// than in others.
std::optional<std::uint32_t> typos_of_all(const QueryPlan& plan, std::uint32_t number,
                                          SearchRound round) {
  const PlannedToken& token = plan.tokens[number];
  const std::uint32_t most = plan.typos_of(token, round.spelling);
  std::optional<std::uint32_t> typos;
  if (token.known) typos = 0;
  if (round.required == 0) typos = most;  // as documents that lack it
  if (round.required == 0 && token.known && most > 0) return std::nullopt;
  for (const Correction& each : token.corrections) {
    if (each.typos > most) break;
    if (typos.value_or(each.typos) != each.typos) return std::nullopt;
    typos = each.typos;
  }
  return typos.value_or(0);
}

/// What a document of the round is ranked by before its words: the same for each.
std::int64_t typo_rank_of(const QueryPlan& plan, SearchRound round) {
  const std::uint32_t most = std::min(plan.typos_in(round), kTyposCounted);
  std::uint32_t typos = 0;
  for (const std::uint32_t token : plan.readings.front().tokens)
    typos += typos_of_all(plan, token, round).value_or(0);
  return std::int64_t{most - std::min(typos, most)} * kTypoRank;
}

}  // namespace

bool RankedRetrieval::suits(const QueryPlan& plan, SearchRound round) {
  if (plan.readings.empty()) return false;
  const std::vector<std::uint32_t>& tokens = plan.readings.front().tokens;
  if (round.required != tokens.size() && round.required != 0) return false;
  if (plan.typos_in(round) > 0) {
    // Each document may lack others, and their typos with them.
    if (plan.match == WordMatch::any) return false;
    for (const std::uint32_t token : tokens) {
      if (!typos_of_all(plan, token, round)) return false;
    }
  }
  return std::none_of(plan.readings.begin() + 1, plan.readings.end(),
                      [&](const Reading& other) { return plan.is_read(other, round); });
}

RankedRetrieval::RankedRetrieval(const QueryPlan& plan, SearchRound round, WordMatch match,
                                 const SegmentView& view, std::int64_t now, BudgetClock& clock,
                                 RetrievalWindow& window)
    : match_{match},
      view_{&view},
      now_{now},
      typo_rank_{typo_rank_of(plan, round)},
      all_visible_{view.always_visible == view.segment->doc_count()},
      clock_{&clock},
      window_{&window} {
  window.markers.clear();
  const std::vector<std::uint32_t>& tokens = plan.readings.front().tokens;
  tokens_.reserve(tokens.size());
  for (const std::uint32_t token : tokens) {
    clock.spend(alternatives_steps(plan, token, *view.segment));
    TokenPostings postings{alternatives_of(plan, token, *view.segment, round.spelling),
                           *view.segment, clock};
    if (postings.postings() == 0 && match == WordMatch::any) continue;
    tokens_.push_back(std::move(postings));
  }
  if (match == WordMatch::all) {
    std::stable_sort(tokens_.begin(), tokens_.end(), [](const auto& a, const auto& b) {
      return a.grouped() != b.grouped() ? b.grouped() : a.postings() < b.postings();
    });
  }
}

RankedRetrieval::~RankedRetrieval() = default;

bool RankedRetrieval::run(MatchSink& sink) {
  const bool any = match_ == WordMatch::any;
  const bool hopeless = std::any_of(tokens_.begin(), tokens_.end(),
                                    [](const auto& token) { return token.postings() == 0; });
  if (tokens_.empty() || hopeless) return true;
  open_groups();
  const DocId doc_count = view_->segment->doc_count();
  DocWindow& docs = window_->docs;
  for (DocId begin = 0; begin < doc_count && !clock_->spent(); begin = docs.end) {
    if (!any) {
      const DocId next = tokens_.front().seek(begin);
      if (next == kNoDoc) break;
      begin = next / kWindowDocs * kWindowDocs;
    }
    docs.begin = begin;
    docs.end = std::min(begin + kWindowDocs, doc_count);
    if (any) {
      window_any(sink);
    } else {
      window_all(sink);
    }
  }
  return complete_ && !clock_->spent();
}

/// Of lists of many terms only what the other tokens leave is kept.
void RankedRetrieval::open_groups() {
  const DocId doc_count = view_->segment->doc_count();
  std::vector<std::uint64_t> allowed;
  const bool narrowed =
      match_ == WordMatch::all && tokens_.back().grouped() && !tokens_.front().grouped();
  if (narrowed) {
    std::vector<TokenPostings> all = tokens_;
    std::erase_if(tokens_, [](const auto& token) { return token.grouped(); });
    allowed.assign(doc_count / 64 + 1, 0);
    DocWindow& docs = window_->docs;
    for (DocId begin = 0; begin < doc_count && !clock_->spent(); begin = docs.end) {
      const DocId next = tokens_.front().seek(begin);
      if (next == kNoDoc) break;
      docs.begin = next / kWindowDocs * kWindowDocs;
      docs.end = std::min(docs.begin + kWindowDocs, doc_count);
      intersect(false, kAnyScore, true);
      for (const std::uint32_t place : window_->candidates)
        allowed[(docs.begin + place) / 64] |= std::uint64_t{1} << (place % 64);
    }
    tokens_ = std::move(all);
  }
  for (TokenPostings& token : tokens_) token.open_groups(doc_count, allowed, *clock_);
}

/// What words must be worth at least.
std::int64_t RankedRetrieval::least(const MatchSink& sink) const {
  const std::int64_t least = sink.least();
  return least < kAnyScore + typo_rank_ ? kAnyScore : least - typo_rank_;
}

void RankedRetrieval::list_candidates() {
  RetrievalWindow& window = *window_;
  window.candidates.clear();
  each_bit(window.bits, [&](std::uint32_t place) { window.candidates.push_back(place); });
}

void RankedRetrieval::drop_below(std::int64_t least, std::int64_t rest) {
  std::erase_if(window_->candidates,
                [&](std::uint32_t place) { return window_->docs.scores[place] + rest < least; });
}

void RankedRetrieval::window_any(MatchSink& sink) {
  RetrievalWindow& window = *window_;
  const std::int64_t least = this->least(sink);
  const bool counts = sink.counts();
  const std::size_t count = tokens_.size();
  window.order.resize(count);
  for (std::size_t token = 0; token < count; ++token) window.order[token] = token;
  std::size_t essential = count;
  window.rest.assign(count + 1, 0);
  if (least > 0) {
    window.bounds.resize(count);
    for (std::size_t token = 0; token < count; ++token)
      window.bounds[token] = tokens_[token].bound(window.docs);
    std::sort(window.order.begin(), window.order.end(), [&](std::size_t a, std::size_t b) {
      if (tokens_[a].grouped() != tokens_[b].grouped()) return tokens_[a].grouped();
      return window.bounds[a] > window.bounds[b];
    });
    for (std::size_t i = count; i > 0; --i)
      window.rest[i - 1] = window.rest[i] + window.bounds[window.order[i - 1]];
    while (essential > 0 && window.rest[essential - 1] < least &&
           !tokens_[window.order[essential - 1]].grouped()) {
      --essential;
    }
  }
  if (essential < count && !counts) complete_ = false;
  std::size_t steps = kTokenSteps * count;
  if (essential == 0 && !counts) {
    clock_->spend(steps);
    return;
  }
  for (std::size_t i = 0; i < essential; ++i)
    steps += kScoreSteps * tokens_[window.order[i]].add(window.docs, window.bits);
  if (counts) {
    window.matching = window.bits;
    if (essential < count && window.markers.empty()) {
      for (const TokenPostings& token : tokens_)
        window.markers.push_back(token.grouped() ? TokenPostings{} : token);
    }
    for (std::size_t i = essential; i < count; ++i) {
      const std::size_t token = window.order[i];
      TokenPostings& marker = tokens_[token].grouped() ? tokens_[token] : window.markers[token];
      steps += marker.mark(window.docs, window.matching);
    }
  }
  if (!counts && least > 0) {
    const WindowBits found = std::exchange(window.bits, {});
    window.candidates.clear();
    if (window.begin_candidates(found, least - window.rest[essential])) complete_ = false;
  } else {
    list_candidates();
  }
  for (std::size_t i = essential; i < count && essential > 0; ++i) {
    steps += window.candidates.size();
    drop_below(least, window.rest[i]);
    if (window.candidates.empty()) break;
    TokenPostings& token = tokens_[window.order[i]];
    steps += kLookUpSteps * token.lists() * window.candidates.size();
    for (const std::uint32_t place : window.candidates)
      token.look_up(window.docs.begin + place, window.docs, true);
  }
  clock_->spend(steps);
  deliver(sink);
}

/// Leaves in `candidates` the documents that have all tokens; their scores too, if `scored`.
void RankedRetrieval::intersect(bool scored, std::int64_t least, bool counted) {
  RetrievalWindow& window = *window_;
  window.candidates.clear();
  std::size_t steps = kTokenSteps * tokens_.size();
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    TokenPostings& token = tokens_[i];
    if (i == 0 || token.grouped()) {
      WindowBits own{};
      steps += scored ? kScoreSteps * token.add(window.docs, own) : token.mark(window.docs, own);
      if (i == 0 && scored && !counted) {
        (void)window.begin_candidates(own, least - window.rest[1]);
        if (window.candidates.empty()) break;
        continue;
      }
      if (scored) {
        for (std::size_t word = 0; word < own.size(); ++word) window.bits[word] |= own[word];
      }
      if (i == 0) {
        each_bit(own, [&](std::uint32_t place) { window.candidates.push_back(place); });
      } else {
        std::erase_if(window.candidates, [&](std::uint32_t place) {
          return (own[place / 64] >> (place % 64) & 1U) == 0;
        });
      }
    } else {
      steps += kLookUpSteps * token.lists() * window.candidates.size();
      std::erase_if(window.candidates, [&](std::uint32_t place) {
        return !token.look_up(window.docs.begin + place, window.docs, scored);
      });
    }
    if (window.candidates.empty()) break;
    if (scored && !counted) drop_below(least, window.rest[i + 1]);
  }
  clock_->spend(steps);
}

void RankedRetrieval::window_all(MatchSink& sink) {
  RetrievalWindow& window = *window_;
  const std::int64_t least = this->least(sink);
  const bool counts = sink.counts();
  bool scored = true;
  window.rest.assign(tokens_.size() + 1, 0);
  if (least > 0) {
    window.bounds.resize(tokens_.size());
    for (std::size_t token = 0; token < tokens_.size(); ++token)
      window.bounds[token] = tokens_[token].bound(window.docs);
    for (std::size_t i = tokens_.size(); i > 0; --i)
      window.rest[i - 1] = window.rest[i] + window.bounds[i - 1];
    scored = window.rest.front() >= least;
  }
  if (!counts && least > 0) complete_ = false;
  if (!scored && !counts) {
    clock_->spend(kTokenSteps * tokens_.size());
    return;
  }
  intersect(scored, least, counts);
  if (counts) {
    window.matching = {};
    for (const std::uint32_t place : window.candidates)
      window.matching[place / 64] |= std::uint64_t{1} << (place % 64);
  }
  if (!scored) window.candidates.clear();
  deliver(sink);
}

/// Gives away the candidates and what else matches, then forgets their scores.
void RankedRetrieval::deliver(MatchSink& sink) {
  RetrievalWindow& window = *window_;
  if (!any_set(window.matching)) {
    for (const std::uint32_t place : window.candidates) take(place, sink);
  } else if (sink.admits()) {
    deliver_admitted(sink);
  } else {
    deliver_each(sink);
  }
  each_bit(window.bits, [&](std::uint32_t place) { window.docs.scores[place] = 0; });
  window.bits = {};
  window.matching = {};
  window.candidates.clear();
}

bool RankedRetrieval::visible(std::uint32_t place) const {
  return all_visible_ || view_->is_visible(window_->docs.begin + place, now_);
}

void RankedRetrieval::take(std::uint32_t place, MatchSink& sink) {
  const DocId doc = window_->docs.begin + place;
  if (!visible(place)) return;
  const std::int64_t score = window_->docs.scores[place] + typo_rank_;
  if (score >= sink.least()) {
    sink.take(doc, score);
  } else if (sink.counts()) {
    sink.count(doc);
  } else {
    complete_ = false;
  }
}

void RankedRetrieval::deliver_admitted(MatchSink& sink) {
  RetrievalWindow& window = *window_;
  std::size_t size = 0;
  each_bit(window.matching, [&](std::uint32_t place) {
    window.admitted[size] = window.docs.begin + place;
    size += visible(place) ? 1 : 0;
  });
  const std::span<DocId> admitted{window.admitted.data(), size};
  const std::span<const DocId> kept = admitted.first(sink.admit(admitted));
  auto next = kept.begin();
  for (const std::uint32_t place : window.candidates) {
    const std::int64_t score = window_->docs.scores[place] + typo_rank_;
    if (score < sink.least()) continue;
    const DocId doc = window.docs.begin + place;
    next = std::lower_bound(next, kept.end(), doc);
    if (next == kept.end()) break;
    if (*next == doc) sink.take_admitted(doc, score);
  }
}

void RankedRetrieval::deliver_each(MatchSink& sink) {
  RetrievalWindow& window = *window_;
  auto candidate = window.candidates.begin();
  each_bit(window.matching, [&](std::uint32_t place) {
    if (candidate != window.candidates.end() && *candidate == place) {
      ++candidate;
      take(place, sink);
    } else if (!visible(place)) {
      return;
    } else if (sink.counts()) {
      sink.count(window.docs.begin + place);
    } else {
      complete_ = false;
    }
  });
}

}  // namespace souk::engine
