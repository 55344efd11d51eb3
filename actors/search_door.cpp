#include "actors/search_door.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "actors/failpoint.hpp"
#include "actors/scattered_suggest.hpp"
#include "actors/search_cover.hpp"
#include "actors/search_instants.hpp"
#include "engine/index/catalog_index.hpp"
#include "engine/search/hit_walk.hpp"
#include "storage/wire_search.hpp"
#include "storage/wire_suggest.hpp"

namespace souk::actors {

namespace {

struct SearchArrival {
  PeerArrival arrival;
};
struct DoorTick {};

}  // namespace

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SearchArrival)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::DoorTick)

namespace souk::actors {

namespace {

using engine::Errc;
using engine::Error;
using engine::Result;
using std::chrono::milliseconds;
using storage::WireKind;

constexpr milliseconds kWaitTick{1};
constexpr milliseconds kExpiryTick{100};
// A search is kept a little longer than it said, for an answer under way and the read after it.
constexpr milliseconds kKeepLonger{1000};
constexpr milliseconds kLeftMax{60'000};

using DoorActor = caf::typed_actor<caf::reacts_to<SearchArrival>, caf::reacts_to<DoorTick>>;

/// What the steps of a search share; workers read it.
struct OpenSearch {
  engine::Query query;
  engine::QueryPlan words;
  engine::Timestamp now;
  std::vector<engine::SnapshotPtr> snapshots;
};
using OpenSearchPtr = std::shared_ptr<const OpenSearch>;

std::string wrap(WireKind kind, const std::string& payload) {
  storage::Envelope envelope;
  envelope.kind = kind;
  envelope.shard = {engine::Service::catalog, 0};
  envelope.payload = payload;
  return storage::encode(envelope);
}

class SearchDoorActor final : public DoorActor::base {
public:
  SearchDoorActor(caf::actor_config& config, RouteTablePtr routes, SearchService searches,
                  SearchDoorLimits limits, SearchMemoryPtr memory)
      : DoorActor::base{config},
        routes_{std::move(routes)},
        searches_{std::move(searches)},
        limits_{limits},
        memory_{std::move(memory)},
        instants_{limits.open_max} {}

  const char* name() const override { return "search_door"; }

private:
  using Key = std::pair<std::string, std::uint64_t>;  // of whom, and its number there
  using RunPtr = std::shared_ptr<const storage::WireSearchRun>;
  struct Entry {
    OpenSearchPtr search;
    Deadline expires;
    RunPtr run;  // the last one
  };
  /// A search whose positions are not reached.
  struct Waiting {
    Key key;
    storage::WireSearchOpen open;
    Deadline until;
    std::function<void(Result<OpenSearchPtr>)> go_on;
  };

  behavior_type make_behavior() override {
    return {
        [this](SearchArrival& message) { on_arrival(message.arrival); },
        [this](const DoorTick&) { on_tick(); },
    };
  }

  void on_exit() override {
    searches_ = nullptr;
    open_.clear();
    waiting_.clear();
    instants_.clear();
  }

  void on_arrival(PeerArrival& arrival) {
    const PeerAnswer answer = arrival.answer ? arrival.answer : [](const Result<std::string>&) {};
    const auto envelope = storage::decode_envelope(arrival.envelope.bytes);
    if (!envelope) return answer(envelope.error());
    const Deadline until = clock().now() + std::clamp(envelope->deadline.value_or(kLeftMax),
                                                      milliseconds{0}, kLeftMax);
    switch (envelope->kind) {
      case WireKind::search_open:
        return on_open(arrival.from, envelope->payload, until, answer);
      case WireKind::search_spell:
        return on_spell(arrival.from, envelope->payload, answer);
      case WireKind::search_run:
        return on_run(arrival.from, envelope->payload, until, answer);
      case WireKind::search_read:
        return on_read(arrival.from, envelope->payload, answer);
      case WireKind::walk:
        return on_walk(envelope->payload, until, answer);
      case WireKind::suggest:
        return on_suggest(envelope->payload, until, answer);
      default:
        return answer(Error{Errc::not_implemented, "not a step of a search"});
    }
  }

  void on_open(const std::string& from, std::string_view bytes, Deadline until,
               const PeerAnswer& answer) {
    auto open = storage::decode_search_open(bytes);
    if (!open) return answer(open.error());
    const Key key{from, open->search};
    begin(key, std::move(*open), until, [this, answer](Result<OpenSearchPtr> opened) {
      if (!opened) return answer(opened.error());
      in_worker(answer, [search = *opened] {
        const Result<engine::SearchStatistics> found =
            engine::collect_statistics(search->snapshots, search->words);
        return wrap(WireKind::search_statistics, storage::encode(found));
      });
    });
  }

  void on_spell(const std::string& from, std::string_view bytes, const PeerAnswer& answer) {
    auto read = storage::decode_search_spell(bytes);
    if (!read) return answer(read.error());
    const auto entry = open_.find(Key{from, read->search});
    if (entry == open_.end()) return answer(unknown());
    const OpenSearchPtr search = entry->second.search;
    if (!storage::fits(*read, search->words))
      return answer(Error{Errc::corrupt_record, "spellings of another query"});
    in_worker(answer, [search, spell = std::move(*read)] {
      const engine::QueryPlan plan = engine::plan_query(search->words, spell.statistics);
      const Result<engine::SpellingStatistics> found =
          engine::collect_spellings(search->snapshots, plan, spell.spelling);
      return wrap(WireKind::search_spellings, storage::encode(found));
    });
  }

  void on_run(const std::string& from, std::string_view bytes, Deadline until,
              const PeerAnswer& answer) {
    auto read = storage::decode_search_run(bytes);
    if (!read) return answer(read.error());
    const auto run = std::make_shared<storage::WireSearchRun>(std::move(*read));
    if (run->open && run->open->search != run->search) {
      return answer(Error{Errc::corrupt_record, "two numbers for one search"});
    }
    const Key key{from, run->search};
    const auto go_on = [this, key, run, until, answer](Result<OpenSearchPtr> opened) {
      if (!opened) return answer(opened.error());
      if (!storage::fits(*run, (*opened)->words)) {
        return answer(Error{Errc::corrupt_record, "statistics of another query"});
      }
      if (run->walk != 0) wake(kExpiryTick);
      if (const auto entry = open_.find(key); entry != open_.end()) entry->second.run = run;
      in_worker(answer, [run, until, search = *opened, &time = clock(), memory = memory_] {
        const engine::QueryPlan plan = engine::plan_query(search->words, run->statistics);
        const engine::SearchBudget budget{[&] { return time.now() >= until; }};
        engine::PartSearch part{search->snapshots, search->query, plan, search->now, budget};
        part.run(run->round);
        const Result<engine::SearchPart> found = part.part(run->alone);
        if (run->walk != 0) {
          memory->walks.keep(
              run->walk,
              std::make_shared<engine::HitWalk>(search->snapshots, search->query, plan, run->round,
                                                search->now, found->found, found->out_of),
              time.now());
        }
        return wrap(WireKind::search_part, storage::encode(found));
      });
    };
    if (run->open) return begin(key, *run->open, until, go_on);
    const auto entry = open_.find(key);
    if (entry == open_.end()) return answer(unknown());
    go_on(entry->second.search);
  }

  void on_read(const std::string& from, std::string_view bytes, const PeerAnswer& answer) {
    auto read = storage::decode_search_read(bytes);
    if (!read) return answer(read.error());
    if (read->walk != 0) return on_walk_read(std::move(*read), answer);
    if (read->instant != 0) instants_.forget({from, read->instant});
    const Key key{from, read->search};
    std::erase_if(waiting_, [&](const Waiting& each) { return each.key == key; });
    const auto entry = open_.find(key);
    if (entry == open_.end()) return answer(unknown());
    const OpenSearchPtr search = std::move(entry->second.search);
    const RunPtr run = std::move(entry->second.run);
    open_.erase(entry);
    if (read->places.empty()) return;
    if (!run) return answer(Error{Errc::corrupt_record, "hits of a search that has not run"});
    in_worker(answer, [search, run, places = std::move(read->places)] {
      const engine::QueryPlan plan = engine::plan_query(search->words, run->statistics);
      return wrap(WireKind::search_hits,
                  storage::encode(engine::read_hits(search->snapshots, search->query, plan,
                                                    run->round, places)));
    });
  }

  static Error unkept() { return {Errc::unknown_lease, "this walk is not kept"}; }

  void on_walk(std::string_view bytes, Deadline until, const PeerAnswer& answer) {
    const auto asked = storage::decode_walk(bytes);
    if (!asked) return answer(asked.error());
    const auto walk = memory_->walks.find(asked->walk, clock().now());
    if (!walk) return answer(unkept());
    in_worker(answer, [asked = *asked, walk, until, &time = clock()] {
      auto part = walk->list(asked.taken, asked.count, {[&] { return time.now() >= until; }});
      if (part) part->round = {};
      return wrap(WireKind::search_part, storage::encode(part));
    });
  }

  void on_walk_read(storage::WireSearchRead read, const PeerAnswer& answer) {
    const auto walk = memory_->walks.find(read.walk, clock().now());
    if (!walk) return answer(unkept());
    in_worker(answer, [walk, places = std::move(read.places)] {
      return wrap(WireKind::search_hits,
                  storage::encode(engine::read_hits(walk->snapshots(), walk->query(), walk->plan(),
                                                    walk->round(), places)));
    });
  }

  /// Nothing is waited for: who asks has other copies, or does without.
  void on_suggest(std::string_view bytes, Deadline until, const PeerAnswer& answer) {
    auto asked = storage::decode_suggest(bytes);
    if (!asked) return answer(asked.error());
    std::vector<engine::SnapshotPtr> snapshots;
    const RoutesPtr routes = routes_->current();
    for (std::size_t i = 0; i < asked->shards.size(); ++i) {
      const engine::ShardPosition& wanted = asked->shards[i];
      Believed slots;
      if (!asked->slots.empty()) slots = asked->slots[i];
      const PublicationPtr shard = find_shown(*routes, wanted.shard);
      const auto found = shard ? cover(shard, slots) : std::nullopt;
      if (!found)
        return answer(
            Error{Errc::wrong_shard, "no copy of the shard is here", wanted.shard.name()});
      if (engine::snapshot_position(*found->front()) < wanted.position)
        return answer(Error{Errc::consistency_unreachable, "the position is not reached", {}});
      snapshots.insert(snapshots.end(), found->begin(), found->end());
    }
    in_worker(answer, [asked = std::move(*asked), snapshots = std::move(snapshots), until,
                       memory = memory_, &time = clock()] {
      const engine::SearchBudget budget{[&] { return time.now() >= until; }};
      return wrap(WireKind::suggested,
                  storage::encode(answer_suggest(asked, snapshots, *memory, budget)));
    });
  }

  static Error unknown() { return {Errc::unavailable, "this search is not open"}; }

  void begin(const Key& key, storage::WireSearchOpen open, Deadline until,
             std::function<void(Result<OpenSearchPtr>)> go_on) {
    if (open_.size() + waiting_.size() >= limits_.open_max) {
      return go_on(Error{Errc::overloaded, "too many searches are open"});
    }
    Waiting entry{key, std::move(open), until, std::move(go_on)};
    if (settle(entry)) return;
    waiting_.push_back(std::move(entry));
    wake(kWaitTick);
  }

  /// Opens the search or answers why not; false: it has to wait.
  bool settle(Waiting& entry) {
    OpenSearch search;
    const RoutesPtr routes = routes_->current();
    const auto instant = instant_of(entry);
    if (!instant) {
      entry.go_on(instant.error());
      return true;
    }
    for (std::size_t i = 0; i < entry.open.shards.size(); ++i) {
      const engine::ShardPosition& wanted = entry.open.shards[i];
      Believed slots;
      if (!entry.open.slots.empty()) slots = entry.open.slots[i];
      auto found = *instant ? (*instant)->held(wanted.shard, slots) : std::nullopt;
      const PublicationPtr shard = found ? nullptr : find_shown(*routes, wanted.shard);
      if (shard) found = cover(shard, slots);
      if (!found) {
        if (clock().now() < entry.until && may_come(*routes, shard, slots)) return false;
        entry.go_on(Error{Errc::wrong_shard, "no copy of the shard is here", wanted.shard.name()});
        return true;
      }
      if (engine::snapshot_position(*found->front()) < wanted.position) {
        if (clock().now() < entry.until) return false;
        entry.go_on(Error{Errc::consistency_unreachable, "the position was not reached in time",
                          wanted.shard.name()});
        return true;
      }
      if (*instant) found = (*instant)->hold(wanted.shard, slots, std::move(*found));
      std::move(found->begin(), found->end(), std::back_inserter(search.snapshots));
    }
    search.words = engine::plan_words(entry.open.query);
    search.query = std::move(entry.open.query);
    search.now = entry.open.now;
    auto opened = std::make_shared<const OpenSearch>(std::move(search));
    open_[entry.key] = {opened, entry.until + kKeepLonger, nullptr};
    wake(kExpiryTick);
    entry.go_on(std::move(opened));
    return true;
  }

  /// Null: the search shares its instant with no other.
  Result<std::shared_ptr<SearchInstant>> instant_of(const Waiting& entry) {
    if (entry.open.instant == 0) return std::shared_ptr<SearchInstant>{};
    const Deadline now = clock().now();
    const Deadline until = now + std::min(entry.open.keep, kLeftMax) + kKeepLonger;
    const SearchInstants::Key key{entry.key.first, entry.open.instant};
    if (entry.open.again) {
      if (failpoint("search.instant_lost")) instants_.forget(key);
      return instants_.find(key, until);
    }
    wake(kExpiryTick);
    return instants_.find_or_begin(key, until, now);
  }

  /// A copy here has not split off yet what was split off elsewhere.
  static bool may_come(const Routes& routes, const PublicationPtr& shard, const Believed& slots) {
    if (!slots) return false;
    const auto has_more = [&](const PublicationPtr& each) {
      const auto view = each->view();
      return view.snapshot && view.slots && *view.slots != *slots && view.slots->contains(*slots);
    };
    return (shard && has_more(shard)) ||
           std::any_of(routes.catalog.begin(), routes.catalog.end(),
                       [&](const auto& link) { return has_more(link.publication); });
  }

  void on_tick() {
    if (ticking_ && clock().now() < tick_at_) return;  // an earlier stroke overtook this one
    ticking_ = false;
    std::vector<Waiting> waiting;
    waiting.swap(waiting_);
    for (Waiting& entry : waiting) {
      if (!settle(entry)) waiting_.push_back(std::move(entry));
    }
    const Deadline now = clock().now();
    std::erase_if(open_, [&](const auto& each) { return each.second.expires <= now; });
    if (!waiting_.empty()) {
      wake(kWaitTick);
    } else if (instants_.expire(now) + open_.size() + memory_->walks.expire(now) > 0) {
      wake(kExpiryTick);
    }
  }

  void wake(milliseconds after) {
    const Deadline at = clock().now() + after;
    if (ticking_ && tick_at_ <= at) return;
    ticking_ = true;
    tick_at_ = at;
    delayed_send(DoorActor{this}, after, DoorTick{});
  }

  void in_worker(const PeerAnswer& answer, std::function<std::string()> work) {
    SearchTask task{[answer, work = std::move(work)](bool granted) {
      if (!granted) return answer(Error{Errc::overloaded, "too many searches are waiting"});
      answer(work());
    }};
    send(searches_, std::move(task));
  }

  RouteTablePtr routes_;
  SearchService searches_;
  const SearchDoorLimits limits_;
  const SearchMemoryPtr memory_;
  SearchInstants instants_;
  std::map<Key, Entry> open_;
  std::vector<Waiting> waiting_;
  bool ticking_ = false;
  Deadline tick_at_;
};

}  // namespace

struct SearchDoor::Content {
  DoorActor actor;
};

SearchDoor::SearchDoor(caf::actor_system& system, RouteTablePtr routes,
                       const SearchService& searches, SearchDoorLimits limits,
                       SearchMemoryPtr memory)
    : content_{std::make_unique<Content>(Content{
          system.spawn<SearchDoorActor>(std::move(routes), searches, limits, std::move(memory))})} {
}

SearchDoor::~SearchDoor() {
  caf::anon_send_exit(content_->actor, caf::exit_reason::user_shutdown);
}

void SearchDoor::arrived(PeerArrival arrival) {
  caf::anon_send(content_->actor, SearchArrival{std::move(arrival)});
}

}  // namespace souk::actors
