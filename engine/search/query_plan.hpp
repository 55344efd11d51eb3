#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/index/snapshot.hpp"
#include "engine/search/budget.hpp"
#include "engine/search/phrase.hpp"
#include "engine/search/query.hpp"
#include "engine/search/search_round.hpp"

namespace souk::engine {

/// A word of the collection that a token may stand for.
struct Correction {
  std::string word;         // as it is written there
  std::string term;         // its stem
  std::uint32_t typos = 1;  // between it, or for a prefix its beginning, and the token
  std::string shown;        // how to name it to a person
};

struct PlannedToken {
  std::string term;             // stem
  std::string exact;            // as written
  bool last = false;            // may be the beginning of a word
  bool quoted = false;          // of a phrase: no other word will do
  std::uint32_t typos_max = 0;  // for its length

  // By plan_query():
  bool known = false;  // stands somewhere
  std::uint32_t typos_collected = 0;
  std::vector<Correction> corrections;  // fewest typos first
};

/// Tokens that together are a wording of the query.
struct Reading {
  std::vector<std::uint32_t> tokens;
  bool spaced = false;  // words of q were cut in two or joined
};

struct PlannedField {
  std::string name;
  std::uint32_t weight = 1;
  bool prefix = true;
  std::optional<TextFieldId> id;  // nothing: attributes.<name>

  bool stemmed() const { return id != TextFieldId::sku; }
  const TextField* find(const Segment& segment) const {
    return id ? &segment.text(*id) : segment.attribute_text(name);
  }
};

/// The dictionary entries that satisfy a token as written in a field: its stem, and for a prefix
/// every stem and word that begins with it. Disjoint.
std::vector<TermRange> terms_of(const PlannedToken& token, const PlannedField& field,
                                const TextField& text);

/// What a token is worth in a field: weight × BM25, k1 = 1.2, b = 0.75, in 1/65,536 as an integer,
/// so that sums do not depend on their order and scores not on how products are cut into shards and
/// segments.
class TokenScorer {
public:
  /// What the length of a field's text takes from a score, by length code; many scorers share it.
  using Norms = std::array<double, 256>;
  static std::shared_ptr<const Norms> norms_for(double average_length);

  TokenScorer() = default;
  TokenScorer(double weight, double docs, double doc_freq, std::shared_ptr<const Norms> norms);
  std::int64_t score(std::uint32_t tf, std::uint8_t length_code) const {
    const auto count = static_cast<double>(tf);
    return static_cast<std::int64_t>(factor_ * count / (count + (*norms_)[length_code]) + 0.5);
  }

private:
  double factor_ = 0;
  std::shared_ptr<const Norms> norms_;
};

/// Corrections have other worths than words as written: one for each number of typos.
inline constexpr std::size_t kTypoClasses = 3;

/// A query's words and fields, and what a word is worth in a field.
struct QueryPlan {
  std::vector<PlannedToken> tokens;
  std::vector<PlannedField> fields;
  std::vector<Phrase> phrases;  // to be held whatever is dropped; their words are tokens too
  std::vector<Phrase> excluded;
  std::vector<Reading> readings;  // of q, then of its rewrites, then spaced ones; empty: everything
  SplitJoin split_join = SplitJoin::off;
  WordMatch match = WordMatch::all;
  Language language = Language::english;  // of q

  // By plan_query():
  std::vector<TokenScorer> scorers;           // token × field × typos
  Spelling collected = Spelling::as_written;  // what corrections there are
  bool spaced_collected = false;
  bool spellings_cut = false;  // not all corrections were found

  /// Tokens that q and its rewrites have; those that words were cut into or joined to follow.
  std::size_t written() const;
  /// Every product matches.
  bool matches_all() const { return readings.empty(); }
  const TokenScorer& scorer(std::size_t token, std::size_t field, std::uint32_t typos = 0) const {
    return scorers[(token * fields.size() + field) * kTypoClasses + typos];
  }
  std::uint32_t typos_of(const PlannedToken& token, Spelling spelling) const {
    return std::min(typos_allowed(spelling, token.known), token.typos_max);
  }
  bool is_read(const Reading& reading, SearchRound round) const {
    return !reading.spaced || split_join == SplitJoin::always ||
           round.spelling >= Spelling::split_join;
  }
  /// Typos that a product of the round may have at most.
  std::uint32_t typos_in(SearchRound round) const;
  /// How many of a reading's tokens are required, if not one of all is enough.
  std::size_t required_of(const Reading& reading, SearchRound round) const {
    const std::size_t dropped = readings.front().tokens.size() - round.required;
    return reading.tokens.size() > dropped ? reading.tokens.size() - dropped : 1;
  }
};

/// Entries of one dictionary that satisfy a token in a field with so many typos.
struct TokenAlternative {
  std::size_t field = 0;  // of the plan
  std::uint32_t typos = 0;
  const TextField* text = nullptr;
  const TokenScorer* scorer = nullptr;
  std::vector<TermRange> ranges;  // disjoint
};

/// All that satisfies a token in a segment: by field, then with fewer typos first. An entry is in
/// one of them only, though a document may be in several.
std::vector<TokenAlternative> alternatives_of(const QueryPlan& plan, std::size_t token,
                                              const Segment& segment, Spelling spelling);

/// What that takes.
std::size_t alternatives_steps(const QueryPlan& plan, std::size_t token, const Segment& segment);

/// The words and fields of a query. Depends on nothing but the query, so every node makes the same;
/// what they are worth is added by plan_query() (search_statistics.hpp).
QueryPlan plan_words(const Query& query);

/// The words that q may be cut into or joined to (SplitJoin), in an order of their own.
struct SpacedWord {
  PlannedToken token;
  std::uint32_t first = 0;  // token of q that it is the beginning of, or begins with
  std::uint32_t bytes = 0;  // it is that many of its bytes; 0: it is joined with the next token
  bool rest = false;        // the bytes behind those
};
std::vector<SpacedWord> spaced_words(const QueryPlan& plan);

/// Characters of UTF-8 text.
std::size_t count_letters(std::string_view text);

}  // namespace souk::engine
