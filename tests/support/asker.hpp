#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "actors/client.hpp"
#include "actors/node.hpp"

namespace souk::test {

/// A client whose thread is the one that asks: ask() runs its tasks until the answer is there.
class Asker {
public:
  explicit Asker(actors::Node& node)
      : client_{node, [this](actors::Client::Task task) {
                  const std::lock_guard lock{mutex_};
                  tasks_.push_back(std::move(task));
                  ready_.notify_one();
                }} {}

  actors::Client& client() { return client_; }
  actors::RequestContext context(std::chrono::milliseconds limit = std::chrono::seconds{20}) const {
    return {std::chrono::steady_clock::now() + limit, token_, "req_test"};
  }

  /// `call(client, context, callback)` starts the request. The token of every answer is kept and
  /// sent with the next.
  template <class T, class Call>
  actors::Reply<T> ask(Call call) {
    std::optional<actors::Reply<T>> answer;
    call(client_, context(), [&](actors::Reply<T> reply) { answer = std::move(reply); });
    run_until([&] { return answer.has_value(); });
    token_.merge(answer->token);
    return std::move(*answer);
  }

  template <class Done>
  void run_until(Done done) {
    while (!done()) {
      std::deque<actors::Client::Task> tasks;
      {
        std::unique_lock lock{mutex_};
        ready_.wait_for(lock, std::chrono::milliseconds{10}, [&] { return !tasks_.empty(); });
        tasks.swap(tasks_);
      }
      for (actors::Client::Task& task : tasks) task();
      client_.sweep(std::chrono::steady_clock::now());
    }
  }

private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<actors::Client::Task> tasks_;
  engine::ConsistencyToken token_;
  actors::Client client_;
};

}  // namespace souk::test
