#pragma once

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <deque>
#include <utility>

#include "actors/handles.hpp"
#include "actors/shard_replica.hpp"

namespace souk::test {

/// Stands for the replica of a shard that has no other copies: whatever is on this node's disk is
/// committed. Leads from the moment it meets the shard. As ShardReplica by actor_cast; a test can
/// send it Depose and Enthrone.
struct Depose {};
struct Enthrone {};

class LoneReplica final : public caf::event_based_actor {
public:
  LoneReplica(caf::actor_config& config, actors::PublicationPtr publication,
              actors::JournalWriter writer, engine::Position last)
      : caf::event_based_actor{config},
        publication_{std::move(publication)},
        writer_{std::move(writer)},
        last_{last} {}

  const char* name() const override { return "lone_replica"; }

private:
  caf::behavior make_behavior() override {
    set_default_handler(caf::drop);
    return {
        [this](actors::MeetShard& meeting) {
          shard_ = std::move(meeting.shard);
          lead();
        },
        [this](actors::ProposeRecords& propose) { on_propose(propose); },
        [this](const actors::Stored& stored) { on_stored(stored); },
        [this](const actors::JournalFailed& failure) { send(shard_, failure); },
        [this](const Depose&) {
          leads_ = false;
          publication_->open = false;
          publication_->lease_until = 0;
          send(shard_, actors::FollowShard{{engine::Errc::unavailable, "another leads"}});
        },
        [this](const Enthrone&) { lead_when_settled(); },
    };
  }

  void on_propose(actors::ProposeRecords& propose) {
    if (!leads_ || propose.records.front().epoch != epoch_) return;  // of an earlier leadership
    actors::WriteJournal write;
    write.ticket = ++ticket_;
    write.write.shard = publication_->shard;
    write.write.epoch = epoch_;
    write.write.records = propose.records;
    write.write.committed = publication_->committed;
    last_ = propose.records.back().position;
    for (auto& record : propose.records) waiting_.emplace_back(ticket_, std::move(record));
    send(writer_, std::move(write));
  }

  void on_stored(const actors::Stored& stored) {
    actors::RecordsCommitted news;
    while (!waiting_.empty() && waiting_.front().first <= stored.ticket) {
      news.records.push_back(std::move(waiting_.front().second));
      waiting_.pop_front();
    }
    if (news.records.empty()) return;
    publication_->stored = publication_->committed = news.records.back().position;
    send(shard_, std::move(news));
    if (waiting_.empty()) {  // nothing follows in which it could travel
      actors::WriteJournal write;
      write.ticket = ++ticket_;
      write.write.shard = publication_->shard;
      write.write.epoch = epoch_;
      write.write.committed = publication_->committed;
      send(writer_, std::move(write));
    }
    if (enthrone_) lead_when_settled();
  }

  void lead_when_settled() {
    enthrone_ = !waiting_.empty();
    if (!enthrone_ && !leads_) lead();
  }

  void lead() {
    leads_ = true;
    publication_->leadership = publication_->leadership + 1;
    publication_->lease_until = std::chrono::steady_clock::duration::max().count();
    publication_->open = true;
    send(shard_, actors::LeadShard{++epoch_, last_});
  }

  void on_exit() override {
    shard_ = nullptr;
    writer_ = nullptr;
  }

  const actors::PublicationPtr publication_;
  actors::JournalWriter writer_;
  actors::ReplicatedShard shard_;
  std::deque<std::pair<std::uint64_t, engine::cluster::Record>> waiting_;
  engine::Position last_ = 0;
  engine::Epoch epoch_ = 1;
  std::uint64_t ticket_ = 0;
  bool leads_ = false;
  bool enthrone_ = false;
};

/// A replica for a shard that was recovered up to `last`; the shard has to be introduced to it.
inline actors::ShardReplica spawn_lone_replica(caf::actor_system& system,
                                               actors::PublicationPtr publication,
                                               actors::JournalWriter writer,
                                               engine::Position last) {
  return caf::actor_cast<actors::ShardReplica>(
      system.spawn<LoneReplica>(std::move(publication), std::move(writer), last));
}

}  // namespace souk::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::test::Depose)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::test::Enthrone)
