#include "actors/remote_shard.hpp"

#include <doctest/doctest.h>

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "actors/peer_door.hpp"
#include "actors/remote_repeats.hpp"
#include "storage/cluster_facts.hpp"
#include "tests/storage/random_wire.hpp"
#include "tests/support/seeded_scheduler.hpp"

namespace souk::test {
namespace {

using namespace souk::actors;
using engine::Errc;
using engine::cluster::NodeId;

const engine::ShardId kCatalog{engine::Service::catalog, 2};
const engine::ShardId kOrders{engine::Service::orders, 1};

std::string bytes_of(const CatalogAnswer& answer) {
  return storage::encode(storage::WireCatalogAnswer{answer.reply, answer.position, answer.replay});
}
std::string bytes_of(const OrderAnswer& answer) {
  return storage::encode(storage::WireOrderAnswer{answer.reply, answer.position});
}

/// What a shard was asked, as bytes, and what it says to everything.
struct Script {
  std::vector<std::string> asked;
  std::vector<Deadline> deadlines;
  std::vector<Urgency> urgencies;
  CatalogAnswer catalog{engine::CatalogReply{engine::Acknowledged{}}, 7};
  CatalogReading reading{engine::Result<engine::CatalogFinding>{engine::ProductId{"p"}}, 8};
  OrderAnswer order{engine::CheckoutOpened{}, 9};
  OrderReading order_reading{engine::Result<engine::OrderFinding>{std::vector<engine::Order>{}},
                             10};
  UnfinishedCheckouts unfinished;
};
using ScriptPtr = std::shared_ptr<Script>;

CatalogShard spawn_scripted_catalog(caf::actor_system& system, const ScriptPtr& script,
                                    const PublicationPtr& publication) {
  return system.spawn([=](CatalogShard::pointer self) -> CatalogShard::behavior_type {
    return {
        [=](WriteCatalog& request) {
          script->asked.push_back(storage::encode(request.command));
          script->deadlines.push_back(request.deadline);
          script->urgencies.push_back(request.urgency);
          publication->leave();
          return script->catalog;
        },
        [=](WriteCatalogs& request) {
          CatalogAnswers answers;
          for (auto& item : request.items) {
            script->asked.push_back(storage::encode(item.command));
            script->deadlines.push_back(item.deadline);
            script->urgencies.push_back(Urgency::normal);
            publication->leave();
            answers.items.push_back({item.serial, script->catalog});
          }
          self->send(caf::actor_cast<CatalogAsker>(self->current_sender()), std::move(answers));
        },
        [=](ReadCatalog& request) {
          script->asked.push_back(
              storage::encode(storage::WireCatalogQuestion{request.question, request.at_least}));
          return script->reading;
        },
        [=](const ReadStatus&) {
          ShardStatus status;
          status.range.shard = kCatalog;
          status.applied = 42;
          return ShardStatusReading{status};
        },
    };
  });
}

OrderShard spawn_scripted_orders(caf::actor_system& system, const ScriptPtr& script,
                                 const PublicationPtr& publication) {
  return system.spawn([=](OrderShard::pointer self) -> OrderShard::behavior_type {
    return {
        [=](WriteOrder& request) {
          script->asked.push_back(storage::encode(request.command));
          publication->leave();
          return script->order;
        },
        [=](WriteOrders& request) {
          OrderAnswers answers;
          for (auto& item : request.items) {
            script->asked.push_back(storage::encode(item.command));
            publication->leave();
            answers.items.push_back({item.serial, script->order});
          }
          self->send(caf::actor_cast<OrderAsker>(self->current_sender()), std::move(answers));
        },
        [=](ReadOrders& request) {
          script->asked.push_back(
              storage::encode(storage::WireOrderQuestion{request.question, request.at_least}));
          return script->order_reading;
        },
        [=](const AwaitCheckout& request) {
          script->asked.push_back(request.order.str());
          return script->order;
        },
        [=](const ReadUnfinished&) { return script->unfinished; },
        [=](const ReadStatus&) {
          return ShardStatusReading{engine::Error{Errc::unavailable, "no"}};
        },
    };
  });
}

enum class Fate { arrives, refused_unsent, lost_unsent, lost_sent, answer_lost, held, full };

/// What lies between the nodes of a test; `fate` decides about every request.
class Network final : public PeerAsker {
public:
  std::map<std::string, PeerDoor*> doors;
  std::function<Fate(const std::string& node)> fate = [](const std::string&) {
    return Fate::arrives;
  };
  std::vector<PeerTransport::OnAnswer> held;  // until the test says what becomes of them
  std::size_t asked = 0;
  std::size_t delivered = 0;
  PeerClass last_urgency = PeerClass::control;

