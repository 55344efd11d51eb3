#pragma once

#include <caf/actor_system.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <cstdint>
#include <functional>
#include <random>
#include <utility>

#include "actors/registration.hpp"

namespace souk::test {

/// An actor system without threads. A seeded generator chooses who runs next; time moves only when
/// nobody can run. The same seed gives the same run.
class SeededScheduler {
public:
  explicit SeededScheduler(std::uint64_t seed) : random_{seed} {
    config_.set_testing();
    system_ = std::make_unique<caf::actor_system>(config_);
    jobs_ = dynamic_cast<caf::scheduler::test_coordinator*>(&system_->scheduler());
  }
  ~SeededScheduler() { settle(); }
  SeededScheduler(const SeededScheduler&) = delete;
  SeededScheduler& operator=(const SeededScheduler&) = delete;

  caf::actor_system& system() { return *system_; }
  std::mt19937_64& random() { return random_; }

  /// Runs one actor, or lets time pass. False if nothing is left to do.
  bool step() {
    if (jobs_->has_job()) {
      std::swap(jobs_->jobs.front(), jobs_->jobs[random_() % jobs_->jobs.size()]);
      jobs_->run_once();
      return true;
    }
    return jobs_->has_pending_timeout() && jobs_->trigger_timeout();
  }
  /// Steps until `done`; false if that took more than `steps_max`.
  bool run_until(const std::function<bool()>& done, std::size_t steps_max = 1'000'000) {
    for (std::size_t i = 0; i < steps_max; ++i) {
      if (done()) return true;
      if (!step()) return done();
    }
    return false;
  }
  /// Runs everybody who can run now; time stands still.
  void settle() {
    while (jobs_->has_job()) jobs_->run_once();
  }

private:
  actors::SystemConfig config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* jobs_ = nullptr;
  std::mt19937_64 random_;
};

}  // namespace souk::test
