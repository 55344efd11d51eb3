#include "actors/search_coordinator.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <deque>
#include <utility>
#include <vector>

#include "actors/ask.hpp"
#include "actors/search_worker.hpp"
#include "engine/index/catalog_index.hpp"

namespace souk::actors {

namespace {

/// The coordinator's own stroke while queries wait for a position.
struct SearchTick {};

}  // namespace

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SearchTick)

namespace souk::actors {

namespace {

constexpr std::chrono::milliseconds kTick{1};
// A second query in a worker's mailbox hides the time a sleeping thread takes to wake up.
constexpr std::uint32_t kWorkerLoadMax = 2;

using SearchSelf = SearchCoordinator::extend<caf::reacts_to<SearchTick>>;

class SearchCoordinatorActor final : public SearchSelf::base {
public:
  SearchCoordinatorActor(caf::actor_config& config, RouteTablePtr routes, const Clock& clock,
                         SearchLimits limits, Metrics& metrics)
      : SearchSelf::base{config}, routes_{std::move(routes)}, limits_{limits}, metrics_{metrics} {
    for (std::uint32_t i = 0; i < std::max(1U, limits_.workers); ++i) {
      workers_.push_back({spawn_search_worker(system(), routes_, clock, limits_.detached), 0});
    }
  }

  const char* name() const override { return "search_coordinator"; }

private:
  struct Worker {
    SearchWorker actor;
    std::uint32_t load = 0;
  };
  struct Job {
    SearchProducts request;
    caf::typed_response_promise<SearchAnswer> promise;
    Deadline arrived;
  };

  behavior_type make_behavior() override {
    for (const Worker& worker : workers_) link_to(worker.actor);
    return {
        [this](SearchProducts& request) { return on_search(request); },
        [this](const Drain&) { return on_drain(); },
        [this](const SearchTick&) { on_tick(); },
    };
  }

  void on_exit() override { workers_.clear(); }

  caf::result<SearchAnswer> on_search(SearchProducts& request) {
    using engine::Errc;
    if (draining_) return refusal(Errc::unavailable, "the node is stopping");
    if (queue_.size() + waiting_.size() >= limits_.queue_max) {
      metrics_.search(engine::to_string(Errc::overloaded), 0);
      return refusal(Errc::overloaded, "too many searches are waiting");
    }
    auto promise = make_response_promise<SearchAnswer>();
    Job job{std::move(request), promise, clock().now()};
    ++open_;
    if (reached(job.request.context.token)) {
      queue_.push_back(std::move(job));
      dispatch();
    } else {
      waiting_.push_back(std::move(job));
      wake();
    }
    return promise;
  }

  caf::result<Drained> on_drain() {
    draining_ = true;
    auto promise = make_response_promise<Drained>();
    drains_.push_back(promise);
    answer_drains();
    return promise;
  }

  void on_tick() {
    ticking_ = false;
    const Deadline now = clock().now();
    for (std::size_t i = 0; i < waiting_.size();) {
      Job& job = waiting_[i];
      const bool late = job.request.context.deadline <= now;
      if (!late && !reached(job.request.context.token)) {
        ++i;
        continue;
      }
      Job done_waiting = std::move(job);
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
      if (late) {
        answer(done_waiting, refusal(engine::Errc::consistency_unreachable,
                                     "the state named by the token was not reached in time"));
      } else {
        queue_.push_back(std::move(done_waiting));
      }
    }
    dispatch();
    if (!waiting_.empty()) wake();
  }

  void dispatch() {
    while (!queue_.empty()) {
      const auto worker =
          std::min_element(workers_.begin(), workers_.end(),
                           [](const auto& a, const auto& b) { return a.load < b.load; });
      if (worker->load >= kWorkerLoadMax) return;
      Job job = std::move(queue_.front());
      queue_.pop_front();
      if (job.request.context.deadline <= clock().now()) {
        answer(job, refusal(engine::Errc::timed_out, "the deadline passed in the queue"));
        continue;
      }
      if (job.request.context.abandoned()) {
        answer(job, refusal(engine::Errc::canceled, "the client left while the search waited"));
        continue;
      }
      ++worker->load;
      const auto place = static_cast<std::size_t>(worker - workers_.begin());
      SearchProducts request = std::move(job.request);
      ask<SearchAnswer>(this, worker->actor, std::move(request),
                        [this, place, job = std::move(job)](SearchAnswer& found) mutable {
                          --workers_[place].load;
                          answer(job, std::move(found));
                          dispatch();
                        });
    }
  }

  void answer(Job& job, SearchAnswer found) {
    const double seconds = std::chrono::duration<double>(clock().now() - job.arrived).count();
    metrics_.search(!found.reply ? engine::to_string(found.reply.error().code)
                    : found.reply->missing.empty() && !found.reply->cutoff ? "complete"
                                                                           : "partial",
                    seconds);
    job.promise.deliver(std::move(found));
    --open_;
    answer_drains();
  }

  void answer_drains() {
    if (open_ != 0) return;
    for (auto& drain : drains_) drain.deliver(Drained{});
    drains_.clear();
  }

  /// Whether every catalog shard shows at least what the token names.
  bool reached(const engine::ConsistencyToken& token) const {
    const RoutesPtr routes = routes_->current();
    return std::all_of(token.positions.begin(), token.positions.end(), [&](const auto& wanted) {
      if (wanted.shard.service != engine::Service::catalog || wanted.position == 0) return true;
      const auto* link = routes->find_catalog(wanted.shard);
      if (!link) return false;
      const auto snapshot = link->publication->snapshot();
      return snapshot && engine::snapshot_position(*snapshot) >= wanted.position;
    });
  }

  void wake() {
    if (ticking_) return;
    ticking_ = true;
    delayed_send(SearchSelf{this}, kTick, SearchTick{});
  }

  static SearchAnswer refusal(engine::Errc code, const char* detail) {
    return {engine::Error{code, detail, {}, {}}, {}};
  }

  RouteTablePtr routes_;
  SearchLimits limits_;
  Metrics& metrics_;
  std::vector<Worker> workers_;
  std::deque<Job> queue_;    // for a worker
  std::deque<Job> waiting_;  // for a position
  std::size_t open_ = 0;
  bool ticking_ = false;
  bool draining_ = false;
  std::vector<caf::typed_response_promise<Drained>> drains_;
};

}  // namespace

SearchCoordinator spawn_search_coordinator(caf::actor_system& system, RouteTablePtr routes,
                                           const Clock& clock, SearchLimits limits,
                                           Metrics& metrics) {
  return system.spawn<SearchCoordinatorActor>(std::move(routes), std::cref(clock), limits,
                                              std::ref(metrics));
}

}  // namespace souk::actors