  engine::Result<void> ask(const std::string& node, PeerClass urgency, const PeerEnvelope& envelope,
                           std::chrono::steady_clock::time_point,
                           PeerTransport::OnAnswer on_answer) override {
    ++asked;
    last_urgency = urgency;
    const Fate it = doors.contains(node) ? fate(node) : Fate::refused_unsent;
    const engine::Error unknown{Errc::unknown_outcome, "lost after it was sent"};
    switch (it) {
      case Fate::refused_unsent:
        return engine::Error{Errc::unavailable, "not connected"};
      case Fate::full:
        return engine::Error{Errc::overloaded, "the queue is full"};
      case Fate::lost_unsent:
        on_answer(engine::Error{Errc::unavailable, "lost before it was sent"});
        return {};
      case Fate::lost_sent:
        on_answer(unknown);
        return {};
      case Fate::held:
        held.push_back(std::move(on_answer));
        return {};
      case Fate::answer_lost:
        ++delivered;
        doors[node]->arrived({"asker", urgency, envelope,
                              [on_answer, unknown](const auto&) { on_answer(unknown); }});
        return {};
      case Fate::arrives:
        break;
    }
    ++delivered;
    doors[node]->arrived({"asker", urgency, envelope, std::move(on_answer)});
    return {};
  }
};

/// Nodes 1 and 2 with a copy of both shards each, and the remote shards of node 9, which has none.
struct Cluster {
  explicit Cluster(std::uint64_t seed) : scheduler{seed} {
    for (const std::uint64_t id : {1U, 2U}) {
      auto& member = members[id];
      for (const auto& publication : {member.catalog, member.orders}) publication->epoch = 5;
      const auto catalog_copy =
          spawn_scripted_catalog(scheduler.system(), member.script, member.catalog);
      const auto orders_copy =
          spawn_scripted_orders(scheduler.system(), member.script, member.orders);
      actors.push_back(caf::actor_cast<caf::actor>(catalog_copy));
      actors.push_back(caf::actor_cast<caf::actor>(orders_copy));
      PeerDoor::Parts parts;
      parts.catalog = [catalog_copy, publication = member.catalog](engine::ShardId shard) {
        return shard == kCatalog
                   ? std::optional{ShardLink<CatalogShard>{shard, catalog_copy, publication}}
                   : std::nullopt;
      };
      parts.orders = [orders_copy, publication = member.orders](engine::ShardId shard) {
        return shard == kOrders
                   ? std::optional{ShardLink<OrderShard>{shard, orders_copy, publication}}
                   : std::nullopt;
      };
      member.door = std::make_unique<PeerDoor>(scheduler.system(), std::move(parts));
      network->doors[storage::node_name(NodeId{id})] = member.door.get();
    }
    lead(1, 5);
    note(1, 5);
    remote_catalog =
        spawn_remote_catalog(scheduler.system(), {kCatalog, catalog, view, network, nullptr});
    remote_orders =
        spawn_remote_orders(scheduler.system(), {kOrders, orders, view, network, nullptr});
    actors.push_back(caf::actor_cast<caf::actor>(remote_catalog));
    actors.push_back(caf::actor_cast<caf::actor>(remote_orders));
  }
  ~Cluster() {
    for (const auto& each : actors) caf::anon_send_exit(each, caf::exit_reason::kill);
    members.clear();
  }

  void lead(std::uint64_t leader, engine::Epoch epoch) {
    for (auto& [id, member] : members) {
      for (const auto& publication : {member.catalog, member.orders}) {
        publication->open = id == leader;
        publication->leader = leader;
        publication->epoch = epoch;
      }
    }
  }
  /// What the coordinator says, as far as node 9 has heard.
  void note(std::uint64_t leader, engine::Epoch epoch) {
    for (const engine::ShardId shard : {kCatalog, kOrders}) {
      engine::cluster::Revised revised;
      revised.configuration.shard = shard;
      revised.configuration.primary = NodeId{leader};
      revised.configuration.secondaries = {NodeId{3 - leader}};
      revised.configuration.epoch = epoch;
      revised.revision = ++revision;
      view->note(revised);
    }
  }

