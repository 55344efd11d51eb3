#pragma once

#include <caf/typed_response_promise.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/messages.hpp"
#include "engine/order/order_event.hpp"

namespace souk::actors {

/// Repeats of checkouts that are under way, waiting for what becomes of the first.
class CheckoutTwins {
public:
  using Promise = caf::typed_response_promise<OrderAnswer>;

  void add(const engine::OrderId& order, Promise promise, Deadline deadline) {
    twins_[order].push_back({std::move(promise), deadline});
  }
  /// The checkouts that are over with this record and have twins waiting.
  std::vector<engine::OrderId> over_with(const engine::OrderRecord& record) const {
    std::vector<engine::OrderId> ids;
    if (twins_.empty()) return ids;
    for (const engine::OrderEvent& event : record.events) {
      const engine::OrderId* over = nullptr;
      if (const auto* placed = std::get_if<engine::OrderPlaced>(&event)) over = &placed->order.id;
      if (const auto* refused = std::get_if<engine::CheckoutRefused>(&event))
        over = &refused->order;
      if (const auto* left = std::get_if<engine::CheckoutAbandoned>(&event)) over = &left->order;
      if (over && twins_.contains(*over)) ids.push_back(*over);
    }
    return ids;
  }
  /// Answers the twins of a checkout.
  void wake(const engine::OrderId& order, const OrderAnswer& answer) {
    const auto found = twins_.find(order);
    if (found == twins_.end()) return;
    for (Twin& twin : found->second) twin.promise.deliver(answer);
    twins_.erase(found);
  }
  /// Answers the twins of all such checkouts.
  template <class Which>
  void wake_if(Which which, const OrderAnswer& answer) {
    for (auto group = twins_.begin(); group != twins_.end();) {
      if (!which(group->first)) {
        ++group;
        continue;
      }
      for (Twin& twin : group->second) twin.promise.deliver(answer);
      group = twins_.erase(group);
    }
  }
  /// Those whose deadline is before `now` are told that the first is still running.
  void give_up(Deadline now, engine::Position position) {
    const OrderAnswer answer{engine::Error{engine::Errc::idempotency_in_progress,
                                           "the first request with this key is still running"},
                             position};
    for (auto group = twins_.begin(); group != twins_.end();) {
      std::erase_if(group->second, [&](Twin& twin) {
        if (twin.deadline > now) return false;
        twin.promise.deliver(answer);
        return true;
      });
      group = group->second.empty() ? twins_.erase(group) : std::next(group);
    }
  }

  /// Gives them to another who knows what becomes of the first.
  template <class PassOn>
  void pass_on(PassOn pass_on) {
    for (auto& [order, twins] : std::exchange(twins_, {})) {
      for (Twin& twin : twins) pass_on(order, twin.deadline, std::move(twin.promise));
    }
  }

private:
  struct Twin {
    Promise promise;
    Deadline deadline;
  };
  std::unordered_map<engine::OrderId, std::vector<Twin>> twins_;
};

}  // namespace souk::actors
