#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "storage/journal.hpp"
#include "storage/journal_format.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Error;
using engine::Position;
using engine::Result;
using engine::ShardId;
using engine::cluster::Mark;
using engine::cluster::Record;
using engine::cluster::Recovered;

constexpr std::size_t kHeadBytes = 16;
constexpr Position kEnd = std::numeric_limits<Position>::max();

void append_number(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(number >> shift & 0xFFU));
}

Error gap(ShardId shard, Position position) {
  return {
      Errc::corrupt_record,
      "the journal of " + shard.name() + " has no record at position " + std::to_string(position),
      {},
      {}};
}

/// The fact under that key of `meta`; nothing: there is none.
template <class Message>
Result<std::optional<Message>> find_mark(const Database& database, const std::string& key) {
  const Result<std::optional<std::string>> value = database.get(Table::meta, key);
  if (!value) return value.error();
  if (!*value) return std::optional<Message>{};
  std::optional<Message> mark{std::in_place};
  const Result<void> parsed = unseal_message(key, **value, *mark);
  if (!parsed) return parsed.error();
  return mark;
}

/// The position of the state that a restart would find; 0: none.
Result<Position> materialised_position(const Database& database, ShardId shard) {
  const std::optional<std::string> saved = database.durable(shard_key(shard));
  if (!saved) return Position{0};
  const Result<Materialised> materialised = decode_materialised(shard_key(shard), *saved);
  if (!materialised) return materialised.error();
  return materialised->position;
}

}  // namespace

std::string encode_journal_value(std::string_view key, const Record& record, Position committed) {
  std::string payload;
  payload.reserve(kHeadBytes + record.payload->size());
  append_number(payload, record.epoch);
  append_number(payload, committed);
  payload.append(*record.payload);
  return seal(key, payload);
}

Result<JournalValue> decode_journal_value(std::string_view key, std::string_view value,
                                          std::string& unpacked) {
  const Result<std::string_view> payload = unseal(key, value, unpacked);
  if (!payload) return payload.error();
  if (payload->size() < kHeadBytes || key.size() != kShardKeyBytes + 8) {
    return corrupt_record("a journal entry is shorter than its head");
  }
  return JournalValue{{position_in(key), position_in(*payload, 0)},
                      position_in(*payload, 8),
                      payload->substr(kHeadBytes)};
}

Result<Record> decode_journal_record(std::string_view key, std::string_view value) {
  std::string unpacked;
  const Result<JournalValue> read = decode_journal_value(key, value, unpacked);
  if (!read) return read.error();
  return Record{read->mark.position, read->mark.epoch, payload_checksum(read->payload),
                std::make_shared<const std::string>(read->payload)};
}

Result<Watermarks> Journal::watermarks(ShardId shard) const {
  Result<Watermarks> result = standing(shard);
  if (result) result->epoch = std::max(result->epoch, engine::Epoch{1});
  return result;
}

Result<Watermarks> Journal::standing(ShardId shard) const {
  Watermarks result{0, 0, 0};
  std::optional<Error> failed;
  const Result<void> scanned = database_.scan_backward(
      Table::journal, shard_key(shard), after_prefix(shard_key(shard)),
      [&](std::string_view key, std::string_view value) {
        std::string unpacked;
        const Result<JournalValue> last = decode_journal_value(key, value, unpacked);
        if (last) {
          result = {last->mark.position, last->committed, last->mark.epoch};
        } else {
          failed = last.error();
        }
        return false;
      });
  if (!scanned) return scanned.error();
  if (failed) return *failed;
  const Result<std::optional<pb::Watermark>> mark =
      find_mark<pb::Watermark>(database_, committed_key(shard));
  if (!mark) return mark.error();
  if (*mark) result.epoch = std::max(result.epoch, engine::Epoch{(*mark)->epoch()});
  const Result<Position> floor = committed_floor(shard);
  if (!floor) return floor.error();
  result.committed = std::max(result.committed, *floor);
  result.stored = std::max(result.stored, result.committed);
  return result;
}

/// State is only ever saved from committed records. Without syncs a power cut can leave it ahead of
/// the journal.
Result<Position> Journal::committed_floor(ShardId shard) const {
  const Result<std::optional<pb::Watermark>> mark =
      find_mark<pb::Watermark>(database_, committed_key(shard));
  if (!mark) return mark.error();
  const Result<Position> saved = materialised_position(database_, shard);
  if (!saved) return saved.error();
  return std::max(*mark ? Position{(*mark)->committed()} : 0, *saved);
}

Result<Mark> Journal::base(ShardId shard) const {
  const Result<std::optional<pb::Trimmed>> mark =
      find_mark<pb::Trimmed>(database_, trimmed_key(shard));
  if (!mark) return mark.error();
  if (!*mark) return Mark{};
  return Mark{(*mark)->upto(), (*mark)->epoch()};
}

