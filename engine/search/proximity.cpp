#include "engine/search/proximity.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "engine/search/text_match.hpp"

namespace souk::engine {
namespace {

constexpr std::int64_t kShare = 32;
/// Longer queries are texts: their words are rarely anywhere else together.
constexpr std::size_t kWordsMax = 16;
constexpr std::uint32_t kWordSteps = 8;

std::int64_t with_bonus(std::int64_t base, std::int64_t bonus) {
  const std::int64_t words = base % kTypoRank;
  return base + std::min(bonus, kTypoRank - 1 - words);
}

}  // namespace

std::uint32_t smallest_window(std::span<const std::span<const std::uint32_t>> lists,
                              std::vector<std::size_t>& next) {
  next.assign(lists.size(), 0);
  std::uint32_t smallest = std::numeric_limits<std::uint32_t>::max();
  for (;;) {
    // From the one that stands first to the one that stands last; then the first one moves on.
    std::size_t first = 0;
    std::uint32_t begin = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t end = 0;
    for (std::size_t i = 0; i < lists.size(); ++i) {
      if (next[i] == lists[i].size()) return next[i] == 0 ? 0 : smallest;
      const std::uint32_t position = lists[i][next[i]];
      if (position < begin) {
        begin = position;
        first = i;
      }
      end = std::max(end, position);
    }
    smallest = std::min(smallest, end - begin + 1);
    if (smallest <= lists.size()) return smallest;
    ++next[first];
  }
}

Proximity::Proximity(const QueryPlan& plan, SearchRound round, const Segment& segment) {
  for (const Reading& reading : plan.readings) {
    if (plan.is_read(reading, round)) add_reading(plan, reading, segment);
  }
}

void Proximity::add_reading(const QueryPlan& plan, const Reading& reading, const Segment& segment) {
  for (const PlannedField& field : plan.fields) {
    const TextField* text = field.find(segment);
    if (text == nullptr) continue;
    std::vector<std::size_t> terms;
    for (const std::uint32_t number : reading.tokens) {
      const PlannedToken& token = plan.tokens[number];
      const std::size_t term = text->stems.terms.find(field.stemmed() ? token.term : token.exact);
      terms.push_back(term);
      if (term == text->stems.size()) break;
    }
    if (terms.size() < reading.tokens.size() || terms.back() == text->stems.size()) continue;
    std::sort(terms.begin(), terms.end());
    terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
    if (terms.size() < 2 || terms.size() > kWordsMax) continue;
    FieldWords words;
    for (const std::size_t term : terms) words.emplace_back(text->stems, term, segment.doc_count());
    std::sort(words.begin(), words.end(),
              [](const auto& a, const auto& b) { return a.doc_freq() < b.doc_freq(); });
    steps_ += kWordSteps * static_cast<std::uint32_t>(words.size());
    fields_.push_back(std::move(words));
  }
}

/// 0: none.
std::uint32_t Proximity::window_of(FieldWords& words, DocId doc) {
  for (TermPositions& word : words) {
    if (!word.seek(doc)) return 0;
  }
  std::array<std::span<const std::uint32_t>, kWordsMax> lists;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].read()) return 0;
    lists[i] = words[i].positions();
  }
  return smallest_window(std::span{lists}.first(words.size()), next_);
}

std::int64_t Proximity::apply(DocId doc, std::int64_t base) {
  const std::int64_t words = base % kTypoRank;
  std::int64_t bonus = 0;
  for (FieldWords& field : fields_) {
    const std::int64_t window = window_of(field, doc);
    if (window == 0) continue;
    const auto count = static_cast<std::int64_t>(field.size());
    // Two words may share a position: a whole code and its first part do.
    bonus = std::max(bonus, words * count / (kShare * std::max(window, count)));
    if (window <= count) break;
  }
  return with_bonus(base, bonus);
}

std::int64_t Proximity::most(std::int64_t base) {
  return with_bonus(base, base % kTypoRank / kShare);
}

std::int64_t Proximity::least_base(std::int64_t text_match) {
  const std::int64_t words = text_match % kTypoRank;
  return text_match - words + words * kShare / (kShare + 1);
}

}  // namespace souk::engine
