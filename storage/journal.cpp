#include "storage/journal.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <optional>
#include <utility>

#include "storage/record_proto.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Error;
using engine::Position;
using engine::Result;
using engine::ShardId;

constexpr std::size_t kHeadBytes = 16;
constexpr Position kEnd = std::numeric_limits<Position>::max();

std::string committed_key(ShardId shard) {
  return "committed" + shard_key(shard);
}
std::string trimmed_key(ShardId shard) {
  return "trimmed" + shard_key(shard);
}

void append_number(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(number >> shift & 0xFFU));
}

std::string encode_value(std::string_view key, const JournalEntry& entry, Position committed) {
  std::string payload;
  payload.reserve(kHeadBytes + entry.bytes.size());
  append_number(payload, entry.epoch);
  append_number(payload, committed);
  payload.append(entry.bytes);
  return seal(key, payload);
}

/// The entry in a journal value, and the committed position that was known when it was written.
struct Stored {
  JournalEntry entry;
  Position committed = 0;
};

Result<Stored> decode_value(ShardId shard, std::string_view key, std::string_view value) {
  std::string unpacked;
  const Result<std::string_view> payload = unseal(key, value, unpacked);
  if (!payload) return payload.error();
  if (payload->size() < kHeadBytes || key.size() != kShardKeyBytes + 8) {
    return corrupt_record("a journal entry is shorter than its head");
  }
  return Stored{
      {shard, position_in(key), position_in(*payload, 0), std::string{payload->substr(kHeadBytes)}},
      position_in(*payload, 8)};
}

}  // namespace

Result<void> Journal::append(std::span<const JournalEntry> entries,
                             std::span<const engine::ShardPosition> committed,
                             Durability durability) {
  Batch batch{database_};
  for (const JournalEntry& entry : entries) {
    if (!stored_.contains(entry.shard)) {
      const Result<Watermarks> known = watermarks(entry.shard);
      if (!known) return known.error();
      stored_[entry.shard] = known->stored;
    }
    Position& stored = stored_[entry.shard];
    assert(entry.position == stored + 1);
    stored = entry.position;
    const auto known =
        std::find_if(committed.begin(), committed.end(),
                     [&](const engine::ShardPosition& at) { return at.shard == entry.shard; });
    const std::string key = position_key(entry.shard, entry.position);
    batch.put(Table::journal, key,
              encode_value(key, entry, known == committed.end() ? 0 : known->position));
  }
  for (const engine::ShardPosition& at : committed) {
    const bool travels =
        std::any_of(entries.begin(), entries.end(),
                    [&](const JournalEntry& entry) { return entry.shard == at.shard; });
    if (travels) continue;
    pb::Watermark mark;
    mark.set_committed(at.position);
    const std::string key = committed_key(at.shard);
    batch.put(Table::meta, key, seal_message(key, mark));
  }
  durability_ = durability;
  return database_.write(batch, durability);
}

Result<Watermarks> Journal::watermarks(ShardId shard) const {
  Watermarks result;
  std::optional<Error> failed;
  const Result<void> scanned = database_.scan_backward(
      Table::journal, shard_key(shard), after_prefix(shard_key(shard)),
      [&](std::string_view key, std::string_view value) {
        const Result<Stored> last = decode_value(shard, key, value);
        if (last) {
          result = {last->entry.position, last->committed, last->entry.epoch};
        } else {
          failed = last.error();
        }
        return false;
      });
  if (!scanned) return scanned.error();
  if (failed) return *failed;

  const std::string key = committed_key(shard);
  const Result<std::optional<std::string>> mark = database_.get(Table::meta, key);
  if (!mark) return mark.error();
  if (*mark) {
    pb::Watermark known;
    const Result<void> parsed = unseal_message(key, **mark, known);
    if (!parsed) return parsed.error();
    result.committed = std::max(result.committed, Position{known.committed()});
  }
  // State is only ever saved from committed records. Without syncs a power cut can leave it ahead
  // of the journal.
  if (const std::optional<std::string> saved = database_.durable(shard_key(shard))) {
    const Result<Materialised> materialised = decode_materialised(shard_key(shard), *saved);
    if (!materialised) return materialised.error();
    result.committed = std::max(result.committed, materialised->position);
  }
  result.stored = std::max(result.stored, result.committed);
  return result;
}

Result<void> Journal::read(ShardId shard, Position after, Position upto, const Visit& visit) const {
  if (after >= upto) return {};
  const std::string to =
      upto == kEnd ? after_prefix(shard_key(shard)) : position_key(shard, upto + 1);
  Position expected = after + 1;
  std::optional<Error> failed;
  bool stopped = false;
  const auto gap = [&] {
    return Error{
        Errc::corrupt_record,
        "the journal of " + shard.name() + " has no record at position " + std::to_string(expected),
        {},
        {}};
  };
  const Result<void> scanned = database_.scan(Table::journal, position_key(shard, after + 1), to,
                                              [&](std::string_view key, std::string_view value) {
                                                Result<Stored> stored =
                                                    decode_value(shard, key, value);
                                                if (!stored) {
                                                  failed = stored.error();
                                                } else if (stored->entry.position != expected) {
                                                  failed = gap();
                                                } else {
                                                  ++expected;
                                                  stopped = !visit(stored->entry);
                                                }
                                                return !failed && !stopped;
                                              });
  if (!scanned) return scanned.error();
  if (failed) return *failed;
  if (stopped || expected > upto) return {};
  const Result<Watermarks> known = watermarks(shard);
  if (!known) return known.error();
  if (expected <= std::min(upto, known->stored)) return gap();
  return {};
}

Result<void> Journal::trim(ShardId shard, Position upto) {
  const std::optional<std::string> saved = database_.durable(shard_key(shard));
  Result<Position> gone = trimmed(shard);
  if (!gone) return gone.error();
  if (!saved) return {};
  const Result<Materialised> durable = decode_materialised(shard_key(shard), *saved);
  if (!durable) return durable.error();
  const Result<Watermarks> known = watermarks(shard);
  if (!known) return known.error();

  upto = std::min({upto, durable->position, known->stored == 0 ? 0 : known->stored - 1});
  if (upto <= *gone) return {};
  Batch batch{database_};
  pb::Trimmed mark;
  mark.set_upto(upto);
  const std::string key = trimmed_key(shard);
  batch.put(Table::meta, key, seal_message(key, mark));
  const Result<void> dropped = database_.drop(Table::journal, position_key(shard, *gone + 1),
                                              position_key(shard, upto + 1), batch, durability_);
  if (!dropped) return dropped.error();
  return {};
}

Result<Position> Journal::trimmed(ShardId shard) const {
  const std::string key = trimmed_key(shard);
  const Result<std::optional<std::string>> mark = database_.get(Table::meta, key);
  if (!mark) return mark.error();
  if (!*mark) return Position{0};
  pb::Trimmed known;
  const Result<void> parsed = unseal_message(key, **mark, known);
  if (!parsed) return parsed.error();
  return Position{known.upto()};
}

Result<Position> Journal::first(ShardId shard) const {
  const Result<Position> gone = trimmed(shard);
  if (!gone) return gone.error();
  Position first = 0;
  const Result<void> scanned =
      database_.scan(Table::journal, position_key(shard, *gone + 1), after_prefix(shard_key(shard)),
                     [&](std::string_view key, std::string_view) {
                       first = position_in(key);
                       return false;
                     });
  if (!scanned) return scanned.error();
  return first;
}

}  // namespace souk::storage
