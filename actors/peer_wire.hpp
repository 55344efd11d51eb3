#pragma once

#include <caf/meta/type_name.hpp>
#include <caf/type_id.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "actors/peer_transport.hpp"

// What nodes say to each other, byte by byte. Numbers are little-endian.
//
//   packet    'P' session:8 sequence:8 sent_at:8 echo:8 echo_delay:4 consumed:8×3  message...
//   message   size:4  flags:1 (class 0..1, request 4, answer 8, failed 16)  kind:2  correlation:8
//             service:1 shard:2 epoch:8  bytes
//   hello     "souk-peer\n" and lines "name=value\n": readable by every version of the program, so
//   welcome   that two which do not understand each other can say so
//   refusal   'R' and a sentence: the hello was refused, or the session is over
//
// sent_at is the sender's clock in microseconds; the receiver sends the last one back as echo, with
// the time it kept it. consumed: bytes of messages taken since the session began, per class.
namespace souk::actors {

/// The only type that CAF serialises.
struct PeerPacket {
  std::string bytes;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, PeerPacket& x) {
  return f(caf::meta::type_name("souk.packet"), x.bytes);
}

struct PacketHead {
  std::uint64_t session = 0;
  std::uint64_t sequence = 0;
  std::uint64_t sent_at = 0;
  std::uint64_t echo = 0;
  std::uint32_t echo_delay = 0;
  PerPeerClass<std::uint64_t> consumed{};

  friend bool operator==(const PacketHead&, const PacketHead&) = default;
};
inline constexpr std::size_t kPacketHeadBytes = 1 + 4 * 8 + 4 + kPeerClasses * 8;

/// A packet with that head and no messages yet.
std::string begin_packet(const PacketHead& head);
/// Takes the head off `bytes`, which keeps the messages. Nothing: not a packet.
std::optional<PacketHead> read_head(std::string_view& bytes);

struct PeerMessage {
  enum class Role : std::uint8_t { news, request, answer, failure };
  PeerClass urgency = PeerClass::data;
  Role role = Role::news;
  std::uint64_t correlation = 0;
  std::uint16_t kind = 0;
  engine::ShardId shard{};
  engine::Epoch epoch = 0;
  std::string_view bytes;
};
/// Without its size, which the outbox adds.
std::string write_message(const PeerMessage& message);
/// Takes the next message off `bytes`. Nothing: damaged.
std::optional<PeerMessage> read_message(std::string_view& bytes);

/// A failed answer as bytes.
std::string write_error(const engine::Error& error);
engine::Error read_error(std::string_view bytes);

/// Of both hello and welcome.
struct PeerHello {
  std::string cluster;
  std::string node;
  std::string target;  // whom the hello is for
  std::string version;
  std::uint32_t wire_oldest = 0;
  std::uint32_t wire_newest = 0;
  std::uint64_t session = 0;
};
std::string write_hello(const PeerHello& hello);
std::optional<PeerHello> read_hello(std::string_view bytes);
std::string write_refusal(std::string_view why);
std::optional<std::string_view> read_refusal(std::string_view bytes);
/// Why this node cannot talk with who says hello; empty: it can. The caller has checked nothing.
std::string objection_to(const PeerHello& hello, const PeerConfig& us);

}  // namespace souk::actors

CAF_BEGIN_TYPE_ID_BLOCK(souk_peer, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(souk_peer, (souk::actors::PeerPacket))
CAF_END_TYPE_ID_BLOCK(souk_peer)
