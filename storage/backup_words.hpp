#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cluster/configuration.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

// What the node that writes a backup asks the nodes that lead the shards, and what they answer.
//
//   ask    := version:u8 step:u8 run:u64 offset:u64 milliseconds:u32 part:u8 count:u16 shard*
//   answer := version:u8 last:u8 count:u16 cut* bytes
//   cut    := shard state:u64 position:u64 hash:u64 configuration:text
//   shard  := service:u8 number:u16        text := length:u32 bytes
//
// Numbers are little-endian. Decoding is safe on any input.
namespace souk::storage {

enum class BackupStep : std::uint8_t {
  open = 1,     // of these shards; the run before is over
  hold = 2,     // nothing more is committed in any of them; answered when nothing is on its way
  release = 3,  // refused if one of them went on before
  read = 4,     // the next part of one shard's stream
  close = 5,
};
enum class BackupPart : std::uint8_t { state = 1, journal = 2 };

struct BackupAsk {
  BackupStep step = BackupStep::open;
  std::uint64_t run = 0;
  std::uint64_t offset = 0;        // read: bytes taken so far
  std::uint32_t milliseconds = 0;  // hold: at most so long
  BackupPart part = BackupPart::state;
  std::vector<engine::ShardId> shards;  // open: all; read: one

  friend bool operator==(const BackupAsk&, const BackupAsk&) = default;
};

struct BackupCutTold {
  engine::ShardId shard;
  engine::Position state = 0;     // the state's; 0: there is none, the journal begins at 1
  engine::Position position = 0;  // hold: of the cut
  std::uint64_t state_hash = 0;   // hold: there
  engine::cluster::Configuration configuration;  // hold; has no primary otherwise

  friend bool operator==(const BackupCutTold&, const BackupCutTold&) = default;
};
struct BackupTold {
  std::vector<BackupCutTold> cuts;  // open, hold
  std::string bytes;                // read
  bool last = false;                // read: nothing follows

  friend bool operator==(const BackupTold&, const BackupTold&) = default;
};

std::string encode_backup_ask(const BackupAsk& ask);
std::string encode_backup_told(const BackupTold& told);
/// Errors: corrupt_record, newer_format.
engine::Result<BackupAsk> decode_backup_ask(std::string_view bytes);
engine::Result<BackupTold> decode_backup_told(std::string_view bytes);

}  // namespace souk::storage
