#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/types/id.hpp"

namespace souk::engine {

/// Where the live document of each product is: 16 bytes per product in one flat table, ids are not
/// kept. The caller tells by a predicate whether a place holds the id it means.
class ProductLocations {
public:
  struct Place {
    std::uint32_t segment = 0;
    std::uint32_t doc = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };

  /// The first place under that id for which `is_it(place)`; null without one. Valid until the next
  /// insert().
  template <class Predicate>
  Place* find(std::string_view id, Predicate is_it) {
    if (slots_.empty()) return nullptr;
    const std::uint64_t hash = hash_key(id) | 1U;
    for (std::size_t at = hash >> 8U & mask(); slots_[at].hash != kFree; at = (at + 1) & mask()) {
      if (slots_[at].hash == hash && is_it(slots_[at].place)) return &slots_[at].place;
    }
    return nullptr;
  }

  void insert(std::string_view id, Place place) {
    if ((used_ + 1) * 4 > slots_.size() * 3) grow();
    put(hash_key(id) | 1U, place);
    ++used_;
    ++size_;
  }

  template <class Predicate>
  void erase(std::string_view id, Predicate is_it) {
    Place* place = find(id, is_it);
    if (place == nullptr) return;
    // Slot and place are one object: the hash stands right before the place.
    for (std::size_t at = (hash_key(id) | 1U) >> 8U & mask();; at = (at + 1) & mask()) {
      if (&slots_[at].place != place) continue;
      slots_[at].hash = kErased;
      break;
    }
    --size_;
  }

  std::size_t bytes() const { return slots_.size() * sizeof(Slot); }

private:
  static constexpr std::uint64_t kFree = 0;
  static constexpr std::uint64_t kErased = 2;  // hashes are odd
  struct Slot {
    std::uint64_t hash = kFree;
    Place place;
  };
  std::size_t mask() const { return slots_.size() - 1; }

  void put(std::uint64_t hash, Place place) {
    std::size_t at = hash >> 8U & mask();
    while (slots_[at].hash != kFree) at = (at + 1) & mask();
    slots_[at] = {hash, place};
  }

  void grow() {
    std::vector<Slot> old = std::move(slots_);
    std::size_t capacity = 64;
    while (capacity < size_ * 2 + 2) capacity *= 2;
    slots_.assign(capacity, {});
    used_ = size_;
    for (const Slot& slot : old) {
      if (slot.hash != kFree && slot.hash != kErased) put(slot.hash, slot.place);
    }
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;  // with erased ones
  std::size_t size_ = 0;
};

}  // namespace souk::engine
