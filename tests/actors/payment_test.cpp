#include <doctest/doctest.h>
#include <unistd.h>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "actors/payment_provider.hpp"
#include "actors/test_payments.hpp"

using namespace souk;
using namespace souk::actors;
using namespace std::chrono_literals;
using engine::Money;
using engine::PaymentId;

namespace {

struct DeterministicConfig : caf::actor_system_config {
  DeterministicConfig() { set("scheduler.policy", caf::atom("testing")); }
};

/// A test provider and someone who asks it and collects what it says.
struct Fixture {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("souk-payments-" + std::to_string(::getpid()));
  std::filesystem::path file = folder / "test_payments.log";
  DeterministicConfig config;
  std::unique_ptr<caf::actor_system> system;
  caf::scheduler::test_coordinator* scheduler = nullptr;
  PaymentProvider provider;
  caf::actor asker;
  std::shared_ptr<std::vector<PaymentAnswer>> answers =
      std::make_shared<std::vector<PaymentAnswer>>();

  Fixture() {
    std::filesystem::create_directories(folder);
    start();
  }
  ~Fixture() {
    stop();
    std::filesystem::remove_all(folder);
  }

  void start() {
    system = std::make_unique<caf::actor_system>(config);
    scheduler = &dynamic_cast<caf::scheduler::test_coordinator&>(system->scheduler());
    provider = spawn_test_payments(*system, {file, 1000ms, 8000ms, 1000});
    asker = system->spawn([sink = answers](caf::event_based_actor*) -> caf::behavior {
      return {[sink](const PaymentAnswers& said) {
        sink->insert(sink->end(), said.items.begin(), said.items.end());
      }};
    });
    scheduler->run();
  }

  void stop() {
    caf::anon_send_exit(provider, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(asker, caf::exit_reason::user_shutdown);
    scheduler->run();
    provider = nullptr;
    asker = nullptr;
    system.reset();
  }

  void ask(PaymentVerb verb, const std::string& payment, const std::string& token) {
    PaymentRequests requests;
    requests.items.push_back(
        {verb, PaymentId{payment}, Money{1999, *engine::Currency::parse("EUR")}, token});
    caf::send_as(asker, provider, std::move(requests));
    scheduler->run();
  }

  std::vector<TestPayment> books() const {
    auto listed = list_test_payments(file);
    REQUIRE(listed);
    return *listed;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "test payments: an authorized payment is in the books before it is answered") {
  ask(PaymentVerb::authorize, "pay_1", "tok_ok");

  REQUIRE(answers->size() == 1);
  CHECK(answers->front().outcome == PaymentOutcome::approved);
  CHECK(answers->front().reference == "test_pay_1");
  REQUIRE(books().size() == 1);
  CHECK(books()[0].id == PaymentId{"pay_1"});
  CHECK(books()[0].state == TestPaymentState::authorized);
  CHECK(books()[0].amount.minor_units == 1999);
  CHECK(books()[0].amount.currency.code() == "EUR");
}

TEST_CASE_FIXTURE(Fixture, "test payments: refusals carry their code and leave no payment") {
  ask(PaymentVerb::authorize, "pay_1", "tok_declined");
  ask(PaymentVerb::authorize, "pay_2", "tok_insufficient_funds");
  ask(PaymentVerb::authorize, "pay_3", "tok_nonsense");

  REQUIRE(answers->size() == 3);
  CHECK((*answers)[0].outcome == PaymentOutcome::declined);
  CHECK((*answers)[0].decline_code == "card_declined");
  CHECK((*answers)[1].outcome == PaymentOutcome::insufficient_funds);
  CHECK((*answers)[2].outcome == PaymentOutcome::declined);
  CHECK((*answers)[2].decline_code == "unknown_token");
  CHECK(books().empty());
}

TEST_CASE_FIXTURE(Fixture, "test payments: every verb acts once however often it is asked") {
  for (int i = 0; i < 3; ++i) ask(PaymentVerb::authorize, "pay_1", "tok_ok");
  for (int i = 0; i < 3; ++i) ask(PaymentVerb::capture, "pay_1", "tok_ok");

  CHECK(answers->size() == 6);
  REQUIRE(books().size() == 1);
  CHECK(books()[0].state == TestPaymentState::captured);
  ask(PaymentVerb::make_void, "pay_1", "tok_ok");
  CHECK(answers->back().outcome == PaymentOutcome::declined);
  CHECK(books()[0].state == TestPaymentState::captured);
}

TEST_CASE_FIXTURE(Fixture, "test payments: tok_timeout authorizes in silence and can be voided") {
  ask(PaymentVerb::authorize, "pay_1", "tok_timeout");
  CHECK(answers->empty());
  REQUIRE(books().size() == 1);
  CHECK(books()[0].state == TestPaymentState::authorized);

  ask(PaymentVerb::make_void, "pay_1", "tok_timeout");

  CHECK(answers->back().outcome == PaymentOutcome::approved);
  CHECK(books()[0].state == TestPaymentState::voided);
}

TEST_CASE_FIXTURE(Fixture,
                  "test payments: slow approvals and late declines come when their time has come") {
  ask(PaymentVerb::authorize, "pay_1", "tok_slow");
  ask(PaymentVerb::authorize, "pay_2", "tok_late_decline");
  CHECK(answers->empty());

  scheduler->advance_time(1000ms);
  scheduler->run();
  REQUIRE(answers->size() == 1);
  CHECK(answers->back().outcome == PaymentOutcome::approved);

  scheduler->advance_time(7000ms);
  scheduler->run();
  REQUIRE(answers->size() == 2);
  CHECK(answers->back().outcome == PaymentOutcome::declined);
}

TEST_CASE_FIXTURE(Fixture, "test payments: a void that overtakes a slow authorization wins") {
  ask(PaymentVerb::authorize, "pay_1", "tok_slow");
  ask(PaymentVerb::make_void, "pay_1", "tok_slow");

  scheduler->advance_time(1000ms);
  scheduler->run();

  CHECK(answers->back().verb == PaymentVerb::authorize);
  CHECK(answers->back().outcome == PaymentOutcome::declined);
  REQUIRE(books().size() == 1);
  CHECK(books()[0].state == TestPaymentState::voided);
}

TEST_CASE_FIXTURE(Fixture, "test payments: tok_duplicate_callback answers twice") {
  ask(PaymentVerb::authorize, "pay_1", "tok_duplicate_callback");

  CHECK(answers->size() == 2);
  CHECK(books().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "test payments: the books survive a restart and a torn last line") {
  ask(PaymentVerb::authorize, "pay_1", "tok_ok");
  ask(PaymentVerb::make_void, "pay_1", "tok_ok");
  stop();
  { std::ofstream{file, std::ios::app | std::ios::binary} << "A pay_2 19"; }
  start();

  ask(PaymentVerb::authorize, "pay_1", "tok_ok");
  ask(PaymentVerb::authorize, "pay_3", "tok_ok");

  CHECK((*answers)[2].outcome == PaymentOutcome::declined);
  CHECK((*answers)[3].outcome == PaymentOutcome::approved);
  REQUIRE(books().size() == 2);
  CHECK(books()[0].state == TestPaymentState::voided);
  CHECK(books()[1].id == PaymentId{"pay_3"});
}
