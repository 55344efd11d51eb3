#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "engine/types/id.hpp"
#include "engine/types/shard.hpp"

namespace souk::actors {

/// Remembers in which slot the product of a SKU lives, so that a request finds its shard without
/// asking for the claim first. A cache of fixed size that may be wrong: entries are dropped when
/// room is needed, and a stale one is found out by the shard that answers unknown_sku or
/// wrong_shard; then forget() it and ask the claim shard again. Lock-free; any number of threads. 8
/// bytes per entry.
class SkuDirectory {
public:
  /// Room for at least `entries_max` SKUs, rounded up to a power of two.
  explicit SkuDirectory(std::size_t entries_max = 1U << 20U);

  /// The slot of the product that owns the SKU, as last learned.
  std::optional<engine::Slot> find(const engine::Sku& sku) const;
  void learn(const engine::Sku& sku, const engine::ProductId& product) {
    put(sku, engine::slot_of(product.str()));
  }
  void put(const engine::Sku& sku, engine::Slot slot);
  void forget(const engine::Sku& sku);

private:
  // A cell is 52 bits of the SKU's hash and 12 bits of slot in one word, so it is read and written
  // whole. Sets of eight cells fill a cache line. Two SKUs of equal 52 bits share a cell: the
  // shard's answer corrects that like any stale entry.
  static constexpr std::size_t kSetCells = 8;
  struct alignas(64) Set {
    std::array<std::atomic<std::uint64_t>, kSetCells> cells{};
  };

  Set& set_of(std::uint64_t hash) const;

  std::size_t set_mask_ = 0;
  std::unique_ptr<Set[]> sets_;
};

}  // namespace souk::actors
