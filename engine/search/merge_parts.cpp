#include "engine/search/merge_parts.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <unordered_map>

#include "engine/search/merge_facets.hpp"

namespace souk::engine {
namespace {

/// Orders hits by what they are sorted by, as HitSorter does on one node.
class PartHitOrder {
public:
  explicit PartHitOrder(const Query& query) {
    for (const SortKey& key : sort_keys_of(query))
      ascending_.push_back(key.order == SortOrder::ascending);
  }

  bool before(const PartHit& a, const PartHit& b) const {
    for (std::size_t i = 0; i < ascending_.size(); ++i) {
      const auto& x = a.sort_values[i].value;
      const auto& y = b.sort_values[i].value;
      // Whatever the direction: numbers, texts, missing.
      if (rank(x) != rank(y)) return rank(x) > rank(y);
      if (x == y) continue;
      return ascending_[i] ? x < y : y < x;
    }
    return a.id.str() < b.id.str();
  }

private:
  static int rank(const decltype(SortValue::value)& value) {
    if (std::holds_alternative<std::monostate>(value)) return 0;
    return std::holds_alternative<std::string>(value) ? 1 : 2;
  }

  std::vector<bool> ascending_;
};

/// Pinned products in the order of their places.
std::vector<ChosenHit> pinned_hits(std::span<const SearchPart> parts, const Query& query) {
  std::vector<std::pair<std::uint32_t, ChosenHit>> found;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (const PinnedPartHit& one : parts[i].pinned)
      found.push_back({one.pin, {i, one.hit, query.pinned_hits[one.pin].position}});
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<ChosenHit> pinned;
  for (auto& [pin, hit] : found) pinned.push_back(std::move(hit));
  return pinned;
}

/// The hits of the page by merging the sorted lists of the parts, and the pinned ones between them.
std::vector<ChosenHit> choose(std::span<const SearchPart> parts, const Query& query) {
  struct Cursor {
    std::size_t part;
    std::size_t at;
  };
  const PartHitOrder order{query};
  const auto hit_of = [&](Cursor cursor) -> const PartHit& {
    return parts[cursor.part].hits[cursor.at];
  };
  const auto after = [&](Cursor a, Cursor b) { return order.before(hit_of(b), hit_of(a)); };
  std::vector<Cursor> heads;  // a heap whose root is the best
  std::size_t skipped = 0;    // none of them is on the page
  for (std::size_t i = 0; i < parts.size(); ++i) {
    assert(parts[i].skipped == 0 || parts.size() == 1);
    skipped += parts[i].skipped;
    if (!parts[i].hits.empty()) heads.push_back({i, 0});
  }
  std::make_heap(heads.begin(), heads.end(), after);
  const std::size_t begin = std::size_t{query.page - 1} * query.per_page;
  const std::vector<ChosenHit> pinned = pinned_hits(parts, query);
  std::vector<ChosenHit> chosen;
  std::size_t pin = 0;
  for (std::size_t place = 0; place < begin + query.per_page; ++place) {
    const bool left = skipped > 0 || !heads.empty();
    if (!left && pin == pinned.size()) break;
    if (pin < pinned.size() && (pinned[pin].pinned <= place + 1 || !left)) {
      if (place >= begin) chosen.push_back(pinned[pin]);
      ++pin;
      continue;
    }
    if (skipped > 0) {
      --skipped;
      continue;
    }
    std::pop_heap(heads.begin(), heads.end(), after);
    Cursor& best = heads.back();
    if (place >= begin) chosen.push_back({best.part, hit_of(best)});
    if (++best.at == parts[best.part].hits.size()) {
      heads.pop_back();
    } else {
      std::push_heap(heads.begin(), heads.end(), after);
    }
  }
  return chosen;
}

/// A group of several parts.
struct MergedGroup {
  HitGroup group;
  std::vector<ChosenHit> hits;  // best first, as many as are listed
};

std::vector<MergedGroup> join_groups(std::span<const SearchPart> parts, const Query& query) {
  std::vector<MergedGroup> groups;
  std::unordered_map<std::string, std::size_t> by_key;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::size_t next = 0;
    for (const HitGroup& group : parts[i].groups) {
      std::size_t place = groups.size();
      const bool alone = !query.group_missing_values && has_missing(group.key);
      if (!alone) place = by_key.try_emplace(group_identity(group.key), place).first->second;
      if (place == groups.size()) groups.push_back({{group.key, 0, 0}, {}});
      groups[place].group.found += group.found;
      for (std::uint32_t n = 0; n < group.hits; ++n)
        groups[place].hits.push_back({i, parts[i].hits[next++]});
    }
  }
  return groups;
}

/// The groups of the page, in the order of their best hits, and these hits.
void choose_groups(std::span<const SearchPart> parts, const Query& query, MergedPage& merged) {
  const PartHitOrder order{query};
  std::vector<MergedGroup> groups = join_groups(parts, query);
  merged.page.groups_found = groups.size();
  for (MergedGroup& group : groups) {
    std::sort(group.hits.begin(), group.hits.end(),
              [&](const ChosenHit& a, const ChosenHit& b) { return order.before(a.hit, b.hit); });
    if (group.hits.size() > query.group_limit)
      group.hits.erase(group.hits.begin() + query.group_limit, group.hits.end());
  }
  std::erase_if(groups, [](const MergedGroup& group) { return group.hits.empty(); });
  const std::size_t begin = std::min(std::size_t{query.page - 1} * query.per_page, groups.size());
  const std::size_t end = std::min(begin + query.per_page, groups.size());
  std::partial_sort(groups.begin(), groups.begin() + static_cast<std::ptrdiff_t>(end), groups.end(),
                    [&](const MergedGroup& a, const MergedGroup& b) {
                      return order.before(a.hits.front().hit, b.hits.front().hit);
                    });
  for (std::size_t i = begin; i < end; ++i) {
    groups[i].group.hits = static_cast<std::uint32_t>(groups[i].hits.size());
    merged.page.groups.push_back(std::move(groups[i].group));
    for (ChosenHit& hit : groups[i].hits) merged.chosen.push_back(std::move(hit));
  }
}

std::vector<ShardId> missing_shards(std::span<const SearchPart> parts,
                                    const std::vector<ShardPosition>& answered,
                                    std::span<const ShardId> asked) {
  std::vector<ShardId> missing;
  for (const ShardId shard : asked) {
    const bool known = std::any_of(answered.begin(), answered.end(),
                                   [&](const ShardPosition& p) { return p.shard == shard; });
    if (!known) missing.push_back(shard);
  }
  for (const SearchPart& part : parts)
    missing.insert(missing.end(), part.unfinished.begin(), part.unfinished.end());
  std::sort(missing.begin(), missing.end());
  return missing;
}

}  // namespace

