#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "engine/catalog/catalog_command.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_reader.hpp"
#include "net/request_scope.hpp"
#include "net/task.hpp"

namespace souk::net {

/// The patched product (RFC 7396) as a replacement of the version that was read.
engine::Result<engine::PutProduct> apply_patch(const engine::ProductView& view, JsonValue patch,
                                               engine::Timestamp now);

/// What a read product is to become.
using ProductChange = std::function<engine::Result<engine::PutProduct>(const engine::ProductView&)>;

/// Reads the product, changes it and writes it, again if somebody else was faster, unless the
/// client insists on the version it saw: then version_mismatch. Errors: also those of reading, of
/// `change` and of writing.
Task<engine::Result<engine::ProductView>> change_product(RequestScope& scope, engine::ProductId id,
                                                         std::optional<std::uint64_t> version,
                                                         ProductChange change);

}  // namespace souk::net
