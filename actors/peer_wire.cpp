#include "actors/peer_wire.hpp"

#include <bit>
#include <charconv>
#include <cstring>
#include <map>

namespace souk::actors {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie");

constexpr std::string_view kHelloMagic = "souk-peer\n";
constexpr std::uint8_t kRequest = 4;
constexpr std::uint8_t kAnswer = 8;
constexpr std::uint8_t kFailed = 16;

template <class Number>
void put(std::string& out, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

/// False if too few bytes are left.
template <class Number>
bool get(std::string_view& in, Number& number) {
  if (in.size() < sizeof number) return false;
  std::memcpy(&number, in.data(), sizeof number);
  in.remove_prefix(sizeof number);
  return true;
}

template <class Number>
Number number_of(const std::string& text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::string begin_packet(const PacketHead& head) {
  std::string out;
  out += 'P';
  put(out, head.session);
  put(out, head.sequence);
  put(out, head.sent_at);
  put(out, head.echo);
  put(out, head.echo_delay);
  for (const std::uint64_t total : head.consumed) put(out, total);
  return out;
}

std::optional<PacketHead> read_head(std::string_view& bytes) {
  PacketHead head;
  if (bytes.size() < kPacketHeadBytes || bytes.front() != 'P') return std::nullopt;
  bytes.remove_prefix(1);
  get(bytes, head.session);
  get(bytes, head.sequence);
  get(bytes, head.sent_at);
  get(bytes, head.echo);
  get(bytes, head.echo_delay);
  for (std::uint64_t& total : head.consumed) get(bytes, total);
  return head;
}

std::string write_message(const PeerMessage& message) {
  std::string out;
  out.reserve(22 + message.bytes.size());
  auto flags = static_cast<std::uint8_t>(message.urgency);
  using Role = PeerMessage::Role;
  if (message.role == Role::request) flags |= kRequest;
  if (message.role == Role::answer) flags |= kAnswer;
  if (message.role == Role::failure) flags |= kAnswer | kFailed;
  put(out, flags);
  put(out, message.kind);
  put(out, message.correlation);
  put(out, static_cast<std::uint8_t>(message.shard.service));
  put(out, message.shard.number);
  put(out, message.epoch);
  return out.append(message.bytes);
}

std::optional<PeerMessage> read_message(std::string_view& bytes) {
  std::uint32_t size = 0;
  if (!get(bytes, size) || bytes.size() < size) return std::nullopt;
  std::string_view in = bytes.substr(0, size);
  bytes.remove_prefix(size);
  PeerMessage message;
  std::uint8_t flags = 0;
  std::uint8_t service = 0;
  const bool whole = get(in, flags) && get(in, message.kind) && get(in, message.correlation) &&
                     get(in, service) && get(in, message.shard.number) && get(in, message.epoch);
  if (!whole || (flags & 3U) >= kPeerClasses) return std::nullopt;
  using Role = PeerMessage::Role;
  message.urgency = static_cast<PeerClass>(flags & 3U);
  if ((flags & kAnswer) != 0)
    message.role = (flags & kFailed) != 0 ? Role::failure : Role::answer;
  else if ((flags & kRequest) != 0)
    message.role = Role::request;
  message.shard.service = static_cast<engine::Service>(service);
  message.bytes = in;
  return message;
}

std::string write_error(const engine::Error& error) {
  std::string out;
  put(out, static_cast<std::uint16_t>(error.code));
  return out.append(error.detail);
}

engine::Error read_error(std::string_view bytes) {
  std::uint16_t code = 0;
  if (!get(bytes, code)) return {engine::Errc::internal, "an answer of a peer is damaged"};
  return {static_cast<engine::Errc>(code), std::string{bytes}};
}

std::string write_hello(const PeerHello& hello) {
  std::string out{kHelloMagic};
  const auto line = [&out](std::string_view name, const std::string& value) {
    out.append(name).append("=");
    for (const char c : value) out += c == '\n' ? ' ' : c;
    out += '\n';
  };
  line("cluster", hello.cluster);
  line("node", hello.node);
  line("target", hello.target);
  line("version", hello.version);
  line("wire_oldest", std::to_string(hello.wire_oldest));
  line("wire_newest", std::to_string(hello.wire_newest));
  line("session", std::to_string(hello.session));
  return out;
}

std::optional<PeerHello> read_hello(std::string_view bytes) {
  if (!bytes.starts_with(kHelloMagic)) return std::nullopt;
  bytes.remove_prefix(kHelloMagic.size());
  std::map<std::string, std::string, std::less<>> lines;
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    const auto line = bytes.substr(0, end);
    const auto middle = line.find('=');
    if (middle == line.npos) return std::nullopt;
    lines[std::string{line.substr(0, middle)}] = line.substr(middle + 1);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  PeerHello hello{lines["cluster"],
                  lines["node"],
                  lines["target"],
                  lines["version"],
                  number_of<std::uint32_t>(lines["wire_oldest"]),
                  number_of<std::uint32_t>(lines["wire_newest"]),
                  number_of<std::uint64_t>(lines["session"])};
  if (hello.node.empty() || hello.session == 0) return std::nullopt;
  return hello;
}

std::string write_refusal(std::string_view why) {
  return "R" + std::string{why};
}

std::optional<std::string_view> read_refusal(std::string_view bytes) {
  if (!bytes.starts_with('R')) return std::nullopt;
  return bytes.substr(1);
}

std::string objection_to(const PeerHello& hello, const PeerConfig& us) {
  if (hello.cluster != us.cluster) {
    return "node " + us.node + " belongs to cluster '" + us.cluster + "', not to '" +
           hello.cluster + "'";
  }
  if (hello.target != us.node) return "this is node " + us.node + ", not " + hello.target;
  if (hello.node == us.node) return "two nodes call themselves " + us.node;
  if (hello.wire_newest < us.wire_oldest || hello.wire_oldest > us.wire_newest) {
    const auto range = [](std::uint32_t oldest, std::uint32_t newest) {
      return std::to_string(oldest) + " to " + std::to_string(newest);
    };
    return "node " + us.node + " (" + us.version + ") speaks wire versions " +
           range(us.wire_oldest, us.wire_newest) + ", node " + hello.node + " (" + hello.version +
           ") " + range(hello.wire_oldest, hello.wire_newest);
  }
  return {};
}

}  // namespace souk::actors
