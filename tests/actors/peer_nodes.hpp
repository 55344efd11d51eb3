#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/peer_transport.hpp"
#include "tests/storage/temporary_folder.hpp"
#include "tests/support/child_process.hpp"

namespace souk::test {

using actors::PeerAddress;
using actors::PeerClass;
using actors::PeerEnvelope;

/// What test nodes understand.
enum TestKind : std::uint16_t {
  kEcho = 1,    // answered with its bytes backwards
  kRefuse = 2,  // answered with wrong_shard
  kIgnore = 3,  // never answered
  kNumber = 4,  // "STREAM NUMBER": noted, must come in order
  kCount = 5,   // answered with how many numbers came, and how many were out of order
  kChunk = 6    // of a transfer; the last one is answered
};

/// A node that speaks with peers, in this process.
class PeerNode {
public:
  explicit PeerNode(actors::PeerConfig config);

  static actors::PeerConfig config(const std::string& node);

  actors::PeerTransport& transport() { return *transport_; }
  PeerAddress address() const { return {node_, "127.0.0.1", transport_->port()}; }
  std::uint64_t numbers() const { return numbers_; }
  std::uint64_t disordered() const { return disordered_; }
  std::uint64_t transferred() const { return transferred_; }
  std::uint64_t transfer_hash() const { return transfer_hash_; }
  int lost(const std::string& node) const;
  int ended(const std::string& node) const;
  actors::PeerStatus status(const std::string& node) const;

  engine::Result<std::string> ask(const std::string& node, TestKind kind, const std::string& bytes,
                                  std::chrono::milliseconds patience = std::chrono::seconds{10});

private:
  void arrived(actors::PeerArrival arrival);
  void number(const actors::PeerArrival& arrival);
  void chunk(const actors::PeerArrival& arrival);

  const std::string node_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> next_;  // by sender and stream
  std::map<std::string, int> lost_;
  std::map<std::string, int> ended_;
  std::atomic<std::uint64_t> numbers_{0};
  std::atomic<std::uint64_t> disordered_{0};
  std::atomic<std::uint64_t> transferred_{0};
  std::atomic<std::uint64_t> transfer_hash_{0};
  std::unique_ptr<actors::PeerTransport> transport_;  // last: calls into the rest
};

/// The same as a process of its own: this test program, running the case "peer node process".
class PeerProcess {
public:
  PeerProcess(const std::string& node, const std::vector<PeerAddress>& peers);
  void start();
  ChildProcess& process() { return process_; }
  PeerAddress address() const { return {node_, "127.0.0.1", port_}; }
  std::uint64_t resident_bytes() const;

private:
  const std::string node_;
  const std::uint16_t port_;
  const std::vector<PeerAddress> peers_;
  TemporaryFolder folder_;
  ChildProcess process_;
};

/// Whether it became true in time.
bool in_time(const std::function<bool()>& true_at_last,
             std::chrono::milliseconds time = std::chrono::seconds{20});

}  // namespace souk::test
