#include <doctest/doctest.h>

#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/configurator.hpp"
#include "actors/registration.hpp"
#include "actors/replica_actor.hpp"
#include "storage/cluster_facts.hpp"
#include "storage/coordinator_store.hpp"
#include "storage/record.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/temporary_folder.hpp"
#include "tests/support/eventually.hpp"

namespace souk::test {
namespace {

using namespace souk::actors;
namespace cluster = engine::cluster;
using cluster::NodeId;
using engine::Position;
using namespace std::chrono_literals;

constexpr engine::ShardId kShard{engine::Service::catalog, 0};

/// What the test sees of one node's shard.
struct Seen {
  std::mutex mutex;
  std::vector<std::string> committed;
  std::optional<LeadShard> leads;
  int led = 0;
  int followed = 0;
};

struct ProposeText {
  std::string text;
};

}  // namespace
}  // namespace souk::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::test::ProposeText)

namespace souk::test {
namespace {

using FakeSelf = ReplicatedShard::extend<caf::reacts_to<ProposeText>>;

/// A shard whose state is the list of what was committed.
class FakeShard final : public FakeSelf::base {
public:
  FakeShard(caf::actor_config& config, std::shared_ptr<Seen> seen, ShardReplica log)
      : FakeSelf::base{config}, seen_{std::move(seen)}, log_{std::move(log)} {}
  void on_exit() override { log_ = nullptr; }

private:
  behavior_type make_behavior() override {
    return {
        [this](const LeadShard& lead) {
          const std::lock_guard lock{seen_->mutex};
          CHECK(seen_->committed.size() == lead.last);
          seen_->leads = lead;
          ++seen_->led;
          next_ = lead.last + 1;
        },
        [this](const FollowShard&) {
          const std::lock_guard lock{seen_->mutex};
          seen_->leads.reset();
          ++seen_->followed;
        },
        [this](const RecordsCommitted& news) {
          const std::lock_guard lock{seen_->mutex};
          for (const auto& record : news.records) {
            CHECK(record.position == seen_->committed.size() + 1);
            seen_->committed.push_back(*record.payload);
          }
        },
        [](const JournalFailed&) { FAIL("the journal failed"); },
        [this](const ProposeText& wanted) {
          std::optional<LeadShard> leads;
          {
            const std::lock_guard lock{seen_->mutex};
            leads = seen_->leads;
          }
          if (!leads) return;
          auto payload = std::make_shared<const std::string>(wanted.text);
          ProposeRecords propose;
          propose.records.push_back(
              {next_++, leads->epoch, storage::payload_checksum(*payload), payload});
          send(log_, std::move(propose));
        },
    };
  }

  const std::shared_ptr<Seen> seen_;
  ShardReplica log_;
  Position next_ = 1;
};

class Net;

/// One node's copy, on a disk of its own that outlives it.
class Copy {
public:
  Copy(NodeId self, std::shared_ptr<storage::Coordinator> coordinator)
      : self_{self}, coordinator_{std::move(coordinator)} {}
  ~Copy() { kill(); }

  void start(Net& net);
  /// As kill -9: whatever was not synced is as good as lost, since nobody was told of it.
  void kill() {
    if (!system_) return;
    up_ = false;
    caf::anon_send_exit(shard_, caf::exit_reason::kill);
    caf::anon_send_exit(replica_, caf::exit_reason::kill);
    caf::anon_send_exit(writer_, caf::exit_reason::kill);
    caf::anon_send_exit(reader_, caf::exit_reason::kill);
    caf::anon_send_exit(configurator_, caf::exit_reason::kill);
    shard_ = nullptr;
    replica_ = nullptr;
    writer_ = nullptr;
    reader_ = nullptr;
    configurator_ = nullptr;
    system_.reset();
    journal_.reset();
    database_.reset();
  }
  void propose(const std::string& text) { caf::anon_send(shard_, ProposeText{text}); }
  void order(cluster::Order order) { caf::anon_send(replica_, GiveOrder{order}); }
  std::vector<std::string> committed() const {
    const std::lock_guard lock{seen_->mutex};
    return seen_->committed;
  }
  bool open() const { return up_ && publication_->open; }
  const ShardPublication& publication() const { return *publication_; }

