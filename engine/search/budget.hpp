#pragma once

#include <algorithm>
#include <cstddef>

#include "engine/search/search.hpp"

namespace souk::engine {

/// What it takes, in steps of about 2.5 ns, where it is more than one. Measured with
/// bench/hostile.py: what is dear has to be paid for, or a query of nothing else takes too long.
inline constexpr std::uint32_t kScoreSteps = 2;   // reading a posting, with its score
inline constexpr std::uint32_t kLookUpSteps = 6;  // looking a document up in a list, with its score
inline constexpr std::uint32_t kTokenSteps = 16;  // of a token in a window, and of its dictionaries
inline constexpr std::uint32_t kTermSteps = 2;    // finding a word among twice as many
inline constexpr std::uint32_t kHitSteps = 6;     // whether a product is seen and filtered
inline constexpr std::uint32_t kMarkSteps = 5;    // noting a posting with its product
inline constexpr std::uint32_t kWordTrieSteps = 5;    // looking at a character of the words known
inline constexpr std::uint32_t kInsertSteps = 40;     // taking a product among the best so far
inline constexpr std::uint32_t kKeptSteps = 100;      // keeping it in order until the end
inline constexpr std::uint32_t kShownSteps = 20'000;  // reading a hit of the page, highlighting it

/// Asks a SearchBudget every few thousand steps; once it is spent it stays spent.
class BudgetClock {
public:
  /// `products`: that the search may come by (products_in).
  BudgetClock(const SearchBudget& budget, std::uint64_t products)
      : budget_{&budget},
        most_{budget.steps_max.value_or(kSearchSteps + kSearchStepsPerProduct * products)} {}

  /// Counts `steps` of work; true when the search must stop.
  bool spend(std::size_t steps) {
    steps_ += steps;
    if (steps_ < kStepsPerLook) return spent_;
    taken_ += steps_;
    steps_ = 0;
    if (!spent_) spent_ = taken_ > most_ || (budget_->expired && budget_->expired());
    return spent_;
  }
  bool spent() const { return spent_; }
  std::uint64_t taken() const { return taken_ + steps_; }
  std::uint64_t most() const { return most_; }

private:
  static constexpr std::size_t kStepsPerLook = 4096;
  const SearchBudget* budget_;
  std::uint64_t most_;
  std::size_t steps_ = 0;    // since the last look
  std::uint64_t taken_ = 0;  // before it
  bool spent_ = false;
};

/// Looking for spellings must leave time to look for what they are of; with few products it may
/// take longer than that.
inline std::uint64_t spelling_steps(const SearchBudget& budget, std::uint64_t products) {
  const std::uint64_t half = BudgetClock{budget, products}.most() / 2;
  return budget.steps_max ? half : std::max(half, kSearchSteps);
}

}  // namespace souk::engine
