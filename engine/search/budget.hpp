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
    taken_ += steps_;
    steps_ = 0;
    if (!spent_) spent_ = taken_ > budget_->steps_max || (budget_->expired && budget_->expired());
    return spent_;
  }
  bool spent() const { return spent_; }

private:
  static constexpr std::size_t kStepsPerLook = 4096;
  const SearchBudget* budget_;
  std::size_t steps_ = 0;    // since the last look
  std::uint64_t taken_ = 0;  // before it
  bool spent_ = false;
};

}  // namespace souk::engine
