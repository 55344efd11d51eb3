#pragma once

#include <set>
#include <utility>

#include "engine/types/timestamp.hpp"

namespace souk::engine {

/// Keys in the order in which their time comes. Holds pointers to keys that live in a table's
/// values; they must be removed before the value goes. Ties are broken by the key's content, so the
/// order is the same on every replica.
template <class Key>
class DueIndex {
public:
  void add(Timestamp due, const Key& key) { entries_.emplace(due, &key); }
  void remove(Timestamp due, const Key& key) { entries_.erase({due, &key}); }

  /// Visits keys whose time is `now` or earlier, earliest first, until `visit` returns false.
  template <class Visit>
  void for_each_due(Timestamp now, Visit visit) const {
    for (const auto& [due, key] : entries_) {
      if (due > now || !visit(*key)) return;
    }
  }
  bool any_due(Timestamp now) const { return !entries_.empty() && entries_.begin()->first <= now; }

private:
  using Entry = std::pair<Timestamp, const Key*>;
  struct Earlier {
    bool operator()(const Entry& a, const Entry& b) const {
      if (a.first != b.first) return a.first < b.first;
      return *a.second < *b.second;
    }
  };
  std::set<Entry, Earlier> entries_;
};

}  // namespace souk::engine
