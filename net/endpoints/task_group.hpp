#pragma once

#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

#include "net/endpoints/pause.hpp"
#include "net/task.hpp"

namespace souk::net {

/// Coroutines side by side on the thread of their connection. What they refer to must live until
/// wait() is over; one that throws has ended.
class TaskGroup {
public:
  explicit TaskGroup(Executor executor)
      : executor_{executor},
        timer_{std::make_shared<Timer>(executor, std::chrono::steady_clock::time_point::max())} {}

  void add(Task<void> task) {
    ++*running_;
    boost::asio::co_spawn(executor_, std::move(task),
                          [running = running_, timer = timer_](const std::exception_ptr&) {
                            if (--*running == 0) timer->cancel();
                          });
  }
  /// Waits for all of them.
  Task<void> wait() {
    while (*running_ > 0) co_await timer_->async_wait(kTimerToken);
  }

private:
  Executor executor_;
  std::shared_ptr<std::size_t> running_ = std::make_shared<std::size_t>(0);
  std::shared_ptr<Timer> timer_;
};

}  // namespace souk::net