  Deadline in(std::chrono::milliseconds time) { return now() + time; }
  Deadline now() { return scheduler.system().clock().now(); }

  /// Asks and runs until the answer is there.
  template <class Answer, class Handle, class Message>
  Answer ask(const Handle& handle, Message message) {
    auto got = std::make_shared<std::optional<Answer>>();
    start(handle, std::move(message), got);
    CHECK(scheduler.run_until([&] { return got->has_value(); }, 100'000));
    REQUIRE(got->has_value());
    return std::move(**got);
  }
  template <class Answer, class Handle, class Message>
  void start(const Handle& handle, Message message,
             const std::shared_ptr<std::optional<Answer>>& got) {
    scheduler.system().spawn([handle, got, kept = std::make_shared<Message>(std::move(message))](
                                 caf::event_based_actor* self) {
      self->request(handle, caf::infinite, std::move(*kept))
          .then([got](Answer& answer) { *got = std::move(answer); }, [got](caf::error&) {});
    });
  }
  CatalogAnswer write(engine::CatalogCommand command,
                      std::chrono::milliseconds patience = std::chrono::seconds{5},
                      Urgency urgency = Urgency::normal) {
    REQUIRE(catalog->enter());
    return ask<CatalogAnswer>(remote_catalog,
                              WriteCatalog{std::move(command), in(patience), urgency});
  }
  OrderAnswer write(engine::OrderCommand command,
                    std::chrono::milliseconds patience = std::chrono::seconds{5}) {
    REQUIRE(orders->enter());
    return ask<OrderAnswer>(remote_orders, WriteOrder{std::move(command), in(patience)});
  }

  struct Member {
    ScriptPtr script = std::make_shared<Script>();
    PublicationPtr catalog = std::make_shared<ShardPublication>(kCatalog, 64);
    PublicationPtr orders = std::make_shared<ShardPublication>(kOrders, 64);
    std::unique_ptr<PeerDoor> door;
  };

  SeededScheduler scheduler;
  std::shared_ptr<Network> network = std::make_shared<Network>();
  std::map<std::uint64_t, Member> members;
  ClusterViewPtr view = std::make_shared<ClusterView>(NodeId{9});
  PublicationPtr catalog = std::make_shared<ShardPublication>(kCatalog, 64);
  PublicationPtr orders = std::make_shared<ShardPublication>(kOrders, 64);
  std::uint64_t revision = 0;
  CatalogShard remote_catalog;
  OrderShard remote_orders;
  std::vector<caf::actor> actors;
};

engine::PlaceHold hold(const std::string& id) {
  return {engine::HoldId{id}, engine::HoldOwner::checkout, {}, true, {}, {}};
}

TEST_CASE("remote shard: every command and question arrives as it was, and so does its answer") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  RandomWire random{seed};
  Cluster cluster{seed};
  Script& script = *cluster.members[1].script;
  for (std::size_t i = 0; i < std::variant_size_v<engine::CatalogCommand>; ++i) {
    for (std::size_t k = 0; k < std::variant_size_v<engine::CatalogReply>; ++k) {
      const auto command = random.catalog_command(i);
      script.catalog = {random.catalog_reply(k), random.any(), random.replay()};
      const auto answer = cluster.write(command);
      CHECK(script.asked.back() == storage::encode(command));
      CHECK(bytes_of(answer) == bytes_of(script.catalog));
    }
    script.catalog = {random.refusal(), random.any()};
    CHECK(bytes_of(cluster.write(random.catalog_command(i))) == bytes_of(script.catalog));
  }
  for (std::size_t i = 0; i < std::variant_size_v<engine::CatalogQuestion>; ++i) {
    const auto question = random.catalog_question(i);
    script.reading = {random.catalog_finding(i), random.any()};
    const std::uint64_t at_least = random.any();
    const auto reading = cluster.ask<CatalogReading>(
        cluster.remote_catalog,
        ReadCatalog{question, at_least, cluster.in(std::chrono::seconds{5})});
    CHECK(script.asked.back() == storage::encode(storage::WireCatalogQuestion{question, at_least}));
    CHECK(storage::encode(storage::WireCatalogReading{reading.finding, reading.position}) ==
          storage::encode(
              storage::WireCatalogReading{script.reading.finding, script.reading.position}));
  }
  for (std::size_t i = 0; i < std::variant_size_v<engine::OrderCommand>; ++i) {
    const auto command = random.order_command(i);
    script.order = {random.opened(), random.any()};
    const auto answer = cluster.write(command);
    CHECK(script.asked.back() == storage::encode(command));
    CHECK(bytes_of(answer) == bytes_of(script.order));
  }
  for (std::size_t i = 0; i < std::variant_size_v<engine::OrderQuestion>; ++i) {
    const auto question = random.order_question(i);
    script.order_reading = {random.order_finding(i), random.any()};
    const auto reading = cluster.ask<OrderReading>(
        cluster.remote_orders, ReadOrders{question, 3, cluster.in(std::chrono::seconds{5})});
    CHECK(script.asked.back() == storage::encode(storage::WireOrderQuestion{question, 3}));
    CHECK(storage::encode(storage::WireOrderReading{reading.finding, reading.position}) ==
          storage::encode(storage::WireOrderReading{script.order_reading.finding,
                                                    script.order_reading.position}));
  }
  const auto outcome = cluster.ask<OrderAnswer>(
      cluster.remote_orders,
      AwaitCheckout{engine::OrderId{"ord_x"}, cluster.in(std::chrono::seconds{5})});
  CHECK(script.asked.back() == "ord_x");
  CHECK(bytes_of(outcome) == bytes_of(script.order));
  script.unfinished.entries = {random.entry(), random.entry()};
  const auto unfinished = cluster.ask<UnfinishedCheckouts>(cluster.remote_orders, ReadUnfinished{});
  CHECK(storage::encode(unfinished) == storage::encode(script.unfinished));
  CHECK(cluster.ask<ShardStatusReading>(cluster.remote_catalog, ReadStatus{}).status->applied ==
        42);
  CHECK(cluster.ask<ShardStatusReading>(cluster.remote_orders, ReadStatus{}).status.error().code ==
        Errc::unavailable);
  CHECK(cluster.catalog->queued() == 0);
  CHECK(cluster.members[1].catalog->queued() == 0);
}

TEST_CASE("remote shard: a batch is answered by its serials, each once") {
  Cluster cluster{7};
  auto answered = std::make_shared<std::multiset<std::uint64_t>>();
  auto messages = std::make_shared<std::size_t>(0);
  WriteCatalogs batch;
  for (std::uint64_t serial = 1; serial <= 40; ++serial) {
    REQUIRE(cluster.catalog->enter());
    batch.items.push_back(
        {serial, hold(std::to_string(serial)), cluster.in(std::chrono::seconds{5})});
  }
  const auto asker = cluster.scheduler.system().spawn(
      [answered, messages](CatalogAsker::pointer) -> CatalogAsker::behavior_type {
        return {[=](CatalogAnswers& answers) {
          ++*messages;
          for (const auto& item : answers.items) answered->insert(item.serial);
        }};
      });
  caf::send_as(asker, cluster.remote_catalog, std::move(batch));
  CHECK(cluster.scheduler.run_until([&] { return answered->size() >= 40; }));
  CHECK(answered->size() == 40);
  CHECK(std::set<std::uint64_t>(answered->begin(), answered->end()).size() == 40);
  CHECK(*messages == 1);
  CHECK(cluster.catalog->queued() == 0);
  caf::anon_send_exit(asker, caf::exit_reason::kill);
}

TEST_CASE("remote shard: bulk commands are bulk on the other node too") {
  Cluster cluster{3};
  REQUIRE(cluster.write(engine::PutProducts{}, std::chrono::seconds{5}, Urgency::bulk).reply);
  CHECK(cluster.network->last_urgency == PeerClass::bulk);
  CHECK(cluster.members[1].script->urgencies.back() == Urgency::bulk);
  REQUIRE(cluster.write(hold("h")).reply);
  CHECK(cluster.members[1].script->urgencies.back() == Urgency::normal);
}

TEST_CASE("remote shard: the leader moves while it is asked") {
  Cluster cluster{11};
  cluster.lead(2, 6);  // the facts still say 1
  REQUIRE(cluster.write(hold("told"), std::chrono::seconds{5}).reply);
  CHECK(cluster.members[1].script->asked.empty());
  CHECK(cluster.members[2].script->asked.size() == 1);
  // Whoever is asked says so, and that is remembered.
  CHECK(cluster.view->find(kCatalog)->primary == NodeId{2});
  cluster.note(1, 5);  // an old fact
  CHECK(cluster.view->find(kCatalog)->primary == NodeId{2});

  // Nobody leads for a while: what cannot be decided waits.
  cluster.lead(0, 7);
  auto got = std::make_shared<std::optional<CatalogAnswer>>();
  REQUIRE(cluster.catalog->enter());
  cluster.start(cluster.remote_catalog,
                WriteCatalog{engine::ReleaseSkus{}, cluster.in(std::chrono::seconds{60})}, got);
  for (int i = 0; i < 200; ++i) cluster.scheduler.step();
  CHECK(!*got);
  cluster.lead(1, 8);
  cluster.note(1, 8);
  CHECK(cluster.scheduler.run_until([&] { return got->has_value(); }));
  CHECK((*got)->reply);
  CHECK(cluster.members[1].script->asked.size() == 1);
}

TEST_CASE("remote shard: wrong_shard is for the sender, who has newer routes to look at") {
  Cluster cluster{5};
  cluster.members[1].script->catalog = {engine::Error{Errc::wrong_shard, "the slot moved"}, 3};
  CHECK(cluster.write(hold("h")).reply.error().code == Errc::wrong_shard);
  CHECK(cluster.network->asked == 1);
}

TEST_CASE("remote shard: what was not sent is sent again until the deadline, then it timed out") {
  Cluster cluster{13};
  for (const Fate fate : {Fate::refused_unsent, Fate::lost_unsent}) {
    int left = 5;
    cluster.network->fate = [&](const auto&) { return left-- > 0 ? fate : Fate::arrives; };
    const std::size_t before = cluster.network->delivered;
    CHECK(cluster.write(engine::DeleteProduct{engine::ProductId{"p"}, {}, {}}).reply);
    CHECK(cluster.network->delivered == before + 1);

    cluster.network->fate = [&](const auto&) { return fate; };
    const Deadline begin = cluster.now();
    CHECK(cluster.write(hold("h"), std::chrono::seconds{1}).reply.error().code == Errc::timed_out);
    CHECK(cluster.now() - begin >= std::chrono::seconds{1});
    CHECK(cluster.now() - begin < std::chrono::milliseconds{1100});
  }
  CHECK(cluster.catalog->queued() == 0);
}

TEST_CASE("remote shard: what may have arrived is repeated only if twice is once") {
  Cluster cluster{17};
  cluster.network->fate = [](const auto&) { return Fate::answer_lost; };
  // Not repeatable: carried out once, and said to be unknown.
  CHECK(cluster.write(engine::DeleteProduct{engine::ProductId{"p"}, {}, {}}).reply.error().code ==
        Errc::unknown_outcome);
  CHECK(cluster.members[1].script->asked.size() == 1);
  // Repeatable: until the deadline, and it may have been done.
  CHECK(cluster.write(hold("h"), std::chrono::seconds{1}).reply.error().code ==
        Errc::unknown_outcome);
  CHECK(cluster.members[1].script->asked.size() > 2);
  // Repeatable, answered at last.
  int left = 3;
  cluster.network->fate = [&](const auto&) {
    return left-- > 0 ? Fate::answer_lost : Fate::arrives;
  };
  CHECK(cluster.write(hold("i")).reply);
  // No answer says "not done" of what may have been done by an earlier try.
  for (const Errc code : {Errc::timed_out, Errc::overloaded, Errc::unavailable}) {
    cluster.members[1].script->catalog = {engine::Error{code, "not done"}, 1};
    left = 1;
    CHECK(cluster.write(hold("j")).reply.error().code == Errc::unknown_outcome);
    CHECK(cluster.write(hold("k")).reply.error().code == code);
  }
  CHECK(cluster.catalog->queued() == 0);
}

TEST_CASE("remote shard: a question is asked again, whatever was lost") {
  Cluster cluster{19};
  int left = 4;
  cluster.network->fate = [&](const auto&) {
    return left-- > 0 ? Fate::answer_lost : Fate::arrives;
  };
  const auto reading = cluster.ask<CatalogReading>(
      cluster.remote_catalog,
      ReadCatalog{ReadClaim{engine::Sku{"s"}}, 0, cluster.in(std::chrono::seconds{5})});
  CHECK(reading.finding);
  cluster.network->fate = [](const auto&) { return Fate::lost_sent; };
  CHECK(cluster
            .ask<CatalogReading>(
                cluster.remote_catalog,
                ReadCatalog{ReadClaim{engine::Sku{"s"}}, 0, cluster.in(std::chrono::seconds{1})})
            .finding.error()
            .code == Errc::timed_out);
  CHECK(cluster
            .ask<OrderAnswer>(
                cluster.remote_orders,
                AwaitCheckout{engine::OrderId{"o"}, cluster.in(std::chrono::seconds{1})})
            .reply.error()
            .code == Errc::idempotency_in_progress);
}

TEST_CASE("remote shard: any copy's word will do for a hint, also while nobody leads") {
  Cluster cluster{37};
  const std::string leader = storage::node_name(NodeId{1});
  const auto claim = [&](bool hint, std::chrono::milliseconds patience) {
    ReadCatalog question{ReadClaim{engine::Sku{"s"}}, 0, cluster.in(patience)};
    question.hint = hint;
    return cluster.ask<CatalogReading>(cluster.remote_catalog, std::move(question)).finding;
  };
  cluster.members[2].script->reading = {
      engine::Result<engine::CatalogFinding>{engine::ProductId{"older"}}, 3};
  REQUIRE(claim(true, std::chrono::seconds{1}));
  CHECK(cluster.members[1].script->asked.size() == 1);  // the leader is asked first
  cluster.lead(9, 6);                                   // nobody of them leads any more
  for (const Fate lost : {Fate::refused_unsent, Fate::lost_unsent, Fate::lost_sent}) {
    CAPTURE(static_cast<int>(lost));
    cluster.network->fate = [&](const std::string& node) {
      return node == leader ? lost : Fate::arrives;
    };
    const Deadline begin = cluster.now();
    const auto found = claim(true, std::chrono::seconds{1});
    REQUIRE(found);
    CHECK(std::get<engine::ProductId>(*found).str() == "older");
    CHECK(cluster.now() - begin < std::chrono::milliseconds{300});
    // What has to be right waits for a leader.
    CHECK(claim(false, std::chrono::seconds{1}).error().code == Errc::timed_out);
  }
  cluster.network->fate = [](const std::string&) { return Fate::refused_unsent; };
  const Deadline begin = cluster.now();
  CHECK(claim(true, std::chrono::seconds{1}).error().code == Errc::timed_out);
  CHECK(cluster.now() - begin >= std::chrono::seconds{1});
}

TEST_CASE("remote shard: a peer that says nothing until the deadline leaves writes in doubt") {
  Cluster cluster{23};
  cluster.network->fate = [](const auto&) { return Fate::held; };
  auto got = std::make_shared<std::optional<CatalogAnswer>>();
  auto read = std::make_shared<std::optional<CatalogReading>>();
  REQUIRE(cluster.catalog->enter());
  cluster.start(cluster.remote_catalog,
                WriteCatalog{hold("h"), cluster.in(std::chrono::seconds{1})}, got);
  cluster.start(cluster.remote_catalog,
                ReadCatalog{ReadClaim{engine::Sku{"s"}}, 0, cluster.in(std::chrono::seconds{1})},
                read);
  REQUIRE(cluster.scheduler.run_until([&] { return cluster.network->held.size() == 2; }));
  for (const auto& on_answer : cluster.network->held) {
    on_answer(engine::Error{Errc::timed_out, "no answer in time"});
  }
  REQUIRE(cluster.scheduler.run_until([&] { return got->has_value() && read->has_value(); }));
  CHECK((*got)->reply.error().code == Errc::unknown_outcome);
  CHECK((*read)->finding.error().code == Errc::timed_out);
}

TEST_CASE("remote shard: full queues on the way refuse at once") {
  Cluster cluster{29};
  cluster.network->fate = [](const auto&) { return Fate::full; };
  CHECK(cluster.write(hold("h")).reply.error().code == Errc::overloaded);
  cluster.network->fate = [](const auto&) { return Fate::arrives; };
  for (std::uint32_t i = 0; i < 64; ++i) REQUIRE(cluster.members[1].catalog->enter());
  CHECK(cluster.write(hold("h")).reply.error().code == Errc::overloaded);
  for (std::uint32_t i = 0; i < 64; ++i) cluster.members[1].catalog->leave();
  CHECK(cluster.write(hold("h")).reply);
}

TEST_CASE("remote shard: a past deadline and an ending node answer too") {
  Cluster cluster{31};
  CHECK(cluster.write(hold("h"), std::chrono::milliseconds{0}).reply.error().code ==
        Errc::timed_out);
  CHECK(cluster.network->asked == 0);
  cluster.network->fate = [](const auto&) { return Fate::held; };
  auto got = std::make_shared<std::optional<CatalogAnswer>>();
  REQUIRE(cluster.catalog->enter());
  cluster.start(cluster.remote_catalog,
                WriteCatalog{hold("h"), cluster.in(std::chrono::seconds{9})}, got);
  REQUIRE(cluster.scheduler.run_until([&] { return cluster.network->held.size() == 1; }));
  caf::anon_send_exit(cluster.remote_catalog, caf::exit_reason::user_shutdown);
  cluster.scheduler.settle();
  REQUIRE(got->has_value());
  CHECK((*got)->reply.error().code == Errc::unknown_outcome);
  CHECK(cluster.catalog->queued() == 0);
  cluster.network->held.front()(std::string{"too late"});
}

TEST_CASE("peer door: damaged requests are refused, counted and do no harm") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  RandomWire random{seed};
  Cluster cluster{seed};
  PeerDoor& door = *cluster.members[1].door;
  const std::string payload = storage::encode(engine::CatalogCommand{hold("h")});
  storage::Envelope envelope;
  envelope.kind = storage::WireKind::catalog_command;
  envelope.shard = kCatalog;
  envelope.payload = payload;
  const std::string whole = storage::encode(envelope);
  auto answers = std::make_shared<std::size_t>(0);
  for (std::size_t round = 0; round < 500; ++round) {
    std::string bytes = whole.substr(0, random.number(whole.size() + 1));
    if (!bytes.empty() && random.flip()) {
      bytes[random.number(bytes.size())] ^= static_cast<char>(random.number(255) + 1);
    }
    door.arrived({"peer", PeerClass::data, {2, kCatalog, 1, bytes}, [answers](const auto& answer) {
                    ++*answers;
                    CHECK(answer.has_value());
                    CHECK(storage::decode_envelope(*answer));
                  }});
    cluster.scheduler.settle();
  }
  CHECK(*answers == 500);
  CHECK(door.damaged() > 0);
  CHECK(cluster.members[1].catalog->queued() == 0);
}

TEST_CASE("remote shard: which commands may be repeated, one by one") {
  using namespace engine;
  const IdempotencyKey key{"k", 1, "r"};
  AdjustStock keyed;
  keyed.idempotency = key;
  const std::vector<std::pair<CatalogCommand, bool>> catalog{
      {ClaimSkus{}, true},
      {ReleaseSkus{}, false},
      {PutProduct{}, false},
      {PutProducts{"import", {}, {}}, true},
      {PutProducts{}, false},
      {DeleteProduct{}, false},
      {keyed, true},
      {AdjustStock{}, false},
      {AdjustStocks{{keyed, keyed}}, true},
      {AdjustStocks{{keyed, AdjustStock{}}}, false},
      {PlaceHold{}, true},
      {CommitHold{}, true},
      {ReleaseHold{}, true},
      {ExtendHold{}, true},
      {RecordReservation{key, {}, {}, {}}, true},
      {RecordReservation{}, false},
      {ExpireDue{}, false}};
  std::set<std::size_t> seen;
  for (const auto& [command, repeatable] : catalog) {
    CAPTURE(command.index());
    CHECK(is_repeatable(command) == repeatable);
    seen.insert(command.index());
  }
  CHECK(seen.size() == std::variant_size_v<CatalogCommand>);

  const HoldId attempt{"o.1"};
  const std::vector<std::pair<OrderCommand, bool>> orders{
      {BeginCheckout{}, true},    {PlaceOrder{}, true},
      {CompleteOrder{}, true},    {RefuseCheckout{OrderId{"o"}, {}, {}, attempt, {}}, true},
      {RefuseCheckout{}, false},  {AbandonCheckout{OrderId{"o"}, attempt}, true},
      {AbandonCheckout{}, false}, {ForgetRefusals{}, false}};
  seen.clear();
  for (const auto& [command, repeatable] : orders) {
    CAPTURE(command.index());
    CHECK(is_repeatable(command) == repeatable);
    seen.insert(command.index());
  }
  CHECK(seen.size() == std::variant_size_v<OrderCommand>);
}

}  // namespace
}  // namespace souk::test
