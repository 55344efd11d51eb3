#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "engine/cluster/record.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"
#include "storage/journal.hpp"

// The records of a shard's journal between a checkpoint and a cut, as a stream.
//
//   stream := "SKJR" version:u8 service:u8 number:u16 after:u64 upto:u64 record* checksum:u64
//   record := position:u64 epoch:u64 crc:u32 length:u32 payload
//
// Numbers are little-endian. The checksum (xxh3_64) is over all bytes before it.
namespace souk::storage {

/// Reads the positions (after, upto] of a shard's journal.
class JournalSource {
public:
  JournalSource(const Journal& journal, engine::ShardId shard, engine::Position after,
                engine::Position upto);
  ~JournalSource();
  JournalSource(const JournalSource&) = delete;
  JournalSource& operator=(const JournalSource&) = delete;

  /// Appends the next part, about `bytes_max`; nothing: the end. Errors: unavailable (the journal
  /// begins later by now), corrupt_record, storage_failure.
  engine::Result<void> next(std::string& into, std::size_t bytes_max);

private:
  const Journal& journal_;
  const engine::ShardId shard_;
  const engine::Position upto_;
  engine::Position after_;
  bool begun_ = false;
  bool ended_ = false;
  void* checksum_;
};

/// What a file of that stream spans, checked against its checksum. Errors: corrupt_record,
/// newer_format, invalid_value (another shard's), storage_failure.
struct JournalSpan {
  engine::Position after = 0;
  engine::Position upto = 0;
};
engine::Result<JournalSpan> verify_journal_file(const std::filesystem::path& file,
                                                engine::ShardId shard);
/// Visits its records in order. Pre: verified. Errors: corrupt_record, storage_failure, and those
/// of `visit`.
engine::Result<void> read_journal_file(
    const std::filesystem::path& file,
    const std::function<engine::Result<void>(engine::cluster::Record)>& visit);

}  // namespace souk::storage
