#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/order/order_state.hpp"

namespace souk::engine {
namespace {

const Timestamp kNoon{1'700'000'000'000'000};
const ShardId kParent{Service::orders, 0};
const ShardId kChild{Service::orders, 3};
constexpr Slot kAt = 1'000;
constexpr int kOrders = 120;

struct Shard {
  OrderState state;
  std::vector<OrderRecord> journal{};

  OrderState::Decision run(const OrderCommand& command) {
    OrderRecord record;
    record.position = state.position() + 1;
    auto decision = state.decide(command, record);
    if (!record.events.empty()) {
      journal.push_back(record);
      state.apply(std::move(record));
    }
    return decision;
  }
};

Shard whole_shard() {
  Shard shard{OrderState{kParent}};
  shard.state.set_slots({});
  return shard;
}

OrderState fork(Shard& shard) {
  OrderRecord record;
  record.position = shard.state.position() + 1;
  REQUIRE(shard.state.decide(ForkSlots{kAt, kChild}, record).reply);
  shard.journal.push_back(record);
  shard.state.apply(std::move(record));
  auto forked = shard.state.take_forked();
  REQUIRE(forked.size() == 1);
  return std::move(*forked.front());
}

class Commands {
public:
  explicit Commands(std::uint32_t seed) : random_{seed} {}

  OrderCommand next(OrderId& about) {
    now_ = now_ + std::chrono::minutes{below(20)};
    about = OrderId{"ord_" + std::to_string(below(kOrders))};
    const HoldId hold{about.str() + "." + std::to_string(below(2))};
    switch (below(7)) {
      case 0:
      case 1:
        return BeginCheckout{
            about, hold, {about.str(), static_cast<std::uint64_t>(below(2)), "r"}, {}, now_};
      case 2: {
        Order order;
        order.id = about;
        order.created_at = order.updated_at = now_;
        return PlaceOrder{order, hold};
      }
      case 3:
        return CompleteOrder{about, now_};
      case 4:
        return AbandonCheckout{about, hold};
      case 5:
        return RefuseCheckout{about, Error{Errc::price_changed, "dearer"}, now_, hold, {}};
      default:
        about = {};
        return ForgetRefusals{now_};
    }
  }

private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint32_t>(limit)); }

  std::mt19937 random_;
  Timestamp now_ = kNoon;
};

void check_same(const OrderState::Decision& a, const OrderState::Decision& b) {
  REQUIRE(a.reply.has_value() == b.reply.has_value());
  if (!a.reply) {
    CHECK(a.reply.error() == b.reply.error());
    return;
  }
  CHECK(a.reply->kind == b.reply->kind);
  CHECK(a.reply->order == b.reply->order);
  CHECK(a.reply->refusal == b.reply->refusal);
  CHECK(a.reply->request_id == b.reply->request_id);
}

TEST_CASE("order fork: two halves answer every command as the whole would") {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Commands commands{seed};
    Shard twin{OrderState{kParent}};
    Shard lower = whole_shard();
    std::optional<Shard> upper;
    const auto step = [&] {
      OrderId about;
      const OrderCommand command = commands.next(about);
      const bool moved = upper && !about.empty() && slot_of(about.str()) >= kAt;
      const auto wanted = twin.run(command);
      check_same(moved ? upper->run(command) : lower.run(command), wanted);
      if (moved) CHECK(lower.run(command).reply.error().code == Errc::wrong_shard);
      if (upper && about.empty()) upper->run(command);
    };
    const auto check_sums = [&] {
      const std::uint64_t other = upper ? upper->state.hash() : 0;
      CHECK(lower.state.hash() + other == twin.state.hash());
      CHECK(lower.state.unfinished_count() + (upper ? upper->state.unfinished_count() : 0) ==
            twin.state.unfinished_count());
      CHECK(lower.state.unmaterialised_orders().size() +
                (upper ? upper->state.unmaterialised_orders().size() : 0) ==
            twin.state.unmaterialised_orders().size());
    };
    for (int i = 0; i < 1'500; ++i) step();
    check_sums();
    upper.emplace(Shard{fork(lower)});
    CHECK(upper->state.position() == 0);
    check_sums();
    for (int i = 0; i < 1'500; ++i) step();
    check_sums();

    OrderState again{kParent};
    again.set_slots({});
    for (const OrderRecord& record : lower.journal) again.apply(record);
    CHECK(again.hash() == lower.state.hash());
    OrderState child = std::move(*again.take_forked().front());
    for (const OrderRecord& record : upper->journal) child.apply(record);
    CHECK(child.hash() == upper->state.hash());
    CHECK(child.slots() == upper->state.slots());
  }
}

TEST_CASE("order fork: decided twice it is done once, and binds before it is committed") {
  Shard shard = whole_shard();
  std::string moved = "ord_0";
  for (int i = 0; slot_of(moved) < kAt; ++i) moved = "ord_" + std::to_string(i);
  OrderRecord record;
  record.position = 1;
  REQUIRE(shard.state.decide(ForkSlots{kAt, kChild}, record).reply);
  CHECK(shard.state.decide(ForkSlots{kAt, kChild}, record).answer_at == 1);
  const auto refused = shard.state.decide(CompleteOrder{OrderId{moved}, kNoon}, record);
  CHECK(refused.reply.error().code == Errc::wrong_shard);
  CHECK(refused.answer_at == 1);
  CHECK(record.events.size() == 1);

  // The record was never committed: nothing of it was.
  shard.state.forget_tentative();
  record.events.clear();
  CHECK(shard.state.decide(CompleteOrder{OrderId{moved}, kNoon}, record).reply.error().code ==
        Errc::unknown_order);
  (void)fork(shard);
  record.position = 2;
  CHECK(shard.state.decide(ForkSlots{kAt, kChild}, record).reply);
  CHECK(record.events.empty());
}

TEST_CASE("order fork: without the hashes by slot a shard is not split") {
  OrderState state{kParent};
  state.set_slots({});
  state.set_loaded(7, 12345);
  OrderRecord record;
  record.position = 8;
  CHECK(state.decide(ForkSlots{kAt, kChild}, record).reply.error().code == Errc::unavailable);
}

}  // namespace
}  // namespace souk::engine
