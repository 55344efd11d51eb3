// Whatever is lost, refused or killed on the way: at the end every checkout is an order that is
// paid for and sold, or nothing, with the payment voided and the units back.
#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>

#include "checkout_shop.hpp"

using namespace souk;
using namespace souk::actors;
using namespace souk::test;
using namespace std::chrono_literals;
using engine::CheckoutPhase;
using engine::Errc;

namespace {

using Answer = std::shared_ptr<std::optional<CheckoutAnswer>>;

CheckoutLimits quick_limits() {
  CheckoutLimits limits;
  limits.payment_timeout = 500ms;
  limits.step_timeout = 500ms;
  limits.retry_max = 200ms;
  limits.hold_time = std::chrono::seconds{2};
  return limits;
}

/// Stocks two SKUs on two shards.
void stock_up(Shop& shop, std::int64_t units) {
  shop.put(shop.product_on(0, "a"), "A", units, 100);
  shop.put(shop.product_on(1, "b"), "B", units, 10);
}

/// The promise of the checkout, once everything has come to rest. `answers`: what clients were
/// told, by key.
void check_books(Shop& shop, const std::map<std::string, std::vector<Answer>>& answers,
                 std::int64_t units) {
  std::int64_t sold_a = 0;
  std::int64_t sold_b = 0;
  auto books = shop.books();
  for (const auto& [key, told] : answers) {
    CAPTURE(key);
    const auto entry = shop.entry(key);
    const bool placed = entry && entry->phase == CheckoutPhase::completed;
    if (entry) CHECK((placed || entry->phase == CheckoutPhase::refused));
    for (const Answer& answer : told) {
      if (!*answer || !(*answer)->reply) continue;
      CHECK(placed);  // acknowledged means it exists
      if (placed) CHECK((*answer)->reply->order == engine::first_answer(*entry));
    }
    if (!placed) continue;
    for (const auto& line : entry->order.lines) {
      (line.sku.str() == "A" ? sold_a : sold_b) += line.quantity.units();
    }
    const auto payment = books.find(entry->order.payment.id.str());
    REQUIRE(payment != books.end());
    CHECK(payment->second.state == TestPaymentState::captured);
    CHECK(payment->second.amount == entry->order.totals.total);
    books.erase(payment);
  }
  for (const auto& [id, payment] : books) {
    CAPTURE(id);
    CHECK(payment.state == TestPaymentState::voided);
  }
  for (const auto& [sku, sold] : {std::pair{"A", sold_a}, std::pair{"B", sold_b}}) {
    CAPTURE(sku);
    const auto stock = shop.stock(sku).stock;
    CHECK(stock.held.units() == 0);
    CHECK(stock.sold.units() == sold);
    CHECK(stock.on_hand.units() == units - sold);
  }
}

constexpr std::array kCommands{"BeginCheckout",  "PlaceHold",       "authorize",    "PlaceOrder",
                               "CommitHold",     "capture",         "void",         "ReleaseHold",
                               "RefuseCheckout", "AbandonCheckout", "CompleteOrder"};
constexpr std::array kFaults{Fault::lose_request, Fault::lose_answer, Fault::overloaded,
                             Fault::timed_out, Fault::unavailable_after};

}  // namespace

TEST_CASE("checkout: every single step may fail once in every way") {
  for (const char* command : kCommands) {
    for (const Fault fault : kFaults) {
      for (const char* token : {"tok_ok", "tok_declined", "tok_timeout"}) {
        CAPTURE(command);
        CAPTURE(static_cast<int>(fault));
        CAPTURE(token);
        Shop shop{{.seed = 3, .limits = quick_limits()}};
        stock_up(shop, 5);
        bool hit = false;
        shop.fault = [&](const std::string& name) {
          if (hit || name != command) return Fault::none;
          hit = true;
          return fault;
        };

        std::map<std::string, std::vector<Answer>> answers;
        answers["k1"].push_back(shop.checkout("k1", {{"A", 2}, {"B", 1}}, token, 2s));
        shop.pass(8s);

        CHECK(*answers["k1"].front());
        check_books(shop, answers, 5);
      }
    }
  }
}

TEST_CASE("checkout: a crash between any two messages ends in an order or in nothing") {
  int placed = 0;
  int nothing = 0;
  for (std::size_t messages = 0; messages < 90; ++messages) {
    CAPTURE(messages);
    CheckoutLimits limits = quick_limits();
    limits.completion_delay = 0ms;  // else time would have to pass before the last messages
    Shop shop{{.seed = messages + 1, .limits = limits}};
    stock_up(shop, 5);

    std::map<std::string, std::vector<Answer>> answers;
    answers["k1"].push_back(shop.checkout("k1", {{"A", 2}, {"B", 1}}));
    shop.run_some(messages);
    shop.crash();
    shop.pass(16s);  // past the time of holds whose checkout was never begun

    const auto entry = shop.entry("k1");
    (entry && entry->phase == CheckoutPhase::completed ? placed : nothing) += 1;
    check_books(shop, answers, 5);
  }
  CHECK(placed > 10);
  CHECK(nothing > 2);
}

