#include "actors/search_coordinator.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <deque>
#include <random>
#include <utility>
#include <vector>

#include "actors/ask.hpp"
#include "actors/scattered_search.hpp"
#include "actors/scattered_suggest.hpp"
#include "actors/scattered_walk.hpp"
#include "actors/search_cover.hpp"
#include "actors/search_instant.hpp"
#include "actors/search_worker.hpp"
#include "engine/search/search.hpp"

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
constexpr std::chrono::seconds kExpiry{5};
// A second query in a worker's mailbox hides the time a sleeping thread takes to wake up.
constexpr std::uint32_t kWorkerLoadMax = 2;

using SearchSelf = SearchService::extend<caf::reacts_to<SearchTick>>;

class SearchCoordinatorActor final : public SearchSelf::base {
public:
  SearchCoordinatorActor(caf::actor_config& config, RouteTablePtr routes, const Clock& clock,
                         SearchLimits limits, Metrics& metrics, std::shared_ptr<SearchPeers> peers,
                         SearchMemoryPtr memory)
      : SearchSelf::base{config},
        routes_{std::move(routes)},
        time_of_day_{clock},
        limits_{limits},
        metrics_{metrics},
        peers_{std::move(peers)},
        memory_{std::move(memory)},
        number_{static_cast<std::uint64_t>(clock.now().microseconds())} {
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
    std::function<void(bool)> task = nullptr;  // instead of a request
    bool again = false;                        // it was taken up twice
    std::string form{};                        // remembered if something is found
    std::shared_ptr<SearchInstant> instant{};  // the request's, which may have been given away
    engine::Ruling ruling{};
  };
  enum class Way : std::uint8_t { here, elsewhere, wait };

  behavior_type make_behavior() override {
    for (const Worker& worker : workers_) link_to(worker.actor);
    return {
        [this](SearchProducts& request) { return on_search(request); },
        [this](const Drain&) { return on_drain(); },
        [this](SuggestProducts& request) { return on_suggest(request); },
        [this](SearchTask& task) { on_task(task); },
        [](const SearchEvent& event) { event.happen(); },
        [this](const SearchTick&) { on_tick(); },
    };
  }

  void on_exit() override { workers_.clear(); }

  caf::result<SearchAnswer> on_search(SearchProducts& request) {
    using engine::Errc;
    if (draining_) return refusal(Errc::unavailable, "the node is stopping");
    if (queue_.size() + waiting_.size() + scattered_ >= limits_.queue_max) {
      metrics_.search(engine::to_string(Errc::overloaded), 0);
      return refusal(Errc::overloaded, "too many searches are waiting");
    }
    auto promise = make_response_promise<SearchAnswer>();
    Job job{std::move(request), promise, clock().now()};
    job.instant = job.request.patience.instant;
    if (job.request.patience.remember && job.request.query.page == 1)
      job.form = engine::remembered_form(job.request.query.q);
    const WalkPlace* const walk = walk_of(job.request.patience.instant);
    if (walk != nullptr && walk->walk != 0) {
      ++open_;
      walk_on(std::move(job));
      return promise;
    }
    ++open_;
    if (const auto applied = apply_rules(job, walk != nullptr); !applied) {
      answer(job, {applied.error(), {}});
    } else {
      take_up(std::move(job));
    }
    return promise;
  }

  /// A walk keeps the query it began with, but lists its hits by keys that its later pages know
  /// too, and has no places for pinned ones.
  engine::Result<void> apply_rules(Job& job, bool walk) {
    engine::Query& query = job.request.query;
    std::vector<engine::SortKey> sort_by = query.sort_by;
    const engine::RuleSetPtr rules = memory_->rules ? memory_->rules->current() : no_rules_;
    auto ruling = rules->apply(query, time_of_day_.now(), analyzer_);
    if (!ruling) return ruling.error();
    job.ruling = std::move(*ruling);
    if (walk) {
      query.pinned_hits.clear();
      query.sort_by = std::move(sort_by);
      job.ruling.sort_by.clear();
    }
    return {};
  }

  caf::result<SuggestAnswer> on_suggest(SuggestProducts& request) {
    const auto refuse = [](engine::Errc code, const char* detail) {
      return SuggestAnswer{engine::Error{code, detail, {}, {}}, {}};
    };
    if (draining_) return refuse(engine::Errc::unavailable, "the node is stopping");
    if (queue_.size() + waiting_.size() + scattered_ >= limits_.queue_max)
      return refuse(engine::Errc::overloaded, "too many searches are waiting");
    auto promise = make_response_promise<SuggestAnswer>();
    ++open_;
    ScatteredSuggest::Parts parts;
    parts.peers = peers_;
    parts.routes = routes_->current();
    parts.memory = memory_;
    parts.time_of_day = time_of_day_.now();
    parts.now = [&clock = clock()] { return clock.now(); };
    const auto self = caf::actor_cast<SearchService>(this);
    parts.post = [self](std::function<void()> happen) {
      caf::anon_send(self, SearchEvent{std::move(happen)});
    };
    parts.run = [this](std::function<void(bool)> work) {
      SearchTask task{std::move(work)};
      on_task(task);
    };
    parts.load = &load_;
    parts.done = [this, promise](SuggestAnswer found) mutable {
      promise.deliver(std::move(found));
      --open_;
      answer_drains();
    };
    std::make_shared<ScatteredSuggest>(std::move(request), std::move(parts))->start();
    return promise;
  }

