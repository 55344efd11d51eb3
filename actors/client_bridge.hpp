#pragma once

#include <caf/actor_companion.hpp>
#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message_id.hpp>
#include <cassert>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/client.hpp"
#include "actors/error_mapping.hpp"
#include "actors/handles.hpp"

namespace souk::actors {

/// An actor without a mailbox or a thread of its own: whatever answers it is posted to the client's
/// thread. Everything but the arrival of replies happens on that thread, so only the arrivals are
/// locked. Replies that arrive before the thread gets to them share one post.
class ClientBridge {
public:
  ClientBridge(caf::actor_system& system, Client::Post post)
      : inbox_{std::make_shared<Inbox>(std::move(post))} {
    companion_ =
        caf::actor_cast<caf::strong_actor_ptr>(system.spawn<caf::actor_companion, caf::hidden>());
    companion()->on_enqueue([inbox = inbox_](caf::mailbox_element_ptr reply) {
      inbox->arrive(inbox, std::move(reply));
    });
  }
  ~ClientBridge() {
    companion()->on_enqueue(nullptr);
    companion()->cleanup(caf::exit_reason::normal, nullptr);
    inbox_->pending.clear();  // replies on their way find nobody
  }
  ClientBridge(const ClientBridge&) = delete;
  ClientBridge& operator=(const ClientBridge&) = delete;

  /// Asks `target`; `done(Answer&)` runs exactly once, on the client's thread, with the answer or
  /// Answer{Error}, unless the bridge is destroyed before.
  template <class Answer, class Handle, class Message, class Done>
  void call(const Handle& target, Message message, Deadline deadline, Done done) {
    const auto id = caf::make_message_id(++inbox_->last_id);
    inbox_->pending.emplace(
        id.response_id().integer_value(),
        Pending{deadline,
                [done = std::move(done)](caf::message* reply, const engine::Error* error) mutable {
                  if (error) {
                    Answer answer{*error};
                    done(answer);
                  } else if (reply->match_elements<Answer>()) {
                    done(reply->get_mutable_as<Answer>(0));
                  } else {
                    Answer answer{reply->match_elements<caf::error>()
                                      ? from_caf(reply->get_as<caf::error>(0))
                                      : engine::Error{engine::Errc::internal, "unexpected reply"}};
                    done(answer);
                  }
                }});
    target->enqueue(caf::make_mailbox_element(companion_, id, {}, std::move(message)), nullptr);
  }

  void sweep(std::chrono::steady_clock::time_point now) {
    std::vector<Complete> late;
    for (auto entry = inbox_->pending.begin(); entry != inbox_->pending.end();) {
      if (entry->second.deadline <= now) {
        late.push_back(std::move(entry->second.complete));
        entry = inbox_->pending.erase(entry);
      } else {
        ++entry;
      }
    }
    const engine::Error error{engine::Errc::timed_out, "no answer before the deadline"};
    for (Complete& complete : late) complete(nullptr, &error);
  }

  std::size_t in_flight() const { return inbox_->pending.size(); }

private:
  using Complete = std::function<void(caf::message*, const engine::Error*)>;
  struct Pending {
    Deadline deadline;
    Complete complete;
  };
  struct Inbox {
    explicit Inbox(Client::Post p) : post{std::move(p)} {}

    /// Any thread.
    void arrive(const std::shared_ptr<Inbox>& self, caf::mailbox_element_ptr reply) {
      {
        const std::lock_guard lock{mutex};
        arrived.push_back(std::move(reply));
        if (arrived.size() > 1) return;  // posted already
      }
      post([self] { self->deliver(); });
    }
    /// The client's thread.
    void deliver() {
      std::vector<caf::mailbox_element_ptr> replies;
      {
        const std::lock_guard lock{mutex};
        replies.swap(arrived);
      }
      for (caf::mailbox_element_ptr& reply : replies) {
        const auto found = pending.find(reply->mid.integer_value());
        if (found == pending.end()) continue;  // late: answered by the sweep
        Complete complete = std::move(found->second.complete);
        pending.erase(found);
        caf::message content = reply->move_content_to_message();
        complete(&content, nullptr);
      }
    }

    const Client::Post post;
    std::mutex mutex;
    std::vector<caf::mailbox_element_ptr> arrived;
    std::uint64_t last_id = 0;
    std::unordered_map<std::uint64_t, Pending> pending;
  };

  caf::actor_companion* companion() {
    return static_cast<caf::actor_companion*>(caf::actor_cast<caf::abstract_actor*>(companion_));
  }

  std::shared_ptr<Inbox> inbox_;
  caf::strong_actor_ptr companion_;
};

}  // namespace souk::actors
