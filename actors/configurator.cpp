#include "actors/configurator.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

#include "storage/cluster_facts.hpp"

namespace souk::actors {
namespace {

using engine::Errc;
namespace cluster = engine::cluster;

constexpr std::chrono::milliseconds kPatience{1000};

using ConfigurationListener =
    caf::typed_actor<caf::reacts_to<ConfigurationSeen>, caf::reacts_to<ConfigurationUnread>,
                     caf::reacts_to<ConfigurationChanged>>;
using ChunkListener = caf::typed_actor<caf::reacts_to<JournalChunk>>;

class ConfiguratorActor final : public Configurator::base {
public:
  ConfiguratorActor(caf::actor_config& config, std::shared_ptr<storage::Coordinator> coordinator)
      : Configurator::base{config}, coordinator_{std::move(coordinator)} {}

  const char* name() const override { return "configurator"; }

private:
  behavior_type make_behavior() override {
    return {
        [this](const ReadConfiguration& request) { on_read(request.shard); },
        [this](const ChangeConfiguration& request) { on_change(request); },
    };
  }

  void on_read(engine::ShardId shard) {
    const auto asker = caf::actor_cast<ConfigurationListener>(current_sender());
    const auto until = std::chrono::steady_clock::now() + kPatience;
    auto read = storage::find_configuration(*coordinator_, shard, until);
    if (read && *read) {
      send(asker, ConfigurationSeen{std::move(**read)});
    } else {
      send(asker, ConfigurationUnread{});
    }
  }

  void on_change(const ChangeConfiguration& request) {
    const auto asker = caf::actor_cast<ConfigurationListener>(current_sender());
    const auto until = std::chrono::steady_clock::now() + kPatience;
    const auto changed = storage::replace_configuration(
        *coordinator_, request.change.expected_revision, request.change.to, until);
    ConfigurationChanged answer;
    if (changed) {
      answer.outcome = {cluster::CasOutcome::succeeded, *changed};
    } else if (changed.error().code == Errc::version_mismatch) {
      answer.outcome = {cluster::CasOutcome::lost, 0};
    } else {
      answer.outcome = {cluster::CasOutcome::unknown, 0};
    }
    send(asker, answer);
  }

  const std::shared_ptr<storage::Coordinator> coordinator_;
};

class JournalReaderActor final : public JournalReader::base {
public:
  JournalReaderActor(caf::actor_config& config, const storage::Journal& journal, HealthPtr health)
      : JournalReader::base{config}, journal_{journal}, health_{std::move(health)} {}

  const char* name() const override { return "journal_reader"; }

private:
  behavior_type make_behavior() override {
    return {[this](const ReadRecords& request) { on_read(request); }};
  }

  void on_read(const ReadRecords& request) {
    const auto asker = caf::actor_cast<ChunkListener>(current_sender());
    cluster::JournalRead read;
    read.peer = request.wanted.peer;
    read.epoch = request.wanted.epoch;
    auto part = journal_.read_from(request.shard, request.wanted.from, request.wanted.bytes);
    if (!part) {
      health_->fail(request.shard.name() + ": " +
                    part.error().detail);  // damaged: this copy must not go on
      return;
    }
    read.trimmed = part->trimmed;
    read.prev = part->prev;
    read.records = std::move(part->records);
    send(asker, JournalChunk{std::move(read)});
  }

  const storage::Journal& journal_;
  const HealthPtr health_;
};

}  // namespace

Configurator spawn_configurator(caf::actor_system& system,
                                std::shared_ptr<storage::Coordinator> coordinator,
                                Placement placement) {
  if (placement == Placement::detached) {
    return system.spawn<ConfiguratorActor, caf::detached>(std::move(coordinator));
  }
  return system.spawn<ConfiguratorActor>(std::move(coordinator));
}

JournalReader spawn_journal_reader(caf::actor_system& system, const storage::Journal& journal,
                                   HealthPtr health, Placement placement) {
  if (placement == Placement::detached) {
    return system.spawn<JournalReaderActor, caf::detached>(std::cref(journal), std::move(health));
  }
  return system.spawn<JournalReaderActor>(std::cref(journal), std::move(health));
}

}  // namespace souk::actors
