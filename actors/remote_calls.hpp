#pragma once

#include <caf/actor_control_block.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/messages.hpp"
#include "actors/remote_shard.hpp"
#include "storage/wire.hpp"

namespace souk::actors {

/// Answers of peers have come and wait in the inbox.
struct PeerAnswersArrived {};
/// It is time to ask somebody again.
struct RemoteRetry {};

/// What one remote shard has asked and not been told yet: who is asked, when again, when no more.
/// Belongs to one actor.
class RemoteCalls {
public:
  /// `payload`: of the answer, or why there is none. `in_doubt`: an earlier try may have been done,
  /// whatever the answer says.
  struct Outcome {
    engine::Result<std::string_view> payload;
    bool in_doubt = false;
  };
  struct Call {
    storage::WireKind kind = storage::WireKind::error;
    storage::WireKind answer = storage::WireKind::error;
    std::string payload;
    Deadline deadline;
    PeerClass urgency = PeerClass::data;
    bool write = false;  // holds a place in the queue
    bool repeatable = true;
    bool any_copy = false;  // a question that does not need the leader
    Believed believed{};
    std::function<void(Outcome)> done;
  };
  /// Of the actor: its clock, and messages to itself.
  struct Owner {
    std::function<Deadline()> now;
    std::function<void(std::chrono::milliseconds)> retry_in;
    caf::weak_actor_ptr address;
  };

  RemoteCalls(RemoteShardParts parts, Owner owner);
  ~RemoteCalls();

  void start(Call call);
  /// On PeerAnswersArrived and RemoteRetry.
  void on_answers();
  void on_retry();
  /// Answers everything.
  void end();
  std::size_t reads() const { return reads_; }

private:
  struct Pending {
    Call call;
    bool in_doubt = false;
    std::uint32_t tries = 0;
    const char* why = "";  // it is not answered yet
  };
  /// Where other threads leave answers.
  struct Inbox {
    std::mutex mutex;
    std::vector<std::pair<std::uint64_t, engine::Result<std::string>>> arrived;
    caf::weak_actor_ptr owner;

    void arrive(std::uint64_t id, engine::Result<std::string> answer);
  };

  void attempt(std::uint64_t id);
  engine::cluster::NodeId whom_to_ask(const Pending& pending, const ShardLeader& known) const;
  void answered(std::uint64_t id, const engine::Result<std::string>& answer);
  void refused(std::uint64_t id, const storage::Envelope& envelope, const engine::Error& error);
  void retry(std::uint64_t id, const char* why, bool at_once = false);
  void give_up(std::uint64_t id);
  void doubt(std::uint64_t id);
  void finish(std::uint64_t id, engine::Result<std::string_view> payload);

  const RemoteShardParts parts_;
  const Owner owner_;
  const std::shared_ptr<Inbox> inbox_;
  std::unordered_map<std::uint64_t, Pending> pending_;
  std::multimap<Deadline, std::uint64_t> waiting_;
  Deadline woken_at_ = Deadline::max();
  std::uint64_t last_id_ = 0;
  std::size_t reads_ = 0;
  std::minstd_rand random_;
};

/// What a sender may be told: an answer that says that nothing was done is none if an earlier try
/// may have been.
template <class T>
void admit_doubt(engine::Result<T>& reply, bool in_doubt) {
  using engine::Errc;
  if (!in_doubt || reply) return;
  const Errc code = reply.error().code;
  if (code == Errc::timed_out || code == Errc::overloaded || code == Errc::unavailable ||
      code == Errc::not_leader || code == Errc::disk_full) {
    reply = engine::Error{Errc::unknown_outcome,
                          "an earlier try was not answered; ask again with the same key",
                          {},
                          {}};
  }
}

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerAnswersArrived)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::RemoteRetry)
