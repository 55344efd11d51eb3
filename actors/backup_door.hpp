#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "actors/peer_transport.hpp"
#include "actors/shard_host.hpp"
#include "storage/backup_journal.hpp"
#include "storage/backup_words.hpp"
#include "storage/checkpoint.hpp"

namespace souk::actors {

/// This node's part in a backup of the cluster (backups.hpp): holds the shards that it leads for
/// the moment of the cut and gives their state away in parts. One backup at a time; on a thread of
/// its own.
class BackupDoor {
public:
  struct Parts {
    caf::actor_system* system = nullptr;
    const storage::Database* database = nullptr;
    const storage::Journal* journal = nullptr;
    ShardHost* host = nullptr;
  };

  explicit BackupDoor(Parts parts);
  /// Breaks off what is under way and refuses the rest.
  ~BackupDoor();

  /// An ask of storage/backup_words.hpp (PeerKind::backup), answered with what it tells. Any
  /// thread; returns at once.
  void arrived(PeerArrival arrival);

private:
  /// What is read of one shard.
  struct Stream {
    std::unique_ptr<storage::CheckpointSource> state;  // none: the journal begins at 1
    std::unique_ptr<storage::JournalSource> journal;   // since the cut
    std::map<storage::BackupPart, std::uint64_t> offset;
  };
  struct Run {
    std::uint64_t id = 0;
    std::chrono::steady_clock::time_point used;
    std::map<engine::ShardId, Stream> streams;
  };

  void work(const std::stop_token& stop);
  engine::Result<storage::BackupTold> answer(const PeerArrival& arrival);
  engine::Result<storage::BackupTold> open(const storage::BackupAsk& ask);
  engine::Result<storage::BackupTold> hold(const storage::BackupAsk& ask);
  engine::Result<storage::BackupTold> release(const storage::BackupAsk& ask);
  engine::Result<storage::BackupTold> read(const storage::BackupAsk& ask);
  engine::Result<storage::BackupCutTold> standing(engine::ShardId shard, engine::Position at);

  const Parts parts_;
  Run run_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<PeerArrival> waiting_;
  bool stopped_ = false;
  std::jthread thread_;  // last: uses all of the above
};

}  // namespace souk::actors
