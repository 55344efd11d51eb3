#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/index/snapshot.hpp"
#include "engine/search/budget.hpp"
#include "engine/search/phrase.hpp"
#include "engine/search/query.hpp"

namespace souk::engine {

struct PlannedToken {
  std::string term;     // stem
  std::string exact;    // as written
  bool last = false;    // may be the beginning of a word
  bool quoted = false;  // of a phrase: no other word will do
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

/// Terms [begin, end) of a dictionary.
struct TermRange {
  const TermDictionary* dictionary = nullptr;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The dictionary entries that satisfy a token in a field: its stem, and for a prefix every stem
/// and word that begins with it. Disjoint.
std::vector<TermRange> terms_of(const PlannedToken& token, const PlannedField& field,
                                const TextField& text);

/// What a token is worth in a field: weight × BM25, k1 = 1.2, b = 0.75, in 1/65,536 as an integer,
/// so that sums do not depend on their order and scores not on how products are cut into shards and
/// segments.
class TokenScorer {
public:
  TokenScorer() = default;
  TokenScorer(double weight, double docs, double doc_freq, double average_length);
  std::int64_t score(std::uint32_t tf, std::uint8_t length_code) const {
    const auto count = static_cast<double>(tf);
    return static_cast<std::int64_t>(factor_ * count / (count + norms_[length_code]) + 0.5);
  }

private:
  double factor_ = 0;
  std::array<double, 256> norms_{};
};

/// A query's words and fields, and what a word is worth in a field.
struct QueryPlan {
  std::vector<PlannedToken> tokens;  // empty: everything matches
  std::vector<PlannedField> fields;
  std::vector<Phrase> phrases;  // to be held whatever is dropped; their words are tokens too
  std::vector<Phrase> excluded;
  std::vector<TokenScorer> scorers;  // token × field; none before plan_query()

  const TokenScorer& scorer(std::size_t token, std::size_t field) const {
    return scorers[token * fields.size() + field];
  }
};

/// The words and fields of a query. Depends on nothing but the query, so every node makes the same;
/// what they are worth is added by plan_query() (search_statistics.hpp).
QueryPlan plan_words(const Query& query);

}  // namespace souk::engine