std::optional<SearchRound> next_round(std::span<const SearchPart> parts, const Query& query,
                                      const QueryPlan& plan) {
  if (parts.empty()) return std::nullopt;
  std::uint64_t found = 0;
  bool cutoff = false;
  for (const SearchPart& part : parts) {
    assert(part.round == parts.front().round);
    found += part.found;
    cutoff = cutoff || part.cutoff;
  }
  return next_round(query, plan, parts.front().round, found, cutoff);
}

std::vector<HitPlace> MergedPage::places(std::size_t part) const {
  std::vector<HitPlace> places;
  for (const ChosenHit& one : chosen) {
    if (one.part == part) places.push_back(one.hit.place);
  }
  return places;
}

MergedPage merge_parts(std::span<const SearchPart> parts, const Query& query,
                       std::span<const ShardId> asked) {
  MergedPage merged;
  SearchPage& page = merged.page;
  for (const SearchPart& part : parts) {
    page.found += part.found + part.pinned.size();
    page.out_of += part.out_of;
    page.cutoff = page.cutoff || part.cutoff;
    page.found_exact = page.found_exact && part.found_exact;
    page.positions.insert(page.positions.end(), part.positions.begin(), part.positions.end());
  }
  std::sort(page.positions.begin(), page.positions.end(),
            [](const ShardPosition& a, const ShardPosition& b) { return a.shard < b.shard; });
  page.shards = static_cast<std::uint32_t>(asked.size());
  page.missing = missing_shards(parts, page.positions, asked);
  page.found_exact = page.found_exact && !page.cutoff && page.missing.empty();

  Analyzer analyzer;
  std::vector<const FacetTally*> tallies(parts.size());
  for (std::size_t i = 0; i < query.facet_by.size(); ++i) {
    for (std::size_t part = 0; part < parts.size(); ++part) {
      assert(parts[part].facets.size() == query.facet_by.size());
      tallies[part] = &parts[part].facets[i];
    }
    page.facets.push_back(merge_facets(query.facet_by[i], tallies, query, analyzer));
  }

  if (query.group_by.empty()) {
    merged.chosen = choose(parts, query);
  } else {
    choose_groups(parts, query, merged);
  }
  for (const ChosenHit& one : merged.chosen) {
    Hit& hit = page.hits.emplace_back();
    hit.id = one.hit.id;
    hit.text_match = one.hit.text_match;
    hit.sort_values = one.hit.sort_values;
    hit.pinned = one.pinned;
  }
  return merged;
}

void put_hits(MergedPage& merged, std::size_t part, std::vector<Hit> hits) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < merged.chosen.size(); ++i) {
    if (merged.chosen[i].part != part) continue;
    assert(next < hits.size());
    Hit& hit = merged.page.hits[i];
    Hit& read = hits[next++];
    assert(read.id == hit.id);
    read.text_match = hit.text_match;
    read.sort_values = std::move(hit.sort_values);
    read.pinned = hit.pinned;
    hit = std::move(read);
  }
  assert(next == hits.size());
}

}  // namespace souk::engine
