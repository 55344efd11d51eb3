#include "actors/search_worker.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>
#include <vector>

#include "actors/failpoint.hpp"
#include "actors/search_cover.hpp"
#include "actors/search_instant.hpp"
#include "engine/search/search.hpp"

namespace souk::actors {

namespace {

// What is left for merging and sending the answer when a query is cut off.
constexpr std::chrono::milliseconds kAnswerTimeMax{5};

class SearchWorkerActor final : public SearchWorker::base {
public:
  SearchWorkerActor(caf::actor_config& config, RouteTablePtr routes, const Clock& clock)
      : SearchWorker::base{config}, routes_{std::move(routes)}, time_of_day_{clock} {}

  const char* name() const override { return "search_worker"; }

private:
  behavior_type make_behavior() override {
    return {
        [this](const SearchProducts& request) { return on_search(request); },
        [](const SearchTask& task) {
          task.work(true);
          return SearchTaskDone{};
        },
    };
  }

  SearchAnswer on_search(const SearchProducts& request) {
    using engine::Errc;
    const Deadline now = clock().now();
    if (request.context.deadline <= now) return refuse(Errc::timed_out, "the deadline has passed");
    if (request.context.abandoned()) return refuse(Errc::canceled, "the client has left");

    std::vector<engine::SnapshotPtr> snapshots;
    std::vector<engine::ShardId> missing;
    const auto& instant = request.patience.instant;
    RoutesPtr routes = routes_->current();
    if (instant) {
      routes = instant->routes(std::move(routes));
      instant->looks_by(routes);
    }
    snapshots.reserve(routes->catalog.size());
    for (const auto& link : routes->catalog) {
      auto found = instant ? instant->held(link.shard, link.slots) : std::nullopt;
      if (!found) found = cover(link.publication, link.slots);
      const bool last = &link == &routes->catalog.back();
      if (found && instant) found = instant->hold(link.shard, link.slots, std::move(*found));
      if (!found || (last && failpoint("search.slow_shard"))) {
        missing.push_back(link.shard);
      } else {
        std::move(found->begin(), found->end(), std::back_inserter(snapshots));
      }
    }
    if (snapshots.empty()) return refuse(Errc::unavailable, "no shard is ready");
    if (request.patience.require_full_coverage && !missing.empty()) {
      return refuse(Errc::timed_out, "not every shard could answer in time");
    }

    const auto left = request.context.deadline - now;
    const auto cutoff = std::min(
        request.patience.cutoff,
        request.context.deadline - std::min<Deadline::duration>(left / 10, kAnswerTimeMax));
    const engine::SearchBudget budget{[this, cutoff] { return clock().now() >= cutoff; }};
    const engine::Timestamp time = instant ? instant->hold(time_of_day_.now()) : time_of_day_.now();
    engine::SearchPage page = engine::search(snapshots, request.query, time, budget);
    if (request.patience.require_full_coverage && page.cutoff) {
      return refuse(Errc::timed_out, "the search was cut off before it had seen everything");
    }
    page.shards = static_cast<std::uint32_t>(routes->catalog.size());
    page.missing.insert(page.missing.end(), missing.begin(), missing.end());
    SearchAnswer answer{std::move(page), {}};
    for (const engine::ShardPosition& position : answer.reply->positions) {
      answer.token.raise(position);
    }
    return answer;
  }

  static SearchAnswer refuse(engine::Errc code, const char* detail) {
    return {engine::Error{code, detail, {}, {}}, {}};
  }

  RouteTablePtr routes_;
  const Clock& time_of_day_;
};

}  // namespace

SearchWorker spawn_search_worker(caf::actor_system& system, RouteTablePtr routes,
                                 const Clock& clock, bool detached) {
  if (detached) {
    return system.spawn<SearchWorkerActor, caf::detached>(std::move(routes), std::cref(clock));
  }
  return system.spawn<SearchWorkerActor>(std::move(routes), std::cref(clock));
}

}  // namespace souk::actors
