#include "actors/journal_writer.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <unordered_map>

#include "actors/failpoint.hpp"

namespace souk::actors {
namespace {

struct SyncWaiting {};

}  // namespace
}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SyncWaiting)

namespace souk::actors {
namespace {

using StoredListener = caf::typed_actor<caf::reacts_to<Stored>, caf::reacts_to<JournalFailed>>;
using Interface = JournalWriter::extend<caf::reacts_to<SyncWaiting>>;

class JournalWriterActor final : public Interface::base {
public:
  JournalWriterActor(caf::actor_config& config, JournalWriterParts parts)
      : Interface::base{config}, parts_{std::move(parts)} {}

  const char* name() const override { return "journal_writer"; }

private:
  behavior_type make_behavior() override {
    return {
        [this](WriteJournal& request) { on_write(request); },
        [this](const SyncWaiting&) { on_sync(); },
    };
  }

  void on_write(WriteJournal& request) {
    const auto asker = caf::actor_cast<StoredListener>(current_sender());
    if (failure_) {
      send(asker, JournalFailed{*failure_});
      return;
    }
    if (writes_.empty()) send(this, SyncWaiting{});  // lands behind every record that waits already
    for (const auto& record : request.write.records) bytes_ += record.size();
    records_ += request.write.records.size();
    Waiting& waiting = askers_[request.write.shard];
    waiting.actor = asker;
    waiting.ticket = request.ticket;
    writes_.push_back(std::move(request.write));
    if (bytes_ >= parts_.batch_bytes_max) on_sync();
  }

  void on_sync() {
    if (writes_.empty()) return;  // written already, because the batch was full
    failpoint("journal.before_sync");
    const auto begin = std::chrono::steady_clock::now();
    const auto written = parts_.journal->write(writes_, parts_.durability);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    if (parts_.metrics) parts_.metrics->synced(records_, bytes_, taken.count());
    if (!written) {
      failure_ = written.error();
      parts_.health->fail("the journal cannot be written: " + failure_->detail);
    }
    for (auto& [id, waiting] : askers_) {
      if (written) {
        send(waiting.actor, Stored{waiting.ticket});
      } else {
        send(waiting.actor, JournalFailed{*failure_});
      }
    }
    writes_.clear();
    askers_.clear();
    bytes_ = 0;
    records_ = 0;
  }

  struct Waiting {
    StoredListener actor;
    std::uint64_t ticket = 0;
  };
  JournalWriterParts parts_;
  std::vector<storage::JournalWrite> writes_;
  std::unordered_map<engine::ShardId, Waiting> askers_;
  std::size_t bytes_ = 0;
  std::size_t records_ = 0;
  std::optional<engine::Error> failure_;
};

}  // namespace

JournalWriter spawn_journal_writer(caf::actor_system& system, JournalWriterParts parts,
                                   Placement placement) {
  if (placement == Placement::detached) {
    return system.spawn<JournalWriterActor, caf::detached>(std::move(parts));
  }
  return system.spawn<JournalWriterActor>(std::move(parts));
}

}  // namespace souk::actors
