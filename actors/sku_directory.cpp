#include "actors/sku_directory.hpp"

#include <bit>

namespace souk::actors {

namespace {

constexpr std::uint64_t kSlotMask = engine::kSlotCount - 1;
static_assert(std::has_single_bit(engine::kSlotCount) && engine::kSlotCount <= 4096);

// An empty cell is 0, so no tag may be 0.
constexpr std::uint64_t tag_of(std::uint64_t hash) {
  const std::uint64_t tag = hash & ~kSlotMask;
  return tag == 0 ? engine::kSlotCount : tag;
}

}  // namespace

SkuDirectory::SkuDirectory(std::size_t entries_max) {
  const std::size_t sets = std::bit_ceil((entries_max + kSetCells - 1) / kSetCells);
  set_mask_ = sets - 1;
  sets_ = std::make_unique<Set[]>(sets);
}

SkuDirectory::Set& SkuDirectory::set_of(std::uint64_t hash) const {
  // The low bits are not part of the tag; mixed with high ones they spread over more than 4,096
  // sets.
  return sets_[(hash ^ (hash >> 32U)) & set_mask_];
}

std::optional<engine::Slot> SkuDirectory::find(const engine::Sku& sku) const {
  const std::uint64_t hash = engine::hash_key(sku.str());
  const std::uint64_t tag = tag_of(hash);
  for (const auto& cell : set_of(hash).cells) {
    const std::uint64_t word = cell.load(std::memory_order_relaxed);
    if ((word & ~kSlotMask) == tag) return static_cast<engine::Slot>(word & kSlotMask);
  }
  return std::nullopt;
}

void SkuDirectory::put(const engine::Sku& sku, engine::Slot slot) {
  const std::uint64_t hash = engine::hash_key(sku.str());
  const std::uint64_t tag = tag_of(hash);
  auto& cells = set_of(hash).cells;
  std::atomic<std::uint64_t>* place = nullptr;
  for (auto& cell : cells) {
    const std::uint64_t word = cell.load(std::memory_order_relaxed);
    if ((word & ~kSlotMask) == tag) {
      place = &cell;
      break;
    }
    if (word == 0 && place == nullptr) place = &cell;
  }
  // A full set gives up a cell chosen by bits of the newcomer's hash: cheap and good enough for a
  // cache.
  if (place == nullptr) place = &cells[(hash >> 61U) % kSetCells];
  place->store(tag | slot, std::memory_order_relaxed);
}

void SkuDirectory::forget(const engine::Sku& sku) {
  const std::uint64_t hash = engine::hash_key(sku.str());
  const std::uint64_t tag = tag_of(hash);
  for (auto& cell : set_of(hash).cells) {
    std::uint64_t word = cell.load(std::memory_order_relaxed);
    if ((word & ~kSlotMask) == tag)
      cell.compare_exchange_strong(word, 0, std::memory_order_relaxed);
  }
}

}  // namespace souk::actors
