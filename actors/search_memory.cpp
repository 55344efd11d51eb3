#include "actors/search_memory.hpp"

#include "engine/text/analyzer.hpp"

namespace souk::actors {

std::vector<engine::SuggestedQuery> SearchMemory::past(
    const engine::SuggestRequest& request) const {
  if (!request.wants(engine::SuggestionType::query)) return {};
  const std::string beginning = engine::normalize_value(request.q);
  const std::lock_guard lock{mutex_};
  return past_.begin_with(beginning, engine::kSuggestedQueriesMax);
}

}  // namespace souk::actors
