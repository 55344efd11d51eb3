#pragma once

#include <cstddef>

#include "engine/search/search.hpp"

namespace souk::engine {

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

private:
  static constexpr std::size_t kStepsPerLook = 4096;
  const SearchBudget* budget_;
  std::uint64_t most_;
  std::size_t steps_ = 0;    // since the last look
  std::uint64_t taken_ = 0;  // before it
  bool spent_ = false;
};

}  // namespace souk::engine
