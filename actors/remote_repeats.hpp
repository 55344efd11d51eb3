#pragma once

#include "engine/catalog/catalog_command.hpp"
#include "engine/order/order_command.hpp"

namespace souk::actors {

/// Whether a command may be sent again when nobody knows whether the first one arrived: carried out
/// twice it has the effect and the answer of once, also if others write in between.
bool is_repeatable(const engine::CatalogCommand& command);
bool is_repeatable(const engine::OrderCommand& command);

}  // namespace souk::actors
