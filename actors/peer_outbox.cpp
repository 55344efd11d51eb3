#include "actors/peer_outbox.hpp"

#include <cassert>
#include <cstring>

namespace souk::actors {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kCompactBytes = 64U << 10U;

}  // namespace

std::optional<std::uint64_t> PeerOutbox::push(PeerClass urgency, std::string_view message) {
  const auto number = static_cast<std::size_t>(urgency);
  Lane& lane = lanes_[number];
  const std::size_t size = kLengthBytes + message.size();
  const std::uint64_t waits = lane.pushed - lane.taken;
  // One message always fits into an empty queue, however small that is.
  if (waits > 0 && waits + size > limits_.queue[number]) return std::nullopt;
  const auto length = static_cast<std::uint32_t>(message.size());
  char bytes[kLengthBytes];
  std::memcpy(bytes, &length, kLengthBytes);
  lane.waiting.append(bytes, kLengthBytes).append(message);
  const std::uint64_t place = lane.pushed;
  lane.pushed += size;
  return place;
}

std::size_t PeerOutbox::next(const Lane& lane, std::size_t urgency) const {
  if (lane.begin == lane.waiting.size()) return 0;
  std::uint32_t length = 0;
  std::memcpy(&length, lane.waiting.data() + lane.begin, kLengthBytes);
  const std::size_t size = kLengthBytes + length;
  const std::uint64_t on_its_way = lane.taken - lane.consumed;
  return on_its_way == 0 || on_its_way + size <= limits_.window[urgency] ? size : 0;
}

std::size_t PeerOutbox::take(std::string& packet, std::size_t bytes_max) {
  std::size_t count = 0;
  std::size_t left = bytes_max;
  for (std::size_t urgency = 0; urgency < kPeerClasses; ++urgency) {
    Lane& lane = lanes_[urgency];
    for (std::size_t size; (size = next(lane, urgency)) != 0; ++count) {
      if (size > left && count > 0) break;
      packet.append(lane.waiting, lane.begin, size);
      lane.begin += size;
      lane.taken += size;
      left -= std::min(left, size);
    }
    if (lane.begin == lane.waiting.size()) {
      lane.waiting.clear();
      lane.begin = 0;
    } else if (lane.begin > kCompactBytes && lane.begin > lane.waiting.size() / 2) {
      lane.waiting.erase(0, lane.begin);
      lane.begin = 0;
    }
  }
  return count;
}

bool PeerOutbox::ready() const {
  for (std::size_t urgency = 0; urgency < kPeerClasses; ++urgency) {
    if (next(lanes_[urgency], urgency) != 0) return true;
  }
  return false;
}

bool PeerOutbox::sent(PeerClass urgency, std::uint64_t place) const {
  return place < lanes_[static_cast<std::size_t>(urgency)].taken;
}

bool PeerOutbox::consumed(const PerPeerClass<std::uint64_t>& totals) {
  for (std::size_t urgency = 0; urgency < kPeerClasses; ++urgency) {
    if (totals[urgency] > lanes_[urgency].taken) return false;
  }
  for (std::size_t urgency = 0; urgency < kPeerClasses; ++urgency) {
    lanes_[urgency].consumed = std::max(lanes_[urgency].consumed, totals[urgency]);
  }
  return true;
}

void PeerOutbox::reset() {
  lanes_ = {};
}

PerPeerClass<std::uint64_t> PeerOutbox::queued_bytes() const {
  PerPeerClass<std::uint64_t> bytes{};
  for (std::size_t i = 0; i < kPeerClasses; ++i) bytes[i] = lanes_[i].pushed - lanes_[i].taken;
  return bytes;
}

PerPeerClass<std::uint64_t> PeerOutbox::window_bytes() const {
  PerPeerClass<std::uint64_t> bytes{};
  for (std::size_t i = 0; i < kPeerClasses; ++i) bytes[i] = lanes_[i].taken - lanes_[i].consumed;
  return bytes;
}

}  // namespace souk::actors
