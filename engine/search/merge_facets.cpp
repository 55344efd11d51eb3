#include "engine/search/merge_facets.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>

#include "engine/search/highlight.hpp"

namespace souk::engine {
namespace {

/// A value where it stands: of the many only those shown are copied.
struct Value {
  std::string_view text;
  std::uint64_t count = 0;
};

/// The shortest spelling that reads back as the same number.
std::string number_text(double number) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), number == 0 ? 0.0 : number).ptr;
  return {text.data(), end};
}

/// True when every word of the typed text is a word of the value, the last one perhaps only its
/// beginning.
bool has_words(const std::vector<Word>& typed, const std::vector<Word>& value) {
  for (std::size_t i = 0; i < typed.size(); ++i) {
    const bool last = i + 1 == typed.size();
    const bool found = std::any_of(value.begin(), value.end(), [&](const Word& word) {
      return last ? word.exact.starts_with(typed[i].exact) : word.exact == typed[i].exact;
    });
    if (!found) return false;
  }
  return true;
}

/// Adds up neighbours that are the same.
template <class Counted, class Same>
void add_up(std::vector<Counted>& sorted, Same same) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (kept > 0 && same(sorted[kept - 1], sorted[i])) {
      sorted[kept - 1].count += sorted[i].count;
    } else {
      sorted[kept++] = sorted[i];
    }
  }
  sorted.resize(kept);
}

std::vector<FacetTally::Number> numbers_of(std::span<const FacetTally* const> tallies) {
  if (tallies.size() == 1) return tallies.front()->numbers;
  std::vector<FacetTally::Number> all;
  for (const FacetTally* tally : tallies)
    all.insert(all.end(), tally->numbers.begin(), tally->numbers.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  add_up(all, [](const auto& a, const auto& b) { return a.value == b.value; });
  return all;
}

FacetStats stats_of(const std::vector<FacetTally::Number>& numbers) {
  FacetStats stats{numbers.front().value, numbers.back().value, 0, 0};
  double docs = 0;
  for (const auto& [number, count] : numbers) {
    stats.sum += number * static_cast<double>(count);
    docs += static_cast<double>(count);
  }
  stats.average = stats.sum / docs;
  return stats;
}

std::vector<Value> ranges_of(const FacetRequest& request,
                             std::span<const FacetTally* const> tallies) {
  std::vector<Value> values;
  for (std::size_t i = 0; i < request.ranges.size(); ++i) {
    Value value{request.ranges[i].label, 0};
    for (const FacetTally* tally : tallies) value.count += tally->ranges[i];
    if (value.count > 0) values.push_back(value);
  }
  return values;
}

/// Distinct texts and numbers; a number and a text of one spelling are one value. `spelled` keeps
/// the numbers' texts.
std::vector<Value> values_of(std::span<const FacetTally* const> tallies,
                             const std::vector<FacetTally::Number>& numbers,
                             std::deque<std::string>& spelled) {
  std::vector<Value> values;
  std::size_t sources = numbers.empty() ? 0 : 1;
  for (const FacetTally* tally : tallies) {
    for (const FacetTally::Text& text : tally->texts) values.push_back({text.value, text.count});
    sources += tally->texts.empty() ? 0 : 1;
  }
  for (const auto& [number, count] : numbers)
    values.push_back({spelled.emplace_back(number_text(number)), count});
  if (sources > 1) {
    std::sort(values.begin(), values.end(),
              [](const Value& a, const Value& b) { return a.text < b.text; });
    add_up(values, [](const Value& a, const Value& b) { return a.text == b.text; });
  }
  return values;
}

}  // namespace

Facet merge_facets(const FacetRequest& request, std::span<const FacetTally* const> tallies,
                   const Query& query, Analyzer& analyzer) {
  Facet facet;
  facet.field = request.field;
  const std::vector<FacetTally::Number> numbers = numbers_of(tallies);
  if (!numbers.empty()) facet.stats = stats_of(numbers);
  std::deque<std::string> spelled;
  std::vector<Value> values =
      request.ranges.empty() ? values_of(tallies, numbers, spelled) : ranges_of(request, tallies);

  std::vector<Word> typed;
  if (query.facet_query_field == request.field && !query.facet_query_prefix.empty()) {
    typed = analyzer.words(query.facet_query_prefix);
    std::erase_if(
        values, [&](const Value& value) { return !has_words(typed, analyzer.words(value.text)); });
  }
  facet.total_values = values.size();
  const std::size_t shown = std::min<std::size_t>(query.max_facet_values, values.size());
  std::partial_sort(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(shown),
                    values.end(), [](const Value& a, const Value& b) {
                      return a.count != b.count ? a.count > b.count : a.text < b.text;
                    });
  HighlightTerms terms;
  for (const Word& word : typed) terms.prefixes.push_back(word.exact);
  const HighlightStyle style{query.highlight_start, query.highlight_end, 1'000'000, 4};
  for (std::size_t i = 0; i < shown; ++i) {
    const std::string text{values[i].text};
    FacetCount count{text, text, values[i].count};
    if (!typed.empty()) {
      if (auto marked = highlight(request.field, text, terms, style, analyzer))
        count.highlighted = marked->snippet;
    }
    facet.counts.push_back(std::move(count));
  }
  return facet;
}

}  // namespace souk::engine
