#include "actors/clock.hpp"

#include <atomic>
#include <chrono>

namespace souk::actors {
namespace {

class SystemClock final : public Clock {
public:
  engine::Timestamp now() const override {
    using std::chrono::duration_cast;
    const std::int64_t wall = duration_cast<std::chrono::microseconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count();
    // A clock that was set back must not make a later command look earlier: hold the highest time
    // seen.
    std::int64_t seen = latest_.load(std::memory_order_relaxed);
    while (wall > seen && !latest_.compare_exchange_weak(seen, wall, std::memory_order_relaxed)) {
    }
    return engine::Timestamp{std::max(wall, seen)};
  }

private:
  mutable std::atomic<std::int64_t> latest_{0};
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace souk::actors
