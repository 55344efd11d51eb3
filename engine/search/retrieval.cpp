#include "engine/search/retrieval.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

#include "engine/search/text_match.hpp"

namespace souk::engine {
namespace {

constexpr std::uint32_t kNoPlace = ~std::uint32_t{0};
/// With so many postings for one document it is cheaper to search a block than to read it.
constexpr std::uint32_t kSparse = 16;

std::size_t terms_in(const TokenAlternative& alternative) {
  std::size_t terms = 0;
  for (const TermRange& range : alternative.ranges) terms += range.end - range.begin;
  return terms;
}

}  // namespace

Retrieval::Retrieval(const QueryPlan& plan, const Reading& reading, const SegmentView& view,
                     Options options, BudgetClock& clock)
    : plan_{&plan}, reading_{&reading}, view_{&view}, options_{options}, clock_{&clock} {
}

Matches Retrieval::run() {
  find_terms();
  const std::size_t required =
      any() ? tokens_.size() : plan_->required_of(*reading_, options_.round);
  if (any()) {
    find_any();
  } else {
    find_all(required);
  }
  Matches matches;
  if (options_.score && !docs_.empty()) rank(matches, required);
  matches.docs = std::move(docs_);
  return matches;
}

void Retrieval::begin_scores() {
  worth_.assign(docs_.size(), 0);
  typos_.assign(docs_.size(), reading_->spaced ? 1 : 0);
}

void Retrieval::find_any() {
  gather(tokens_);
  keep_visible();
  if (!options_.score) return;
  begin_scores();
  missed_.assign(docs_.size(), 0);
  for (std::size_t token = 0; token < tokens_.size() && !clock_->spent(); ++token) {
    if (tokens_[token].postings > 0) {
      apply(token);
    } else {
      matched_.assign(docs_.size(), 0);
    }
    add_typos(token);
  }
}

void Retrieval::find_all(std::size_t required) {
  std::vector<std::size_t> order(required);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return tokens_[a].postings < tokens_[b].postings;
  });
  if (tokens_[order.front()].postings == 0) return;

  gather({&tokens_[order.front()], 1});
  keep_visible();
  if (options_.score) begin_scores();
  for (const std::size_t token : order) {
    if (docs_.empty() || clock_->spent()) break;
    if (token == order.front() && !options_.score) continue;
    apply(token);
    drop_unmatched();
  }
}

/// Of a token that documents may lack.
void Retrieval::add_typos(std::size_t token) {
  const PlannedToken& planned = plan_->tokens[reading_->tokens[token]];
  const bool none_required = options_.round.required == 0;
  const std::uint32_t most = none_required ? plan_->typos_of(planned, options_.round.spelling) : 0;
  for (std::size_t at = 0; at < docs_.size(); ++at) {
    const std::uint32_t typos = matched_[at] > 0 ? matched_[at] - 1U : most;
    typos_[at] = static_cast<std::uint16_t>(typos_[at] + typos);
    missed_[at] += matched_[at] > 0 ? 0 : 1;
  }
}

void Retrieval::rank(Matches& matches, std::size_t required) {
  const bool none_required = options_.round.required == 0;
  const std::size_t dropped =
      none_required ? 0 : plan_->readings.front().tokens.size() - options_.round.required;
  const std::size_t optional = tokens_.size() - required;
  // Where fewer could be dropped, fewer are missing.
  std::vector<std::int64_t> found(docs_.size(), static_cast<std::int64_t>(dropped - optional));
  if (none_required) {
    for (std::size_t i = 0; i < docs_.size(); ++i) found[i] = missed_[i] == 0 ? 1 : 0;
  }
  for (std::size_t token = required; token < tokens_.size(); ++token) {
    apply(token);
    for (std::size_t i = 0; i < docs_.size(); ++i) {
      if (matched_[i] == 0) continue;
      ++found[i];
      typos_[i] = static_cast<std::uint16_t>(typos_[i] + matched_[i] - 1);
    }
  }
  const std::int64_t most = std::min(plan_->typos_in(options_.round), kTyposCounted);
  const auto own = static_cast<std::int64_t>(plan_->readings.front().tokens.size());
  const auto count = static_cast<std::int64_t>(tokens_.size());
  matches.text_matches.resize(docs_.size());
  for (std::size_t i = 0; i < docs_.size(); ++i) {
    const std::int64_t typos = std::min<std::int64_t>(typos_[i], most);
    matches.text_matches[i] =
        found[i] * kTokenRank + (most - typos) * kTypoRank + worth_[i] * own / count;
  }
}

void Retrieval::find_terms() {
  for (const std::uint32_t number : reading_->tokens) {
    TokenTerms terms;
    clock_->spend(alternatives_steps(*plan_, number, *view_->segment));
    terms.alternatives = alternatives_of(*plan_, number, *view_->segment, options_.round.spelling);
    for (const TokenAlternative& alternative : terms.alternatives) {
      for (const TermRange& range : alternative.ranges) {
        for (std::size_t term = range.begin; term < range.end; ++term) {
          terms.postings += range.dictionary->doc_freqs[term];
        }
      }
    }
    tokens_.push_back(std::move(terms));
  }
}

