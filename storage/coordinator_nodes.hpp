#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "storage/coordinator.hpp"

namespace souk::storage {

/// A node that runs, as the others know it.
struct NodeFact {
  std::string id;
  std::string host;  // where it speaks with its peers
  std::uint16_t port = 0;
  std::string zone;
  std::vector<std::string> roles;
  std::string version;  // of the program
  std::string run;      // names this run of the program; another after every start

  friend bool operator==(const NodeFact&, const NodeFact&) = default;
};

/// All names of node facts begin so; the node's id follows.
inline constexpr std::string_view kNodesPrefix = "nodes/";
std::string encode_node(const NodeFact& node);
/// Errors: corrupt_record.
engine::Result<NodeFact> decode_node(std::string_view name, std::string_view value);

/// Says that this node runs, for as long as the object lives and the coordinator hears from it: a
/// fact under a lease, kept alive on a thread of its own, written again when the lease was lost.
class NodePresence {
public:
  NodePresence(std::shared_ptr<Coordinator> coordinator, NodeFact node,
               std::chrono::milliseconds ttl);
  /// The others see the node go at once, if the coordinator answers.
  ~NodePresence();

  /// Whether the coordinator had the fact when it last answered.
  bool present() const { return present_; }

private:
  void keep(const std::stop_token& stop);
  void announce();

  const std::shared_ptr<Coordinator> coordinator_;
  const NodeFact node_;
  const std::chrono::milliseconds ttl_;
  std::atomic<bool> present_{false};
  Coordinator::Lease lease_;
  std::jthread thread_;  // last: uses all of the above
};

}  // namespace souk::storage
