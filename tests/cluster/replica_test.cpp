#include "engine/cluster/replica.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/cluster/latency_watch.hpp"

namespace souk::test {
namespace {

using namespace engine::cluster;
using namespace std::chrono_literals;

constexpr NodeId kA{1};
constexpr NodeId kB{2};
constexpr NodeId kC{3};

Configuration configuration_of(NodeId primary, std::vector<NodeId> secondaries) {
  Configuration made;
  made.primary = primary;
  made.secondaries = std::move(secondaries);
  made.min_in_sync = 1;
  return made;
}

Propose write(std::size_t bytes = 10) {
  return {{{0, std::make_shared<const std::string>(bytes, 'x')}}};
}

Record record_of(engine::Position position, engine::Epoch epoch) {
  return {position, epoch, 0, std::make_shared<const std::string>("x")};
}

/// One replica, whose shell is the test.
struct Shell {
  explicit Shell(NodeId self, Recovered recovered = {}, Limits limits = {})
      : replica{self, limits, std::move(recovered), now} {}

  Update& feed(Event event, Span later = 0us) {
    now += later;
    replica.step(std::move(event), now, update);
    if (update.persist) ticket = update.persist->ticket;
    return update;
  }
  Update& hear(NodeId from, Message message, Span later = 0us) {
    return feed(Received{from, std::move(message)}, later);
  }
  Update& sync() { return feed(Stored{ticket}); }
  Update& configure(Configuration to, std::uint64_t revision = 1) {
    return feed(ConfigurationRead{{std::move(to), revision}});
  }
  template <class M>
  const M* sent_to(NodeId node) const {
    for (const Envelope& each : update.send) {
      if (each.to == node && std::holds_alternative<M>(each.message))
        return &std::get<M>(each.message);
    }
    return nullptr;
  }

