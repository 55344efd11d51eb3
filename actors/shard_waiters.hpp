#pragma once

#include <caf/typed_response_promise.hpp>
#include <utility>
#include <vector>

#include "actors/messages.hpp"

namespace souk::actors {

/// Reads that carry a token of a state this shard has not applied yet. Bounded.
template <class Request, class Answer>
class WaitingReads {
public:
  using Promise = caf::typed_response_promise<Answer>;
  static constexpr std::size_t kReadsMax = 4096;

  /// False if there are too many: the read is to be refused.
  bool add(Request request, Promise promise) {
    if (reads_.size() >= kReadsMax) return false;
    reads_.push_back({std::move(request), std::move(promise)});
    return true;
  }
  /// Answers what can be answered at `applied`, gives up what is past its deadline.
  template <class Read>
  void answer(engine::Position applied, Read read) {
    if (reads_.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(reads_, [&](Waiting& waiting) {
      if (waiting.request.at_least <= applied) {
        waiting.promise.deliver(read(waiting.request));
        return true;
      }
      if (waiting.request.deadline > now) return false;
      waiting.promise.deliver(Answer{engine::Error{engine::Errc::consistency_unreachable,
                                                   "the token's position is not reached"},
                                     applied});
      return true;
    });
  }
  /// A promise refers to the actor that made it: an actor that ends has to let go of its promises.
  void forget() { reads_.clear(); }

private:
  struct Waiting {
    Request request;
    Promise promise;
  };
  std::vector<Waiting> reads_;
};

/// Those who want to know when the state of a position is in its tables.
class SaveWaiters {
public:
  using Promise = caf::typed_response_promise<MaterialiseDone>;

  void add(Promise promise, engine::Position position) {
    waiters_.emplace_back(std::move(promise), position);
  }
  bool empty() const { return waiters_.empty(); }
  /// A save of the state at `position` ended. Whoever asked for a later one, while it ran, goes on
  /// waiting.
  void saved(const engine::Result<void>& result, engine::Position position) {
    std::erase_if(waiters_, [&](auto& waiter) {
      if (result && position < waiter.second) return false;
      waiter.first.deliver(MaterialiseDone{result, position});
      return true;
    });
  }
  /// As WaitingReads::forget().
  void forget() { waiters_.clear(); }

private:
  std::vector<std::pair<Promise, engine::Position>> waiters_;
};

}  // namespace souk::actors
