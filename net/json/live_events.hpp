#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/search/live_page.hpp"
#include "net/json/search_query.hpp"

namespace souk::net {

/// Server-sent events in their text form, with the id of what was told on the last of them: who
/// comes back with it has seen all.
struct LiveEvents {
  std::string text;
  std::size_t count = 0;
};

/// The page as a whole, as a search answers it. `name`: "snapshot", "resync".
engine::Result<LiveEvents> render_whole_page(std::string_view name, const engine::SearchPage& page,
                                             const SearchRequest& request);
/// What changed. Pre: not diff.whole.
engine::Result<LiveEvents> render_page_diff(const engine::PageDiff& diff,
                                            const engine::SearchPage& after,
                                            const SearchRequest& request);

}  // namespace souk::net
