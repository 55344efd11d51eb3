#include "actors/reservation_coordinator.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>
#include <variant>

#include "actors/ask.hpp"
#include "actors/reservation_parts.hpp"
#include "actors/sku_resolution.hpp"

namespace souk::actors {

namespace {

/// The coordinator's own stroke while requests wait for their reservation.
struct ReservationTick {};

}  // namespace

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReservationTick)

namespace souk::actors {

namespace {

using engine::Errc;
using engine::Error;
using engine::HoldId;
using engine::Reservation;

constexpr std::chrono::milliseconds kTick{10};
constexpr std::size_t kOpenMax = 16'384;
/// A part must last that long when a commit over several shards begins.
constexpr engine::Duration kCommitTime = std::chrono::seconds{10};
/// For letting go of what a refused request held.
constexpr std::chrono::seconds kReleaseTime{5};

using ReservationSelf = ReservationCoordinator::extend<caf::reacts_to<ReservationTick>>;

class ReservationCoordinatorActor final : public ReservationSelf::base {
public:
  ReservationCoordinatorActor(caf::actor_config& config, RouteTablePtr routes,
                              std::shared_ptr<SkuDirectory> directory, const Clock& clock)
      : ReservationSelf::base{config},
        routes_{std::move(routes)},
        directory_{std::move(directory)},
        time_of_day_{clock} {}

  const char* name() const override { return "reservation_coordinator"; }

private:
  /// A request about one reservation.
  struct Job {
    std::variant<Reserve, SettleReservation> request;
    caf::typed_response_promise<ReservationAnswer> promise;
    HoldId id;
    engine::IdempotencyKey key;
    Deadline deadline;
    engine::Timestamp now;
    engine::ConsistencyToken token;
    std::vector<ReservationPart> parts;
    std::size_t missing = 0;
    bool rerouted = false;                   // the directory was wrong once
    std::optional<Reservation> reservation;  // being settled

    bool abandoned() const {
      return std::visit([](const auto& one) { return one.context.abandoned(); }, request);
    }
    Reserve& reserve() { return std::get<Reserve>(request); }
    SettleReservation& settle() { return std::get<SettleReservation>(request); }
  };
  using JobPtr = std::shared_ptr<Job>;

  behavior_type make_behavior() override {
    return {
        [this](Reserve& request) {
          auto job = std::make_shared<Job>();
          job->id = request.request.id;
          job->key = request.request.idempotency;
          job->deadline = request.context.deadline;
          job->request = std::move(request);
          return admit(std::move(job));
        },
        [this](SettleReservation& request) {
          auto job = std::make_shared<Job>();
          job->id = request.reservation;
          job->key = request.idempotency;
          job->deadline = request.context.deadline;
          job->request = std::move(request);
          return admit(std::move(job));
        },
        [this](const Drain&) { return on_drain(); },
        [this](const ReservationTick&) { on_tick(); },
    };
  }

  // One request after another per reservation.

  caf::result<ReservationAnswer> admit(JobPtr job) {
    if (draining_) return refusal(Errc::unavailable, "the node is stopping");
    if (open_ >= kOpenMax) return refusal(Errc::overloaded, "too many reservations are under way");
    if (job->deadline <= clock().now()) return refusal(Errc::timed_out, "the deadline has passed");
    auto promise = make_response_promise<ReservationAnswer>();
    job->promise = promise;
    job->now = time_of_day_.now();
    ++open_;
    const auto [line, first] = lines_.try_emplace(job->id);
    line->second.push_back(job);
    if (first) {
      begin(job);
    } else {
      ++waiting_;
      wake();
    }
    return promise;
  }

  void answer(const JobPtr& job, ReservationAnswer said) {
    said.token.merge(job->token);
    job->promise.deliver(std::move(said));
    end(job);
  }

  void refuse(const JobPtr& job, Error error) {
    answer(job, ReservationAnswer{std::move(error), {}, {}});
  }

  void end(const JobPtr& job) {
    --open_;
    const auto line = lines_.find(job->id);
    line->second.pop_front();
    if (line->second.empty()) {
      lines_.erase(line);
    } else {
      --waiting_;
      begin(line->second.front());
    }
    answer_drains();
  }

