#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "actors/search_walk.hpp"
#include "engine/search/past_queries.hpp"
#include "engine/search/suggest.hpp"
#include "engine/search/suggest_index.hpp"

namespace souk::actors {

/// What a node keeps between searches: the indexes of suggestions, which queries were asked here
/// and found something, and walks through all hits. In memory only: a restart begins with none. Thread-safe.
class SearchMemory {
public:
  engine::SuggestIndexes indexes;
  SearchWalks walks;
  engine::cluster::NodeId self;  // none: without peers; set before the first search

  /// `form`: engine::remembered_form().
  void remember(const std::string& form) {
    const std::lock_guard lock{mutex_};
    past_.add(form);
  }
  /// Those that begin so, the most asked first.
  std::vector<engine::SuggestedQuery> past(const engine::SuggestRequest& request) const;

private:
  mutable std::mutex mutex_;
  engine::PastQueries past_;
};
using SearchMemoryPtr = std::shared_ptr<SearchMemory>;

}  // namespace souk::actors