  /// A copy that was here when the search was given to a worker is not any more.
  bool left_behind(Job& job, const SearchAnswer& found) {
    return peers_ && found.reply && !found.reply->missing.empty() &&
           !std::exchange(job.again, true);
  }

  void take_up(Job job) {
    Way way = way_of(job.request);
    // A walk needs the steps of a scattered search, also if all of them are made here.
    if (way == Way::here && walk_of(job.request.patience.instant) != nullptr) way = Way::elsewhere;
    switch (way) {
      case Way::here:
        queue_.push_back(std::move(job));
        dispatch();
        break;
      case Way::elsewhere:
        scatter(std::move(job));
        break;
      case Way::wait:
        waiting_.push_back(std::move(job));
        wake();
        break;
    }
  }

  void on_task(SearchTask& task) {
    if (queue_.size() >= limits_.queue_max) return task.work(false);
    Job job;
    job.task = std::move(task.work);
    queue_.push_back(std::move(job));
    dispatch();
  }

  void scatter(Job job) {
    if (job.request.context.deadline <= clock().now()) {
      return answer(job, refusal(engine::Errc::timed_out, "the deadline has passed"));
    }
    if (job.request.context.abandoned()) {
      return answer(job, refusal(engine::Errc::canceled, "the client has left"));
    }
    ++scattered_;
    ScatteredSearch::Parts parts;
    parts.peers = peers_ ? peers_ : no_peers();
    parts.memory = memory_;
    if (walk_of(job.request.patience.instant) != nullptr) {
      parts.walk = (std::uint64_t{random_()} << 32U | random_()) | 1U;
      expire_walks();
    }
    const auto& instant = job.request.patience.instant;
    parts.newer_routes = [table = routes_, instant] {
      return instant ? instant->routes(table->current()) : table->current();
    };
    parts.routes = parts.newer_routes();
    parts.time_of_day = instant ? instant->hold(time_of_day_.now()) : time_of_day_.now();
    parts.now = [&clock = clock()] { return clock.now(); };
    const auto self = caf::actor_cast<SearchService>(this);
    parts.post = [self](std::function<void()> happen) {
      caf::anon_send(self, SearchEvent{std::move(happen)});
    };
    parts.run = [this](std::function<void(bool)> work) {
      SearchTask task{std::move(work)};
      on_task(task);
    };
    parts.next_number = [this] { return ++number_; };
    parts.load = &load_;
    SearchProducts request = std::move(job.request);
    parts.done = [this, job = std::move(job)](SearchAnswer found) mutable {
      --scattered_;
      answer(job, std::move(found));
    };
    std::make_shared<ScatteredSearch>(std::move(request), std::move(parts))->start();
  }

  /// The next page of a walk.
  void walk_on(Job job) {
    ++scattered_;
    ScatteredWalk::Parts parts;
    parts.peers = peers_ ? peers_ : no_peers();
    parts.memory = memory_;
    parts.now = [&clock = clock()] { return clock.now(); };
    const auto self = caf::actor_cast<SearchService>(this);
    parts.post = [self](std::function<void()> happen) {
      caf::anon_send(self, SearchEvent{std::move(happen)});
    };
    parts.run = [this](std::function<void(bool)> work) {
      SearchTask task{std::move(work)};
      on_task(task);
    };
    SearchProducts request = std::move(job.request);
    parts.done = [this, job = std::move(job)](SearchAnswer found) mutable {
      --scattered_;
      answer(job, std::move(found));
    };
    std::make_shared<ScatteredWalk>(std::move(request), std::move(parts))->start();
  }

  /// Once in a while as long as walks are kept, so that their snapshots do not stay.
  void expire_walks() {
    if (std::exchange(expiring_, true)) return;
    const SearchEvent look{[this] {
      expiring_ = false;
      if (memory_->walks.expire(clock().now()) > 0) expire_walks();
    }};
    delayed_send(SearchSelf{this}, kExpiry, look);
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
      const Way way = late ? Way::wait : way_of(job.request);
      if (!late && way == Way::wait) {
        ++i;
        continue;
      }
      Job done_waiting = std::move(job);
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
      if (late) {
        answer(done_waiting, refusal(engine::Errc::consistency_unreachable,
                                     "the state named by the token was not reached in time"));
      } else if (way == Way::elsewhere) {
        scatter(std::move(done_waiting));
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
      if (job.task) {
        run_task(static_cast<std::size_t>(worker - workers_.begin()), std::move(job.task));
        continue;
      }
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
      // Alone, what is there stays there.
      SearchProducts request = peers_ ? job.request : std::move(job.request);
      ask<SearchAnswer>(this, worker->actor, std::move(request),
                        [this, place, job = std::move(job)](SearchAnswer& found) mutable {
                          --workers_[place].load;
                          if (left_behind(job, found)) {
                            take_up(std::move(job));
                          } else {
                            answer(job, std::move(found));
                          }
                          dispatch();
                        });
    }
  }

