#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "storage/coordinator.hpp"
#include "tests/support/eventually.hpp"

// What every coordinator promises, run over each of them. A case may find facts of an earlier one
// and revisions that others raise; it uses names of its own.
namespace souk::test {

using engine::Errc;
using storage::Coordinator;

/// Collects what a watch tells.
class Watched {
public:
  Coordinator::OnEvent callback() {
    return [this](const Coordinator::WatchEvent& event) {
      const std::lock_guard lock{mutex_};
      events_.push_back(event);
      changed_.notify_all();
    };
  }
  /// Every change told so far, in the order it was told.
  std::vector<Coordinator::Change> changes() const {
    const std::lock_guard lock{mutex_};
    std::vector<Coordinator::Change> all;
    for (const auto& event : events_) {
      all.insert(all.end(), event.changes.begin(), event.changes.end());
    }
    return all;
  }
  std::size_t complete_events() const {
    const std::lock_guard lock{mutex_};
    return static_cast<std::size_t>(std::count_if(
        events_.begin(), events_.end(), [](const auto& event) { return event.complete; }));
  }
  /// The facts a reader knows who applied every event.
  std::map<std::string, std::string> facts() const {
    const std::lock_guard lock{mutex_};
    std::map<std::string, std::string> known;
    for (const auto& event : events_) {
      if (event.complete) known.clear();
      for (const auto& change : event.changes) {
        if (change.value)
          known[change.name] = *change.value;
        else
          known.erase(change.name);
      }
    }
    return known;
  }
  /// Whether `enough` became true of this object in time.
  bool wait(const std::function<bool()>& enough,
            std::chrono::milliseconds time = std::chrono::seconds{20}) const {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!enough()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::unique_lock lock{mutex_};
      changed_.wait_for(lock, std::chrono::milliseconds{20});
    }
    return true;
  }

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Coordinator::WatchEvent> events_;
};

inline Coordinator::Deadline within(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}
inline Coordinator::Deadline soon() {
  return Coordinator::patience();
}

inline void check_single_facts(Coordinator& coordinator) {
  CHECK(!coordinator.get("single/a").value());
  CHECK(coordinator.compare_and_swap("single/a", 3, "x").error().code == Errc::version_mismatch);
  const auto first = coordinator.compare_and_swap("single/a", 0, "x");
  REQUIRE(first);
  CHECK(coordinator.compare_and_swap("single/a", 0, "y").error().code == Errc::version_mismatch);
  const std::string bytes{"\x00\xFF\"\n", 4};
  const auto second = coordinator.compare_and_swap("single/a", *first, bytes);
  REQUIRE(second);
  CHECK(*second > *first);
  const auto fact = coordinator.get("single/a").value();
  REQUIRE(fact);
  CHECK(fact->value == bytes);
  CHECK(fact->revision == *second);

  // erased and written again: no revision comes twice
  CHECK(coordinator.compare_and_erase("single/a", *first).error().code == Errc::version_mismatch);
  CHECK(coordinator.compare_and_erase("single/a", *second));
  CHECK(!coordinator.get("single/a").value());
  const auto third = coordinator.compare_and_swap("single/a", 0, "again");
  REQUIRE(third);
  CHECK(*third > *second);
  CHECK(coordinator.compare_and_swap("single/a", *first, "z").error().code ==
        Errc::version_mismatch);

  // a deadline that is over is over
  CHECK(coordinator.find("single/a", within(std::chrono::milliseconds{-1})).error().code ==
        Errc::timed_out);
  CHECK(coordinator.compare_and_swap("single/a", *third, "late", within(std::chrono::seconds{-1}))
            .error()
            .code == Errc::timed_out);
  CHECK(coordinator.get("single/a").value()->value == "again");
}

inline void check_list(Coordinator& coordinator) {
  // more than any page, written in another order than asked for
  constexpr int kFacts = 250;
  for (int i = 0; i < kFacts; i += 50) {
    Coordinator::Transaction some;
    for (int k = i; k < i + 50; ++k) {
      some.writes.push_back({"list/" + std::to_string(1000 + (k * 7) % kFacts), "v", 0});
    }
    REQUIRE(coordinator.commit(some, soon()));
  }
  REQUIRE(coordinator.compare_and_swap("lisu", 0, "not under it"));

  const auto listing = coordinator.read("list/", soon());
  REQUIRE(listing);
  REQUIRE(listing->facts.size() == kFacts);
  for (int i = 0; i < kFacts; ++i) {
    CHECK(listing->facts[static_cast<std::size_t>(i)].name == "list/" + std::to_string(1000 + i));
  }
  CHECK(listing->revision >= coordinator.get("lisu").value()->revision);
  CHECK(coordinator.list("list/10").value().size() == 100);
  CHECK(coordinator.list("lis").value().size() == kFacts + 1);
  CHECK(coordinator.list("nothing/").value().empty());
}

