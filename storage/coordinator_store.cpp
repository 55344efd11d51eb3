#include "storage/coordinator_store.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "storage/record_proto.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;
using Clock = std::chrono::steady_clock;
using Change = Coordinator::Change;
using Fact = Coordinator::Fact;
using LeaseId = Coordinator::LeaseId;
using Revision = Coordinator::Revision;

constexpr std::string_view kPrefix = "fact/";
constexpr std::string_view kRevisionKey = "revision";
constexpr std::chrono::milliseconds kLeaseMin{10};
constexpr std::chrono::seconds kEraseAgain{1};

struct StoredFact {
  Fact fact;
  LeaseId lease = 0;
};

std::string fact_key(std::string_view name) {
  return std::string{kPrefix} + std::string{name};
}

Result<StoredFact> decode_fact(std::string_view key, std::string_view value) {
  pb::CoordinatorFact in;
  const Result<void> parsed = unseal_message(key, value, in);
  if (!parsed) return parsed.error();
  return StoredFact{{std::move(*in.mutable_value()), in.revision()}, in.lease()};
}

Result<void> in_time(Coordinator::Deadline deadline) {
  if (Clock::now() < deadline) return {};
  return Error{Errc::timed_out, "the deadline has passed"};
}

}  // namespace

/// One mutex guards everything, the database's facts included: they are few and change seldom.
struct CoordinatorStore::Content {
  struct LeaseState {
    std::chrono::milliseconds ttl;
    Clock::time_point expires;
    std::set<std::string> names;
  };
  /// What one commit changed.
  struct Chapter {
    Revision revision = 0;
    std::vector<Change> changes;
  };

  Content(Database& of, Limits with) : database{of}, limits{with} {
    if (const Result<void> opened = open(); !opened) failed = opened.error();
  }

  Result<void> open();
  Result<std::vector<std::pair<std::string, StoredFact>>> scan(std::string_view prefix) const;
  Result<std::optional<Fact>> find(std::string_view name) const;
  Result<Listing> read(std::string_view prefix) const;
  Result<Revision> commit(const Transaction& transaction);
  Result<void> write(const Transaction& transaction, Revision next);
  void bind(const std::string& name, LeaseId lease);
  Result<void> end_lease(LeaseId lease);
  void expire(const std::stop_token& stop);

  Database& database;
  const Limits limits;
  mutable std::mutex mutex;
  std::condition_variable_any changed;  // a revision was added
  std::condition_variable_any leased;   // a lease was added
  std::optional<Error> failed;
  Revision revision = 0;
  Revision forgotten = 0;  // `history` has every change after it
  std::deque<Chapter> history;
  std::map<LeaseId, LeaseState> leases;
  std::map<std::string, LeaseId> bound;
  LeaseId next_lease = 1;
  std::jthread expiring;  // last: ends before what it uses
};

Result<void> CoordinatorStore::Content::open() {
  const auto facts = scan("");
  if (!facts) return facts.error();
  const Result<std::optional<std::string>> value = database.get(Table::meta, kRevisionKey);
  if (!value) return value.error();
  if (*value) {
    pb::CoordinatorRevision in;
    const Result<void> parsed = unseal_message(kRevisionKey, **value, in);
    if (!parsed) return parsed.error();
    revision = in.revision();
  }
  Transaction orphans;
  for (const auto& [name, stored] : *facts) {
    // Before there was a common sequence each fact counted for itself.
    revision = std::max(revision, stored.fact.revision);
    if (stored.lease != 0) orphans.erased.push_back(name);
  }
  forgotten = revision;
  if (orphans.erased.empty()) return {};
  const Result<Revision> erased = commit(orphans);
  if (!erased) return erased.error();
  return {};
}

Result<std::vector<std::pair<std::string, StoredFact>>> CoordinatorStore::Content::scan(
    std::string_view prefix) const {
  std::vector<std::pair<std::string, StoredFact>> facts;
  std::optional<Error> damaged;
  const std::string from = fact_key(prefix);
  const Result<void> scanned = database.scan(
      Table::meta, from, after_prefix(from), [&](std::string_view key, std::string_view value) {
        Result<StoredFact> fact = decode_fact(key, value);
        if (!fact) {
          damaged = fact.error();
          return false;
        }
        facts.emplace_back(key.substr(kPrefix.size()), std::move(*fact));
        return true;
      });
  if (!scanned) return scanned.error();
  if (damaged) return *damaged;
  return facts;
}

Result<std::optional<Fact>> CoordinatorStore::Content::find(std::string_view name) const {
  const std::string key = fact_key(name);
  const Result<std::optional<std::string>> value = database.get(Table::meta, key);
  if (!value) return value.error();
  if (!*value) return std::optional<Fact>{};
  Result<StoredFact> stored = decode_fact(key, **value);
  if (!stored) return stored.error();
  return std::optional<Fact>{std::move(stored->fact)};
}

