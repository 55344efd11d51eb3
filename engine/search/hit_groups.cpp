#include "engine/search/hit_groups.hpp"

#include <algorithm>
#include <cstring>

namespace souk::engine {
namespace {

/// What it takes: a group's key is made, compared when groups are put in order, told; among more
/// groups one is found later.
constexpr std::size_t kNewGroupSteps = 850;
constexpr std::size_t kNewGroupFieldSteps = 200;
constexpr std::size_t kMovedSteps = 4;
std::size_t find_steps(std::size_t groups) {
  return 24 + std::min<std::size_t>(groups / 512, 120);
}

/// What gives the hits' keys: a sort by the fields of the groups.
Query by_group_fields(const Query& query) {
  Query keys;
  for (const std::string& field : query.group_by)
    keys.sort_by.push_back({field, SortOrder::ascending});
  return keys;
}

template <class Number>
void append_bytes(std::string& out, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

}  // namespace

bool has_missing(std::span<const SortValue> key) {
  return std::any_of(key.begin(), key.end(), [](const SortValue& value) {
    return std::holds_alternative<std::monostate>(value.value);
  });
}

std::string group_identity(std::span<const SortValue> key) {
  std::string identity;
  for (const SortValue& part : key) {
    identity += static_cast<char>('0' + part.value.index());
    if (const auto* text = std::get_if<std::string>(&part.value)) {
      append_bytes(identity, text->size());
      identity += *text;
    } else if (const auto* real = std::get_if<double>(&part.value)) {
      append_bytes(identity, *real);
    } else if (const auto* integer = std::get_if<std::int64_t>(&part.value)) {
      append_bytes(identity, *integer);
    }
  }
  return identity;
}

HitGroups::HitGroups(const Query& query, const HitSorter& sorter, bool keep_hits)
    : sorter_{&sorter},
      hits_max_{keep_hits ? query.group_limit : 0},
      missing_together_{query.group_missing_values},
      keys_{by_group_fields(query)} {
}

void HitGroups::begin_segment(const SegmentView& view) {
  keys_.begin_segment(view);
  in_segment_.clear();
}

std::size_t HitGroups::group_of(const RankedHit& keyed) {
  const auto known = in_segment_.find(keyed.cells);
  if (known != in_segment_.end()) return known->second;
  std::vector<SortValue> key = keys_.values(keyed);
  if (!missing_together_ && has_missing(key)) {
    groups_.push_back({std::move(key), 0, {}});
    return groups_.size() - 1;
  }
  const auto [place, is_new] = by_key_.try_emplace(group_identity(key), groups_.size());
  if (is_new) groups_.push_back({std::move(key), 0, {}});
  in_segment_.emplace(keyed.cells, place->second);
  return place->second;
}

std::size_t HitGroups::add(const RankedHit& hit, std::span<const std::uint32_t> variants) {
  RankedHit keyed;
  keyed.view = hit.view;
  keyed.doc = hit.doc;
  keys_.rank(keyed, variants);
  const std::size_t before_it = groups_.size();
  Group& group = groups_[group_of(keyed)];
  ++group.found;
  std::size_t steps = find_steps(before_it);
  if (groups_.size() > before_it) steps += kNewGroupSteps + group.key.size() * kNewGroupFieldSteps;
  if (hits_max_ == 0) return steps;
  const auto before = [this](const RankedHit& a, const RankedHit& b) {
    return sorter_->before(a, b);
  };
  if (group.best.size() == hits_max_) {
    if (!before(hit, group.best.back())) return steps;
    group.best.pop_back();
  }
  group.best.insert(std::upper_bound(group.best.begin(), group.best.end(), hit, before), hit);
  return steps + group.best.size() * kMovedSteps;
}

std::vector<const HitGroups::Group*> HitGroups::ordered() const {
  std::vector<const Group*> all;
  all.reserve(groups_.size());
  for (const Group& group : groups_) all.push_back(&group);
  if (hits_max_ == 0) return all;
  std::sort(all.begin(), all.end(), [this](const Group* a, const Group* b) {
    return sorter_->before(a->best.front(), b->best.front());
  });
  return all;
}

}  // namespace souk::engine
