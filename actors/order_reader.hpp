#pragma once

#include "actors/messages.hpp"
#include "engine/order/order_state.hpp"
#include "storage/order_store.hpp"

namespace souk::actors {

/// Answers a question from committed state: what is in memory over what is in the store. Errors:
/// unknown_order (also a checkout that never became an order), those of storage.
engine::Result<OrderFinding> find(const engine::OrderState& state, const storage::OrderStore& store,
                                  const OrderQuestion& question);

/// What a repeat of a checkout is told. Pre: the checkout is over.
engine::CheckoutOpened outcome_of(const engine::CheckoutEntry& entry);

}  // namespace souk::actors
