#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/operator_view.hpp"
#include "actors/peer_transport.hpp"
#include "actors/publication_bell.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

namespace souk::storage {
class Coordinator;
}

namespace souk::actors {

class Clock;
class Metrics;
class SearchRules;

/// How a node speaks with the others of its cluster.
struct PeersConfig {
  std::string cluster = "souk";
  std::string version;  // of the program, for people
  std::string run;      // of the program; the node sets it
  std::string listen_host = "127.0.0.1";
  std::uint16_t listen_port = 0;     // 0: any
  std::string advertise_host;        // empty: listen_host
  std::uint16_t advertise_port = 0;  // 0: the port it listens on
  std::string zone;
  std::vector<std::string> roles{"gateway", "data"};
  std::optional<PeerTls> tls;  // none: anybody who reaches the port can talk
};

/// Settings of a node. Every field: unit, range, default, and when to change it.
struct NodeConfig {
  std::filesystem::path data;             // folder; created if missing
  std::uint32_t catalog_shards = 4;       // at the first start of a data folder only; 1 to 256
  std::uint32_t order_shards = 2;         // at the first start only; 1 to 256
  std::uint32_t scheduler_threads = 0;    // 0: one per core
  std::uint32_t search_workers = 0;       // 0: one per core
  std::uint32_t shard_queue_max = 8192;   // commands waiting per shard before it answers overloaded
  std::uint32_t search_queue_max = 1024;  // queries waiting per node before it answers overloaded
  std::uint64_t materialise_bytes = 64U
                                    << 20U;  // journal bytes per shard between two materialisations
  std::uint32_t materialise_seconds = 10;
  /// How long the data of copies that left the node is kept: somebody may have erred.
  std::uint32_t left_copies_seconds = 600;
  std::uint64_t journal_keep_bytes =
      64U << 20U;  // materialised journal kept per shard, for followers and replays
  std::uint64_t free_bytes_min = 512U
                                 << 20U;  // below: writes are refused with disk_full, reads go on
  bool sync_journal = true;    // false loses acknowledged writes at a power cut: tests only
  bool test_payments = true;   // the built-in `test` provider
  std::uint32_t replicas = 1;  // members that each shard should have, 1 to 9
  bool balance = false;        // move leadership and copies off hot nodes; else only propose
  std::uint32_t balance_seconds = 60;  // so long a node is too hot before that is done
  std::optional<PeersConfig> peers;    // none: the node is alone
  std::shared_ptr<storage::Coordinator>
      coordinator;  // who knows the shard map; none: the node's own database
};

/// Progress of a long start or work: 0..1 and what is being done.
using Progress = std::function<void(double fraction, const std::string& what)>;

/// Where the shard map comes from, and whether that can be asked now. A node serves without.
struct CoordinatorStatus {
  std::string kind;    // "local", "etcd"
  std::string detail;  // where, or why not
  bool reachable = false;
};

/// How the detail of an error begins when the coordinator refused or did not answer at the start.
inline constexpr const char* kNoShardMap = "the coordinator does not give the shard map";

/// One node: opens the stores, recovers every shard, spawns the actors. Clients are made on it.
class Node {
public:
  /// Blocks until every shard is ready. Errors: storage_failure, newer_format, corrupt_record,
  /// disk_full.
  static engine::Result<std::unique_ptr<Node>> start(const NodeConfig& config,
                                                     const Progress& progress = {});
  /// Waits for commands under way, materialises, closes. Idempotent. Takes at most `drain`.
  void stop(std::chrono::milliseconds drain);
  ~Node();

  Metrics& metrics();
  engine::ShardMap shard_map() const;
  /// Why the node cannot take writes now, empty if it can ("disk_full", "recovering", "stopping").
  std::string write_refusal() const;
  /// False once the journal failed or stop() was called: the process should exit.
  bool healthy() const;
  /// Copies on this node that are about to be members of their shards.
  std::vector<engine::ShardId> catching_up() const;
  /// True once no copy has been catching up, or after a while: until then a node that was restarted
  /// should not count as there for whoever stops the next one.
  bool has_caught_up() const;
  /// What failed first; empty while nothing did.
  std::string why_unhealthy() const;
  CoordinatorStatus coordinator() const;
  /// Rings when a newer state of a shard that this node holds can be searched. Lives as long as
  /// anybody keeps it.
  PublicationBellPtr publications() const;
  /// This node leads every shard of the catalog: nowhere is anything newer.
  bool leads_catalog() const;
  /// What operators ask (cluster_desk.hpp). Never waits: look at the ticket until it is answered.
  std::shared_ptr<DeskTicket> ask_desk(const DeskQuestion& question);
  /// The rules of searches, to read; they are changed by the desk.
  const SearchRules& rules() const;

  /// Begins a backup of the whole cluster into a folder of this node (backups.hpp).
  engine::Result<BackupView> begin_backup(const std::filesystem::path& folder);
  /// One that was begun here since the start; the latest for an empty id.
  std::optional<BackupView> backup(const std::string& id) const;

  struct Content;  // for actors/ only

private:
  friend class Client;
  Node();
  std::unique_ptr<Content> content_;
};

}  // namespace souk::actors
