#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "net/task.hpp"

namespace souk::net {

using Timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

/// A wait ended early is no exception. Made once: g++ 12 damages the frame of a coroutine that has
/// braces in what it awaits.
inline constexpr boost::asio::as_tuple_t<boost::asio::use_awaitable_t<Executor>> kTimerToken{};

/// Waits without keeping anybody else from running.
inline Task<void> pause(std::chrono::milliseconds time) {
  Timer timer{co_await boost::asio::this_coro::executor, time};
  co_await timer.async_wait(kTimerToken);
}

}  // namespace souk::net
