#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/types/error.hpp"
#include "engine/types/id.hpp"
#include "engine/types/money.hpp"
#include "engine/types/quantity.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::engine {

struct HoldLine {
  Sku sku;
  Quantity quantity;

  friend bool operator==(const HoldLine&, const HoldLine&) = default;
};

/// Who decides about a hold. A client's hold expires by itself; a checkout's is only let go by its saga, which is
/// asked when the time is over.
enum class HoldOwner : std::uint8_t { client = 0, checkout = 1 };

enum class HoldState : std::uint8_t { held = 0, committed = 1, released = 2, expired = 3 };

/// Units of some SKUs of ONE shard, set aside until committed, released or expired. A finished client hold is kept as a
/// tombstone until the leader forgets it; a finished checkout hold is erased at once. A release that finds no hold
/// leaves a `released` tombstone, so that a late reserve is refused.
struct Hold {
  HoldId id;
  HoldOwner owner = HoldOwner::client;
  HoldState state = HoldState::held;
  std::vector<HoldLine> lines;       // what is held; after a commit what was sold
  std::vector<Money> prices;         // per line: the unit price promised when it was held; empty once finished
  Timestamp placed_at;
  Timestamp expires_at;              // of a finished hold: when it may be forgotten

  friend bool operator==(const Hold&, const Hold&) = default;
};

/// What a reserve answers per line, so that a checkout can price its order from the shard that sold it.
struct HeldLine {
  Sku sku;
  ProductId product;
  Quantity quantity;
  Money price;
  std::string title;

  friend bool operator==(const HeldLine&, const HeldLine&) = default;
};

/// A client's reservation over any number of shards, recorded at its home shard (slot of its id).
/// The parts are holds of the same id on the shards of the lines.
struct Reservation {
  HoldId id;
  HoldState state = HoldState::held;
  std::vector<HeldLine> lines;
  std::vector<ErrorItem> refused;    // lines that could not be held (all_or_nothing = false)
  Timestamp created_at;
  Timestamp expires_at;

  friend bool operator==(const Reservation&, const Reservation&) = default;
};

}  // namespace souk::engine
