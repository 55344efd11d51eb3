#pragma once

#include "engine/search/search_result.hpp"

/// Requires equal hits and facets; not what the model does not know: highlights, sort values,
/// positions.
void check_equal(const souk::engine::SearchPage& got, const souk::engine::SearchPage& wanted);

/// Requires that nothing differs.
void check_identical(const souk::engine::SearchPage& got, const souk::engine::SearchPage& wanted);