inline void check_races(Coordinator& coordinator) {
  constexpr int kThreads = 8;
  constexpr int kEach = 20;
  REQUIRE(coordinator.compare_and_swap("race/count", 0, "0"));
  std::mutex mutex;
  std::map<Coordinator::Revision, int> winners;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int done = 0; done < kEach;) {
        const auto fact = coordinator.get("race/count");
        if (!fact || !*fact) continue;
        const std::string next = std::to_string(std::stoi((*fact)->value) + 1);
        if (!coordinator.compare_and_swap("race/count", (*fact)->revision, next)) continue;
        ++done;
        const std::lock_guard lock{mutex};
        ++winners[(*fact)->revision];
      }
    });
  }
  for (auto& thread : threads) thread.join();

  CHECK(coordinator.get("race/count").value()->value == std::to_string(kThreads * kEach));
  CHECK(winners.size() == kThreads * kEach);
  for (const auto& [revision, count] : winners) CHECK_MESSAGE(count == 1, revision);
}

inline void check_transactions(Coordinator& coordinator) {
  const auto a = coordinator.compare_and_swap("all/a", 0, "1");
  const auto b = coordinator.compare_and_swap("all/b", 0, "1");
  REQUIRE(a);
  REQUIRE(b);
  const auto state = [&] {
    std::string text;
    const auto facts = coordinator.list("all/").value();
    for (const auto& fact : facts) {
      text += fact.name + "=" + fact.fact.value + " ";
    }
    return text;
  };

  // one expectation of three fails: nothing happens
  const auto refused = coordinator.commit({.expected = {{"all/a", *a}, {"all/b", *a}, {"all/c", 0}},
                                           .writes = {{"all/a", "2", 0}, {"all/c", "2", 0}},
                                           .erased = {"all/b"}},
                                          soon());
  CHECK(refused.error().code == Errc::version_mismatch);
  CHECK(state() == "all/a=1 all/b=1 ");

  const auto done = coordinator.commit({.expected = {{"all/a", *a}, {"all/b", *b}, {"all/c", 0}},
                                        .writes = {{"all/a", "2", 0}, {"all/c", "2", 0}},
                                        .erased = {"all/b"}},
                                       soon());
  REQUIRE(done);
  CHECK(state() == "all/a=2 all/c=2 ");
  CHECK(coordinator.get("all/a").value()->revision == *done);
  CHECK(coordinator.get("all/c").value()->revision == *done);

  // a guard alone, and an erasure of nothing
  CHECK(coordinator.commit({.expected = {{"all/a", *done}}, .writes = {}, .erased = {}}, soon()));
  CHECK(coordinator.commit({.expected = {}, .writes = {}, .erased = {"all/nothing"}}, soon()));
  CHECK(coordinator
            .commit({.expected = {}, .writes = {{"all/d", "x", 987654321}}, .erased = {}}, soon())
            .error()
            .code == Errc::unknown_lease);
  CHECK(state() == "all/a=2 all/c=2 ");

  // moving a unit between two facts, from many sides: the sum stays
  REQUIRE(coordinator.compare_and_swap("sum/left", 0, "50"));
  REQUIRE(coordinator.compare_and_swap("sum/right", 0, "50"));
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 15; ++round) {
        const auto both = coordinator.list("sum/");
        if (!both || both->size() != 2) continue;
        const int left = std::stoi((*both)[0].fact.value);
        const int right = std::stoi((*both)[1].fact.value);
        if (left + right != 100) won = -1'000'000;
        const auto moved =
            coordinator.commit({.expected = {{"sum/left", (*both)[0].fact.revision},
                                             {"sum/right", (*both)[1].fact.revision}},
                                .writes = {{"sum/left", std::to_string(left - 1), 0},
                                           {"sum/right", std::to_string(right + 1), 0}},
                                .erased = {}},
                               soon());
        if (moved) ++won;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(won > 0);
  CHECK(coordinator.get("sum/left").value()->value == std::to_string(50 - won));
  CHECK(coordinator.get("sum/right").value()->value == std::to_string(50 + won));
}

