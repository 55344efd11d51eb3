#include "actors/peer_transfer.hpp"

#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/types/id.hpp"

namespace souk::actors {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;
using Clock = std::chrono::steady_clock;

// chunk: checksum:8 id:8 offset:8 last:1 bytes; the checksum is of all that follows it.
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kHeadBytes = kChecksumBytes + 8 + 8 + 1;
constexpr std::chrono::milliseconds kLookForRoom{2};

/// What the receiver says to the last chunk.
struct Verdict {
  std::mutex mutex;
  std::condition_variable_any said;
  std::optional<Result<std::string>> answer;
};

}  // namespace

std::string write_chunk(const PeerChunk& chunk) {
  std::string out(kHeadBytes, '\0');
  std::memcpy(out.data() + kChecksumBytes, &chunk.id, 8);
  std::memcpy(out.data() + kChecksumBytes + 8, &chunk.offset, 8);
  out[kHeadBytes - 1] = chunk.last ? 1 : 0;
  out.append(chunk.bytes);
  const std::uint64_t checksum = engine::hash_key(std::string_view{out}.substr(kChecksumBytes));
  std::memcpy(out.data(), &checksum, kChecksumBytes);
  return out;
}

Result<PeerChunk> read_chunk(std::string_view bytes) {
  if (bytes.size() < kHeadBytes) return Error{Errc::corrupt_record, "a chunk is cut off"};
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, bytes.data(), kChecksumBytes);
  if (checksum != engine::hash_key(bytes.substr(kChecksumBytes)))
    return Error{Errc::corrupt_record, "a chunk's checksum differs"};
  PeerChunk chunk;
  std::memcpy(&chunk.id, bytes.data() + kChecksumBytes, 8);
  std::memcpy(&chunk.offset, bytes.data() + kChecksumBytes + 8, 8);
  chunk.last = bytes[kHeadBytes - 1] != 0;
  chunk.bytes = bytes.substr(kHeadBytes);
  return chunk;
}

Result<std::uint64_t> run_transfer(PeerTransport& transport, PeerTransfer transfer,
                                   const PeerSource& source, std::chrono::milliseconds patience,
                                   const std::stop_token& stop) {
  const auto verdict = std::make_shared<Verdict>();
  std::uint64_t offset = transfer.offset;
  for (bool last = false; !last;) {
    std::string piece;
    if (const Result<void> read = source(piece, kPeerChunkBytes - kHeadBytes); !read)
      return read.error();
    last = piece.empty();
    const PeerEnvelope envelope{transfer.kind, transfer.shard, transfer.epoch,
                                write_chunk({transfer.id, offset, last, piece})};
    offset += piece.size();
    for (const auto end = Clock::now() + patience;;) {
      if (stop.stop_requested()) return Error{Errc::canceled, "the transfer was given up"};
      const Result<void> sent =
          last ? transport.ask(transfer.node, PeerClass::bulk, envelope, Clock::now() + patience,
                               [verdict](Result<std::string> answer) {
                                 const std::lock_guard lock{verdict->mutex};
                                 verdict->answer = std::move(answer);
                                 verdict->said.notify_one();
                               })
               : transport.send(transfer.node, PeerClass::bulk, envelope);
      if (sent) break;
      if (sent.error().code != Errc::overloaded) return sent.error();
      if (Clock::now() > end)
        return Error{Errc::timed_out, "node " + transfer.node + " takes no more chunks"};
      std::this_thread::sleep_for(kLookForRoom);
    }
  }
  std::unique_lock lock{verdict->mutex};
  if (!verdict->said.wait(lock, stop, [&] { return verdict->answer.has_value(); }))
    return Error{Errc::canceled, "the transfer was given up"};
  if (!*verdict->answer) return verdict->answer->error();
  return offset;
}

}  // namespace souk::actors