void Retrieval::gather(std::span<const TokenTerms> tokens) {
  const std::uint32_t doc_count = view_->segment->doc_count();
  std::uint64_t total = 0;
  std::vector<const TokenAlternative*> alternatives;
  for (const TokenTerms& token : tokens) {
    total += token.postings;
    for (const TokenAlternative& alternative : token.alternatives)
      alternatives.push_back(&alternative);
  }
  const bool sparse = total < doc_count / 32;
  std::vector<std::uint64_t> bits;
  if (!sparse) bits.assign(doc_count / 64 + 1, 0);
  for (const TokenAlternative* alternative : alternatives) {
    for (const TermRange& range : alternative->ranges) {
      for (std::size_t term = range.begin; term < range.end; ++term) {
        PostingReader postings = range.dictionary->reader(term, doc_count);
        while (postings.next_block(0)) {
          if (clock_->spend(2 * postings.docs().size())) return;
          if (sparse) {
            docs_.insert(docs_.end(), postings.docs().begin(), postings.docs().end());
          } else {
            for (const DocId doc : postings.docs())
              bits[doc / 64] |= std::uint64_t{1} << (doc % 64);
          }
        }
      }
    }
  }
  if (sparse) {
    std::sort(docs_.begin(), docs_.end());
    docs_.erase(std::unique(docs_.begin(), docs_.end()), docs_.end());
    return;
  }
  for (std::size_t word = 0; word < bits.size(); ++word) {
    for (std::uint64_t rest = bits[word]; rest != 0; rest &= rest - 1) {
      docs_.push_back(
          static_cast<DocId>(word * 64 + static_cast<std::size_t>(std::countr_zero(rest))));
    }
  }
}

void Retrieval::keep_visible() {
  std::erase_if(docs_, [&](DocId doc) { return !view_->is_visible(doc, options_.now); });
}

template <class Visit>
void Retrieval::walk(PostingReader postings, Visit visit) {
  if (docs_.size() < postings.doc_freq() / kSparse) {
    // Few documents, many postings: look each document up in the one block that may hold it.
    for (std::size_t at = 0; at < docs_.size() && postings.next_block(docs_[at]);) {
      if (clock_->spend(postings.docs().size())) return;
      const auto block = postings.docs();
      auto place = block.begin();
      for (; at < docs_.size() && docs_[at] <= block.back(); ++at) {
        place = std::lower_bound(place, block.end(), docs_[at]);
        if (*place == docs_[at])
          visit(at, postings, static_cast<std::size_t>(place - block.begin()));
      }
    }
    return;
  }
  // Else ask each posting for its place: no comparison of two lists, so hardly a mispredicted
  // branch.
  while (postings.next_block(docs_.front())) {
    if (clock_->spend(kMarkSteps * postings.docs().size())) return;
    const auto block = postings.docs();
    if (block.front() > docs_.back()) return;
    for (std::size_t i = 0; i < block.size(); ++i) {
      const std::uint32_t at = places_[block[i]];
      if (at != kNoPlace) visit(at, postings, i);
    }
  }
}

void Retrieval::apply(std::size_t token) {
  matched_.assign(docs_.size(), 0);
  if (docs_.empty() || clock_->spend(kMarkSteps * docs_.size())) return;
  scored_.assign(docs_.size(), 0);
  scores_.assign(docs_.size(), 0);
  places_.resize(view_->segment->doc_count(), kNoPlace);
  for (std::size_t at = 0; at < docs_.size(); ++at)
    places_[docs_[at]] = static_cast<std::uint32_t>(at);
  for (const TokenAlternative& alternative : tokens_[token].alternatives) add_scores(alternative);
  for (const DocId doc : docs_) places_[doc] = kNoPlace;
  if (!options_.score) return;
  for (std::size_t at = 0; at < docs_.size(); ++at) worth_[at] += scores_[at];
}

void Retrieval::add_scores(const TokenAlternative& alternative) {
  const std::uint32_t doc_count = view_->segment->doc_count();
  const auto cost = static_cast<std::uint8_t>(alternative.typos + 1);
  const auto field = static_cast<std::uint8_t>(alternative.field + 1);
  const auto add = [&](std::size_t at, std::uint32_t tf) {
    // In a field the spelling with the fewest typos counts.
    if (scored_[at] == field) return;
    scored_[at] = field;
    scores_[at] =
        std::max(scores_[at], alternative.scorer->score(tf, alternative.text->lengths[docs_[at]]));
  };
  // Several words may satisfy a token in one document: the most frequent one counts.
  const bool several = terms_in(alternative) > 1;
  if (several) tfs_.assign(docs_.size(), 0);
  for (const TermRange& range : alternative.ranges) {
    for (std::size_t term = range.begin; term < range.end; ++term) {
      walk(range.dictionary->reader(term, doc_count),
           [&](std::size_t at, PostingReader& postings, std::size_t i) {
             if (matched_[at] == 0 || matched_[at] > cost) matched_[at] = cost;
             if (!options_.score) return;
             const std::uint32_t tf = postings.tfs()[i];
             if (several) {
               tfs_[at] = std::max(tfs_[at], tf);
             } else {
               add(at, tf);
             }
           });
    }
  }
  if (!several || !options_.score) return;
  for (std::size_t at = 0; at < docs_.size(); ++at) {
    if (tfs_[at] > 0) add(at, tfs_[at]);
  }
}

void Retrieval::drop_unmatched() {
  std::size_t kept = 0;
  for (std::size_t at = 0; at < docs_.size(); ++at) {
    if (matched_[at] == 0) continue;
    docs_[kept] = docs_[at];
    if (options_.score) worth_[kept] = worth_[at];
    if (options_.score) typos_[kept] = static_cast<std::uint16_t>(typos_[at] + matched_[at] - 1);
    ++kept;
  }
  docs_.resize(kept);
  if (options_.score) worth_.resize(kept);
  if (options_.score) typos_.resize(kept);
}

}  // namespace souk::engine
