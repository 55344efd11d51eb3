#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "actors/search_rules.hpp"
#include "actors/search_walk.hpp"
#include "engine/search/past_queries.hpp"
#include "engine/search/suggest.hpp"
#include "engine/search/suggest_index.hpp"

namespace souk::actors {

/// What a node keeps between searches: the indexes of suggestions, which queries were asked here
/// and found something, and walks through all hits. The queries outlive a restart, the rest does
/// not. Thread-safe.
class SearchMemory {
public:
  engine::SuggestIndexes indexes;
  SearchWalks walks;
  engine::cluster::NodeId self;  // none: without peers; set before the first search
  std::shared_ptr<const SearchRules> rules;  // none: searches are taken as they are; set alike

  /// `form`: engine::remembered_form().
  void remember(const std::string& form) {
    const std::lock_guard lock{mutex_};
    past_.add(form);
    changed_ = true;
  }
  /// Those that begin so, the most asked first.
  std::vector<engine::SuggestedQuery> past(const engine::SuggestRequest& request) const;

  /// Takes up the queries that were kept in `file`, and keeps them there from now on. A file that
  /// cannot be read is as none: what shoppers type is not worth a start that fails.
  void open(const std::filesystem::path& file, std::chrono::system_clock::time_point now);
  /// To be called now and then: lets old queries fade, and saves them when they changed. What a
  /// crash may lose is half a minute of counts.
  void keep(std::chrono::system_clock::time_point now);
  /// Saves the queries if they changed. Whoever cannot write keeps them in memory and tries again.
  void save();

private:
  mutable std::mutex mutex_;
  engine::PastQueries past_;
  bool changed_ = false;
  std::mutex saving_;           // one saves at a time
  std::filesystem::path file_;  // none: nothing is kept
  std::chrono::system_clock::time_point faded_;
  std::chrono::system_clock::time_point saved_;
};
using SearchMemoryPtr = std::shared_ptr<SearchMemory>;

}  // namespace souk::actors
