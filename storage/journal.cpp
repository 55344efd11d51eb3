#include "storage/journal.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "storage/journal_format.hpp"

namespace souk::storage {

using engine::Position;
using engine::Result;
using engine::ShardId;
using engine::cluster::Mark;
using engine::cluster::Record;

Result<Journal::Known*> Journal::known(ShardId shard) {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(shard);
  if (found != known_.end()) return &found->second;
  const Result<void> settled = settle_install(shard);
  if (!settled) return settled.error();
  const Result<Watermarks> marks = standing(shard);
  if (!marks) return marks.error();
  const Known known{marks->stored, marks->epoch, marks->committed, marks->epoch, marks->committed};
  return &known_.emplace(shard, known).first->second;
}

void Journal::stage(const JournalWrite& write, Known& known, Batch& batch) {
  if (write.truncate_after && *write.truncate_after < known.last) {
    assert(*write.truncate_after >= known.committed);
    for (Position at = *write.truncate_after + 1; at <= known.last; ++at)
      batch.erase(Table::journal, position_key(write.shard, at));
    known.last = *write.truncate_after;
    // They may have travelled in what is gone.
    known.written_epoch = 0;
    known.written_committed = 0;
  }
  known.epoch = std::max(known.epoch, write.epoch);
  const Position end = known.last + write.records.size();
  known.committed = std::max(known.committed, std::min(write.committed, end));
  for (const Record& record : write.records) {
    assert(record.position == known.last + 1);
    assert(record.epoch <= known.epoch);
    const std::string key = position_key(write.shard, record.position);
    batch.put(Table::journal, key, encode_journal_value(key, record, known.committed));
    known.last = record.position;
  }
  if (!write.records.empty()) {
    known.written_epoch = std::max(known.written_epoch, write.records.back().epoch);
    known.written_committed = known.committed;
  }
  if (known.written_epoch >= known.epoch && known.written_committed >= known.committed) return;
  pb::Watermark mark;
  mark.set_committed(known.committed);
  mark.set_epoch(known.epoch);
  const std::string key = committed_key(write.shard);
  batch.put(Table::meta, key, seal_message(key, mark));
  known.written_epoch = known.epoch;
  known.written_committed = known.committed;
}

Result<void> Journal::write(std::span<const JournalWrite> writes, Durability durability) {
  std::vector<Known*> known_of;
  known_of.reserve(writes.size());
  for (const JournalWrite& write : writes) {
    const Result<Known*> known = this->known(write.shard);
    if (!known) return known.error();
    known_of.push_back(*known);
    for (const Record& record : write.records) {
      if (payload_checksum(*record.payload) != record.crc)
        return corrupt_record("a record changed on its way to the journal");
    }
  }
  Batch batch{database_};
  for (std::size_t i = 0; i < writes.size(); ++i) stage(writes[i], *known_of[i], batch);
  durability_ = durability;
  return database_.write(batch, durability);
}

Result<void> Journal::append(std::span<const JournalEntry> entries,
                             std::span<const engine::ShardPosition> committed,
                             Durability durability) {
  std::vector<JournalWrite> writes;
  const auto write_of = [&](ShardId shard) -> JournalWrite& {
    const auto found = std::find_if(writes.begin(), writes.end(),
                                    [&](const JournalWrite& each) { return each.shard == shard; });
    if (found != writes.end()) return *found;
    writes.emplace_back().shard = shard;
    return writes.back();
  };
  for (const JournalEntry& entry : entries) {
    JournalWrite& write = write_of(entry.shard);
    write.epoch = std::max(write.epoch, entry.epoch);
    write.records.push_back({entry.position, entry.epoch, payload_checksum(entry.bytes),
                             std::make_shared<const std::string>(entry.bytes)});
  }
  for (const engine::ShardPosition& at : committed) {
    JournalWrite& write = write_of(at.shard);
    write.committed = std::max(write.committed, at.position);
  }
  return write(writes, durability);
}

Result<void> Journal::trim(ShardId shard, Position upto) {
  const std::optional<std::string> saved = database_.durable(shard_key(shard));
  if (!saved) return {};
  const Result<Mark> gone = base(shard);
  if (!gone) return gone.error();
  const Result<Materialised> durable = decode_materialised(shard_key(shard), *saved);
  if (!durable) return durable.error();
  const Result<Watermarks> marks = watermarks(shard);
  if (!marks) return marks.error();

  upto = std::min({upto, durable->position, marks->committed == 0 ? 0 : marks->committed - 1});
  if (upto <= gone->position) return {};
  const std::string last = position_key(shard, upto);
  const Result<std::optional<std::string>> value = database_.get(Table::journal, last);
  if (!value) return value.error();
  pb::Trimmed mark;
  mark.set_upto(upto);
  if (*value) {
    std::string unpacked;
    const Result<JournalValue> record = decode_journal_value(last, **value, unpacked);
    if (!record) return record.error();
    mark.set_epoch(record->mark.epoch);
  }
  Batch batch{database_};
  const std::string key = trimmed_key(shard);
  batch.put(Table::meta, key, seal_message(key, mark));
  return database_.drop(Table::journal, position_key(shard, gone->position + 1),
                        position_key(shard, upto + 1), batch, durability_);
}

Result<void> Journal::begin_install(ShardId shard, Mark at) {
  const Result<Known*> known = this->known(shard);
  if (!known) return known.error();
  assert(at.position > (*known)->committed);
  pb::Installing mark;
  mark.set_position(at.position);
  mark.set_epoch(at.epoch);
  Batch batch{database_};
  const std::string key = installing_key(shard);
  batch.put(Table::meta, key, seal_message(key, mark));
  return database_.write(batch, durability_);
}

Result<void> Journal::install_base(ShardId shard, Mark at) {
  const Result<Known*> known = this->known(shard);
  if (!known) return known.error();
  const Result<void> replaced = replace_by(shard, at);
  if (!replaced) return replaced.error();
  const engine::Epoch epoch = std::max((*known)->epoch, at.epoch);
  **known = {at.position, epoch, at.position, epoch, at.position};
  return {};
}

Result<void> Journal::forget(ShardId shard) {
  const Result<Known*> known = this->known(shard);
  if (!known) return known.error();
  const Result<void> replaced = replace_by(shard, {});
  if (!replaced) return replaced.error();
  const engine::Epoch epoch = (*known)->epoch;
  **known = {0, epoch, 0, epoch, 0};
  return {};
}

Result<void> Journal::replace_by(ShardId shard, Mark at) const {
  const Result<Watermarks> marks = standing(shard);
  if (!marks) return marks.error();
  Batch batch{database_};
  pb::Trimmed base;
  base.set_upto(at.position);
  base.set_epoch(at.epoch);
  batch.put(Table::meta, trimmed_key(shard), seal_message(trimmed_key(shard), base));
  pb::Watermark mark;
  mark.set_committed(at.position);
  mark.set_epoch(std::max(marks->epoch, at.epoch));
  batch.put(Table::meta, committed_key(shard), seal_message(committed_key(shard), mark));
  batch.erase(Table::meta, installing_key(shard));
  return database_.drop(Table::journal, position_key(shard, 0), after_prefix(shard_key(shard)),
                        batch, durability_);
}

/// Whether the new state arrived is seen by its position: nothing else was saved meanwhile.
Result<void> Journal::settle_install(ShardId shard) const {
  const std::string key = installing_key(shard);
  const Result<std::optional<std::string>> value = database_.get(Table::meta, key);
  if (!value) return value.error();
  if (!*value) return {};
  pb::Installing mark;
  const Result<void> parsed = unseal_message(key, **value, mark);
  if (!parsed) return parsed.error();
  if (const std::optional<std::string> saved = database_.durable(shard_key(shard))) {
    const Result<Materialised> state = decode_materialised(shard_key(shard), *saved);
    if (!state) return state.error();
    if (state->position == mark.position())
      return replace_by(shard, {mark.position(), mark.epoch()});
  }
  Batch batch{database_};
  batch.erase(Table::meta, key);
  return database_.write(batch, durability_);
}

}  // namespace souk::storage
