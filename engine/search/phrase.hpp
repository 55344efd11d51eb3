#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/search/term_positions.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

struct PlannedField;
struct QueryPlan;

struct PhraseWord {
  std::string term;          // stem
  std::string exact;         // as written
  std::uint32_t offset = 0;  // from the first word
};

/// Words that stand next to each other, in this order, in one value of one field. One word stands
/// anywhere.
using Phrase = std::vector<PhraseWord>;

/// The parts of a query's text. The grammar is Typesense's: "quoted words" are a phrase, -word and
/// -"quoted words" exclude; a quote or a minus means so only where a word could begin, so 15" and
/// XPS-13 are words. A quote that is not closed means nothing.
struct QueryText {
  std::vector<std::string_view> phrases;
  std::vector<std::string_view> excluded;
  std::string words;       // the rest
  bool ends_open = false;  // the text ends in one of the rest: perhaps the beginning of a word
};
QueryText parse_query_text(std::string_view text);

/// The words of a phrase; empty when there are none in the text.
Phrase phrase_of(Analyzer& analyzer, std::string_view text);

/// Whether documents of a segment hold all phrases of a plan and none of those it excludes, in any
/// of its fields. Reads positions of the documents it is asked for only.
class PhraseFilter {
public:
  PhraseFilter(const QueryPlan& plan, const Segment& segment);

  /// False: every document holds.
  bool needed() const { return !required_.empty() || !excluded_.empty(); }
  /// Quickest when documents come in rising order.
  bool holds(DocId doc);
  /// What holds() has taken since the last call.
  std::size_t take_steps();

private:
  /// One word in one field.
  struct PlacedWord {
    TermPositions stands;
    std::uint32_t offset = 0;
  };
  using FieldPhrase = std::vector<PlacedWord>;  // the rarest word first
  using Places = std::vector<FieldPhrase>;      // the fields in which all its words are known

  static Places places_of(const Phrase& phrase, const QueryPlan& plan, const Segment& segment);
  bool holds(Places& places, DocId doc);
  bool holds(FieldPhrase& words, DocId doc);

  std::vector<Places> required_;
  std::vector<Places> excluded_;
  std::size_t steps_ = 0;
};

}  // namespace souk::engine
