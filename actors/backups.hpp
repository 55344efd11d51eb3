#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "actors/operator_view.hpp"
#include "actors/peer_transport.hpp"
#include "storage/backup.hpp"
#include "storage/backup_words.hpp"
#include "storage/coordinator.hpp"

namespace souk::actors {

/// Writes backups of the whole cluster into folders of this node, one at a time.
///
/// THE CUT. Every shard has one position in a backup, and together they must be a state that the
/// cluster could have been in: an order that is completed has its sales, a sale has its order. No
/// order in which the shards are read one after the other gives that: a checkout goes from the
/// orders shard to the catalog shards and back, so between two reads it passes from one that was
/// read to one that was not, or the other way round. So there is a moment at which all of them
/// stand still:
///
///   1. each leader opens a view of its shard's tables (at or before the cut);
///   2. each leader holds its shard: what is proposed from now on waits, and when all that was
///      proposed before is committed, it tells the position. That takes a round trip and a sync;
///   3. when the last one has told, every shard stands at its position: this is the moment;
///   4. each is released, and says whether it stood still from 2 until now: it led all the while,
///      within its lease, so nobody else committed anything either. If one of them did not, or a
///      hold took longer than kHoldMax (then it ends by itself), there was no such moment, and it
///      is tried again.
///
/// So what is in a backup is what a power cut of all nodes at one moment would have left, without
/// the records that nobody was promised yet. Recovery from that needs nothing new: checkouts that
/// were begun or placed are resumed, holds of checkouts that nobody knows are asked back.
///
/// Writers wait for a few milliseconds and nobody is refused; reads go on. Afterwards the state and
/// the journal from there to the cut are read from the leaders while they serve.
class Backups {
public:
  struct Parts {
    engine::cluster::NodeId self;
    std::function<std::vector<engine::cluster::Revised>()> configurations;
    /// Of this node's own BackupDoor.
    std::function<void(PeerArrival)> here;
    PeerTransport* transport = nullptr;  // none: the node is alone
    std::shared_ptr<const storage::Coordinator> coordinator;  // whose rules of searches are kept
  };

  explicit Backups(Parts parts);
  /// Gives up what is being written.
  ~Backups();

  /// Begins one. Errors: overloaded (one is being written), invalid_value (the folder is not
  /// absolute, or exists and is not empty), storage_failure.
  engine::Result<BackupView> begin(const std::filesystem::path& folder);
  /// By id, of those begun here since the start; the latest for an empty id. Nothing: no such one.
  std::optional<BackupView> find(const std::string& id) const;

private:
  struct Node {
    engine::cluster::NodeId id;
    std::vector<engine::ShardId> shards;
  };
  struct Asked;
  void work(const std::stop_token& stop, storage::BackupWriter writer);
  engine::Result<void> write(const std::stop_token& stop, storage::BackupWriter& writer);
  engine::Result<std::vector<storage::BackupCutTold>> cut(const std::stop_token& stop);
  engine::Result<std::vector<storage::BackupCutTold>> try_cut(const std::stop_token& stop);
  engine::Result<std::uint64_t> copy(const std::stop_token& stop, engine::ShardId shard,
                                     storage::BackupPart part, const std::filesystem::path& file);
  engine::Result<std::vector<storage::BackupTold>> ask_all(const std::stop_token& stop,
                                                           storage::BackupStep step);
  std::shared_ptr<Asked> ask(engine::cluster::NodeId node, const storage::BackupAsk& ask);
  static engine::Result<storage::BackupTold> wait(const std::stop_token& stop, Asked& asked);
  void close();
  void show(const std::function<void(BackupView&)>& change);

  const Parts parts_;
  std::uint64_t run_ = 0;
  std::vector<Node> nodes_;  // who leads what, in this try
  mutable std::mutex mutex_;
  std::vector<BackupView> views_;  // the newest last
  bool writing_ = false;
  std::jthread thread_;  // last: uses all of the above
};

}  // namespace souk::actors
