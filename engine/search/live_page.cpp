#include "engine/search/live_page.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace souk::engine {
namespace {

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

HitChange changes_of(const Hit& before, const Hit& after) {
  HitChange changes = HitChange::none;
  bool price = !(before.price == after.price);
  bool availability = !(before.available == after.available);
  bool content = before.version != after.version || before.variants.size() != after.variants.size();
  const auto both = std::min(before.variants.size(), after.variants.size());
  for (std::size_t i = 0; i < both; ++i) {
    const HitVariant& old = before.variants[i];
    const HitVariant& now = after.variants[i];
    price = price || !(old.price == now.price);
    availability = availability || !(old.available == now.available);
    content = content || old.sku != now.sku || old.matched != now.matched ||
              old.max_per_order != now.max_per_order;
  }
  if (price) changes = changes | HitChange::price;
  if (availability) changes = changes | HitChange::availability;
  if (content) changes = changes | HitChange::content;
  if (before.in_stock && !after.in_stock) changes = changes | HitChange::sold_out;
  if (!before.in_stock && after.in_stock) changes = changes | HitChange::back_in_stock;
  return changes;
}

/// Which of the new hits stay where they are among each other: a longest run of rising old places.
std::vector<bool> standing(const std::vector<std::size_t>& old_places) {
  std::vector<std::size_t> ends;  // by length - 1: the new place at which the best such run ends
  std::vector<std::size_t> previous(old_places.size(), kNowhere);
  for (std::size_t i = 0; i < old_places.size(); ++i) {
    if (old_places[i] == kNowhere) continue;
    const auto at =
        std::lower_bound(ends.begin(), ends.end(), old_places[i],
                         [&](std::size_t end, std::size_t old) { return old_places[end] < old; });
    if (at != ends.begin()) previous[i] = *(at - 1);
    if (at == ends.end()) {
      ends.push_back(i);
    } else {
      *at = i;
    }
  }
  std::vector<bool> stands(old_places.size(), false);
  for (std::size_t i = ends.empty() ? kNowhere : ends.back(); i != kNowhere; i = previous[i])
    stands[i] = true;
  return stands;
}

bool same(const Facet& a, const Facet& b) {
  const auto equal = [](const FacetCount& x, const FacetCount& y) {
    return x.count == y.count && x.value == y.value;
  };
  if (a.total_values != b.total_values || a.stats.has_value() != b.stats.has_value()) return false;
  if (a.stats &&
      (a.stats->min < b.stats->min || b.stats->min < a.stats->min || a.stats->max < b.stats->max ||
       b.stats->max < a.stats->max || a.stats->sum < b.stats->sum || b.stats->sum < a.stats->sum))
    return false;
  return std::equal(a.counts.begin(), a.counts.end(), b.counts.begin(), b.counts.end(), equal);
}

bool told_alike(const SearchPage& a, const SearchPage& b) {
  if (!a.groups.empty() || !b.groups.empty()) return false;
  if (a.missing != b.missing || a.cutoff != b.cutoff) return false;
  if (a.corrected_query != b.corrected_query) return false;
  return std::equal(a.facets.begin(), a.facets.end(), b.facets.begin(), b.facets.end(),
                    [](const Facet& x, const Facet& y) { return x.field == y.field; });
}

bool same_groups(const SearchPage& a, const SearchPage& b) {
  return a.groups_found == b.groups_found &&
         std::equal(a.groups.begin(), a.groups.end(), b.groups.begin(), b.groups.end(),
                    [](const HitGroup& x, const HitGroup& y) {
                      return x.found == y.found && x.hits == y.hits;
                    });
}

}  // namespace

PageDiff diff_pages(const SearchPage& before, const SearchPage& after) {
  PageDiff diff;
  std::unordered_map<std::string_view, std::size_t> old_place;
  for (std::size_t i = 0; i < before.hits.size(); ++i)
    old_place.emplace(before.hits[i].id.str(), i);

  std::vector<std::size_t> old_places(after.hits.size(), kNowhere);
  std::vector<bool> stays(before.hits.size(), false);
  for (std::size_t i = 0; i < after.hits.size(); ++i) {
    const auto old = old_place.find(after.hits[i].id.str());
    if (old == old_place.end()) continue;
    old_places[i] = old->second;
    stays[old->second] = true;
  }
  for (std::size_t i = 0; i < before.hits.size(); ++i) {
    if (!stays[i]) diff.removed.push_back(before.hits[i].id);
  }
  const auto stands = standing(old_places);
  for (std::size_t i = 0; i < after.hits.size(); ++i) {
    HitChange changes = HitChange::entered;
    if (old_places[i] != kNowhere) {
      changes = changes_of(before.hits[old_places[i]], after.hits[i]);
      if (!stands[i]) changes = changes | HitChange::moved;
    }
    if (changes != HitChange::none) diff.changed.push_back({i, changes});
  }
  diff.found = before.found != after.found || before.groups_found != after.groups_found ||
               before.found_exact != after.found_exact;

  if (!told_alike(before, after)) {
    const bool hits_differ = !diff.removed.empty() || !diff.changed.empty() || diff.found;
    const bool grouped = !before.groups.empty() || !after.groups.empty();
    diff.whole = !grouped || hits_differ || !same_groups(before, after);
    if (!grouped) return diff;
  }
  const auto facets = std::min(before.facets.size(), after.facets.size());
  for (std::size_t i = 0; i < facets; ++i) {
    if (!same(before.facets[i], after.facets[i])) diff.facets.push_back(i);
  }
  return diff;
}

}  // namespace souk::engine
