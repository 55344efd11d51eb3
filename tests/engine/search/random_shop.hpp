#pragma once

#include <random>
#include <string>

#include "engine/catalog/product.hpp"
#include "engine/search/query.hpp"

/// Random products and queries over one small vocabulary, so that they meet often.
class RandomShop {
public:
  explicit RandomShop(std::uint32_t seed) : random_{seed} {}

  souk::engine::Product product();
  souk::engine::Query query();
  /// Makes it one that groups its hits.
  void group(souk::engine::Query& query);
  std::string filter(int depth = 0);
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random_);
  }
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
  std::string id() { return "p-" + std::to_string(below(300)); }

private:
  std::string word();
  std::string words(std::size_t most);
  template <class List>
  std::string one_of(const List& list) {
    return std::string{list[below(std::size(list))]};
  }

  std::mt19937 random_;
};