  Instant now{10s};
  Replica replica;
  Update update;
  std::uint64_t ticket = 0;
};

/// A leads B and C, and everybody agrees.
Shell leader_of(std::vector<NodeId> secondaries, Limits limits = {}) {
  Shell shell{kA, {}, limits};
  shell.configure(configuration_of(kA, secondaries));
  shell.sync();
  for (const NodeId each : secondaries) shell.hear(each, PrepareOk{1, 0});
  return shell;
}

TEST_CASE("replica: a record is committed when every member has it on disk") {
  Shell a = leader_of({kB, kC});

  a.feed(write());
  CHECK(a.sent_to<Prepare>(kB)->records.size() == 1);
  CHECK(a.hear(kB, PrepareOk{1, 1}).committed.empty());
  CHECK(a.sync().committed.empty());

  CHECK(a.hear(kC, PrepareOk{1, 1}).committed.size() == 1);
  CHECK(a.replica.committed() == 1);
}

TEST_CASE("replica: an acknowledgement of another epoch counts for nothing") {
  Shell a = leader_of({kB});
  a.feed(write());
  a.sync();

  CHECK(a.hear(kB, PrepareOk{0, 1}).committed.empty());
}

TEST_CASE("replica: commits without a silent member only when its removal was decided") {
  Shell a = leader_of({kB, kC});
  a.feed(write());
  a.sync();
  a.hear(kB, PrepareOk{1, 1});

  a.hear(kB, HeartbeatOk{1, a.now, 1, true}, 500ms);
  Update& asked = a.hear(kB, HeartbeatOk{1, a.now, 1, true}, 400ms);
  REQUIRE(asked.configure);
  CHECK(asked.configure->to.secondaries == std::vector{kB});
  CHECK(asked.configure->to.learner(kC) != nullptr);
  CHECK(asked.committed.empty());
  CHECK(a.replica.committed() == 0);

  // Decided: a new epoch, in which B has to agree again.
  CHECK(a.feed(Configured{CasOutcome::succeeded, 2}).committed.empty());
  CHECK(a.replica.epoch() == 2);
  a.sync();
  CHECK(a.hear(kB, PrepareOk{2, 1}).committed.size() == 1);
}

TEST_CASE("replica: a member that is gone is not waited for, unless it was only said to be") {
  Shell a = leader_of({kB, kC});
  a.feed(write());
  a.sync();
  a.hear(kB, PrepareOk{1, 1});

  Update& asked = a.feed(PeerGone{kC});
  REQUIRE(asked.configure);
  CHECK(asked.configure->to.secondaries == std::vector{kB});
  CHECK(asked.committed.empty());

  // It speaks: what was said of it was wrong.
  Shell b = leader_of({kB, kC});
  b.feed(write());
  CHECK_FALSE(b.feed(PeerGone{kA}).configure);  // nobody's peer
  b.feed(Configured{CasOutcome::lost, 0});
  Shell c = leader_of({kB, kC}, [] {
    Limits limits;
    limits.configure_retry = 10s;
    return limits;
  }());
  REQUIRE(c.feed(PeerGone{kC}).configure);
  c.feed(Configured{CasOutcome::unknown, 0});
  c.hear(kC, HeartbeatOk{1, c.now, 1, true});
  CHECK(c.replica.peers().size() == 2);
  CHECK_FALSE(c.replica.peers()[1].gone);

  // One that follows has nobody to remove.
  Shell follower{kB, {}, {}};
  follower.configure(configuration_of(kA, {kB, kC}));
  CHECK_FALSE(follower.feed(PeerGone{kA}).configure);
  CHECK_FALSE(follower.feed(PeerGone{kC}).configure);
}

TEST_CASE("replica: whoever lost the race for the configuration answers unknown") {
  Shell a = leader_of({kB});
  a.feed(write());
  a.sync();
  REQUIRE(a.feed(Tick{}, 2500ms).configure);

  CHECK(a.feed(Configured{CasOutcome::lost, 0}).read_configuration);
  Configuration others = configuration_of(kB, {});
  others.epoch = 2;
  others.learners = {{kA, true}};
  Update& update = a.configure(others, 2);

  CHECK(a.replica.role() == Role::learner);
  CHECK(update.dropped_after == engine::Position{0});
  CHECK(a.feed(write()).refused == Refusal::not_primary);
}

TEST_CASE("replica: a member answers when the record and the epoch are on disk") {
  Shell b{kB};
  b.configure(configuration_of(kA, {kB}));
  b.sync();

  b.hear(kA, Prepare{1, 0, {}, {record_of(1, 1)}, 0});
  CHECK(b.sent_to<PrepareOk>(kA) == nullptr);
  REQUIRE(b.update.persist);
  CHECK(b.update.persist->records.size() == 1);

  b.sync();
  REQUIRE(b.sent_to<PrepareOk>(kA));
  CHECK(b.sent_to<PrepareOk>(kA)->stored == 1);
}

TEST_CASE("replica: a lower epoch is refused with the higher one, also after a restart") {
  Shell b{kB, Recovered{3, {5, 3}, {}}};

  b.hear(kA, Heartbeat{2, 5, Instant{1}});

  REQUIRE(b.sent_to<Reject>(kA));
  CHECK(b.sent_to<Reject>(kA)->epoch == 3);
}

TEST_CASE("replica: what the new primary does not have is cut, never below committed") {
  Shell c{kC, Recovered{1, {4, 1}, {record_of(5, 1), record_of(6, 1)}}};
  c.hear(kB, Prepare{2, 5, {5, 1}, {}, 4});
  REQUIRE(c.update.persist);
  CHECK(c.update.persist->truncate_after == engine::Position{5});
  CHECK(c.replica.last() == 5);

  c.hear(kA, Prepare{3, 3, {3, 1}, {}, 3});
  CHECK(c.update.alarm == Alarm::cut_below_committed);
  CHECK(c.replica.role() == Role::stopped);
}

TEST_CASE(
    "replica: takes over after the grace period, and takes clients once its tail is committed") {
  Shell b{kB, Recovered{1, {1, 1}, {record_of(2, 1)}}};
  b.configure(configuration_of(kA, {kB, kC}));
  b.hear(kA, Heartbeat{1, 1, Instant{1}});
  CHECK(!b.feed(Tick{}, 900ms).configure);

  Update& asked = b.feed(Tick{}, 200ms);
  REQUIRE(asked.configure);
  CHECK(asked.configure->to.primary == kB);
  CHECK(asked.configure->to.secondaries == std::vector{kC});
  b.feed(Configured{CasOutcome::succeeded, 2});
  CHECK(b.replica.role() == Role::primary);
  CHECK(b.feed(write()).refused == Refusal::not_open);

  b.sync();
  b.hear(kC, PrepareOk{2, 2});
  CHECK(b.replica.committed() == 2);
  CHECK(b.replica.open());
}

TEST_CASE("replica: a promise is kept even if the take-over was decided late") {
  Shell b{kB, Recovered{1, {1, 1}, {}}};
  b.configure(configuration_of(kA, {kB}));
  b.hear(kA, Heartbeat{1, 1, Instant{1}});
  b.feed(Tick{}, 1100ms);
  b.hear(kA, Heartbeat{1, 1, Instant{2}}, 300ms);
  CHECK(b.sent_to<HeartbeatOk>(kA));

  b.feed(Configured{CasOutcome::succeeded, 2});
  CHECK(b.replica.role() == Role::elected);
  b.feed(Tick{}, 900ms);
  CHECK(b.replica.role() == Role::elected);
  b.feed(Tick{}, 100ms);
  CHECK(b.replica.role() == Role::primary);
}

TEST_CASE("replica: a primary that restarted takes a new epoch before it leads") {
  Shell a{kA, Recovered{1, {1, 1}, {record_of(2, 1)}}};

  Update& asked = a.configure(configuration_of(kA, {}));
  REQUIRE(asked.configure);
  CHECK(asked.configure->to.epoch == 2);
  CHECK(a.replica.role() != Role::primary);

  a.feed(Configured{CasOutcome::succeeded, 2});
  CHECK(a.replica.role() == Role::primary);
  CHECK(a.sync().committed.size() == 1);
  CHECK(a.replica.open());
}

TEST_CASE("replica: below min_in_sync writes are refused and nothing is committed") {
  Shell a = leader_of({kB});
  a.feed(write());
  a.sync();
  Configuration alone = configuration_of(kA, {});
  alone.epoch = 2;
  alone.min_in_sync = 2;

  a.configure(alone, 2);
  a.sync();

  CHECK(a.replica.committed() == 0);
  CHECK(a.feed(write()).refused == Refusal::too_few_replicas);
}

TEST_CASE("replica: a lease needs every secondary's promise, and ends before its grace period") {
  Shell a = leader_of({kB, kC});
  const Instant sent = a.now;
  a.hear(kB, HeartbeatOk{1, sent, 0, true}, 10ms);
  CHECK(!a.replica.permit_read(a.now));

  a.hear(kC, HeartbeatOk{1, sent, 0, true});
  const auto permit = a.replica.permit_read(a.now);
  REQUIRE(permit);
  CHECK(a.replica.holds(*permit, sent + 599ms));
  CHECK(!a.replica.holds(*permit, sent + 600ms));
}

TEST_CASE("replica: alone, it needs no lease") {
  Shell a = leader_of({});
  CHECK(a.replica.permit_read(a.now + 1h));
}

TEST_CASE("replica: hands over when everything is committed, and reads no more meanwhile") {
  Shell a = leader_of({kB});
  a.hear(kB, HeartbeatOk{1, a.now, 0, true});
  a.feed(write());
  CHECK(!a.feed(Order{OrderKind::hand_over, kB}).configure);
  CHECK(a.feed(write()).refused == Refusal::handing_over);
  CHECK(a.replica.permit_read(a.now));

  a.sync();
  a.hear(kB, PrepareOk{1, 1});
  Update& asked = a.feed(Tick{});
  REQUIRE(asked.configure);
  CHECK(asked.configure->to.primary == kB);
  CHECK(!a.replica.permit_read(a.now));

  a.feed(Configured{CasOutcome::succeeded, 2});
  REQUIRE(a.sent_to<HandOver>(kB));
  CHECK(a.replica.role() == Role::secondary);
}

TEST_CASE("replica: told by the old primary, the new one does not wait") {
  Shell b{kB, Recovered{1, {1, 1}, {}}};
  b.configure(configuration_of(kA, {kB}));
  b.hear(kA, Heartbeat{1, 1, Instant{1}});
  b.hear(kA, HandOver{2});

  b.configure(handed_over(configuration_of(kA, {kB}), kB), 2);

  CHECK(b.replica.role() == Role::primary);
}

TEST_CASE("replica: a learner joins when it has everything, and counts before that is decided") {
  Shell a{kA};
  Configuration with = configuration_of(kA, {});
  with.learners = {{kB, true}};
  a.configure(with);
  a.sync();
  a.feed(write());
  CHECK(a.sync().committed.size() == 1);

  REQUIRE(a.hear(kB, PrepareOk{1, 1}).configure);
  CHECK(a.update.configure->to.secondaries == std::vector{kB});
  a.feed(write());
  CHECK(a.sync().committed.empty());
  // No answer: it may be a member or not. It still counts.
  a.feed(Configured{CasOutcome::unknown, 0});
  CHECK(a.feed(Tick{}, 100ms).committed.empty());
}

TEST_CASE("replica: who has stored more than it applied says so until it has") {
  Limits limits;
  limits.resend_bytes = 100;
  Shell b{kB, {}, limits};
  b.configure(configuration_of(kA, {kB}));
  Prepare prepare{1, 0, {}, {}, 0};
  for (engine::Position at = 1; at <= 20; ++at) {
    prepare.records.push_back(
        {at, 1, 0, std::make_shared<const std::string>(std::size_t{20}, 'x')});
  }
  b.hear(kA, prepare);
  b.sync();
  const auto says_behind = [&] {
    b.hear(kA, Heartbeat{1, 20, b.now}, 10ms);
    const auto* answer = b.sent_to<HeartbeatOk>(kA);
    REQUIRE(answer != nullptr);
    return answer->behind;
  };
  says_behind();
  REQUIRE(b.replica.committed() == 20);
  CHECK(says_behind());
  b.feed(Applied{10});
  CHECK(says_behind());
  b.feed(Applied{20});
  CHECK_FALSE(says_behind());
}

TEST_CASE("replica: who could not serve at once does not join, nor is it given the leadership") {
  Shell a{kA};
  Configuration with = configuration_of(kA, {});
  with.learners = {{kB, true}};
  a.configure(with);
  a.sync();
  a.feed(write());
  a.sync();
  a.hear(kB, HeartbeatOk{1, a.now, 0, true, true});
  CHECK(!a.hear(kB, PrepareOk{1, 1}).configure);
  CHECK(!a.hear(kB, HeartbeatOk{1, a.now, 1, true, true}, 100ms).configure);
  SUBCASE("until it has caught up") {
    Update& update = a.hear(kB, HeartbeatOk{1, a.now, 1, true, false}, 100ms);
    REQUIRE(update.configure);
    CHECK(update.configure->to.is_secondary(kB));
  }
  SUBCASE("unless writes are refused for want of members") {
    with.min_in_sync = 2;
    CHECK(a.configure(with, 2).configure);
  }
  SUBCASE("a member that fell behind is not made primary") {
    a.configure(configuration_of(kA, {kB}), 2);
    CHECK(!a.feed(Order{OrderKind::hand_over, kB}).configure);
    Update& update = a.hear(kB, HeartbeatOk{1, a.now, 1, true, false}, 100ms);
    REQUIRE(update.configure);
    CHECK(update.configure->to.primary == kB);
  }
}

TEST_CASE("replica: sends no more than the credit, and reads from disk what memory lost") {
  Limits limits;
  limits.in_flight_bytes = 200;
  limits.prepare_bytes = 100;
  limits.resend_bytes = 0;
  Shell a{kA, {}, limits};
  a.configure(configuration_of(kA, {}));
  a.sync();
  for (int i = 0; i < 20; ++i) a.feed(write());
  a.sync();
  REQUIRE(a.replica.committed() == 20);

  Configuration with = configuration_of(kA, {});
  with.learners = {{kB, false}};
  a.configure(with, 2);
  a.hear(kB, CatchUp{1, 0});
  REQUIRE(a.update.read_journal.size() == 1);
  CHECK(a.update.read_journal[0].from == 1);
  a.feed(JournalRead{kB, 1, false, {}, {record_of(1, 1), record_of(2, 1)}});
  CHECK(a.sent_to<Prepare>(kB)->records.size() == 2);

  // Nothing is asked for beyond the credit.
  for (engine::Position next = 3; !a.update.read_journal.empty(); ++next) {
    REQUIRE(next < 20);
    a.feed(JournalRead{kB, 1, false, {next - 1, 1}, {record_of(next, 1)}});
  }
  CHECK(a.replica.peers()[0].in_flight >= 200);

  a.hear(kB, PrepareOk{1, a.replica.peers()[0].next - 1});
  REQUIRE(a.update.read_journal.size() == 1);
  a.feed(JournalRead{kB, 1, true, {}, {}});
  CHECK(a.update.send_checkpoint == std::vector{kB});
}

TEST_CASE("replica: a learner whose log a late checkpoint replaced is sent the rest again") {
  Shell a{kA};
  Configuration with = configuration_of(kA, {});
  with.learners = {{kB, false}};
  a.configure(with);
  a.sync();
  a.hear(kB, PrepareOk{1, 0});
  a.feed(write());
  a.sync();
  a.feed(write());
  a.sync();
  a.hear(kB, PrepareOk{1, 2});

  a.hear(kB, CatchUp{1, 1}, 10ms);

  const Prepare* again = a.sent_to<Prepare>(kB);
  REQUIRE(again != nullptr);
  CHECK(again->prev.position == 1);
}

TEST_CASE("replica: without the coordinator nothing changes while all members answer") {
  Shell a = leader_of({kB});
  for (int i = 0; i < 50; ++i) {
    a.feed(ConfigurationUnavailable{}, 100ms);
    a.hear(kB, HeartbeatOk{1, a.now, a.replica.committed(), true});
    a.feed(write());
    a.sync();
    CHECK(a.hear(kB, PrepareOk{1, a.replica.last()}).committed.size() == 1);
    CHECK(a.replica.permit_read(a.now));
  }
}

TEST_CASE("latency watch: finds a member ten times slower than the others for five seconds") {
  LatencyWatch watch;
  Instant now{0};
  const auto second = [&](Span of_c) {
    for (int i = 0; i < 100; ++i) {
      watch.record(kA, 2ms);
      watch.record(kB, 3ms);
      // Only its worst hundredths are slow.
      watch.record(kC, i % 20 == 0 ? of_c : 2ms);
    }
    watch.look(now += 1s);
  };

  for (int i = 0; i < 20; ++i) second(12ms);
  CHECK(!watch.outlier());
  for (int i = 0; i < 4; ++i) second(100ms);
  CHECK(!watch.outlier());
  second(2ms);
  for (int i = 0; i < 4; ++i) second(100ms);
  CHECK(!watch.outlier());
  second(100ms);
  CHECK(watch.outlier() == kC);
}

}  // namespace
}  // namespace souk::test
