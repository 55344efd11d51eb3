#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>

#include "actors/peer_transport.hpp"
#include "actors/shard_host.hpp"
#include "storage/checkpoint.hpp"

namespace souk::actors {

/// Brings the state of shards to nodes whose journal begins too late, and takes it in: one at a
/// time, off everybody's path, in chunks that heartbeats and orders overtake.
class CheckpointTransfers {
public:
  struct Parts {
    caf::actor_system* system = nullptr;
    const storage::Database* database = nullptr;
    const storage::Journal* journal = nullptr;
    std::filesystem::path folder;  // where what arrives is staged
    PeerTransport* transport = nullptr;
    ShardHost* host = nullptr;
  };

  explicit CheckpointTransfers(Parts parts);
  /// Breaks off what is under way.
  ~CheckpointTransfers();

  /// The peer's replica is told of it when it is over, however it ended. Any thread.
  void send(engine::ShardId shard, engine::cluster::NodeId peer);
  /// A chunk (PeerKind::checkpoint). On the transport's threads.
  void arrived(PeerArrival arrival);

private:
  struct Wanted {
    engine::ShardId shard;
    engine::cluster::NodeId peer;
  };
  struct Incoming {
    std::unique_ptr<storage::CheckpointStaging> staging;
    std::uint64_t id = 0;
    std::uint64_t offset = 0;
  };
  void work(const std::stop_token& stop);
  engine::Result<void> bring(const Wanted& wanted, const std::stop_token& stop);
  engine::Result<std::string> take_in(const PeerArrival& arrival);

  const Parts parts_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Wanted> wanted_;
  std::uint64_t next_id_;
  std::mutex incoming_mutex_;
  std::map<std::pair<std::string, engine::ShardId>, Incoming> incoming_;
  std::jthread thread_;  // last: uses all of the above
};

}  // namespace souk::actors
