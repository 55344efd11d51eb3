#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace souk::engine {

/// Items that stay where they are, numbered 0, 1, 2, …; the numbers of removed ones are given out
/// again. Made in pages, so growing never copies and costs at most one page of room.
template <class Item>
class Slab {
public:
  std::uint32_t add() {
    if (!free_.empty()) {
      const std::uint32_t number = free_.back();
      free_.pop_back();
      return number;
    }
    if (end_ == pages_.size() * kPageItems) pages_.push_back(std::make_unique<Page>());
    return end_++;
  }
  void remove(std::uint32_t number) {
    (*this)[number] = Item{};
    free_.push_back(number);
  }

  Item& operator[](std::uint32_t number) {
    return (*pages_[number / kPageItems])[number % kPageItems];
  }
  const Item& operator[](std::uint32_t number) const {
    return (*pages_[number / kPageItems])[number % kPageItems];
  }
  /// One above the largest number ever given out; removed items in between are default-made.
  std::uint32_t end() const { return end_; }
  void clear() { pages_.clear(), free_.clear(), end_ = 0; }

private:
  static constexpr std::size_t kPageItems = 64;
  using Page = std::array<Item, kPageItems>;

  std::vector<std::unique_ptr<Page>> pages_;
  std::vector<std::uint32_t> free_;
  std::uint32_t end_ = 0;
};

}  // namespace souk::engine
