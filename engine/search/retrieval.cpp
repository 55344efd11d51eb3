#include "engine/search/retrieval.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace souk::engine {
namespace {

/// Above any sum of field scores: 64 tokens of the heaviest weight stay below 2^40.
constexpr std::int64_t kTokenRank = std::int64_t{1} << 44;
constexpr std::uint32_t kNoPlace = ~std::uint32_t{0};
/// With so many postings for one document it is cheaper to search a block than to read it.
constexpr std::uint32_t kSparse = 16;

}  // namespace

Retrieval::Retrieval(const QueryPlan& plan, const SegmentView& view, Options options,
                     BudgetClock& clock)
    : plan_{&plan}, view_{&view}, options_{options}, clock_{&clock} {
}

Matches Retrieval::run() {
  find_terms();
  std::vector<std::size_t> order(options_.required);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return tokens_[a].postings < tokens_[b].postings;
  });
  if (tokens_[order.front()].postings == 0) return {};

  gather(tokens_[order.front()]);
  keep_visible();
  if (options_.score)
    scores_.assign(plan_->fields.size(), std::vector<std::int64_t>(docs_.size(), 0));
  for (const std::size_t token : order) {
    if (docs_.empty() || clock_->spent()) break;
    if (token == order.front() && !options_.score) continue;
    apply(token);
    drop_unmatched();
  }
  Matches matches;
  if (options_.score) {
    matches.text_matches.assign(docs_.size(), 0);
    for (std::size_t token = options_.required; token < plan_->tokens.size(); ++token) {
      apply(token);
      for (std::size_t i = 0; i < docs_.size(); ++i)
        matches.text_matches[i] += matched_[i] != 0 ? kTokenRank : 0;
    }
    for (std::size_t i = 0; i < docs_.size(); ++i) {
      std::int64_t best = 0;
      for (const auto& scores : scores_) best = std::max(best, scores[i]);
      matches.text_matches[i] += best;
    }
  }
  matches.docs = std::move(docs_);
  return matches;
}

void Retrieval::find_terms() {
  for (const PlannedToken& token : plan_->tokens) {
    TokenTerms terms;
    for (const PlannedField& field : plan_->fields) {
      FieldTerms found;
      found.text = field.find(*view_->segment);
      if (found.text != nullptr) found.ranges = terms_of(token, field, *found.text);
      for (const TermRange& range : found.ranges) {
        found.terms += range.end - range.begin;
        for (std::size_t term = range.begin; term < range.end; ++term) {
          terms.postings += range.dictionary->doc_freqs[term];
        }
      }
      terms.fields.push_back(std::move(found));
    }
    tokens_.push_back(std::move(terms));
  }
}

void Retrieval::gather(const TokenTerms& token) {
  const std::uint32_t doc_count = view_->segment->doc_count();
  const bool sparse = token.postings < doc_count / 32;
  std::vector<std::uint64_t> bits;
  if (!sparse) bits.assign(doc_count / 64 + 1, 0);
  for (const FieldTerms& field : token.fields) {
    for (const TermRange& range : field.ranges) {
      for (std::size_t term = range.begin; term < range.end; ++term) {
        PostingReader postings = range.dictionary->reader(term, doc_count);
        while (postings.next_block(0)) {
          if (clock_->spend(postings.docs().size())) return;
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
      if (clock_->spend(kBlockPostings)) return;
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
    if (clock_->spend(kBlockPostings)) return;
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
  if (docs_.empty()) return;
  places_.resize(view_->segment->doc_count(), kNoPlace);
  for (std::size_t at = 0; at < docs_.size(); ++at)
    places_[docs_[at]] = static_cast<std::uint32_t>(at);
  for (std::size_t field = 0; field < plan_->fields.size(); ++field) {
    if (tokens_[token].fields[field].terms > 0) add_scores(token, field);
  }
  for (const DocId doc : docs_) places_[doc] = kNoPlace;
}

void Retrieval::add_scores(std::size_t token, std::size_t field) {
  const FieldTerms& terms = tokens_[token].fields[field];
  const std::uint32_t doc_count = view_->segment->doc_count();
  const TokenScorer& scorer = plan_->scorer(token, field);
  // Several words may satisfy a prefix in one document: the most frequent one counts.
  if (terms.terms > 1) tfs_.assign(docs_.size(), 0);
  for (const TermRange& range : terms.ranges) {
    for (std::size_t term = range.begin; term < range.end; ++term) {
      walk(range.dictionary->reader(term, doc_count),
           [&](std::size_t at, PostingReader& postings, std::size_t i) {
             matched_[at] = 1;
             if (!options_.score) return;
             const std::uint32_t tf = postings.tfs()[i];
             if (terms.terms > 1) {
               tfs_[at] = std::max(tfs_[at], tf);
             } else {
               scores_[field][at] += scorer.score(tf, terms.text->lengths[docs_[at]]);
             }
           });
    }
  }
  if (terms.terms < 2 || !options_.score) return;
  for (std::size_t at = 0; at < docs_.size(); ++at) {
    if (tfs_[at] > 0) scores_[field][at] += scorer.score(tfs_[at], terms.text->lengths[docs_[at]]);
  }
}

void Retrieval::drop_unmatched() {
  std::size_t kept = 0;
  for (std::size_t at = 0; at < docs_.size(); ++at) {
    if (matched_[at] == 0) continue;
    docs_[kept] = docs_[at];
    for (auto& scores : scores_) scores[kept] = scores[at];
    ++kept;
  }
  docs_.resize(kept);
  for (auto& scores : scores_) scores.resize(kept);
}

}  // namespace souk::engine
