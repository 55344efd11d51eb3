#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "actors/search_memory.hpp"
#include "actors/search_remote.hpp"
#include "actors/search_walk.hpp"
#include "engine/search/merge_parts.hpp"
#include "storage/wire.hpp"

namespace souk::actors {

/// The next page of a walk, from the nodes that keep its snapshots: each lists its next hits, the
/// best of all are read. Any node can ask. Errors: unknown_lease, when one of them keeps it no more
/// or is gone; those of asking. A page that failed can be asked for again.
///
/// It belongs to an actor, as ScatteredSearch.
class ScatteredWalk : public std::enable_shared_from_this<ScatteredWalk> {
public:
  struct Parts {
    std::shared_ptr<SearchPeers> peers;
    SearchMemoryPtr memory;
    std::function<Deadline()> now;  // thread-safe
    std::function<void(std::function<void()>)> post;
    std::function<void(std::function<void(bool)> work)> run;
    std::function<void(SearchAnswer)> done;  // called once
  };

  /// Pre: the request's instant has a walk that was begun.
  ScatteredWalk(SearchProducts request, Parts parts);
  void start();

private:
  void list(std::size_t part);
  void read(std::size_t part, std::vector<engine::HitPlace> places);
  void on_part(std::size_t part, engine::Result<engine::SearchPart> found);
  void on_hits(std::size_t part, engine::Result<std::vector<engine::Hit>> hits);
  void merge();
  void finish();
  void fail(std::size_t part, engine::Error error);
  void end(SearchAnswer answer);
  bool here(std::size_t part) const;
  void ask(std::size_t part, storage::WireKind kind, const std::string& payload,
           std::function<void(engine::Result<std::string>)> back);

  const std::shared_ptr<const SearchProducts> request_;
  Parts host_;
  WalkPlace* const place_;  // in the request
  engine::Query query_;     // as far as pages differ in it
  const Deadline until_;
  std::vector<engine::SearchPart> parts_;
  std::size_t open_answers_ = 0;
  std::optional<engine::MergedPage> merged_;
  bool ended_ = false;
};

/// Peers of a node that has none.
std::shared_ptr<SearchPeers> no_peers();

}  // namespace souk::actors
