#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace souk::engine {

/// A keyed part of a shard's committed state, with a rolling hash over its content and the set of keys that changed
/// since they were last written to disk. The hash is a sum, so it does not depend on iteration order.
/// Needs `std::uint64_t hash_entry(const Key&, const Value&)`, found by argument-dependent lookup; it must not read
/// padding, addresses or anything that differs between builds. Not thread-safe: one owner.
template <class Key, class Value>
class Table {
public:
  const Value* find(const Key& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
  }

  void put(const Key& key, Value value) {
    const auto [place, inserted] = entries_.try_emplace(key);
    if (!inserted) hash_ -= hash_entry(place->first, place->second);
    place->second = std::move(value);
    hash_ += hash_entry(place->first, place->second);
    dirty_.insert(key);
  }

  /// Changes an entry in place. Pre: it exists.
  template <class Change>
  void modify(const Key& key, Change change) {
    const auto found = entries_.find(key);
    assert(found != entries_.end());
    hash_ -= hash_entry(found->first, found->second);
    change(found->second);
    hash_ += hash_entry(found->first, found->second);
    dirty_.insert(key);
  }

  void erase(const Key& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    hash_ -= hash_entry(found->first, found->second);
    entries_.erase(found);
    dirty_.insert(key);
  }

  /// Takes in an entry read from disk: counts in the hash, is not dirty.
  void load(const Key& key, Value value) {
    const auto [place, inserted] = entries_.try_emplace(key, std::move(value));
    assert(inserted);
    hash_ += hash_entry(place->first, place->second);
  }

  /// The keys changed since the last call; an absent key was erased.
  std::vector<Key> take_dirty() {
    std::vector<Key> keys(dirty_.begin(), dirty_.end());
    dirty_.clear();
    return keys;
  }

  std::size_t dirty_count() const { return dirty_.size(); }
  std::uint64_t hash() const { return hash_; }
  std::size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

private:
  std::unordered_map<Key, Value> entries_;
  std::unordered_set<Key> dirty_;
  std::uint64_t hash_ = 0;
};

/// What is decided but not yet committed, laid over a Table: the state that decide() sees. Has Table's writing
/// interface, so one `apply` serves both. Entries written at a position fall away when that position is applied below.
template <class Key, class Value>
class Overlay {
public:
  explicit Overlay(const Table<Key, Value>& base) : base_{&base} {}

  const Value* find(const Key& key) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return base_->find(key);
    return found->second.value ? &*found->second.value : nullptr;
  }

  /// True if the value seen differs, perhaps, from the committed one.
  bool is_tentative(const Key& key) const { return entries_.contains(key); }

  void put(const Key& key, Value value) { entries_[key] = {std::move(value), position_}; }

  template <class Change>
  void modify(const Key& key, Change change) {
    const auto [place, inserted] = entries_.try_emplace(key);
    if (inserted) place->second.value = *base_->find(key);
    assert(place->second.value);
    change(*place->second.value);
    place->second.position = position_;
  }

  void erase(const Key& key) { entries_[key] = {std::nullopt, position_}; }

  /// Writes from now on belong to the record at that position.
  void set_position(std::uint64_t position) { position_ = position; }

  /// The base has applied everything up to `position`: what was written there or before is no longer tentative.
  void settle(std::uint64_t position) {
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.position <= position; });
  }

  void clear() { entries_.clear(); }
  bool empty() const { return entries_.empty(); }

private:
  struct Entry {
    std::optional<Value> value;      // nothing: erased
    std::uint64_t position = 0;
  };
  const Table<Key, Value>* base_;
  std::unordered_map<Key, Entry> entries_;
  std::uint64_t position_ = 0;
};

}  // namespace souk::engine
