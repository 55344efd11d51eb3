#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/random.hpp"
#include "bench/scenario.hpp"
#include "bench/target.hpp"
#include "engine/types/shard.hpp"

namespace souk::bench {

/// One checkout that was sent: everything the verdict needs to hold the server to its word.
struct Attempt {
  std::string key;                                            // idempotency key
  std::vector<std::pair<std::uint32_t, std::int64_t>> lines;  // (SKU number, quantity)
  int status = 0;        // of the first definite answer; 0: unknown
  std::string order_id;  // of a 201
};

/// One change of a stock that was sent.
struct Adjustment {
  std::string key;
  std::size_t sku = 0;
  std::int64_t delta = 0;
  int status = 0;  // of the first definite answer; 0: unknown
};

/// What happened to the bench's own SKUs.
struct CheckoutLog {
  std::string customer;  // e-mail of this run's orders
  std::vector<std::string> skus;
  std::vector<std::int64_t> sold_before;  // per SKU, when the run began
  std::vector<std::int64_t> on_hand_before;
  std::vector<Attempt> attempts;
  std::vector<Adjustment> adjustments;
  std::vector<std::string> contradictions;  // a repeat that was not answered like the first
};

/// Makes the operations of a scenario, one after the other, from its seed.
class Workload {
public:
  Workload(const Scenario& scenario, const Target& target);

  /// Imports the SKUs of the scenario and reads words to search for. Shows progress on stderr.
  void prepare(Caller& caller);

  struct Operation {
    std::string kind;
    std::string request;
    std::function<void(const HttpAnswer&)> done;  // null: nothing to note
    std::optional<SteadyTime> since;              // latency counts from here, not from now
    bool write = false;
    std::vector<std::uint32_t> skus;  // that a write changes
  };
  Operation next();
  /// An operation that follows from an answer waits to be sent at once.
  bool has_follow_up() const { return !follow_ups_.empty(); }
  /// True when a scenario of a fixed number of attempts has sent them all.
  bool exhausted() const;
  CheckoutLog& log() { return log_; }

  /// The bytes of an attempt's request, equal each time.
  std::string checkout_request(const Attempt& attempt) const;
  std::string adjustment_request(const Adjustment& adjustment) const;
  /// The shards that had to store an acknowledged operation: of its SKUs' products, and of the
  /// order its answer names.
  std::vector<std::string> shards_of(const Operation& operation, const HttpAnswer& answer) const;
  /// Of the product of the first SKU that a write changes; nothing: it changes none.
  std::optional<engine::Slot> slot_of(const Operation& operation) const;

private:
  Operation search();
  Operation as_you_type();
  Operation checkout();
  Operation stock_change();
  Operation visible_change();
  /// Notes the adjustment; its index in the log.
  std::size_t adjust(std::size_t sku, std::int64_t delta, std::string key);
  Operation visible_search(std::size_t sku, std::int64_t available, SteadyTime since);
  std::string words(std::size_t count);

  Scenario scenario_;
  Target target_;
  Random random_;
  Zipf popularity_;
  std::vector<std::string> titles_;
  std::string typed_;
  std::size_t typed_length_ = 0;
  std::string run_;
  std::size_t next_visible_ = 0;
  std::deque<Operation> follow_ups_;
  std::vector<std::string> shard_of_sku_;
  engine::ShardMap shards_;
  CheckoutLog log_;
};

std::string percent_encode(std::string_view text);

/// So many words of one of the titles, as they follow each other there. Pre: there is a title.
std::string some_words(const std::vector<std::string>& titles, std::size_t count, Random& random);

}  // namespace souk::bench
