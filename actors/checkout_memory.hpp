#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>

#include "engine/order/idempotency.hpp"
#include "engine/types/error.hpp"
#include "engine/types/id.hpp"

namespace souk::actors {

/// Refusals that were answered before they are journaled, by order id, so that a repeat of the key
/// gets the same answer. Bounded: the oldest is forgotten first; by then the orders shard has it.
class RefusalMemory {
public:
  struct Entry {
    std::uint64_t body_hash = 0;
    std::string request_id;
    engine::Error refusal;
  };

  explicit RefusalMemory(std::size_t entries_max) : entries_max_{entries_max} {}

  const Entry* find(const engine::OrderId& order) const {
    const auto found = entries_.find(order);
    return found == entries_.end() ? nullptr : &found->second;
  }
  void remember(const engine::OrderId& order, const engine::IdempotencyKey& key,
                engine::Error refusal) {
    const auto [place, fresh] =
        entries_.try_emplace(order, Entry{key.body_hash, key.request_id, std::move(refusal)});
    if (!fresh) return;
    order_.push_back(order);
    if (order_.size() > entries_max_) {
      entries_.erase(order_.front());
      order_.pop_front();
    }
  }

private:
  std::size_t entries_max_;
  std::unordered_map<engine::OrderId, Entry> entries_;
  std::deque<engine::OrderId> order_;
};

/// SKUs that were refused for stock a moment ago. A hint, never an answer. Bounded.
class SoldOutNotes {
public:
  using Time = std::chrono::steady_clock::time_point;

  SoldOutNotes(std::size_t skus_max, std::chrono::milliseconds memory)
      : skus_max_{skus_max}, memory_{memory} {}

  void note(const engine::Sku& sku, Time now) {
    if (noted_.size() >= skus_max_ && !noted_.contains(sku)) {
      std::erase_if(noted_, [&](const auto& entry) { return entry.second + memory_ <= now; });
      if (noted_.size() >= skus_max_) noted_.erase(noted_.begin());
    }
    noted_.insert_or_assign(sku, now);
  }
  bool recent(const engine::Sku& sku, Time now) {
    if (noted_.empty()) return false;
    const auto found = noted_.find(sku);
    if (found == noted_.end()) return false;
    if (found->second + memory_ > now) return true;
    noted_.erase(found);
    return false;
  }

private:
  std::size_t skus_max_;
  std::chrono::milliseconds memory_;
  std::unordered_map<engine::Sku, Time> noted_;
};

}  // namespace souk::actors
