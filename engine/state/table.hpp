#pragma once

#include <cassert>
#include <cstdint>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/state/flat_index.hpp"
#include "engine/state/keyed.hpp"
#include "engine/state/slab.hpp"

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

  const Value* find(const Key& key) const { return find(key, hash_of(key)); }
  /// As find; `hash` is hash_of(key).
  const Value* find(const Key& key, std::uint64_t hash) const {
    const std::uint32_t number = number_of(key, hash);
    return number == FlatIndex::kNone ? nullptr : &entries_[number].row.value();
  }

  /// Returns the value where it now lives.
  const Value& put(const Key& key, Value value) {
    const auto [number, inserted] = place(key);
    Entry& entry = entries_[number];
    if (inserted && !erased_.empty()) entry.stored = erased_.erase(key) > 0;
    entry.row.value() = std::move(value);
    changed(number);
    return entry.row.value();
  }

  /// Changes an entry in place. Pre: it exists; the change leaves its key alone.
  template <class Change>
  const Value& modify(const Key& key, Change change) {
    const std::uint32_t number = number_of(key, hash_of(key));
    assert(number != FlatIndex::kNone);
    change(entries_[number].row.value());
    changed(number);
    return entries_[number].row.value();
  }

  void erase(const Key& key) {
    const std::uint32_t number = number_of(key, hash_of(key));
    if (number == FlatIndex::kNone) return;
    Entry& entry = entries_[number];
    hash_ -= entry.hash;
    if (entry.dirty != kClean) forget_dirty(entry);
    // What never reached the disk need not be deleted there.
    if (entry.stored) erased_.insert(key);
    remove(number);
  }

  /// Takes in an entry read from disk: counts in the hash, is not dirty. Takes the place of a
  /// hosted one. Pre: it is not loaded yet.
  const Value& load(const Key& key, Value value) {
    const auto [number, inserted] = place(key);
    Entry& entry = entries_[number];
    assert(inserted || !entry.stored);
    hash_ -= entry.hash;
    hash_ += take_stored(entry, std::move(value));
    return entry.row.value();
  }

  // HOSTED ENTRIES. An entry may be written inside another table's row, its host's, until it first
  // changes without it; from then on it has a row of its own, which is the newer one of the two.

  /// Gives the value to be written with its host and makes the entry clean, unless it has a row of
  /// its own. Pre: it exists; whenever the host is written or erased, so is what it hosts.
  template <class Visit>
  void take_hosted(const Key& key, Visit visit) {
    const std::uint32_t number = number_of(key, hash_of(key));
    assert(number != FlatIndex::kNone);
    Entry& entry = entries_[number];
    if (entry.stored) return;
    if (entry.dirty != kClean) forget_dirty(entry);
    visit(std::as_const(entry.row).value());
  }
  /// As load, of an entry read with its host; an own row may follow.
  const Value& load_hosted(const Key& key, Value value) {
    const Value& loaded = load(key, std::move(value));
    entries_[number_of(key, hash_of(key))].stored = false;
    return loaded;
  }

  /// Drops a clean entry from memory that stays on disk; its hash keeps counting. Pre: it exists
  /// and is not dirty.
  void evict(const Key& key) {
    const std::uint32_t number = number_of(key, hash_of(key));
    assert(number != FlatIndex::kNone && entries_[number].dirty == kClean &&
           entries_[number].stored);
    remove(number);
  }
  /// Brings an evicted entry back from disk; the hash has it already. Pre: not is_erased(key).
  const Value& admit(const Key& key, Value value) {
    const auto [number, inserted] = place(key);
    if (inserted) take_stored(entries_[number], std::move(value));
    return entries_[number].row.value();
  }
  /// For a table whose clean entries are not resident: the hash of all of them, as it was saved.
  void set_hash(std::uint64_t hash) { hash_ = hash; }

  /// Visits what changed since the last call: `visit_changed(key, value)` and `visit_erased(key)`.
  template <class Changed, class Erased>
  void take_dirty(Changed visit_changed, Erased visit_erased) {
    for (const std::uint32_t number : dirty_) {
      Entry& entry = entries_[number];
      entry.dirty = kClean;
      entry.stored = true;
      visit_changed(entry.row.key(), std::as_const(entry.row).value());
    }
    // Not kept: after an import there would be room for every entry.
    dirty_ = {};
    for (const Key& key : erased_) visit_erased(key);
    erased_.clear();
  }

  bool is_dirty(const Key& key) const {
    const std::uint32_t number = number_of(key, hash_of(key));
    return number != FlatIndex::kNone && entries_[number].dirty != kClean;
  }

  /// True if the entry was erased and the disk does not know it yet.
  bool is_erased(const Key& key) const { return erased_.contains(key); }
  template <class Visit>
  void for_each_erased(Visit visit) const {
    for (const Key& key : erased_) visit(key);
  }
  /// An entry that the disk may have is to be deleted there. Pre: it is not in the table.
  void erase_stored(const Key& key) { erased_.insert(key); }

  template <class Visit>
  void for_each(Visit visit) const {
    for (std::uint32_t number = 0; number < entries_.end(); ++number) {
      const Entry& entry = entries_[number];
      if (entry.used) visit(entry.row.key(), entry.row.value());
    }
  }

  void reserve(std::size_t count) { index_.reserve(count); }
  std::size_t dirty_count() const { return dirty_.size() + erased_.size(); }
  std::uint64_t hash() const { return hash_; }
  std::size_t size() const { return index_.size(); }

private:
  static constexpr std::uint32_t kClean = 0xffffffffU;

  struct Entry {
    Keyed<Key, Value> row;
    std::uint64_t hash = 0;        // of this entry, so that a change hashes once
    std::uint32_t dirty = kClean;  // place in dirty_
    bool stored = false;           // the disk has (some version of) it
    bool used = false;
  };

  std::uint32_t number_of(const Key& key, std::uint64_t hash) const {
    return index_.find(hash,
                       [&](std::uint32_t number) { return entries_[number].row.key() == key; });
  }

  std::pair<std::uint32_t, bool> place(const Key& key) {
    const std::uint64_t hash = hash_of(key);
    const std::uint32_t known = number_of(key, hash);
    if (known != FlatIndex::kNone) return {known, false};
    const std::uint32_t number = entries_.add();
    entries_[number].used = true;
    entries_[number].row.set_key(key);
    index_.insert(hash, number);
    return {number, true};
  }

  void remove(std::uint32_t number) {
    index_.erase(hash_of(entries_[number].row.key()), number);
    entries_.remove(number);
  }

  std::uint64_t take_stored(Entry& entry, Value value) {
    entry.row.value() = std::move(value);
    entry.stored = true;
    entry.hash = hash_entry(entry.row.key(), std::as_const(entry.row).value());
    return entry.hash;
  }

  void changed(std::uint32_t number) {
    Entry& entry = entries_[number];
    const std::uint64_t now = hash_entry(entry.row.key(), std::as_const(entry.row).value());
    hash_ += now - entry.hash;
    entry.hash = now;
    if (entry.dirty != kClean) return;
    entry.dirty = static_cast<std::uint32_t>(dirty_.size());
    dirty_.push_back(number);
  }

  void forget_dirty(Entry& entry) {
    const std::uint32_t last = dirty_.back();
    dirty_[entry.dirty] = last;
    entries_[last].dirty = entry.dirty;
    entry.dirty = kClean;
    dirty_.pop_back();
  }

  FlatIndex index_;
  Slab<Entry> entries_;
  std::vector<std::uint32_t> dirty_;
  std::unordered_set<Key> erased_;
  std::uint64_t hash_ = 0;
};

}  // namespace souk::engine
