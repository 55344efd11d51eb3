#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/types/id.hpp"
#include "engine/types/quantity.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::engine {

/// Units of one SKU. Always: 0 ≤ held ≤ on_hand, on_hand = received − sold, available = on_hand − held.
/// `received` is the sum of all adjustments (it falls when stock is written off).
struct Stock {
  Quantity on_hand;
  Quantity held;
  Quantity sold;
  Quantity received;

  Quantity available() const { return on_hand - held; }
  friend bool operator==(const Stock&, const Stock&) = default;
};

/// One change of on_hand: an adjustment (reason given by the client: "received", "damaged", "count", ...) or a sale ("sold").
struct LedgerEntry {
  Sku sku;
  Quantity delta;
  Quantity on_hand;              // after the change
  std::string reason;
  std::string reference;         // purchase order, order id, ...
  Timestamp time;
  std::uint64_t position = 0;    // of the journal record that made it
  std::uint64_t previous = 0;    // position of the SKU's ledger entry before this record; 0: none

  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

}  // namespace souk::engine