  void run_task(std::size_t place, std::function<void(bool)> work) {
    ++workers_[place].load;
    const auto free_worker = [this, place] {
      --workers_[place].load;
      dispatch();
    };
    request(workers_[place].actor, caf::infinite, SearchTask{std::move(work)})
        .then([free_worker](const SearchTaskDone&) { free_worker(); },
              [free_worker](const caf::error&) { free_worker(); });
  }

  void answer(Job& job, SearchAnswer found) {
    const double seconds = std::chrono::duration<double>(clock().now() - job.arrived).count();
    metrics_.search(!found.reply ? engine::to_string(found.reply.error().code)
                    : found.reply->missing.empty() && !found.reply->cutoff ? "complete"
                                                                           : "partial",
                    seconds);
    if (found.reply && found.reply->found > 0 && !job.form.empty()) {
      // Nobody wants to be offered a misspelling.
      const std::string& corrected = found.reply->corrected_query;
      memory_->remember(corrected.empty() ? job.form : engine::remembered_form(corrected));
    }
    if (found.reply) found.reply->ruling = std::move(job.ruling);
    if (found.reply && job.instant) job.instant->answer();
    job.promise.deliver(std::move(found));
    --open_;
    answer_drains();
  }

  void answer_drains() {
    if (open_ != 0) return;
    for (auto& drain : drains_) drain.deliver(Drained{});
    drains_.clear();
  }

  Way way_of(const SearchProducts& request) const {
    const engine::ConsistencyToken& token = request.context.token;
    if (!peers_) return reached(token) ? Way::here : Way::wait;
    const SearchInstant* const instant = shared_instant(request.patience.instant);
    Way way = Way::here;
    RoutesPtr routes = routes_->current();
    if (instant) routes = instant->routes(std::move(routes));
    for (const auto& link : routes->catalog) {
      if (instant && instant->place_of(link.shard)) {
        way = Way::elsewhere;
        continue;
      }
      if (instant && instant->held(link.shard, link.slots)) continue;
      if (cover(link.publication, link.slots, token)) continue;
      const auto snapshot = link.publication->snapshot();
      // What is led here is nowhere newer; a copy that lags may have to do.
      if (snapshot &&
          (link.publication->role == engine::cluster::Role::primary || !others_have(link.shard))) {
        return Way::wait;
      }
      way = Way::elsewhere;
    }
    const bool known =
        std::all_of(token.positions.begin(), token.positions.end(), [&](const auto& wanted) {
          return wanted.shard.service != engine::Service::catalog || wanted.position == 0 ||
                 routes->find_catalog(wanted.shard);
        });
    return known ? way : Way::wait;
  }

  bool others_have(engine::ShardId shard) const {
    for (const SearchCopies& copy : peers_->copies()) {
      if (copy.shard != shard) continue;
      return peers_->connected(copy.primary) ||
             std::any_of(copy.others.begin(), copy.others.end(),
                         [&](auto node) { return peers_->connected(node); });
    }
    return false;
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
  const Clock& time_of_day_;
  SearchLimits limits_;
  Metrics& metrics_;
  const std::shared_ptr<SearchPeers> peers_;  // none: this node is alone
  const SearchMemoryPtr memory_;
  const engine::RuleSetPtr no_rules_ = std::make_shared<engine::RuleSet>();
  engine::Analyzer analyzer_;
  // Higher after a restart, so that nobody takes a search for one of before.
  std::uint64_t number_;
  SearchLoad load_;
  std::random_device random_;
  bool expiring_ = false;
  std::size_t scattered_ = 0;  // searches over several nodes
  std::vector<Worker> workers_;
  std::deque<Job> queue_;    // for a worker
  std::deque<Job> waiting_;  // for a position
  std::size_t open_ = 0;
  bool ticking_ = false;
  bool draining_ = false;
  std::vector<caf::typed_response_promise<Drained>> drains_;
};

}  // namespace

SearchService spawn_search_coordinator(caf::actor_system& system, RouteTablePtr routes,
                                       const Clock& clock, SearchLimits limits, Metrics& metrics,
                                       std::shared_ptr<SearchPeers> peers, SearchMemoryPtr memory) {
  return system.spawn<SearchCoordinatorActor>(std::move(routes), std::cref(clock), limits,
                                              std::ref(metrics), std::move(peers),
                                              std::move(memory));
}

}  // namespace souk::actors
