#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

namespace souk::actors {

/// What goes first when a peer cannot take everything at once. Order is kept within a class, never
/// between classes.
enum class PeerClass : std::uint8_t { control, data, bulk };
inline constexpr std::size_t kPeerClasses = 3;
template <class T>
using PerPeerClass = std::array<T, kPeerClasses>;

/// The one message between nodes. Only sender and receiver know what `bytes` are (versioned records
/// of storage/).
struct PeerEnvelope {
  std::uint16_t kind = 0;
  engine::ShardId shard{};
  engine::Epoch epoch = 0;
  std::string bytes;

  friend bool operator==(const PeerEnvelope&, const PeerEnvelope&) = default;
};
inline constexpr std::size_t kPeerEnvelopeBytesMax = 16U << 20U;

/// Answers a request, once, from any thread. Lost if the asker is not connected any more.
using PeerAnswer = std::function<void(engine::Result<std::string>)>;

struct PeerArrival {
  std::string from;
  PeerClass urgency = PeerClass::data;
  PeerEnvelope envelope;
  PeerAnswer answer;  // empty: nobody waits for one
};

/// Called on the transport's threads, for one peer one call at a time: must return soon, since the
/// sender's window opens when it has returned.
struct PeerHandler {
  std::function<void(PeerArrival)> arrived;
  /// A peer was connected, or is lost: whatever was sent before and not answered may never arrive.
  std::function<void(const std::string& node, bool connected)> changed;
  /// Its connection ended and nobody listens at its address any more, so its process has ended. Not
  /// called of machines that vanish without a word.
  std::function<void(const std::string& node)> ended = {};
};

struct PeerAddress {
  std::string node;
  std::string host;
  std::uint16_t port = 0;

  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;
};

/// Certificates of this cluster, PEM. Who has none from the same authority cannot connect.
struct PeerTls {
  std::filesystem::path ca;
  std::filesystem::path cert;
  std::filesystem::path key;
};

struct PeerLimits {
  /// Bytes per class sent and not yet taken by the other side's handler.
  PerPeerClass<std::uint64_t> window{256U << 10U, 4U << 20U, 1U << 20U};
  /// Bytes per class that wait for the window; beyond, send() answers overloaded.
  PerPeerClass<std::uint64_t> queue{1U << 20U, 16U << 20U, 4U << 20U};
  std::chrono::milliseconds heartbeat{200};
  /// A peer that says nothing for so long is lost.
  std::chrono::milliseconds silence{1500};
  std::chrono::milliseconds connect_timeout{500};
  std::chrono::milliseconds backoff_max{2000};
};

struct PeerConfig {
  std::string cluster;  // who names another one is refused
  std::string node;
  std::string version;  // of the program, for people
  std::string listen_host = "127.0.0.1";
  std::uint16_t listen_port = 0;  // 0: any
  std::optional<PeerTls> tls;  // none: anybody who reaches the port can talk: private networks only
  PeerLimits limits;
  /// Versions of the packets this node understands; both sides use the newest they share.
  std::uint32_t wire_oldest = 1;
  std::uint32_t wire_newest = 1;
};

/// What operators see of one peer.
struct PeerStatus {
  PeerAddress address;
  bool connected = false;
  std::string version;     // of its program
  std::string last_error;  // of the last attempt to connect, or why it was lost
  std::uint64_t connections = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t refused = 0;  // by full queues
  PerPeerClass<std::uint64_t> queued_bytes{};
  PerPeerClass<std::uint64_t> window_bytes{};  // sent, not yet taken
  std::chrono::microseconds round_trip{0};
};

/// The connections of a node with its peers, over CAF. Everything is thread-safe and returns at
/// once.
class PeerTransport {
public:
  /// Listens. Errors: unavailable (address in use), invalid_value (certificates).
  static engine::Result<std::unique_ptr<PeerTransport>> start(PeerConfig config,
                                                              PeerHandler handler);
  /// Loses every peer; nothing is called back when it has returned.
  ~PeerTransport();

  std::uint16_t port() const;
  /// Whom to be connected with, this node itself ignored. A pair has one connection; the node with
  /// the smaller name makes it.
  void set_peers(const std::vector<PeerAddress>& peers);

  /// Sends a message that nobody answers. It arrives once, in the order of its class, or the peer
  /// is reported lost. Errors: unavailable (not connected), overloaded (the peer's queue of this
  /// class is full), too_large.
  engine::Result<void> send(const std::string& node, PeerClass urgency,
                            const PeerEnvelope& envelope);
  using OnAnswer = std::function<void(engine::Result<std::string>)>;
  /// Sends a request; `on_answer` is called once on a thread of the transport, with the answer,
  /// with timed_out at the deadline (it may have been done), with unavailable (the peer was lost
  /// before it was sent), or unknown_outcome (lost after that). Errors, with no call: as send().
  engine::Result<void> ask(const std::string& node, PeerClass urgency, const PeerEnvelope& envelope,
                           std::chrono::steady_clock::time_point deadline, OnAnswer on_answer);
  bool connected(const std::string& node) const;
  std::vector<PeerStatus> status() const;

private:
  struct Content;
  explicit PeerTransport(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

}  // namespace souk::actors
