#include "engine/search/past_queries.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/text/analyzer.hpp"
#include "engine/types/id.hpp"

namespace souk::engine {
namespace {

constexpr std::size_t kFormBytesMax = 60;
constexpr std::size_t kSpacesMax = 6;
/// Telephone numbers, cards and order numbers have more digits in a row, or nearly so.
constexpr std::size_t kDigitsMax = 6;
constexpr std::string_view kHead = "souk past queries 1\n";

/// The number at the beginning of `text` and the character after it, which are taken off; nothing
/// if it is not one.
std::optional<std::uint64_t> take_number(std::string_view& text, char after) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto size = static_cast<std::size_t>(end - text.data());
  if (fault != std::errc{} || size >= text.size() || text[size] != after) return std::nullopt;
  text.remove_prefix(size + 1);
  return number;
}

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
  if (++added_ >= halve_after_) fade();
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

void PastQueries::fade() {
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

std::string PastQueries::encode() const {
  std::string lines;
  for (const auto& [form, entry] : entries_) {
    lines.append(std::to_string(entry.count)).append(1, ' ');
    lines.append(std::to_string(entry.error)).append(1, ' ').append(form).append(1, '\n');
  }
  return std::string{kHead} + std::to_string(hash_key(lines)) + '\n' + lines;
}

Result<void> PastQueries::decode(std::string_view text) {
  const Error damaged{Errc::corrupt_record, "the past queries are damaged", {}, {}};
  if (!text.starts_with(kHead)) return damaged;
  text.remove_prefix(kHead.size());
  const auto sum = take_number(text, '\n');
  if (!sum || *sum != hash_key(text)) return damaged;
  std::vector<std::pair<std::string, Entry>> read;
  while (!text.empty()) {
    const auto count = take_number(text, ' ');
    if (!count) return damaged;
    const auto error = take_number(text, ' ');
    const std::size_t end = text.find('\n');
    if (!error || *error > *count || end == 0 || end == std::string_view::npos) return damaged;
    read.emplace_back(text.substr(0, end), Entry{*count, *error});
    text.remove_prefix(end + 1);
  }
  // Where there is room for fewer than there were, the most asked stay.
  std::sort(read.begin(), read.end(),
            [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
  for (auto& [form, entry] : read) {
    if (entries_.size() >= size_max_) break;
    const auto [place, added] = entries_.try_emplace(std::move(form), entry);
    if (added) by_count_.insert({entry.count, place->first});
  }
  return {};
}

}  // namespace souk::engine