  void begin(const JobPtr& job) {
    if (job->abandoned()) {
      refuse(job, Error{Errc::canceled, "the client has left"});
      return;
    }
    if (!job->key.present()) {
      carry_out(job);
      return;
    }
    // Recording nothing tells what is recorded for the key.
    to_home(job, engine::RecordReservation{job->key, std::nullopt, std::nullopt, job->now},
            [this, job](CatalogAnswer& said) {
              if (!said.reply || !std::holds_alternative<engine::Acknowledged>(*said.reply)) {
                answer_recorded(job, said);
                return;
              }
              carry_out(job);
            });
  }

  void carry_out(const JobPtr& job) {
    if (std::holds_alternative<Reserve>(job->request)) {
      route(job);
    } else {
      load(job);
    }
  }

  template <class Then>
  void to_home(const JobPtr& job, engine::RecordReservation record, Then then) {
    const auto shard = std::make_shared<engine::ShardId>();
    ask_routed<CatalogAnswer>(
        this, routes_, job->deadline,
        [this, job, shard, record = std::move(record)](const RoutesPtr& routes, auto answered) {
          const auto& home = routes->catalog_at(job->id.str());
          *shard = home.shard;
          write_to(this, home, WriteCatalog{record, job->deadline, Urgency::normal},
                   std::move(answered));
        },
        [job, shard, then](CatalogAnswer& said) mutable {
          job->token.raise({*shard, said.position});
          then(said);
        });
  }

  /// What the home shard has recorded for the key, or why it could not.
  void answer_recorded(const JobPtr& job, CatalogAnswer& said) {
    if (!said.reply) {
      answer(job, ReservationAnswer{std::move(said.reply.error()), {}, std::move(said.replay)});
      return;
    }
    auto& reply = std::get<engine::ReservationReply>(*said.reply);
    engine::Replay replay = said.replay.replayed ? said.replay : reply.replay;
    answer(job, ReservationAnswer{std::move(reply.reservation), {}, std::move(replay)});
  }

  // Reserve.

  void route(const JobPtr& job) {
    const auto& lines = job->reserve().request.lines;
    std::vector<engine::Sku> missing;
    for (const engine::HoldLine& line : lines) {
      if (!directory_->find(line.sku)) missing.push_back(line.sku);
    }
    auto asked = missing;
    resolve_skus(this, routes_, directory_, std::move(missing), job->deadline, job->rerouted,
                 [this, job, asked = std::move(asked)](
                     engine::Result<std::vector<std::optional<engine::Slot>>> found) {
                   if (!found) {
                     refuse(job, found.error());
                     return;
                   }
                   place(job, asked, *found);
                 });
  }

  void place(const JobPtr& job, const std::vector<engine::Sku>& asked,
             const std::vector<std::optional<engine::Slot>>& found) {
    const ReserveRequest& request = job->reserve().request;
    const RoutesPtr routes = routes_->current();
    job->parts.clear();
    for (const engine::HoldLine& line : request.lines) {
      auto slot = directory_->find(line.sku);
      for (std::size_t i = 0; i < asked.size(); ++i) {
        if (asked[i] == line.sku) slot = found[i];
      }
      // The claim's shard answers unknown_sku for a SKU that no product claims.
      const auto shard = routes->map.shard_of(engine::Service::catalog,
                                              slot.value_or(engine::slot_of(line.sku.str())));
      auto part = std::find_if(job->parts.begin(), job->parts.end(),
                               [&](const auto& entry) { return entry.shard == shard; });
      if (part == job->parts.end()) {
        part = job->parts.insert(part, ReservationPart{shard, {}, false, std::nullopt});
        part->believed = routes->catalog_of(shard).slots;
      }
      part->lines.push_back(line);
    }
    to_parts(
        job,
        [job, &request](const ReservationPart& part) -> engine::CatalogCommand {
          return engine::PlaceHold{request.id, engine::HoldOwner::client,
                                   part.lines, request.all_or_nothing,
                                   job->now,   job->now + request.ttl};
        },
        [this, job] { on_placed(job); });
  }

  /// The parts were made by an older map than a shard's: they are made anew, and what was done
  /// already is done again, which changes nothing. False: it is too late for that.
  template <class Again>
  bool go_astray(const JobPtr& job, Again again) {
    const bool astray = std::any_of(job->parts.begin(), job->parts.end(), [](const auto& part) {
      return part.answer && is_wrong_shard(*part.answer);
    });
    if (!astray || clock().now() >= job->deadline || !routes_->pause()) return false;
    pause_for_routes(this, *routes_, [again](bool) { again(); });
    return true;
  }

