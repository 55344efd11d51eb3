#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

namespace souk::net {

struct LiveLimits {
  std::size_t listeners_max = 512;          // of the node
  std::size_t listeners_per_key_max = 384;  // of one credential
};

class LiveListener;

/// Those who listen for newer states of the catalog's shards. Whoever publishes one on this node
/// tells of it. For what other nodes lead, one of those who listen looks for all: looking costs the
/// same for one as for hundreds, and nothing when nobody listens. Thread-safe.
class LiveBoard : public std::enable_shared_from_this<LiveBoard> {
public:
  explicit LiveBoard(LiveLimits limits = {}) : limits_{limits} {}

  /// `wake` is called on the thread of whoever saw something, at most once until the listener
  /// looks: it must not block. Errors: overloaded, when too many listen.
  engine::Result<std::shared_ptr<LiveListener>> listen(const std::string& credential,
                                                       std::function<void()> wake);
  /// True: this listener is the one that looks, until it lets go.
  bool watches(const LiveListener& listener);
  /// What may take long is done by a listener that does not watch.
  void let_go(const LiveListener& listener);
  /// How far the shards are. Wakes everybody if a catalog shard is further than was seen before.
  void saw(const engine::ConsistencyToken& positions);
  void saw(engine::ShardPosition position);
  /// True for the first who asks: he sees to it that whoever publishes tells.
  bool hooks() { return !hooked_.exchange(true); }
  engine::ConsistencyToken seen() const;

  std::size_t listening() const { return listening_.load(std::memory_order_relaxed); }
  /// How long a listener is to rest after a search that took that long: all of them together keep
  /// about a fifth of a core busy, however much is written.
  std::chrono::steady_clock::duration rest_after(std::chrono::steady_clock::duration search) const;

  /// Not all shards answered whoever looked last.
  std::atomic<bool> deaf{false};
  // Counted by those who listen.
  std::atomic<std::uint64_t> events{0};
  std::atomic<std::uint64_t> searches{0};
  std::atomic<std::uint64_t> looks{0};  // at how far the shards are
  std::atomic<std::uint64_t> refused{0};
  /// The counters as Prometheus text.
  std::string metrics() const;

private:
  friend class LiveListener;
  void leave(LiveListener& listener);
  bool raise(engine::ShardPosition position);

  const LiveLimits limits_;
  std::atomic<std::size_t> listening_{0};
  std::atomic<const LiveListener*> watcher_{nullptr};
  std::atomic<bool> hooked_{false};
  mutable std::mutex mutex_;
  engine::ConsistencyToken seen_;
  std::unordered_set<LiveListener*> listeners_;
  std::map<std::string, std::size_t> per_key_;
};
using LiveBoardPtr = std::shared_ptr<LiveBoard>;

/// One who is told of changes until he lets go of this.
class LiveListener {
public:
  LiveListener(LiveBoardPtr board, std::string credential, std::function<void()> wake);
  ~LiveListener();
  LiveListener(const LiveListener&) = delete;
  LiveListener& operator=(const LiveListener&) = delete;

  /// Something newer was seen since the last call. To be called before reading the state.
  bool take() { return changed_.exchange(false); }
  bool changed() const { return changed_; }
  LiveBoard& board() { return *board_; }

private:
  friend class LiveBoard;
  void tell() {
    if (!changed_.exchange(true)) wake_();
  }

  const LiveBoardPtr board_;
  const std::string credential_;
  const std::function<void()> wake_;
  std::atomic<bool> changed_{false};
};

}  // namespace souk::net
