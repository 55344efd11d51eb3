#pragma once

#include <cstddef>

#include "engine/catalog/catalog_command.hpp"

namespace souk::actors {

/// About how many journal bytes a command may cause: enough to cap a record. O(lines).
std::size_t rough_size(const engine::CatalogCommand& command);

}  // namespace souk::actors
