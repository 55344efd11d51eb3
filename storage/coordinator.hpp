#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

namespace souk::storage {

/// The small, slow, consistent memory in which a cluster agrees who owns what: named facts with
/// revisions, changed only by comparing what was read. A node alone keeps them in its own database
/// (CoordinatorStore); a cluster keeps them outside of it. Thread-safe; calls block, at most until
/// their deadline.
///
/// Revisions are one rising sequence over all facts: a fact that is erased and written again never
/// has a revision it had before. A change whose answer was lost is unknown_outcome, and nobody
/// repeats it behind the caller's back: read the facts again.
class Coordinator {
public:
  using Revision = std::uint64_t;
  using LeaseId = std::int64_t;
  using Deadline = std::chrono::steady_clock::time_point;

  struct Fact {
    std::string value;
    Revision revision = 0;
  };
  struct NamedFact {
    std::string name;
    Fact fact;
  };
  /// Facts as of one revision, by name.
  struct Listing {
    std::vector<NamedFact> facts;
    Revision revision = 0;
  };

  struct Expectation {
    std::string name;
    Revision revision = 0;  // 0: there is no such fact
  };
  struct Write {
    std::string name;
    std::string value;
    LeaseId lease = 0;  // 0: the fact stays; else it vanishes with the lease
  };
  /// Happens as a whole if every expectation holds, else not at all. A name is written or erased
  /// once at most.
  struct Transaction {
    std::vector<Expectation> expected;
    std::vector<Write> writes;
    std::vector<std::string> erased;
  };

  /// The life of the facts written under it, unless kept alive before `ttl` is over.
  struct Lease {
    LeaseId id = 0;
    std::chrono::milliseconds ttl{0};
  };

  struct Change {
    std::string name;
    std::optional<std::string> value;  // nothing: erased
    Revision revision = 0;
  };
  /// What one revision changed under the watched prefix.
  struct WatchEvent {
    /// Changes were missed (history was compacted, or the watch is new and began at 0): `changes`
    /// are all facts there are now, whatever is not among them is gone.
    bool complete = false;
    Revision revision = 0;
    std::vector<Change> changes;
  };
  /// On a thread of the coordinator, one event at a time. Must return soon; who is slow is not
  /// buffered for without bound but misses changes and is told by a complete event.
  using OnEvent = std::function<void(const WatchEvent&)>;
  /// A watch ends with this object; its destructor waits for a running callback and must not be
  /// called by one.
  class Watch {
  public:
    virtual ~Watch() = default;
  };

  /// For operators and metrics. `reachable` is what was last seen, within seconds.
  struct Status {
    std::string kind;    // "local", "etcd"
    std::string detail;  // where, or why not
    bool reachable = false;
  };

  Coordinator() = default;
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;
  virtual ~Coordinator() = default;

  /// All facts whose names start with `prefix`, as of one instant not before this call.
  /// Errors: unavailable, timed_out, storage_failure, corrupt_record.
  virtual engine::Result<Listing> read(std::string_view prefix, Deadline deadline) const = 0;
  /// The one fact of that name; nothing: no such fact. Linearizable. Errors: as read().
  virtual engine::Result<std::optional<Fact>> find(std::string_view name,
                                                   Deadline deadline) const = 0;
  /// Returns the revision of everything it wrote, which is durable. Errors: version_mismatch (an
  /// expectation does not hold), unknown_lease, unknown_outcome; too_large; unavailable, timed_out,
  /// storage_failure (nothing happened).
  virtual engine::Result<Revision> commit(const Transaction& transaction, Deadline deadline) = 0;

  /// A lease of about `ttl`; the answer says how long really. Errors: unavailable, timed_out,
  /// unknown_outcome (a lease nobody knows ends by itself).
  virtual engine::Result<Lease> grant(std::chrono::milliseconds ttl, Deadline deadline) = 0;
  /// The ttl starts again. Errors: unknown_lease (it is over), unavailable, timed_out.
  virtual engine::Result<void> keep_alive(LeaseId lease, Deadline deadline) = 0;
  /// Ends the lease and its facts now. Errors: unknown_lease, unavailable, timed_out,
  /// unknown_outcome.
  virtual engine::Result<void> revoke(LeaseId lease, Deadline deadline) = 0;

  /// Calls `on_event` with every change after revision `after` under the prefix, in order, each
  /// once, for as long as the Watch lives; survives restarts of the coordinator and compaction.
  /// `after`: of a Listing, or 0 for a complete event first.
  virtual std::unique_ptr<Watch> watch(std::string_view prefix, Revision after,
                                       OnEvent on_event) = 0;

  virtual Status status() const = 0;

  /// The short forms, with the patience of one who starts or administers.
  engine::Result<std::optional<Fact>> get(std::string_view name,
                                          Deadline deadline = patience()) const {
    return find(name, deadline);
  }
  engine::Result<std::vector<NamedFact>> list(std::string_view prefix,
                                              Deadline deadline = patience()) const;
  /// Writes a fact if its revision is still `expected` (0: it does not exist); returns the new
  /// revision. Errors: as commit().
  engine::Result<Revision> compare_and_swap(std::string_view name, Revision expected,
                                            std::string_view value, Deadline deadline = patience());
  engine::Result<Revision> compare_and_erase(std::string_view name, Revision expected,
                                             Deadline deadline = patience());

  static Deadline patience() { return std::chrono::steady_clock::now() + std::chrono::seconds{5}; }
};

/// How many shards each service starts with. Counts only when the cluster is created; later starts
/// find the map.
struct InitialShards {
  std::uint32_t catalog = 4;
  std::uint32_t orders = 2;
};

/// The shard map of the cluster, created by whoever comes first.
engine::Result<engine::ShardMap> load_or_create_shard_map(Coordinator& coordinator,
                                                          InitialShards initial);
/// The map that was written by versions whose shards had no configurations; nothing: there is none.
engine::Result<std::optional<engine::ShardMap>> find_shard_map(Coordinator& coordinator);

}  // namespace souk::storage
