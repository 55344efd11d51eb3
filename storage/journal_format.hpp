#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/cluster/record.hpp"
#include "storage/record_proto.hpp"

// Keys and values of the journal (drawn in record.hpp), shared by the journal_*.cpp files; nobody
// else includes this.
namespace souk::storage {

inline std::string committed_key(engine::ShardId shard) {
  return "committed" + shard_key(shard);
}
inline std::string trimmed_key(engine::ShardId shard) {
  return "trimmed" + shard_key(shard);
}
inline std::string installing_key(engine::ShardId shard) {
  return "installing" + shard_key(shard);
}

/// A journal value, and the committed position that was known when it was written.
struct JournalValue {
  engine::cluster::Mark mark;
  engine::Position committed = 0;
  std::string_view payload;  // into the value, or into what it was unpacked to
};
std::string encode_journal_value(std::string_view key, const engine::cluster::Record& record,
                                 engine::Position committed);
/// Errors: corrupt_record, newer_format.
engine::Result<JournalValue> decode_journal_value(std::string_view key, std::string_view value,
                                                  std::string& unpacked);
/// The record with a payload and checksum of its own. Errors: as above.
engine::Result<engine::cluster::Record> decode_journal_record(std::string_view key,
                                                              std::string_view value);

}  // namespace souk::storage
