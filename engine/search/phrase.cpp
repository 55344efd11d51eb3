#include "engine/search/phrase.hpp"

#include <algorithm>
#include <utility>

#include "engine/search/query_plan.hpp"

namespace souk::engine {
namespace {

/// Of one word of a phrase in one document.
constexpr std::size_t kSeekSteps = 16;
constexpr std::size_t kPositionsSteps = 36;

constexpr std::string_view kSpaces = " \t\n\r";

/// The bytes of a quotation mark at the start of the text, phones write curly ones; 0 if none.
std::size_t quote_bytes(std::string_view text) {
  if (text.starts_with('"')) return 1;
  for (const std::string_view curly : {"\u201C", "\u201D", "\u201E"}) {
    if (text.starts_with(curly)) return curly.size();
  }
  return 0;
}

std::size_t find_quote(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (quote_bytes(text.substr(at)) > 0) return at;
  }
  return std::string_view::npos;
}

/// Takes "quoted words" off the front of a text.
bool take_quoted(std::string_view& text, std::string_view& inside) {
  const std::size_t open = quote_bytes(text);
  if (open == 0) return false;
  const std::size_t size = find_quote(text.substr(open));
  if (size == std::string_view::npos) return false;
  inside = text.substr(open, size);
  text.remove_prefix(open + size + quote_bytes(text.substr(open + size)));
  return true;
}

std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find_first_of(kSpaces));
  text.remove_prefix(word.size());
  return word;
}

bool stands_at(const std::vector<std::uint32_t>& positions, std::uint64_t position) {
  return std::binary_search(positions.begin(), positions.end(), position);
}

}  // namespace

QueryText parse_query_text(std::string_view text) {
  QueryText parts;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) return parts;
    text.remove_prefix(begin);
    std::string_view inside;
    const bool minus = text.size() > 1 && text[0] == '-' && kSpaces.find(text[1]) == kSpaces.npos;
    std::string_view rest = text.substr(minus ? 1 : 0);
    if (take_quoted(rest, inside)) {
      (minus ? parts.excluded : parts.phrases).push_back(inside);
      parts.ends_open = false;
    } else if (minus) {
      parts.excluded.push_back(take_word(rest));
      parts.ends_open = false;
    } else {
      parts.words.append(take_word(rest)).push_back(' ');
      parts.ends_open = true;
    }
    text = rest;
  }
}

Phrase phrase_of(Analyzer& analyzer, std::string_view text) {
  Phrase phrase;
  for (Word& word : analyzer.words(text))
    phrase.push_back({std::move(word.term), std::move(word.exact), word.position});
  return phrase;
}

PhraseFilter::PhraseFilter(const QueryPlan& plan, const Segment& segment) {
  for (const Phrase& phrase : plan.phrases) required_.push_back(places_of(phrase, plan, segment));
  for (const Phrase& phrase : plan.excluded) {
    Places places = places_of(phrase, plan, segment);
    if (!places.empty()) excluded_.push_back(std::move(places));
  }
}

PhraseFilter::Places PhraseFilter::places_of(const Phrase& phrase, const QueryPlan& plan,
                                             const Segment& segment) {
  Places places;
  for (const PlannedField& field : plan.fields) {
    const TextField* text = field.find(segment);
    if (text == nullptr) continue;
    FieldPhrase words;
    for (const PhraseWord& word : phrase) {
      const std::size_t term = text->stems.terms.find(field.stemmed() ? word.term : word.exact);
      if (term == text->stems.size()) break;
      words.push_back({{text->stems, term, segment.doc_count()}, word.offset});
    }
    if (words.size() < phrase.size()) continue;
    std::sort(words.begin(), words.end(), [](const PlacedWord& a, const PlacedWord& b) {
      return a.stands.doc_freq() < b.stands.doc_freq();
    });
    places.push_back(std::move(words));
  }
  return places;
}

std::size_t PhraseFilter::take_steps() {
  return std::exchange(steps_, 0);
}

bool PhraseFilter::holds(DocId doc) {
  const auto held = [this, doc](Places& places) { return holds(places, doc); };
  return std::all_of(required_.begin(), required_.end(), held) &&
         std::none_of(excluded_.begin(), excluded_.end(), held);
}

bool PhraseFilter::holds(Places& places, DocId doc) {
  return std::any_of(places.begin(), places.end(),
                     [this, doc](FieldPhrase& words) { return holds(words, doc); });
}

bool PhraseFilter::holds(FieldPhrase& words, DocId doc) {
  for (PlacedWord& word : words) {
    steps_ += kSeekSteps;
    if (!word.stands.seek(doc)) return false;
  }
  if (words.size() == 1) return true;
  for (PlacedWord& word : words) {
    steps_ += kPositionsSteps;
    if (!word.stands.read()) return false;
    steps_ += word.stands.positions().size();
  }
  const PlacedWord& rarest = words.front();
  const std::vector<std::uint32_t>& positions = rarest.stands.positions();
  return std::any_of(positions.begin(), positions.end(), [&](std::uint32_t position) {
    if (position < rarest.offset) return false;
    const std::uint64_t start = position - rarest.offset;
    return std::all_of(words.begin() + 1, words.end(), [start](const PlacedWord& word) {
      return stands_at(word.stands.positions(), start + word.offset);
    });
  });
}

}  // namespace souk::engine
