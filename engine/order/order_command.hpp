#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/order/order.hpp"

namespace souk::engine {

// Commands of ONE orders shard, sent by the checkout coordinator.

/// Opens a checkout, or finds its twin. The same hold again is the same attempt: fresh. Errors: idempotency_key_reused.
struct BeginCheckout {
  OrderId order;
  HoldId hold;
  IdempotencyKey idempotency;
  CheckoutRequest request;
  Timestamp now;
};
// The following name the attempt by its hold; a command of another attempt changes nothing. Empty: any attempt.

/// Idempotent. Errors: unknown_order (no such checkout is begun: certainly not placed).
struct PlaceOrder {
  Order order;
  HoldId hold{};
};
/// Idempotent. Errors: unknown_order.
struct CompleteOrder {
  OrderId order;
  Timestamp now;
};
/// Idempotent. Of a checkout that is not begun it does nothing, unless it brings the key: then the checkout is recorded
/// as begun and refused at once. Errors: canceled (the order is placed).
struct RefuseCheckout {
  OrderId order;
  Error refusal;
  Timestamp now;
  HoldId hold{};
  std::optional<IdempotencyKey> key{};  // of a checkout that was refused before it was begun
};
/// As RefuseCheckout.
struct AbandonCheckout {
  OrderId order;
  HoldId hold{};
};
/// Forgets resident refusals that are older than a day.
struct ForgetRefusals {
  Timestamp now;
};

using OrderCommand = std::variant<BeginCheckout, PlaceOrder, CompleteOrder, RefuseCheckout, AbandonCheckout, ForgetRefusals>;

enum class CheckoutPhase : std::uint8_t { begun = 0, placed = 1, completed = 2, refused = 3 };

/// An orders shard's record of one idempotency key = one order id, whatever became of it.
struct CheckoutEntry {
  OrderId id;
  CheckoutPhase phase = CheckoutPhase::begun;
  HoldId hold;
  IdempotencyKey idempotency;
  CheckoutRequest request;         // emptied once placed or refused
  Order order;                     // from placed on
  Error refusal;                   // when refused
  Timestamp begun_at;
};

/// The order as it was answered first (version 1), from what is stored: byte-identical answers for repeats.
Order first_answer(const CheckoutEntry& entry);

/// How BeginCheckout was taken.
struct CheckoutOpened {
  enum class Kind : std::uint8_t { fresh, in_progress, placed, refused };
  Kind kind = Kind::fresh;
  std::optional<Order> order;      // placed: the first answer
  std::optional<Error> refusal;
  std::string request_id;          // of the first request
};

}  // namespace souk::engine