  void on_placed(const JobPtr& job) {
    if (go_astray(job, [this, job] { route(job); })) return;
    if (!job->rerouted && stale_directory(job->parts)) {
      job->rerouted = true;
      for (const auto& line : job->reserve().request.lines) directory_->forget(line.sku);
      route(job);
      return;
    }
    if (auto failure = passing_failure(job->parts)) {
      refuse(job, std::move(*failure));
      return;
    }
    auto joined = join_placed(job->reserve().request, job->parts, job->now);
    engine::RecordReservation record{job->key, std::nullopt, std::nullopt, job->now};
    if (joined) {
      record.reservation = std::move(*joined);
      to_home(job, std::move(record),
              [this, job](CatalogAnswer& said) { answer_recorded(job, said); });
      return;
    }
    record.refusal = std::move(joined.error());
    to_home(job, std::move(record), [this, job](CatalogAnswer& said) {
      // If the key has another answer, the holds belong to that.
      const bool ours =
          !said.reply && !is_passing(said.reply.error().code) && !said.replay.replayed;
      if (ours) release_parts(*job);
      answer_recorded(job, said);
    });
  }

  void release_parts(const Job& job) {
    for (const ReservationPart& part : job.parts) {
      if (!part.answer->reply) continue;
      if (std::get<engine::HoldPlacedReply>(*part.answer->reply).held.empty()) continue;
      // If this fails the units come back at the reservation's own end.
      write_to(this, *routes_, part.shard,
               WriteCatalog{engine::ReleaseHold{job.id, engine::HoldOwner::client, job.now},
                            clock().now() + kReleaseTime, Urgency::normal, part.believed},
               [](CatalogAnswer&) {});
    }
  }

  // Commit, release, extend.

  void load(const JobPtr& job) {
    const auto shard = std::make_shared<engine::ShardId>();
    ask_routed<CatalogReading>(
        this, routes_, job->deadline,
        [this, job, shard](const RoutesPtr& routes, auto answered) {
          const auto& home = routes->catalog_at(job->id.str());
          *shard = home.shard;
          const auto at_least = job->settle().context.token.position_of(home.shard);
          read_from(this, home, ReadCatalog{ReadReservation{job->id}, at_least, job->deadline},
                    std::move(answered));
        },
        [this, job, shard](CatalogReading& reading) {
          job->token.raise({*shard, reading.position});
          if (!reading.finding) {
            refuse(job, reading.finding.error());
            return;
          }
          job->reservation = std::move(std::get<Reservation>(*reading.finding));
          settle(job);
        });
  }

  void settle(const JobPtr& job) {
    using Kind = SettleReservation::Kind;
    const SettleReservation& request = job->settle();
    if (auto over = settled_before(request, *job->reservation)) {
      record_settled(job, std::move(*over));
      return;
    }
    const RoutesPtr routes = routes_->current();
    if (request.kind == Kind::commit) {
      auto parts = split_commit(*job->reservation, request.lines, routes->map);
      if (!parts) {
        record_settled(job, std::move(parts.error()));
        return;
      }
      job->parts = std::move(*parts);
      believe(*job, *routes);
      if (job->parts.size() > 1 && job->reservation->expires_at < job->now + kCommitTime) {
        prolong_and_commit(job);
        return;
      }
    } else {
      job->parts = split(*job->reservation, routes->map);
      believe(*job, *routes);
    }
    settle_parts(job);
  }

  static void believe(Job& job, const Routes& routes) {
    for (ReservationPart& part : job.parts) part.believed = routes.catalog_of(part.shard).slots;
  }

  void prolong_and_commit(const JobPtr& job) {
    to_parts(
        job,
        [job](const ReservationPart&) -> engine::CatalogCommand {
          return engine::ExtendHold{job->id, job->now, job->now + kCommitTime};
        },
        [this, job] {
          if (go_astray(job, [this, job] { settle(job); })) return;
          if (auto failure = passing_failure(job->parts)) {
            refuse(job, std::move(*failure));
            return;
          }
          // A part that a try before this one has sold is no reason to stop.
          for (const ReservationPart& part : job->parts) {
            if (part.answer->reply) continue;
            const Error& error = part.answer->reply.error();
            if (error.code == Errc::already_committed) continue;
            record_settled(job, error);
            return;
          }
          settle_parts(job);
        });
  }

