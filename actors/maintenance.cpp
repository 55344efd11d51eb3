#include "actors/maintenance.hpp"

#include <optional>

#include "actors/recovery.hpp"
#include "storage/database.hpp"
#include "storage/journal.hpp"

namespace souk::actors {

namespace {

using engine::Error;
using engine::Result;

// Applies every record up to `upto` to an empty state; its hash.
template <class Decode, class Apply>
Result<void> replay_all(const storage::Journal& journal, engine::ShardId shard,
                        engine::Position upto, Decode decode, Apply apply) {
  std::optional<Error> failure;
  const auto read = journal.read(shard, 0, upto, [&](const storage::JournalEntry& entry) {
    const auto record = decode(entry.bytes);
    if (!record)
      failure = record.error();
    else
      apply(*record);
    return !failure;
  });
  if (failure) return *failure;
  return read;
}

Result<ReplayedShard> replay_catalog(const RecoverySource& source, bool whole) {
  ReplayedShard result{.shard = source.shard};
  {
    const auto recovered = recover_catalog(source);
    if (!recovered) return recovered.error();
    result.position = recovered->replica->state().position();
    result.state_hash = recovered->replica->state().hash();
  }
  result.from_first_record = whole || result.position == 0;
  if (!result.from_first_record) return result;
  engine::CatalogState state{source.shard};
  engine::CatalogEffects effects;
  const auto replayed = replay_all(
      *source.journal, source.shard, result.position,
      [](const std::string& bytes) { return storage::decode_catalog_record(bytes); },
      [&](const engine::CatalogRecord& record) {
        state.apply(record, effects);
        effects = {};
      });
  if (!replayed) return replayed.error();
  result.replayed_hash = state.hash();
  return result;
}

Result<ReplayedShard> replay_orders(const RecoverySource& source, bool whole) {
  ReplayedShard result{.shard = source.shard};
  {
    const auto recovered = recover_orders(source);
    if (!recovered) return recovered.error();
    result.position = recovered->state->position();
    result.state_hash = recovered->state->hash();
  }
  result.from_first_record = whole || result.position == 0;
  if (!result.from_first_record) return result;
  engine::OrderState state{source.shard};
  const auto replayed = replay_all(
      *source.journal, source.shard, result.position,
      [](const std::string& bytes) { return storage::decode_order_record(bytes); },
      [&](const engine::OrderRecord& record) { state.apply(record); });
  if (!replayed) return replayed.error();
  result.replayed_hash = state.hash();
  return result;
}

/// Which of them a folder holds, its journal says; in a cluster nothing else here does.
std::vector<engine::ShardId> possible_shards() {
  std::vector<engine::ShardId> all;
  for (const auto service : {engine::Service::catalog, engine::Service::orders}) {
    for (std::uint16_t number = 0; number < engine::kSlotCount; ++number)
      all.push_back({service, number});
  }
  return all;
}

}  // namespace

Result<std::vector<ReplayedShard>> replay_journals(const std::filesystem::path& data) {
  std::error_code error;
  if (!std::filesystem::is_directory(data, error) || std::filesystem::is_empty(data, error))
    return Error{engine::Errc::invalid_value, data.string() + " is no data folder", {}, {}};
  auto database = storage::Database::open(data, {});
  if (!database) return database.error();
  storage::Journal journal{**database};
  std::vector<ReplayedShard> shards;
  for (const engine::ShardId shard : possible_shards()) {
    const RecoverySource source{database->get(), &journal, {}, shard};
    const auto marks = journal.watermarks(shard);
    if (!marks) return marks.error();
    if (marks->stored == 0) continue;  // no copy of it is here
    const auto first = journal.first(shard);
    if (!first) return first.error();
    auto replayed = shard.service == engine::Service::catalog
                        ? replay_catalog(source, *first == 1)
                        : replay_orders(source, *first == 1);
    if (!replayed) return replayed.error();
    shards.push_back(*replayed);
  }
  return shards;
}

}  // namespace souk::actors