Result<Coordinator::Listing> CoordinatorStore::Content::read(std::string_view prefix) const {
  auto facts = scan(prefix);
  if (!facts) return facts.error();
  Listing listing{{}, revision};
  for (auto& [name, stored] : *facts) {
    listing.facts.push_back({std::move(name), std::move(stored.fact)});
  }
  return listing;
}

Result<Revision> CoordinatorStore::Content::commit(const Transaction& transaction) {
  for (const Expectation& expected : transaction.expected) {
    const Result<std::optional<Fact>> now = find(expected.name);
    if (!now) return now.error();
    const Revision found = *now ? (*now)->revision : 0;
    if (found != expected.revision) {
      return Error{Errc::version_mismatch, "fact " + expected.name + " is at revision " +
                                               std::to_string(found) + ", not " +
                                               std::to_string(expected.revision)};
    }
  }
  for (const Write& to : transaction.writes) {
    if (to.lease != 0 && !leases.contains(to.lease)) {
      return Error{Errc::unknown_lease, "no lease " + std::to_string(to.lease)};
    }
  }
  // A fact that is not there is not erased: it makes no change.
  Transaction real{{}, transaction.writes, {}};
  for (const std::string& name : transaction.erased) {
    const Result<std::optional<Fact>> now = find(name);
    if (!now) return now.error();
    if (*now) real.erased.push_back(name);
  }
  if (real.writes.empty() && real.erased.empty()) return revision;

  const Revision next = revision + 1;
  const Result<void> written = write(real, next);
  if (!written) return written.error();
  Chapter chapter{next, {}};
  for (const Write& to : real.writes) {
    bind(to.name, to.lease);
    chapter.changes.push_back({to.name, to.value, next});
  }
  for (const std::string& name : real.erased) {
    bind(name, 0);
    chapter.changes.push_back({name, std::nullopt, next});
  }
  revision = next;
  history.push_back(std::move(chapter));
  while (history.size() > limits.history_max) {
    forgotten = history.front().revision;
    history.pop_front();
  }
  changed.notify_all();
  return next;
}

Result<void> CoordinatorStore::Content::write(const Transaction& transaction, Revision next) {
  Batch batch{database};
  for (const Write& to : transaction.writes) {
    pb::CoordinatorFact fact;
    fact.set_revision(next);
    fact.set_value(to.value);
    fact.set_lease(to.lease);
    const std::string key = fact_key(to.name);
    batch.put(Table::meta, key, seal_message(key, fact));
  }
  for (const std::string& name : transaction.erased) batch.erase(Table::meta, fact_key(name));
  pb::CoordinatorRevision newest;
  newest.set_revision(next);
  batch.put(Table::meta, kRevisionKey, seal_message(kRevisionKey, newest));
  return database.write(batch, Durability::synced);
}

void CoordinatorStore::Content::bind(const std::string& name, LeaseId lease) {
  if (const auto old = bound.find(name); old != bound.end()) {
    if (const auto state = leases.find(old->second); state != leases.end()) {
      state->second.names.erase(name);
    }
    bound.erase(old);
  }
  if (lease == 0) return;
  bound[name] = lease;
  leases.at(lease).names.insert(name);
}

Result<void> CoordinatorStore::Content::end_lease(LeaseId lease) {
  const auto state = leases.find(lease);
  if (state == leases.end()) {
    return Error{Errc::unknown_lease, "no lease " + std::to_string(lease)};
  }
  Transaction end;
  end.erased.assign(state->second.names.begin(), state->second.names.end());
  const Result<Revision> erased = commit(end);
  if (!erased) return erased.error();
  leases.erase(lease);
  return {};
}

void CoordinatorStore::Content::expire(const std::stop_token& stop) {
  std::unique_lock lock{mutex};
  while (!stop.stop_requested()) {
    const auto first = std::min_element(
        leases.begin(), leases.end(),
        [](const auto& a, const auto& b) { return a.second.expires < b.second.expires; });
    if (first == leases.end()) {
      leased.wait(lock, stop, [&] { return !leases.empty(); });
    } else if (first->second.expires > Clock::now()) {
      // A copy: who keeps alive or revokes changes the lease meanwhile.
      const Clock::time_point until = first->second.expires;
      const LeaseId granted = next_lease;
      leased.wait_until(lock, stop, until, [&] { return next_lease != granted; });
    } else if (!end_lease(first->first)) {
      leased.wait_for(lock, stop, kEraseAgain, [&] { return stop.stop_requested(); });
    }
  }
}

