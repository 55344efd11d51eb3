#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <deque>
#include <optional>
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
    const std::uint64_t hash = hash_of(key);
    if (const Entry* entry = tentative(key, hash)) {
      seen = std::max(seen, entry->position);
      return entry->value ? &*entry->value : nullptr;
    }
    return base_->find(key, hash);
  }

  /// True if the entry was written or erased by a record that is not committed yet.
  bool is_tentative(const Key& key) const { return tentative(key, hash_of(key)) != nullptr; }

  /// Returns the value where it lives until it is written again or settled.
  const Value& put(const Key& key, Value value) {
    Entry& entry = touch(key, hash_of(key)).first;
    entry.value = std::move(value);
    return *entry.value;
  }

  /// Changes an entry. Pre: find() would find it.
  template <class Change>
  const Value& modify(const Key& key, Change change) {
    const std::uint64_t hash = hash_of(key);
    const auto [entry, inserted] = touch(key, hash);
    if (inserted) {
      const Value* below = base_->find(key, hash);
      assert(below != nullptr);
      entry.value = *below;
    }
    assert(entry.value);
    change(*entry.value);
    return *entry.value;
  }

  void erase(const Key& key) { touch(key, hash_of(key)).first.value.reset(); }

  /// Writes from now on belong to the record at that position. Never goes back.
  void set_position(std::uint64_t position) {
    assert(position >= position_);
    position_ = position;
  }

  /// The base has applied everything up to `position`: what was written there or before is no
  /// longer tentative. Amortised O(1) per write.
  void settle(std::uint64_t position) {
    while (!written_.empty() && written_.front().first <= position) {
      const auto [at, number] = written_.front();
      written_.pop_front();
      // Written again later: a later element of written_ stands for it.
      if (entries_[number].position != at) continue;
      index_.erase(hash_of(entries_[number].key), number);
      entries_.remove(number);
    }
  }

  void clear() {
    index_.clear();
    entries_.clear();
    written_.clear();
    position_ = 0;
  }
  bool empty() const { return index_.size() == 0; }

  /// Visits the tentative entries; erased ones as null.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::uint32_t number = 0; number < entries_.end(); ++number) {
      const Entry& entry = entries_[number];
      if (entry.used) visit(entry.key, entry.value ? &*entry.value : nullptr);
    }
  }

private:
  struct Entry {
    Key key{};
    std::optional<Value> value{};  // nothing: erased
    std::uint64_t position = 0;
    bool used = false;
  };

  std::uint32_t number_of(const Key& key, std::uint64_t hash) const {
    if (empty()) return FlatIndex::kNone;
    return index_.find(hash, [&](std::uint32_t number) { return entries_[number].key == key; });
  }
  const Entry* tentative(const Key& key, std::uint64_t hash) const {
    const std::uint32_t number = number_of(key, hash);
    return number == FlatIndex::kNone ? nullptr : &entries_[number];
  }

  std::pair<Entry&, bool> touch(const Key& key, std::uint64_t hash) {
    std::uint32_t number = number_of(key, hash);
    const bool inserted = number == FlatIndex::kNone;
    if (inserted) {
      number = entries_.add();
      entries_[number].key = key;
      entries_[number].used = true;
      index_.insert(hash, number);
    }
    Entry& entry = entries_[number];
    if (inserted || entry.position != position_) {
      entry.position = position_;
      written_.emplace_back(position_, number);
    }
    return {entry, inserted};
  }

  const Table<Key, Value>* base_;
  FlatIndex index_;
  Slab<Entry> entries_;
  std::deque<std::pair<std::uint64_t, std::uint32_t>> written_;  // ascending positions
  std::uint64_t position_ = 0;
};

}  // namespace souk::engine
