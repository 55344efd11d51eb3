#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/search/filter.hpp"
#include "engine/search/query.hpp"

// The filter grammar and the other small grammars of a search.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  (void)souk::engine::parse_sort_by(text).has_value();
  (void)souk::engine::parse_facet_by(text).has_value();
  (void)souk::engine::parse_facet_query(text).has_value();
  (void)souk::engine::parse_query_by(text, text, text).has_value();
  const auto filter = souk::engine::parse_filter(text);
  if (!filter) return 0;
  const std::string once = souk::engine::render_filter(*filter);
  const auto again = souk::engine::parse_filter(once);
  if (!again || souk::engine::render_filter(*again) != once) std::abort();
  return 0;
}