  const NodeId self_;
  cluster::Limits limits_;
  std::atomic<bool> up_{false};
  ShardReplica replica_;

private:
  std::shared_ptr<storage::Coordinator> coordinator_;
  TemporaryFolder folder_;
  SystemConfig config_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<storage::Journal> journal_;
  std::unique_ptr<caf::actor_system> system_;
  HealthPtr health_ = std::make_shared<NodeHealth>();
  PublicationPtr publication_ = std::make_shared<ShardPublication>(kShard, 100);
  std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
  JournalWriter writer_;
  JournalReader reader_;
  Configurator configurator_;
  FakeSelf shard_;
};

/// Brings messages from copy to copy.
class Net {
public:
  void post(NodeId from, NodeId to, const cluster::Message& message) {
    const std::lock_guard lock{mutex_};
    const auto found = copies_.find(to.value);
    if (found == copies_.end() || !found->second->up_ || cut_ == from || cut_ == to) return;
    caf::anon_send(found->second->replica_, PeerSaid{from, message});
  }
  void add(Copy& copy) {
    const std::lock_guard lock{mutex_};
    copies_[copy.self_.value] = &copy;
  }
  void kill(Copy& copy) {
    {
      const std::lock_guard lock{mutex_};
      copies_.erase(copy.self_.value);
    }
    copy.kill();
  }
  void cut(NodeId node) {
    const std::lock_guard lock{mutex_};
    cut_ = node;
  }

private:
  std::mutex mutex_;
  std::map<std::uint64_t, Copy*> copies_;
  NodeId cut_;
};

void Copy::start(Net& net) {
  database_ = open_database(folder_ / "data");
  journal_ = std::make_unique<storage::Journal>(*database_);
  config_.set_scheduler(2);
  system_ = std::make_unique<caf::actor_system>(config_);
  writer_ = spawn_journal_writer(*system_,
                                 {journal_.get(), health_, nullptr, storage::Durability::synced},
                                 Placement::detached);
  reader_ = spawn_journal_reader(*system_, *journal_, health_, Placement::detached);
  configurator_ = spawn_configurator(*system_, coordinator_, Placement::detached);
  auto kept = journal_->recovered(kShard);
  REQUIRE(kept);
  seen_ = std::make_shared<Seen>();
  publication_ = std::make_shared<ShardPublication>(kShard, 100);
  // the fake's state is all that is committed: it is read back from the journal
  REQUIRE(journal_->read(kShard, 0, kept->committed.position, [&](const auto& entry) {
    seen_->committed.push_back(entry.bytes);
    return true;
  }));
  ShardReplicaParts parts;
  parts.self = self_;
  parts.recovered = std::move(*kept);
  parts.limits = limits_;
  parts.publication = publication_;
  parts.writer = writer_;
  parts.reader = reader_;
  parts.configurator = configurator_;
  parts.post = [&net, self = self_](NodeId to, engine::ShardId, cluster::Message message) {
    net.post(self, to, message);
  };
  parts.send_checkpoint = [](NodeId) { FAIL("nothing was trimmed"); };
  replica_ = spawn_shard_replica(*system_, std::move(parts));
  shard_ = system_->spawn<FakeShard>(seen_, replica_);
  caf::anon_send(replica_, MeetShard{shard_});
  up_ = true;
  net.add(*this);
}

struct Group {
  explicit Group(std::size_t copies, cluster::Limits limits = {}) {
    const auto made = storage::load_or_create_configurations(*coordinator, {1, 1}, NodeId{1}, 1);
    REQUIRE(made);
    for (std::uint64_t i = 1; i <= copies; ++i) {
      all.push_back(std::make_unique<Copy>(NodeId{i}, coordinator));
      all.back()->limits_ = limits;
      all.back()->start(net);
    }
    REQUIRE(eventually([&] { return all[0]->open(); }));
  }
  Copy& operator[](std::size_t i) { return *all[i]; }
  cluster::Configuration configuration() {
    const auto read =
        storage::find_configuration(*coordinator, kShard, std::chrono::steady_clock::now() + 5s);
    REQUIRE(read);
    REQUIRE(*read);
    return (*read)->configuration;
  }
  void grow() {
    for (std::size_t i = 1; i < all.size(); ++i) {
      all[0]->order({cluster::OrderKind::add_member, NodeId{i + 1}});
      REQUIRE(eventually([&] { return configuration().members() == i + 1; }));
    }
  }
  /// From now on nobody commits without that many.
  void require_in_sync(std::uint32_t copies) {
    const auto read =
        storage::find_configuration(*coordinator, kShard, std::chrono::steady_clock::now() + 5s);
    REQUIRE(read);
    REQUIRE(*read);
    cluster::Revised revised = **read;
    revised.configuration.min_in_sync = copies;
    const auto changed =
        storage::replace_configuration(*coordinator, revised.revision, revised.configuration,
                                       std::chrono::steady_clock::now() + 5s);
    REQUIRE(changed);
    revised.revision = *changed;
    for (const auto& copy : all) caf::anon_send(copy->replica_, ConfigurationSeen{revised});
  }
  bool all_have(std::size_t count) {
    for (const auto& copy : all) {
      if (copy->up_ && copy->committed().size() != count) return false;
    }
    return true;
  }