Result<Recovered> Journal::recovered(ShardId shard) {
  const Result<Known*> known = this->known(shard);
  if (!known) return known.error();
  Recovered result{(*known)->epoch, {(*known)->committed, 0}, {}};
  Mark& committed = result.committed;
  std::optional<Error> failed;
  Position expected = committed.position + 1;
  const Result<void> scanned = database_.scan(
      Table::journal, position_key(shard, committed.position), after_prefix(shard_key(shard)),
      [&](std::string_view key, std::string_view value) {
        Result<Record> record = decode_journal_record(key, value);
        if (!record) {
          failed = record.error();
        } else if (record->position == committed.position) {
          committed.epoch = record->epoch;
        } else if (record->position != expected) {
          failed = gap(shard, expected);
        } else {
          ++expected;
          result.tail.push_back(std::move(*record));
        }
        return !failed;
      });
  if (!scanned) return scanned.error();
  if (failed) return *failed;
  if (committed.position == 0 || committed.epoch != 0) return result;

  const Result<Mark> gone = base(shard);
  if (!gone) return gone.error();
  const Result<Position> saved = materialised_position(database_, shard);
  if (!saved) return saved.error();
  if (*gone == Mark{committed.position, gone->epoch} && gone->epoch != 0) {
    committed.epoch = gone->epoch;
  } else if (committed.position == *saved) {  // the state is ahead of an unsynced journal
    committed.epoch = result.tail.empty() ? result.epoch : result.tail.front().epoch;
  } else {
    return gap(shard, committed.position);
  }
  return result;
}

Result<void> Journal::read(ShardId shard, Position after, Position upto, const Visit& visit) const {
  if (after >= upto) return {};
  // Asked before the records are: what is written meanwhile is not missed.
  const Result<Position> floor = committed_floor(shard);
  if (!floor) return floor.error();
  const std::string to =
      upto == kEnd ? after_prefix(shard_key(shard)) : position_key(shard, upto + 1);
  Position expected = after + 1;
  std::optional<Error> failed;
  bool stopped = false;
  const Result<void> scanned = database_.scan(
      Table::journal, position_key(shard, after + 1), to,
      [&](std::string_view key, std::string_view value) {
        std::string unpacked;
        const Result<JournalValue> stored = decode_journal_value(key, value, unpacked);
        if (!stored) {
          failed = stored.error();
        } else if (stored->mark.position != expected) {
          failed = gap(shard, expected);
        } else {
          ++expected;
          stopped = !visit(
              {shard, stored->mark.position, stored->mark.epoch, std::string{stored->payload}});
        }
        return !failed && !stopped;
      });
  if (!scanned) return scanned.error();
  if (failed) return *failed;
  if (!stopped && expected <= std::min(upto, *floor)) return gap(shard, expected);
  return {};
}

Result<JournalPart> Journal::read_from(ShardId shard, Position from, std::size_t bytes) const {
  JournalPart part;
  if (from == 0) return Error{Errc::invalid_value, "journals begin at position 1", {}, {}};
  const Result<Position> floor = committed_floor(shard);
  if (!floor) return floor.error();
  std::optional<Error> failed;
  std::optional<Mark> prev;
  Position expected = from;
  std::size_t taken = 0;
  bool broken = false;
  const Result<void> scanned =
      database_.scan(Table::journal, position_key(shard, from - 1), after_prefix(shard_key(shard)),
                     [&](std::string_view key, std::string_view value) {
                       Result<Record> record = decode_journal_record(key, value);
                       if (!record) {
                         failed = record.error();
                       } else if (record->position + 1 == from) {
                         prev = record->mark();
                       } else if (record->position != expected) {
                         broken = true;  // by a trim, or a gap: told apart below
                       } else {
                         ++expected;
                         taken += record->size();
                         part.records.push_back(std::move(*record));
                       }
                       return !failed && !broken && taken < bytes;
                     });
  if (!scanned) return scanned.error();
  if (failed) return *failed;
  const bool complete = !broken && (taken >= bytes || expected > *floor);
  if (!prev || !complete) {
    // Asked after the records were: a trim in between moves it up, never down.
    const Result<Mark> gone = base(shard);
    if (!gone) return gone.error();
    if (gone->position >= from) return JournalPart{true, {}, {}};
    if (!complete) return gap(shard, expected);
    if (gone->position + 1 == from) {
      if (from > 1 && gone->epoch == 0) return JournalPart{true, {}, {}};
      prev = *gone;
    } else if (from - 1 <= *floor || !part.records.empty()) {
      return gap(shard, from - 1);
    } else {
      return part;  // the journal ends before
    }
  }
  part.prev = *prev;
  return part;
}

Result<Position> Journal::first(ShardId shard) const {
  const Result<Mark> gone = base(shard);
  if (!gone) return gone.error();
  Position first = 0;
  const Result<void> scanned =
      database_.scan(Table::journal, position_key(shard, gone->position + 1),
                     after_prefix(shard_key(shard)), [&](std::string_view key, std::string_view) {
                       first = position_in(key);
                       return false;
                     });
  if (!scanned) return scanned.error();
  return first;
}

}  // namespace souk::storage