namespace {

/// A thread that reads the store's history from where it is.
class StoreWatch final : public Coordinator::Watch {
public:
  using Work = std::function<void(const std::stop_token&)>;
  explicit StoreWatch(Work work) : thread_{std::move(work)} {}

private:
  std::jthread thread_;
};

}  // namespace

CoordinatorStore::CoordinatorStore(Database& database, Limits limits)
    : content_{std::make_shared<Content>(database, limits)} {
}

CoordinatorStore::~CoordinatorStore() {
  content_->expiring = {};
}

Result<Coordinator::Listing> CoordinatorStore::read(std::string_view prefix,
                                                    Deadline deadline) const {
  if (const Result<void> early = in_time(deadline); !early) return early.error();
  const std::lock_guard lock{content_->mutex};
  if (content_->failed) return *content_->failed;
  return content_->read(prefix);
}

Result<std::optional<Fact>> CoordinatorStore::find(std::string_view name, Deadline deadline) const {
  if (const Result<void> early = in_time(deadline); !early) return early.error();
  const std::lock_guard lock{content_->mutex};
  if (content_->failed) return *content_->failed;
  return content_->find(name);
}

Result<Revision> CoordinatorStore::commit(const Transaction& transaction, Deadline deadline) {
  if (const Result<void> early = in_time(deadline); !early) return early.error();
  const std::lock_guard lock{content_->mutex};
  if (content_->failed) return *content_->failed;
  return content_->commit(transaction);
}

Result<Coordinator::Lease> CoordinatorStore::grant(std::chrono::milliseconds ttl,
                                                   Deadline deadline) {
  if (const Result<void> early = in_time(deadline); !early) return early.error();
  Content& content = *content_;
  const std::lock_guard lock{content.mutex};
  if (content.failed) return *content.failed;
  const Lease lease{content.next_lease++, std::max(ttl, kLeaseMin)};
  content.leases[lease.id] = {lease.ttl, Clock::now() + lease.ttl, {}};
  if (!content.expiring.joinable()) {
    content.expiring =
        std::jthread{[&content](const std::stop_token& stop) { content.expire(stop); }};
  }
  content.leased.notify_all();
  return lease;
}

Result<void> CoordinatorStore::keep_alive(LeaseId lease, Deadline deadline) {
  if (const Result<void> early = in_time(deadline); !early) return early.error();
  const std::lock_guard lock{content_->mutex};
  const auto state = content_->leases.find(lease);
  if (state == content_->leases.end()) {
    return Error{Errc::unknown_lease, "no lease " + std::to_string(lease)};
  }
  state->second.expires = Clock::now() + state->second.ttl;
  return {};
}

Result<void> CoordinatorStore::revoke(LeaseId lease, Deadline deadline) {
  if (const Result<void> early = in_time(deadline); !early) return early.error();
  const std::lock_guard lock{content_->mutex};
  return content_->end_lease(lease);
}

std::unique_ptr<Coordinator::Watch> CoordinatorStore::watch(std::string_view prefix, Revision after,
                                                            OnEvent on_event) {
  auto work = [content = content_, prefix = std::string{prefix}, after,
               on_event = std::move(on_event)](const std::stop_token& stop) {
    bool fresh = after == 0;
    Revision seen = after;
    while (!stop.stop_requested()) {
      WatchEvent event;
      {
        std::unique_lock lock{content->mutex};
        const auto due = [&] { return fresh || content->revision != seen; };
        if (!content->changed.wait(lock, stop, due)) return;
        if (fresh || seen < content->forgotten || seen > content->revision) {
          const Result<Listing> all = content->read(prefix);
          if (!all) {  // said by every other call too; tried again when something changes
            content->changed.wait_for(lock, stop, kEraseAgain, [] { return false; });
            continue;
          }
          event = {true, all->revision, {}};
          for (const NamedFact& fact : all->facts) {
            event.changes.push_back({fact.name, fact.fact.value, fact.fact.revision});
          }
          fresh = false;
        } else {
          const auto next = std::partition_point(
              content->history.begin(), content->history.end(),
              [&](const Content::Chapter& chapter) { return chapter.revision <= seen; });
          event = {false, next->revision, {}};
          std::copy_if(next->changes.begin(), next->changes.end(),
                       std::back_inserter(event.changes),
                       [&](const Change& change) { return change.name.starts_with(prefix); });
        }
        seen = event.revision;
      }
      if (event.complete || !event.changes.empty()) on_event(event);
    }
  };
  return std::make_unique<StoreWatch>(std::move(work));
}

Coordinator::Status CoordinatorStore::status() const {
  const std::lock_guard lock{content_->mutex};
  if (content_->failed) return {"local", content_->failed->detail, false};
  return {"local", "the node's own database", true};
}

}  // namespace souk::storage
