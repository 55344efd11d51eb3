#pragma once

#include "engine/search/query.hpp"
#include "engine/search/search_result.hpp"
#include "tests/engine/index/index_builders.hpp"

/// The obvious slow search: looks at every product of the shop, word by word. No highlights.
souk::engine::SearchPage model_search(const TestShop& shop, const souk::engine::Query& query,
                                      souk::engine::Timestamp now);