TEST_CASE("checkout: twins, retries, losses and crashes together keep the books") {
  constexpr std::array kTokens{"tok_ok",   "tok_ok",       "tok_ok",
                               "tok_slow", "tok_declined", "tok_timeout"};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Shop shop{{.seed = seed, .limits = quick_limits()}};
    stock_up(shop, 12);
    const auto losses = shop.random() % 20;
    shop.fault = [&](const std::string&) {
      if (shop.random() % 100 >= losses) return Fault::none;
      return kFaults[shop.random() % kFaults.size()];
    };

    std::map<std::string, std::vector<Answer>> answers;
    for (int i = 0; i < 40; ++i) {
      const auto number = shop.random() % 12;
      const std::string key = "k" + std::to_string(number);
      // The same key always asks for the same.
      Shop::Lines lines{{"A", static_cast<std::int64_t>(1 + number % 3)}};
      if (number % 2 == 0) lines.push_back({"B", 1});
      answers[key].push_back(shop.checkout(key, lines, kTokens[number % kTokens.size()], 1s));
      shop.run_some(shop.random() % 120);
      if (shop.random() % 8 == 0) shop.pass(std::chrono::milliseconds{shop.random() % 400});
      if (shop.random() % 12 == 0) shop.crash();
    }
    shop.fault = nullptr;
    shop.pass(10s);

    check_books(shop, answers, 12);
  }
}

TEST_CASE("checkout: two nodes' coordinators hand over what one lets go, and keep the books") {
  constexpr std::array kTokens{"tok_ok",   "tok_ok",       "tok_ok",
                               "tok_slow", "tok_declined", "tok_timeout"};
  CheckoutLimits limits = quick_limits();
  limits.drive_max = 800ms;  // so that many are let go of in the middle
  limits.resume_after = 2s;
  limits.resume_check = 5ms;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    CAPTURE(seed);
    Shop shop{{.seed = seed, .limits = limits, .two_coordinators = true}};
    stock_up(shop, 12);
    const auto losses = shop.random() % 40;
    shop.fault = [&](const std::string&) {
      if (shop.random() % 100 >= losses) return Fault::none;
      return kFaults[shop.random() % kFaults.size()];
    };

    std::map<std::string, std::vector<Answer>> answers;
    for (int i = 0; i < 40; ++i) {
      const auto number = shop.random() % 12;
      const std::string key = "k" + std::to_string(number);
      Shop::Lines lines{{"A", static_cast<std::int64_t>(1 + number % 3)}};
      if (number % 2 == 0) lines.push_back({"B", 1});
      // Clients repeat at any node.
      if (shop.random() % 2 == 0) std::swap(shop.checkouts, shop.leaders_checkouts);
      answers[key].push_back(shop.checkout(key, lines, kTokens[number % kTokens.size()], 1s));
      shop.run_some(shop.random() % 120);
      if (shop.random() % 4 == 0) shop.pass(std::chrono::milliseconds{shop.random() % 1200});
      if (shop.random() % 20 == 0) shop.crash();
    }
    shop.fault = nullptr;
    shop.pass(15s);

    check_books(shop, answers, 12);
  }
}

TEST_CASE("checkout: what a dead node left unfinished is finished by the shard's leader") {
  CheckoutLimits limits = quick_limits();
  limits.drive_max = 800ms;
  limits.resume_after = 2s;
  limits.resume_check = 100ms;
  for (std::uint64_t steps = 0; steps < 60; ++steps) {
    CAPTURE(steps);
    Shop shop{{.seed = steps + 1, .limits = limits, .two_coordinators = true}};
    stock_up(shop, 5);
    std::map<std::string, std::vector<Answer>> answers;
    answers["k"].push_back(shop.checkout("k", {{"A", 2}, {"B", 1}}, "tok_ok", 1s));
    shop.run_some(steps);
    caf::anon_send_exit(shop.checkouts, caf::exit_reason::kill);
    shop.pass(8s);
    check_books(shop, answers, 5);
    // The key's next request is told the same, wherever it is asked.
    std::swap(shop.checkouts, shop.leaders_checkouts);
    answers["k"].push_back(shop.checkout("k", {{"A", 2}, {"B", 1}}, "tok_ok", 5s));
    shop.pass(2s);
    REQUIRE(*answers["k"].back());
    CHECK((*answers["k"].back())->reply);
    check_books(shop, answers, 5);
  }
}

TEST_CASE("checkout: what a restarted node left unfinished is finished at once") {
  CheckoutLimits limits = quick_limits();
  limits.drive_max = 3'600s;
  limits.resume_after = 3'600s;
  limits.resume_check = 100ms;
  bool restarted = false;
  limits.driver_gone = [&](const engine::HoldId&) { return restarted; };
  for (std::uint64_t steps = 0; steps < 60; ++steps) {
    CAPTURE(steps);
    restarted = false;
    Shop shop{{.seed = steps + 1, .limits = limits, .two_coordinators = true}};
    stock_up(shop, 5);
    std::map<std::string, std::vector<Answer>> answers;
    answers["k"].push_back(shop.checkout("k", {{"A", 2}, {"B", 1}}, "tok_ok", 1s));
    shop.run_some(steps);
    caf::anon_send_exit(shop.checkouts, caf::exit_reason::kill);
    restarted = true;
    shop.pass(3s);
    check_books(shop, answers, 5);
  }
}
