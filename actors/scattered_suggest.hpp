#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "actors/route_table.hpp"
#include "actors/search_memory.hpp"
#include "actors/search_remote.hpp"
#include "actors/suggest_messages.hpp"
#include "storage/wire_suggest.hpp"

namespace souk::actors {

/// One question for suggestions: the steps of engine/search/suggest.hpp, on all nodes at once.
/// Every connected node with data is asked for the queries it remembers, also if its shards are
/// here. A node that fails is replaced once, by other copies of its shards; without any they are
/// missing.
///
/// It belongs to an actor, as ScatteredSearch.
class ScatteredSuggest : public std::enable_shared_from_this<ScatteredSuggest> {
public:
  struct Parts {
    std::shared_ptr<SearchPeers> peers;  // none: this node is alone
    RoutesPtr routes;
    SearchMemoryPtr memory;
    engine::Timestamp time_of_day;
    std::function<Deadline()> now;  // thread-safe
    std::function<void(std::function<void()>)> post;
    std::function<void(std::function<void(bool)> work)> run;
    SearchLoad* load = nullptr;
    std::function<void(SuggestAnswer)> done;  // called once
  };

  ScatteredSuggest(SuggestProducts request, Parts parts);
  void start();

private:
  struct Group {
    engine::cluster::NodeId node;  // none: this one
    std::vector<engine::ShardPosition> shards;
    std::vector<engine::SnapshotPtr> snapshots;  // of this node
    bool waited_for = false;
    bool lost = false;
    storage::WireSuggested found;

    bool here() const { return !node; }
  };

  void begin_attempt();
  void plan();
  void alone(const Group& group);
  void ask(std::vector<engine::SuggestedQuery> count);
  void ask_node(std::size_t group, const std::vector<engine::SuggestedQuery>& count);
  void ask_here(std::size_t group, const std::vector<engine::SuggestedQuery>& count);
  void on_answer(std::uint64_t round, std::size_t group,
                 engine::Result<storage::WireSuggested> answer);
  void advance();
  void finish();
  void end(engine::Result<engine::SuggestPage> page);
  std::vector<engine::ShardId> all_shards() const;

  const std::shared_ptr<const SuggestProducts> request_;
  Parts host_;
  const Deadline until_;
  std::vector<SearchCopies> copies_;
  std::set<std::pair<engine::cluster::NodeId, engine::ShardId>> failed_;
  std::vector<Group> groups_;
  std::size_t open_answers_ = 0;
  std::uint64_t round_ = 0;
  int attempts_ = 0;
  bool failure_ = false;  // with shards that other nodes have
  bool counting_ = false;
  std::vector<engine::SuggestPart> parts_;
  std::vector<engine::SuggestedQuery> queries_;
  bool ended_ = false;
};

/// What a node answers; `snapshots`: of the shards it is asked for.
storage::WireSuggested answer_suggest(const storage::WireSuggest& asked,
                                      const std::vector<engine::SnapshotPtr>& snapshots,
                                      SearchMemory& memory, const engine::SearchBudget& budget);

}  // namespace souk::actors
