#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/change_book.hpp"
#include "bench/target.hpp"

namespace souk::bench {

/// A product whose price and stock the bench changes.
struct WatchedProduct {
  std::string id;
  std::uint32_t shard = 0;  // number of its catalog shard
  std::string currency;
  std::vector<std::string> skus;
  std::vector<std::string> fixed;  // per variant: the members of its JSON that stay, "sku":…,…
  std::string text;                // the other members of its JSON, a comma behind each
};

/// What the shop sells when a run begins, read from its list of products and not from a search.
struct Shop {
  std::vector<WatchedProduct> watched;                     // numbered as in the book
  std::unordered_map<std::string, std::uint32_t> numbers;  // of the watched ones by id
  std::vector<std::uint64_t> ids;   // hashes of the ids of all that are on sale
  std::vector<std::string> titles;  // some of them, to make queries of
};

/// Reads all products (`all`) or only as many as are watched: `watched` of them, evenly among the
/// first pages. Fills the book with their levels. Nobody else may change them from then on.
/// Throws std::runtime_error when there are none.
Shop read_shop(Caller& caller, std::size_t watched, bool all, ChangeBook& book);

/// What one answer shows of the watched products, noted in the book; how many hits it has. A part
/// of an answer that cannot be read counts as none.
struct SeenPage {
  bool readable = false;
  bool exact = false;
  std::vector<std::uint64_t> ids;  // hashes
  std::vector<std::int64_t> prices;
  std::string token;
  std::string cursor;
};
/// `levels`: hits carry price, availability and variants; without, only ids are read.
SeenPage read_page(std::string_view body, const Shop& shop, bool levels,
                   const std::optional<LevelFilter>& filter, ChangeBook& book);

}  // namespace souk::bench
