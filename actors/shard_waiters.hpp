#pragma once

#include <caf/actor_cast.hpp>
#include <caf/typed_response_promise.hpp>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "actors/messages.hpp"
#include "actors/shard_publication.hpp"

namespace souk::actors {

/// Whom a command's answer goes to: the sender of a request, of a batch (then by serial), or nobody
/// (a command of the shard itself).
template <class Answer>
struct AnswerTo {
  std::optional<caf::typed_response_promise<Answer>> promise{};
  caf::strong_actor_ptr asker{};
  std::uint64_t serial = 0;

  bool somebody() const { return promise || asker; }
};

/// Answers to commands that came in batches: what is given within one message's handling goes out
/// as one message to each asker.
template <class Asker, class Answers>
class AnswerBatches {
public:
  void add(const caf::strong_actor_ptr& asker, std::uint64_t serial,
           typename Answers::Answer answer) {
    for (auto& batch : batches_) {
      if (batch.first == asker) {
        batch.second.items.push_back({serial, std::move(answer)});
        return;
      }
    }
    batches_.emplace_back(asker, Answers{}).second.items.push_back({serial, std::move(answer)});
  }
  template <class Self>
  void send(Self* self) {
    for (auto& [asker, answers] : batches_) {
      self->send(caf::actor_cast<Asker>(asker), std::move(answers));
    }
    batches_.clear();
  }

private:
  std::vector<std::pair<caf::strong_actor_ptr, Answers>> batches_;
};

/// Whether what this shard reads now is the newest there is: no other node can have led it since.
/// Ask before and after reading; the process may have slept in between.
struct ReadPermit {
  std::uint64_t leadership = 0;

  static ReadPermit of(const ShardPublication& shard) { return {shard.leadership}; }
  bool holds(const ShardPublication& shard, Deadline now) const {
    return shard.leadership == leadership && now.time_since_epoch().count() < shard.lease_until;
  }
};

/// Reads that carry a token of a state this shard has not applied yet, or that wait until this node
/// may answer them again. Bounded.
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
  bool empty() const { return reads_.empty(); }
  /// Answers what can be answered at `applied`, gives up what is past its deadline. `read` gives
  /// nothing where it may not answer now.
  template <class Read>
  void answer(engine::Position applied, Read read) {
    if (reads_.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(reads_, [&](Waiting& waiting) {
      if (waiting.request.at_least <= applied) {
        if (std::optional<Answer> answer = read(waiting.request)) {
          waiting.promise.deliver(std::move(*answer));
          return true;
        }
      }
      if (waiting.request.deadline > now) return false;
      waiting.promise.deliver(
          Answer{waiting.request.at_least > applied
                     ? engine::Error{engine::Errc::consistency_unreachable,
                                     "the token's position is not reached"}
                     : engine::Error{engine::Errc::unavailable,
                                     "nobody is known to lead the shard at this moment"},
                 applied});
      return true;
    });
  }
  /// Gives those to another who answers them.
  template <class PassOn>
  void pass_on(PassOn pass_on) {
    for (Waiting& waiting : std::exchange(reads_, {}))
      pass_on(std::move(waiting.request), std::move(waiting.promise));
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

/// Who wants the shard split, until that is applied.
class ForkWaiters {
public:
  using Promise = caf::typed_response_promise<ShardForked>;

  void add(const engine::ForkSlots& fork, Promise promise) {
    waiters_.push_back({fork, std::move(promise), std::nullopt});
  }
  bool undecided() const {
    return !waiters_.empty() && !waiters_.back().answer_at;  // they are decided in order
  }
  /// `decide(fork)` gives the refusal or the position at which it is done; nothing: not now.
  template <class Decide>
  void decide(Decide decide) {
    for (Waiter& waiter : waiters_) {
      if (waiter.answer_at) continue;
      const std::optional<engine::Result<engine::Position>> decided = decide(waiter.fork);
      if (!decided) return;
      if (!*decided) waiter.result = decided->error();
      waiter.answer_at = *decided ? **decided : 0;
    }
  }
  void applied(engine::Position position) {
    std::erase_if(waiters_, [&](Waiter& waiter) {
      if (!waiter.answer_at || *waiter.answer_at > position) return false;
      waiter.promise.deliver(ShardForked{waiter.result});
      return true;
    });
  }
  void give_up(const engine::Error& why) {
    for (Waiter& waiter : std::exchange(waiters_, {})) waiter.promise.deliver(ShardForked{why});
  }
  /// As WaitingReads::forget().
  void forget() { waiters_.clear(); }

private:
  struct Waiter {
    engine::ForkSlots fork;
    Promise promise;
    std::optional<engine::Position> answer_at;
    engine::Result<void> result{};
  };
  std::vector<Waiter> waiters_;
};

/// Whether a shard that owns `owned` is the one its asker took it for.
inline bool misbelieved(const engine::SlotOwnership& owned, const Believed& believed) {
  return believed && owned.range && !owned.range->contains(*believed);
}

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
