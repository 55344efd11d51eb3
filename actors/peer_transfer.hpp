#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "actors/peer_transport.hpp"

namespace souk::actors {

inline constexpr std::size_t kPeerChunkBytes = 256U << 10U;

/// Something large on its way to a node, in chunks that heartbeats and orders overtake.
struct PeerTransfer {
  std::string node;
  std::uint16_t kind = 0;  // of its envelopes
  engine::ShardId shard{};
  engine::Epoch epoch = 0;
  std::uint64_t id = 0;      // which transfer between the two
  std::uint64_t offset = 0;  // where it goes on
};
/// Appends the next bytes, at most so many; none: the end.
using PeerSource = std::function<engine::Result<void>(std::string& into, std::size_t bytes_max)>;

/// Sends until the source ends and the receiver has answered that it has everything. Blocks: for a
/// thread that may wait, never an actor's. The bytes sent, with those before `offset`. Errors:
/// those of the source and of the receiver; canceled, unavailable, timed_out (no room or no answer
/// for `patience`), unknown_outcome.
engine::Result<std::uint64_t> run_transfer(PeerTransport& transport, PeerTransfer transfer,
                                           const PeerSource& source,
                                           std::chrono::milliseconds patience,
                                           const std::stop_token& stop);

/// A chunk as it arrived, checked by itself.
struct PeerChunk {
  std::uint64_t id = 0;
  std::uint64_t offset = 0;
  bool last = false;  // nothing follows; its arrival wants an answer
  std::string_view bytes;
};
std::string write_chunk(const PeerChunk& chunk);
/// Errors: corrupt_record (too short, or the checksum differs).
engine::Result<PeerChunk> read_chunk(std::string_view bytes);

}  // namespace souk::actors