  void settle_parts(const JobPtr& job) {
    to_parts(
        job,
        [job](const ReservationPart& part) {
          return settle_command(job->settle(), part, job->now);
        },
        [this, job] {
          if (go_astray(job, [this, job] { settle(job); })) return;
          if (auto failure = passing_failure(job->parts)) {
            refuse(job, std::move(*failure));
            return;
          }
          record_settled(job, join_settled(job->settle(), *job->reservation, job->parts));
        });
  }

  void record_settled(const JobPtr& job, engine::Result<Reservation> outcome) {
    engine::RecordReservation record{job->key, std::nullopt, std::nullopt, job->now};
    if (outcome) {
      record.reservation = std::move(*outcome);
    } else {
      record.refusal = std::move(outcome.error());
      if (record.refusal->code == Errc::reservation_expired) {
        record.reservation = *job->reservation;
        record.reservation->state = engine::HoldState::expired;
      }
    }
    to_home(job, std::move(record),
            [this, job](CatalogAnswer& said) { answer_recorded(job, said); });
  }

  // Scatter, gather, wait, stop.

  template <class MakeCommand, class Then>
  void to_parts(const JobPtr& job, MakeCommand make_command, Then then) {
    job->missing = 1;
    for (std::size_t i = 0; i < job->parts.size(); ++i) {
      ++job->missing;
      job->parts[i].answer.reset();
      write_to(this, *routes_, job->parts[i].shard,
               WriteCatalog{make_command(job->parts[i]), job->deadline, Urgency::normal,
                            job->parts[i].believed},
               [job, i, then](CatalogAnswer& said) mutable {
                 job->token.raise({job->parts[i].shard, said.position});
                 job->parts[i].answer = std::move(said);
                 if (--job->missing == 0) then();
               });
    }
    if (--job->missing == 0) then();
  }

  void on_tick() {
    ticking_ = false;
    const Deadline now = clock().now();
    for (auto& [id, line] : lines_) {
      // The first one is under way; its steps end at their own deadlines.
      for (std::size_t i = 1; i < line.size();) {
        if (line[i]->deadline > now) {
          ++i;
          continue;
        }
        const JobPtr late = line[i];
        line.erase(line.begin() + static_cast<std::ptrdiff_t>(i));
        --open_;
        --waiting_;
        late->promise.deliver(refusal(Errc::idempotency_in_progress,
                                      "another request of this reservation is running"));
      }
    }
    if (waiting_ != 0) wake();
  }

  void wake() {
    if (ticking_) return;
    ticking_ = true;
    delayed_send(ReservationSelf{this}, kTick, ReservationTick{});
  }

  caf::result<Drained> on_drain() {
    draining_ = true;
    auto promise = make_response_promise<Drained>();
    drains_.push_back(promise);
    answer_drains();
    return promise;
  }

  void answer_drains() {
    if (open_ != 0) return;
    for (auto& drain : drains_) drain.deliver(Drained{});
    drains_.clear();
  }

  static ReservationAnswer refusal(Errc code, const char* detail) {
    return {Error{code, detail, {}, {}}, {}, {}};
  }

  RouteTablePtr routes_;
  std::shared_ptr<SkuDirectory> directory_;
  const Clock& time_of_day_;
  std::unordered_map<HoldId, std::deque<JobPtr>> lines_;  // the first of each is under way
  std::size_t open_ = 0;
  std::size_t waiting_ = 0;
  bool ticking_ = false;
  bool draining_ = false;
  std::vector<caf::typed_response_promise<Drained>> drains_;
};

}  // namespace

ReservationCoordinator spawn_reservation_coordinator(caf::actor_system& system,
                                                     RouteTablePtr routes,
                                                     std::shared_ptr<SkuDirectory> directory,
                                                     const Clock& clock) {
  return system.spawn<ReservationCoordinatorActor>(std::move(routes), std::move(directory),
                                                   std::cref(clock));
}

}  // namespace souk::actors
