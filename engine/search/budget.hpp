#pragma once

#include <cstddef>

#include "engine/search/search.hpp"

namespace souk::engine {

/// Asks a SearchBudget every few thousand steps; once it is spent it stays spent.
class BudgetClock {
public:
  explicit BudgetClock(const SearchBudget& budget) : budget_{&budget} {}

  /// Counts `steps` of work; true when the search must stop.
  bool spend(std::size_t steps) {
    steps_ += steps;
    if (steps_ < kStepsPerLook) return spent_;
    steps_ = 0;
    if (!spent_ && budget_->expired) spent_ = budget_->expired();
    return spent_;
  }
  bool spent() const { return spent_; }

private:
  static constexpr std::size_t kStepsPerLook = 4096;
  const SearchBudget* budget_;
  std::size_t steps_ = 0;
  bool spent_ = false;
};

}  // namespace souk::engine
