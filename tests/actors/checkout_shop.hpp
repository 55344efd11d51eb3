#pragma once

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "actors/checkout_coordinator.hpp"
#include "actors/handles.hpp"
#include "actors/metrics.hpp"
#include "actors/registration.hpp"
#include "actors/sku_directory.hpp"
#include "actors/test_payments.hpp"
#include "storage/journal.hpp"

/// A shop for tests of the coordinators: real shards, real coordinators, the real test provider, on
/// the deterministic scheduler in an order drawn from a seed, with a clock that moves when told.
/// The journal is kept in memory and survives crash(). Messages between coordinators and shards can
/// be lost or refused.
namespace souk::test {

/// What becomes of a message to a shard or a provider.
enum class Fault : std::uint8_t {
  none,
  lose_request,       // never arrives
  lose_answer,        // is carried out, the answer is lost
  overloaded,         // refused unread
  timed_out,          // refused unread
  unavailable,        // refused, and the asker cannot know
  unavailable_after,  // carried out, but the asker cannot know
};

class ManualClock final : public actors::Clock {
public:
  engine::Timestamp now() const override { return now_; }
  void advance(std::chrono::milliseconds by) { now_ = now_ + by; }

private:
  engine::Timestamp now_{1'700'000'000'000'000};
};

/// Time stands still in run(), so nothing waits for it unless a test wants that.
inline actors::CheckoutLimits limits_of_shop() {
  actors::CheckoutLimits limits;
  limits.completion_delay = std::chrono::milliseconds{0};
  return limits;
}

struct ShopOptions {
  std::uint64_t seed = 1;
  std::uint32_t catalog_shards = 3;
  std::uint32_t order_shards = 2;
  actors::CheckoutLimits limits = limits_of_shop();
  /// A coordinator of another node, which has all orders shards and finishes what is left there.
  bool two_coordinators = false;
};

class Shop {
public:
  explicit Shop(ShopOptions options = {});
  ~Shop();
  Shop(const Shop&) = delete;
  Shop& operator=(const Shop&) = delete;

  /// Decides the fate of each message by the name of its command ("PlaceHold", "capture", ...).
  /// Empty: all arrive.
  std::function<Fault(const std::string& command)> fault;

  /// Asks `target` and keeps the answer; `run()` until it is there.
  template <class Answer, class Handle, class Message>
  std::shared_ptr<std::optional<Answer>> ask(const Handle& target, Message message) {
    auto answer = std::make_shared<std::optional<Answer>>();
    const caf::actor asker =
        system_->spawn([target, answer, message = std::move(message)](
                           caf::event_based_actor* self) mutable -> caf::behavior {
          self->request(target, caf::infinite, std::move(message))
              .then([answer](Answer& said) { *answer = std::move(said); },
                    [](const caf::error&) {});
          return {};
        });
    actors_.push_back(asker);  // one whose answer was lost would live for ever
    return answer;
  }
  /// The same, running until it is answered.
  template <class Answer, class Handle, class Message>
  Answer get(const Handle& target, Message message) {
    auto answer = ask<Answer>(target, std::move(message));
    run();
    for (int i = 0; i < 200 && !*answer; ++i) pass(std::chrono::milliseconds{50});
    if (!*answer) throw std::runtime_error{"no answer"};
    return std::move(**answer);
  }

  /// Handles messages in a random order until there are none; time stands still.
  void run();
  /// As many messages as given, at most.
  void run_some(std::size_t messages);
  /// Lets time pass in steps of 5 ms, running in between.
  void pass(std::chrono::milliseconds time);
  /// Every actor dies at once, whatever is in its mailbox is gone; then the node starts again from
  /// the journal.
  void crash();

  /// Writes a product of one SKU through the product coordinator.
  void put(const std::string& product, const std::string& sku, std::int64_t stock,
           std::int64_t price = 1000);
  static engine::Product product(const std::string& id, const std::vector<std::string>& skus,
                                 std::int64_t stock = 5, std::int64_t price = 1000);

  using Lines = std::vector<std::pair<std::string, std::int64_t>>;
  std::shared_ptr<std::optional<actors::CheckoutAnswer>> checkout(
      const std::string& key, const Lines& lines, const std::string& token = "tok_ok",
      std::chrono::milliseconds patience = std::chrono::seconds{10});
  static engine::OrderId order_id(const std::string& key) { return engine::OrderId{"ord_" + key}; }

  std::optional<engine::CheckoutEntry> entry(const std::string& key);
  engine::SkuEntry stock(const std::string& sku);
  std::optional<engine::ProductId> claim(const std::string& sku);
  std::map<std::string, actors::TestPayment> books() const;
  /// The shard that owns a product.
  engine::ShardId shard_of_product(const std::string& product) const;
  /// A product id like `prefix0`, `prefix1`, ... that lives on that shard.
  std::string product_on(std::uint16_t shard, const std::string& prefix) const;

  actors::RequestContext context(std::chrono::milliseconds patience = std::chrono::seconds{10});
  std::chrono::steady_clock::time_point now() { return scheduler_->clock().now(); }

  ManualClock clock;
  std::mt19937_64 random;
  std::shared_ptr<actors::SkuDirectory> directory;
  actors::RoutesPtr routes;  // through the faulty network
  actors::RouteTablePtr table;
  actors::RoutesPtr direct;  // without
  actors::CheckoutCoordinator checkouts;
  actors::CheckoutCoordinator leaders_checkouts;  // of two
  actors::ProductCoordinator products;
  actors::ReservationCoordinator reservations;
  actors::SearchCoordinator searches;
  std::uint64_t attempts = 0;  // numbers the holds

private:
  struct MemoryJournal;

  void start();
  void stop();
  actors::PaymentProvider faulty_provider(actors::PaymentProvider real);

  ShopOptions options_;
  std::filesystem::path folder_;
  actors::Metrics metrics_;
  std::unique_ptr<MemoryJournal> journal_;
  actors::SystemConfig config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
  std::vector<caf::actor> actors_;
};

}  // namespace souk::test
