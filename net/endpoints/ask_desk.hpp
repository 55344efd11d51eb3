#pragma once

#include <memory>
#include <utility>
#include <variant>

#include "actors/operator_view.hpp"
#include "actors/node.hpp"
#include "net/endpoints/operations.hpp"
#include "net/endpoints/pause.hpp"
#include "net/request_scope.hpp"

namespace souk::net {

/// Asks the desk of the cluster. Pre: View is what the question is answered with. Errors: those of
/// the desk; unavailable while the node starts, timed_out.
template <class View>
Task<engine::Result<View>> ask_desk(RequestScope& scope, const Operations& operations,
                                    actors::DeskQuestion question) {
  auto* node = operations.node.load();
  if (node == nullptr) co_return engine::Error{engine::Errc::unavailable, "starting", {}, {}};
  const auto ticket = node->ask_desk(question);
  // Operators are few: looking again now and then costs less than a way back to this thread.
  for (;;) {
    if (auto reply = ticket->take()) {
      if (!*reply) co_return reply->error();
      co_return std::get<View>(std::move(*reply).value());
    }
    if (std::chrono::steady_clock::now() >= scope.context.deadline) {
      co_return engine::Error{
          engine::Errc::timed_out, "the coordinator did not answer in time", {}, {}};
    }
    co_await pause(std::chrono::milliseconds{3});
  }
}

}  // namespace souk::net