inline void check_leases(Coordinator& coordinator) {
  const auto lease = coordinator.grant(std::chrono::seconds{2}, soon());
  REQUIRE(lease);
  CHECK(lease->ttl >= std::chrono::seconds{1});
  const auto put = [&](const std::string& name, Coordinator::LeaseId under) {
    return coordinator.commit({.expected = {}, .writes = {{name, "here", under}}, .erased = {}},
                              soon());
  };
  REQUIRE(put("lease/kept", lease->id));
  REQUIRE(put("lease/let", lease->id));
  REQUIRE(put("lease/let", 0));  // taken out of the lease again

  // kept alive it lives longer than its ttl
  const auto end = std::chrono::steady_clock::now() + lease->ttl + std::chrono::seconds{1};
  while (std::chrono::steady_clock::now() < end) {
    REQUIRE(coordinator.keep_alive(lease->id, soon()));
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  CHECK(coordinator.get("lease/kept").value());

  // then it is left alone, and what was bound to it vanishes by itself
  Watched watched;
  const auto watch = coordinator.watch("lease/", 0, watched.callback());
  const auto left = std::chrono::steady_clock::now();
  CHECK(eventually([&] { return !coordinator.get("lease/kept").value(); }));
  CHECK(std::chrono::steady_clock::now() - left >= lease->ttl / 2);
  CHECK(coordinator.get("lease/let").value());
  CHECK(coordinator.keep_alive(lease->id, soon()).error().code == Errc::unknown_lease);
  CHECK(put("lease/late", lease->id).error().code == Errc::unknown_lease);
  CHECK(watched.wait([&] { return watched.facts().size() == 1; }));

  // revoked: gone at once
  const auto other = coordinator.grant(std::chrono::seconds{60}, soon());
  REQUIRE(other);
  REQUIRE(put("lease/x", other->id));
  REQUIRE(put("lease/y", other->id));
  CHECK(coordinator.revoke(other->id, soon()));
  CHECK(coordinator.list("lease/").value().size() == 1);
  CHECK(coordinator.revoke(other->id, soon()).error().code == Errc::unknown_lease);
}

/// `compact`: makes the coordinator forget every change made so far.
inline void check_watches(Coordinator& coordinator, const std::function<void()>& compact) {
  const auto start = coordinator.compare_and_swap("watch/0", 0, "0");
  REQUIRE(start);
  REQUIRE(coordinator.compare_and_swap("watcher", 0, "not under it"));
  Watched from_start;
  Watched from_nothing;
  auto first = coordinator.watch("watch/", *start, from_start.callback());
  auto second = coordinator.watch("watch/", 0, from_nothing.callback());
  REQUIRE(from_nothing.wait([&] { return from_nothing.complete_events() == 1; }));

  // every change, once, in order
  constexpr int kChanges = 60;
  std::vector<Coordinator::Revision> revisions;
  for (int i = 0; i < kChanges; ++i) {
    const auto done =
        coordinator.commit({.expected = {},
                            .writes = {{"watch/" + std::to_string(i % 5), std::to_string(i), 0}},
                            .erased = {"watch/" + std::to_string((i + 1) % 5)}},
                           soon());
    REQUIRE(done);
    revisions.push_back(*done);
  }
  REQUIRE(from_start.wait([&] { return from_start.facts()["watch/4"] == "59"; }));
  std::vector<std::string> values;
  Coordinator::Revision last = *start;
  for (const auto& change : from_start.changes()) {
    CHECK(change.revision >= last);
    last = change.revision;
    if (change.value) values.push_back(*change.value);
  }
  REQUIRE(values.size() == kChanges);
  for (int i = 0; i < kChanges; ++i) {
    CHECK(values[static_cast<std::size_t>(i)] == std::to_string(i));
  }
  CHECK(last == revisions.back());
  CHECK(from_start.complete_events() == 0);
  CHECK(from_nothing.wait([&] { return from_nothing.facts() == from_start.facts(); }));

  // one that comes back after its history was forgotten is told so, and then goes on
  first.reset();
  compact();
  Watched late;
  first = coordinator.watch("watch/", *start, late.callback());
  REQUIRE(late.wait([&] { return late.complete_events() == 1; }));
  CHECK(late.facts() == from_start.facts());
  REQUIRE(coordinator.commit(
      {.expected = {}, .writes = {{"watch/new", "n", 0}}, .erased = {"watch/4"}}, soon()));
  CHECK(late.wait([&] { return late.facts().contains("watch/new"); }));
  CHECK(late.complete_events() == 1);
  CHECK(!late.facts().contains("watch/4"));
  CHECK(from_nothing.wait([&] { return from_nothing.facts() == late.facts(); }));

  // an ended watch is silent
  first.reset();
  const auto told = late.changes().size();
  REQUIRE(coordinator.compare_and_swap("watch/after", 0, "x"));
  CHECK(from_nothing.wait([&] { return from_nothing.facts().contains("watch/after"); }));
  CHECK(late.changes().size() == told);
}

inline void check_contract(Coordinator& coordinator, const std::function<void()>& compact) {
  SUBCASE("single facts") {
    check_single_facts(coordinator);
  }
  SUBCASE("list") {
    check_list(coordinator);
  }
  SUBCASE("races") {
    check_races(coordinator);
  }
  SUBCASE("transactions") {
    check_transactions(coordinator);
  }
  SUBCASE("leases") {
    check_leases(coordinator);
  }
  SUBCASE("watches") {
    check_watches(coordinator, compact);
  }
}

}  // namespace souk::test
