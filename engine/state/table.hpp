#pragma once

#include <cassert>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace souk::engine {

/// A keyed part of a shard's committed state, with a rolling hash over its content and the entries
/// that changed since they were last written to disk. The hash is a sum, so it does not depend on
/// iteration order. Needs `std::uint64_t hash_entry(const Key&, const Value&)`, found by
/// argument-dependent lookup; it must not read padding, addresses or anything that differs between
/// builds. Values stay where they are until erased, so indexes may point at them. Not thread-safe:
/// one owner.
template <class Key, class Value>
class Table {
public:
  Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const Value* find(const Key& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second.value;
  }

  /// Returns the value where it now lives.
  const Value& put(const Key& key, Value value) {
    const auto [place, inserted] = entries_.try_emplace(key);
    if (inserted && !erased_.empty()) place->second.stored = erased_.erase(key) > 0;
    place->second.value = std::move(value);
    changed(*place);
    return place->second.value;
  }

  /// Changes an entry in place. Pre: it exists.
  template <class Change>
  const Value& modify(const Key& key, Change change) {
    const auto found = entries_.find(key);
    assert(found != entries_.end());
    change(found->second.value);
    changed(*found);
    return found->second.value;
  }

  void erase(const Key& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    hash_ -= found->second.hash;
    if (found->second.dirty != kClean) forget_dirty(found->second);
    // What never reached the disk need not be deleted there.
    if (found->second.stored) erased_.insert(key);
    entries_.erase(found);
  }

  /// Takes in an entry read from disk: counts in the hash, is not dirty. Pre: it is not there yet.
  const Value& load(const Key& key, Value value) {
    const auto [place, inserted] = entries_.try_emplace(key);
    assert(inserted);
    place->second.value = std::move(value);
    place->second.stored = true;
    place->second.hash = hash_entry(place->first, place->second.value);
    hash_ += place->second.hash;
    return place->second.value;
  }

  /// Drops a clean entry from memory that stays on disk; its hash keeps counting. Pre: it exists
  /// and is not dirty.
  void evict(const Key& key) {
    const auto found = entries_.find(key);
    assert(found != entries_.end() && found->second.dirty == kClean && found->second.stored);
    entries_.erase(found);
  }
  /// Brings an evicted entry back from disk; the hash has it already. Pre: not is_erased(key).
  const Value& admit(const Key& key, Value value) {
    const auto [place, inserted] = entries_.try_emplace(key);
    if (inserted) {
      place->second.value = std::move(value);
      place->second.stored = true;
      place->second.hash = hash_entry(place->first, place->second.value);
    }
    return place->second.value;
  }
  /// For a table whose clean entries are not resident: the hash of all of them, as it was saved.
  void set_hash(std::uint64_t hash) { hash_ = hash; }

  /// Visits what changed since the last call: `visit_changed(key, value)` and `visit_erased(key)`.
  template <class Changed, class Erased>
  void take_dirty(Changed visit_changed, Erased visit_erased) {
    for (Node* node : dirty_) {
      node->second.dirty = kClean;
      node->second.stored = true;
      visit_changed(node->first, std::as_const(node->second.value));
    }
    dirty_.clear();
    for (const Key& key : erased_) visit_erased(key);
    erased_.clear();
  }

  /// Visits what would be taken, without taking it.
  template <class Visit>
  void for_each_dirty(Visit visit) const {
    for (const Node* node : dirty_) visit(node->first, node->second.value);
  }
  bool is_dirty(const Key& key) const {
    const auto found = entries_.find(key);
    return found != entries_.end() && found->second.dirty != kClean;
  }

  /// True if the entry was erased and the disk does not know it yet.
  bool is_erased(const Key& key) const { return erased_.contains(key); }

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [key, entry] : entries_) visit(key, entry.value);
  }

  void reserve(std::size_t count) { entries_.reserve(count); }
  std::size_t dirty_count() const { return dirty_.size() + erased_.size(); }
  std::uint64_t hash() const { return hash_; }
  std::size_t size() const { return entries_.size(); }

private:
  static constexpr std::uint32_t kClean = 0xffffffffU;

  struct Entry {
    Value value{};
    std::uint64_t hash = 0;        // of this entry, so that a change hashes once
    std::uint32_t dirty = kClean;  // place in dirty_
    bool stored = false;           // the disk has (some version of) it
  };
  using Node = std::pair<const Key, Entry>;

  void changed(Node& node) {
    Entry& entry = node.second;
    const std::uint64_t now = hash_entry(node.first, std::as_const(entry.value));
    hash_ += now - entry.hash;
    entry.hash = now;
    if (entry.dirty != kClean) return;
    entry.dirty = static_cast<std::uint32_t>(dirty_.size());
    dirty_.push_back(&node);
  }

  void forget_dirty(Entry& entry) {
    Node* last = dirty_.back();
    dirty_[entry.dirty] = last;
    last->second.dirty = entry.dirty;
    entry.dirty = kClean;
    dirty_.pop_back();
  }

  std::unordered_map<Key, Entry> entries_;
  std::vector<Node*> dirty_;
  std::unordered_set<Key> erased_;
  std::uint64_t hash_ = 0;
};

}  // namespace souk::engine
