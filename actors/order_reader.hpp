#pragma once

#include <vector>

#include "engine/order/order_state.hpp"
#include "storage/order_store.hpp"

namespace souk::actors {

/// The newest orders that fit `filter`: those in memory that the store does not know yet (`recent`,
/// any order of any status), over those in the store. An order in `recent` hides its older copy in
/// the store. Newest first by (created_at, id). Errors: those of storage.
engine::Result<std::vector<engine::Order>> list_orders(std::vector<engine::Order> recent,
                                                       const storage::OrderStore& store,
                                                       const storage::OrderFilter& filter);

/// True if `order` belongs to the page that `filter` asks for.
bool fits(const engine::Order& order, const storage::OrderFilter& filter);

}  // namespace souk::actors
