#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "actors/client.hpp"
#include "net/request_scope.hpp"
#include "net/task.hpp"

namespace souk::net {

namespace detail {

/// Keeps a move-only completion handler where a copyable std::function can reach it.
template <class T, class Handler>
struct PendingReply {
  explicit PendingReply(Handler&& h) : handler{std::move(h)} {}
  std::optional<Handler> handler;

  void complete(actors::Reply<T> reply) {
    if (!handler) return;
    auto ready = std::move(*handler);
    handler.reset();
    std::move(ready)(std::move(reply));
  }
};

}  // namespace detail

/// Waits for one answer of an actors::Client: `start` gets the callback and makes the call.
///
///     auto reply = co_await await_reply<engine::ProductView>(
///         [&](auto callback) { client.get_product(context, id, std::move(callback)); });
///
/// Resumes on the coroutine's own thread: the client posts its callbacks there.
template <class T, class Start>
Task<actors::Reply<T>> await_reply(Start start) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>,
                                                 void(actors::Reply<T>)>(
      [&start, executor](auto handler) {
        using Pending = detail::PendingReply<T, decltype(handler)>;
        auto pending = std::make_shared<Pending>(std::move(handler));
        auto started = std::make_shared<bool>(false);
        start(actors::Callback<T>{[pending, started, executor](actors::Reply<T> reply) {
          if (*started) return pending->complete(std::move(reply));
          // Answered within the call: a coroutine must not be resumed before it is suspended.
          boost::asio::post(executor, [pending, reply = std::move(reply)]() mutable {
            pending->complete(std::move(reply));
          });
        }});
        *started = true;
      },
      boost::asio::use_awaitable_t<Executor>{});
}

/// The same, and notes in the scope what the reply touched (Consistency-Token,
/// Idempotency-Replayed).
///
///     auto product = co_await await_reply<engine::ProductView>(
///         scope, [&](auto callback) { scope.client.get_product(scope.context, id,
///         std::move(callback)); });
///     if (!product) co_return problem(scope, product.error());
template <class T, class Start>
Task<engine::Result<T>> await_reply(RequestScope& scope, Start start) {
  auto reply = co_await await_reply<T>(std::move(start));
  scope.saw(reply);
  co_return std::move(reply.result);
}

}  // namespace souk::net
