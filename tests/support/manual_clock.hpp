#pragma once

#include "actors/clock.hpp"

namespace souk::test {

/// Time stands still until a test moves it.
class ManualClock final : public actors::Clock {
public:
  engine::Timestamp now() const override { return now_; }
  void advance(engine::Duration by) { now_ = now_ + by; }

private:
  engine::Timestamp now_{1'700'000'000'000'000};
};

}  // namespace souk::test