  TemporaryFolder folder;
  std::unique_ptr<storage::Database> database = open_database(folder / "facts");
  std::shared_ptr<storage::Coordinator> coordinator =
      std::make_shared<storage::CoordinatorStore>(*database);
  Net net;
  std::vector<std::unique_ptr<Copy>> all;
};

TEST_CASE("shard replica: one alone leads at once, and again after a restart with all it has") {
  Group group{1};
  for (int i = 0; i < 100; ++i) group[0].propose("record " + std::to_string(i));
  REQUIRE(eventually([&] { return group.all_have(100); }));
  group.net.kill(group[0]);
  const auto began = std::chrono::steady_clock::now();
  group[0].start(group.net);
  REQUIRE(eventually([&] { return group[0].open(); }));
  CHECK(std::chrono::steady_clock::now() - began < 2s);  // nobody to wait for
  REQUIRE(group[0].committed().size() == 100);
  CHECK(group[0].committed()[99] == "record 99");
  group[0].propose("after");
  CHECK(eventually([&] { return group.all_have(101); }));
}

TEST_CASE("shard replica: three copies have the same records, also those from before they joined") {
  Group group{3};
  for (int i = 0; i < 50; ++i) group[0].propose("early " + std::to_string(i));
  REQUIRE(eventually([&] { return group[0].committed().size() == 50; }));
  group.grow();
  for (int i = 0; i < 50; ++i) group[0].propose("late " + std::to_string(i));
  REQUIRE(eventually([&] { return group.all_have(100); }));
  CHECK(group[1].committed() == group[0].committed());
  CHECK(group[2].committed() == group[0].committed());
}

TEST_CASE(
    "shard replica: when the primary dies another leads, and the dead one returns behind it") {
  Group group{3};
  group.grow();
  for (int i = 0; i < 20; ++i) group[0].propose("first " + std::to_string(i));
  REQUIRE(eventually([&] { return group[0].committed().size() == 20; }));
  group.net.kill(group[0]);
  Copy* leader = nullptr;
  REQUIRE(eventually([&] {
    for (std::size_t i = 1; i < 3; ++i) {
      if (group[i].open()) leader = &group[i];
    }
    return leader != nullptr;
  }));
  CHECK(leader->committed().size() == 20);
  for (int i = 0; i < 20; ++i) leader->propose("second " + std::to_string(i));
  REQUIRE(eventually([&] { return leader->committed().size() == 40; }));
  group[0].start(group.net);
  REQUIRE(eventually([&] { return group.all_have(40); }));
  CHECK(group[0].committed() == leader->committed());
  CHECK(eventually([&] { return group.configuration().members() == 3; }));
}

TEST_CASE("shard replica: a primary that is cut off commits nothing more and may not be read") {
  // On a busy machine it would otherwise sometimes be the first to act, and be left alone.
  cluster::Limits limits;
  limits.silence = 15s;
  Group group{3, limits};
  group.grow();
  group.require_in_sync(2);
  group.net.cut(NodeId{1});
  group[0].propose("lost");
  REQUIRE(eventually([&] { return group[1].open() || group[2].open(); }));
  CHECK(eventually([&] { return !group[0].open(); }));
  CHECK(group[0].committed().empty());
  CHECK(group[0].publication().lease_until <=
        std::chrono::steady_clock::now().time_since_epoch().count());
  Copy& leader = group[1].open() ? group[1] : group[2];
  leader.propose("kept");
  REQUIRE(eventually([&] { return leader.committed().size() == 1; }));
  group.net.cut(NodeId{0});
  REQUIRE(eventually([&] { return group.all_have(1); }));
  CHECK(group[0].committed()[0] == "kept");
}

TEST_CASE("shard replica: leadership is handed over on order, and writes go on") {
  Group group{2};
  group.grow();
  group[0].propose("one");
  group[0].order({cluster::OrderKind::hand_over, NodeId{2}});
  REQUIRE(eventually([&] { return group[1].open(); }));
  CHECK(eventually([&] { return !group[0].open(); }));
  group[1].propose("two");
  REQUIRE(eventually(
      [&] { return group[1].committed().size() >= 1 && group[1].committed().back() == "two"; }));
  CHECK(eventually([&] { return group[0].committed() == group[1].committed(); }));
}

}  // namespace
}  // namespace souk::test
