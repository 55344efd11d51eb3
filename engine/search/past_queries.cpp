#include "engine/search/past_queries.hpp"

#include <algorithm>

#include "engine/text/analyzer.hpp"

namespace souk::engine {
namespace {

constexpr std::size_t kFormBytesMax = 60;
constexpr std::size_t kSpacesMax = 6;
/// Telephone numbers, cards and order numbers have more digits in a row, or nearly so.
constexpr std::size_t kDigitsMax = 6;

}  // namespace

std::string remembered_form(std::string_view q) {
  if (q.size() > 2 * kFormBytesMax || q == "*") return {};
  std::string form = normalize_value(q);
  if (form.size() > kFormBytesMax || form.find('@') != std::string::npos) return {};
  std::size_t digits = 0;
  std::size_t spaces = 0;
  for (const char c : form) {
    const bool between = c == ' ' || c == '-' || c == '.' || c == '/' || c == '+';
    if (c >= '0' && c <= '9') {
      ++digits;
    } else if (!between) {
      digits = 0;
    }
    spaces += c == ' ' ? 1U : 0U;
    if (digits > kDigitsMax || spaces > kSpacesMax) return {};
  }
  return form;
}

void PastQueries::add(const std::string& form) {
  if (form.empty() || size_max_ == 0) return;
  if (++added_ >= halve_after_) halve();
  auto found = entries_.find(form);
  if (found == entries_.end()) {
    Entry entry;
    if (entries_.size() >= size_max_) {
      const auto least = by_count_.begin();
      entry = {least->first, least->first};
      const auto out = entries_.find(least->second);
      by_count_.erase(least);
      entries_.erase(out);
    }
    found = entries_.emplace(form, entry).first;
  } else {
    by_count_.erase({found->second.count, found->first});
  }
  ++found->second.count;
  by_count_.insert({found->second.count, found->first});
}

std::vector<SuggestedQuery> PastQueries::begin_with(std::string_view beginning,
                                                    std::size_t count) const {
  std::vector<SuggestedQuery> queries;
  for (auto entry = entries_.lower_bound(beginning);
       entry != entries_.end() && entry->first.starts_with(beginning); ++entry) {
    const std::uint64_t certain = entry->second.count - entry->second.error;
    if (certain > 0) queries.push_back({entry->first, certain});
  }
  const auto kept = std::min(count, queries.size());
  std::partial_sort(queries.begin(), queries.begin() + static_cast<std::ptrdiff_t>(kept),
                    queries.end(), [](const auto& a, const auto& b) {
                      return a.count != b.count ? a.count > b.count : a.text < b.text;
                    });
  queries.resize(kept);
  return queries;
}

void PastQueries::halve() {
  added_ = 0;
  by_count_.clear();
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    entry->second.count /= 2;
    entry->second.error /= 2;
    if (entry->second.count == 0) {
      entry = entries_.erase(entry);
      continue;
    }
    by_count_.insert({entry->second.count, entry->first});
    ++entry;
  }
}

}  // namespace souk::engine
