#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/route_table.hpp"
#include "actors/search_instant.hpp"
#include "actors/search_memory.hpp"
#include "actors/search_remote.hpp"
#include "engine/search/merge_parts.hpp"
#include "engine/search/search_part.hpp"
#include "engine/search/search_statistics.hpp"
#include "engine/types/timestamp.hpp"
#include "storage/wire_search.hpp"

namespace souk::actors {

/// One search over shards of which some are on other nodes: the steps of
/// engine/search/search_part.hpp, each on all nodes at once. When a node fails, everything is done
/// again without it, with other copies of its shards where there are any and with the shards
/// missing where there are none; once no time is left for that, what the others found is the page.
/// A shard that was seen by a search of the same instant is asked where that one was, and is
/// missing when nobody there has kept it.
///
/// It belongs to an actor: all calls, and all of what it posts, run there, one after another.
class ScatteredSearch : public std::enable_shared_from_this<ScatteredSearch> {
public:
  struct Parts {
    std::shared_ptr<SearchPeers> peers;
    RoutesPtr routes;
    std::function<RoutesPtr()> newer_routes{};  // may be null
    engine::Timestamp time_of_day;
    std::function<Deadline()> now;  // thread-safe
    /// Runs something on the actor, later. Thread-safe.
    std::function<void(std::function<void()>)> post;
    /// Runs something in a search worker: work(false) when too much waits there already.
    std::function<void(std::function<void(bool)> work)> run;
    std::function<std::uint64_t()> next_number;
    SearchLoad* load = nullptr;
    SearchMemoryPtr memory = nullptr;        // with a walk
    std::uint64_t walk = 0;                  // the number of the walk that begins; 0: none does
    std::function<void(SearchAnswer)> done;  // called once
  };

  ScatteredSearch(SearchProducts request, Parts parts);
  void start();

private:
  enum class Step { open, spell, run, read };
  /// The shards that one node searches; no node: this one.
  struct Group {
    engine::cluster::NodeId node;
    std::vector<engine::ShardPosition> shards;
    std::vector<engine::SnapshotPtr> snapshots;  // of this node
    bool opened = false;                         // it may keep something for us
    bool waited_for = false;
    bool lost = false;
    engine::SearchStatistics statistics;
    engine::SpellingStatistics spellings;
    engine::SearchPart part;
    std::vector<engine::ProductId> ids;  // of the hits asked for
    std::optional<std::vector<engine::Hit>> hits;

    bool here() const { return !node; }
  };
  using Content = std::function<void(Group&)>;  // puts an answer where it belongs

  void begin_attempt();
  void plan();
  void begin(Step step);
  void ask_open(std::size_t group);
  void ask_spell(std::size_t group);
  void ask_run(std::size_t group);
  void ask_read(std::size_t group, std::vector<engine::HitPlace> places);
  void ask_node(std::size_t group, storage::WireKind kind, const std::string& payload,
                Deadline told, std::function<engine::Result<Content>(std::string_view)> decode);
  void ask_here(std::size_t group, std::function<Content()> work);
  void on_answer(std::uint64_t attempt, std::size_t group, engine::Result<Content> answer);
  void plan_again(engine::SearchStatistics statistics);
  void begin_round();
  void advance();
  void read();
  void finish();
  void finish_without_lost();
  void tell_walk() const;
  void answer(engine::SearchPage page);
  void refuse(engine::Errc code, const char* detail);
  void end(SearchAnswer answer);
  void release();
  void note_failure(const Group& group, const engine::Error& error);
  bool may_try_again() const;
  bool other_copy_of(const Group& group) const;
  std::optional<SearchCover> look_here(engine::ShardId shard, const PublicationPtr& publication,
                                       const Believed& slots) const;
  engine::cluster::NodeId place_of(engine::ShardId shard) const;
  std::vector<engine::cluster::NodeId> candidates(engine::ShardPosition wanted) const;
  std::vector<engine::ShardId> all_shards() const;
  std::vector<engine::SearchPart> parts_of(std::vector<std::size_t>& groups) const;
  storage::WireSearchOpen open_for(const Group& group) const;

  const std::shared_ptr<const SearchProducts> request_;
  Parts host_;
  const std::shared_ptr<const engine::QueryPlan> words_;
  SearchInstant* const shared_;  // in the request; null: of no other search
  std::uint64_t instant_ = 0;    // its number; 0: other nodes need not keep it
  // How long nodes may look into their shards, and how long their answers are waited for.
  Deadline scan_until_;
  Deadline run_until_;
  Deadline read_until_;

  std::vector<SearchCopies> copies_;
  std::set<std::pair<engine::cluster::NodeId, engine::ShardId>> failed_;
  bool behind_ = false;  // a node did not reach a position

  std::uint64_t attempt_ = 0;
  std::uint64_t number_ = 0;
  Step step_ = Step::open;
  std::vector<Group> groups_;
  std::size_t open_answers_ = 0;
  Deadline step_until_;
  std::shared_ptr<const engine::SearchStatistics> statistics_;
  std::shared_ptr<const engine::QueryPlan> plan_;
  engine::SearchRound round_;
  std::optional<engine::MergedPage> merged_;
  std::vector<std::size_t> merged_groups_;  // part -> group
  bool ended_ = false;
};

}  // namespace souk::actors
