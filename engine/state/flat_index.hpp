#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace souk::engine {

/// Finds numbers by hash: open addressing with linear probing over 8-byte slots, each a number and
/// the upper half of its key's hash. Keys live elsewhere; the caller tells whether a number's key
/// is the one it means, which is asked about one time per look-up, as halves rarely agree by
/// chance. The upper half, because shards and slots are cut from the lower one. At most 2^31
/// entries.
class FlatIndex {
public:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  /// The number under that hash for which `is_it(number)`, or kNone. O(1).
  template <class Predicate>
  std::uint32_t find(std::uint64_t hash, Predicate is_it) const {
    if (slots_.empty()) return kNone;
    const std::uint32_t tag = tag_of(hash);
    for (std::size_t at = home(tag); slots_[at].number != kNone; at = (at + 1) & mask()) {
      if (slots_[at].tag == tag && is_it(slots_[at].number)) return slots_[at].number;
    }
    return kNone;
  }

  /// Pre: the number is not there yet. Amortised O(1).
  void insert(std::uint64_t hash, std::uint32_t number) {
    if ((size_ + 1) * 8 > slots_.size() * 7) resize(slots_.empty() ? 16 : 2 * slots_.size());
    put({tag_of(hash), number});
    ++size_;
  }

  /// Pre: the number is there under that hash.
  void erase(std::uint64_t hash, std::uint32_t number) {
    std::size_t hole = home(tag_of(hash));
    while (slots_[hole].number != number) hole = (hole + 1) & mask();
    // Whatever follows moves up unless that would put it before its home: no gravestones.
    for (std::size_t at = (hole + 1) & mask(); slots_[at].number != kNone; at = (at + 1) & mask()) {
      const std::size_t from_home = (at - home(slots_[at].tag)) & mask();
      if (from_home < ((at - hole) & mask())) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = {};
    --size_;
  }

  void reserve(std::size_t count) {
    std::size_t slots = 16;
    while (count * 8 > slots * 7) slots *= 2;
    if (slots > slots_.size()) resize(slots);
  }
  void clear() { slots_.clear(), size_ = 0; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return slots_.size() * sizeof(Slot); }

private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t number = kNone;
  };

  static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32U);
  }
  std::size_t mask() const { return slots_.size() - 1; }
  /// The upper bits, so that entries keep their order when the table grows and growing is one pass.
  std::size_t home(std::uint32_t tag) const {
    return static_cast<std::size_t>(std::uint64_t{tag} * slots_.size() >> 32U);
  }

  void put(Slot slot) {
    std::size_t at = home(slot.tag);
    while (slots_[at].number != kNone) at = (at + 1) & mask();
    slots_[at] = slot;
  }

  void resize(std::size_t count) {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(count));
    for (const Slot& slot : old) {
      if (slot.number != kNone) put(slot);
    }
  }

  std::vector<Slot> slots_;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace souk::engine
