#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>

#include "engine/state/table.hpp"

namespace souk::engine {

/// What is decided but not yet committed, laid over a Table: the state that decide() sees. Has
/// Table's writing interface, so one `apply` serves both. Entries written at a position fall away
/// when that position is applied below.
template <class Key, class Value>
class Overlay {
public:
  explicit Overlay(const Table<Key, Value>& base) : base_{&base} {}
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;

  const Value* find(const Key& key) const {
    std::uint64_t seen = 0;
    return find(key, seen);
  }

  /// As find; raises `seen` to the position of the record that wrote (or erased) what was found, if
  /// that is tentative: an answer computed from it may be given when that record is committed.
  const Value* find(const Key& key, std::uint64_t& seen) const {
    if (!entries_.empty()) {
      const auto found = entries_.find(key);
      if (found != entries_.end()) {
        seen = std::max(seen, found->second.position);
        return found->second.value ? &*found->second.value : nullptr;
      }
    }
    return base_->find(key);
  }

  /// True if the entry was written or erased by a record that is not committed yet.
  bool is_tentative(const Key& key) const { return entries_.contains(key); }

  /// Returns the value where it lives until it is written again or settled.
  const Value& put(const Key& key, Value value) {
    Node& node = touch(key).first;
    node.second.value = std::move(value);
    return *node.second.value;
  }

  /// Changes an entry. Pre: find() would find it.
  template <class Change>
  const Value& modify(const Key& key, Change change) {
    const auto [node, inserted] = touch(key);
    if (inserted) {
      const Value* below = base_->find(key);
      assert(below != nullptr);
      node.second.value = *below;
    }
    assert(node.second.value);
    change(*node.second.value);
    return *node.second.value;
  }

  void erase(const Key& key) { touch(key).first.second.value.reset(); }

  /// Writes from now on belong to the record at that position. Never goes back.
  void set_position(std::uint64_t position) {
    assert(position >= position_);
    position_ = position;
  }

  /// The base has applied everything up to `position`: what was written there or before is no
  /// longer tentative. Amortised O(1) per write.
  void settle(std::uint64_t position) {
    while (!written_.empty() && written_.front().first <= position) {
      const auto [at, node] = written_.front();
      written_.pop_front();
      // Written again later: a later element of written_ stands for it.
      if (node->second.position == at) entries_.erase(entries_.find(node->first));
    }
  }

  void clear() {
    entries_.clear();
    written_.clear();
    position_ = 0;
  }
  bool empty() const { return entries_.empty(); }

  /// Visits the tentative entries; erased ones as null.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [key, entry] : entries_) visit(key, entry.value ? &*entry.value : nullptr);
  }

private:
  struct Entry {
    std::optional<Value> value;  // nothing: erased
    std::uint64_t position = 0;
  };
  using Node = std::pair<const Key, Entry>;

  std::pair<Node&, bool> touch(const Key& key) {
    const auto [place, inserted] = entries_.try_emplace(key);
    if (inserted || place->second.position != position_) {
      place->second.position = position_;
      written_.emplace_back(position_, &*place);
    }
    return {*place, inserted};
  }

  const Table<Key, Value>* base_;
  std::unordered_map<Key, Entry> entries_;
  std::deque<std::pair<std::uint64_t, Node*>> written_;  // ascending positions
  std::uint64_t position_ = 0;
};

}  // namespace souk::engine
