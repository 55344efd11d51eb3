#include "storage/coordinator_store.hpp"

#include <utility>

#include "storage/record_proto.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;

constexpr std::string_view kPrefix = "fact/";
constexpr std::string_view kNodeKey = "node";

std::string fact_key(std::string_view name) {
  return std::string{kPrefix} + std::string{name};
}

Result<Coordinator::Fact> decode_fact(std::string_view key, std::string_view value) {
  pb::CoordinatorFact in;
  const Result<void> parsed = unseal_message(key, value, in);
  if (!parsed) return parsed.error();
  return Coordinator::Fact{std::move(*in.mutable_value()), in.revision()};
}

}  // namespace

Result<std::optional<Coordinator::Fact>> CoordinatorStore::get(std::string_view name) const {
  const std::string key = fact_key(name);
  const Result<std::optional<std::string>> value = database_.get(Table::meta, key);
  if (!value) return value.error();
  if (!*value) return std::optional<Fact>{};
  Result<Fact> fact = decode_fact(key, **value);
  if (!fact) return fact.error();
  return std::optional<Fact>{std::move(*fact)};
}

Result<std::uint64_t> CoordinatorStore::compare_and_swap(std::string_view name,
                                                         std::uint64_t expected,
                                                         std::string_view value) {
  const std::lock_guard swapping{swapping_};
  const Result<std::optional<Fact>> now = get(name);
  if (!now) return now.error();
  const std::uint64_t revision = *now ? (*now)->revision : 0;
  if (revision != expected) {
    return Error{Errc::version_mismatch, "fact " + std::string{name} + " is at revision " +
                                             std::to_string(revision) + ", not " +
                                             std::to_string(expected)};
  }
  pb::CoordinatorFact fact;
  fact.set_revision(revision + 1);
  fact.set_value(std::string{value});
  Batch batch{database_};
  const std::string key = fact_key(name);
  batch.put(Table::meta, key, seal_message(key, fact));
  const Result<void> written = database_.write(batch, Durability::synced);
  if (!written) return written.error();
  return revision + 1;
}

Result<std::vector<Coordinator::NamedFact>> CoordinatorStore::list(std::string_view prefix) const {
  std::vector<NamedFact> facts;
  std::optional<Error> failed;
  const std::string from = fact_key(prefix);
  const Result<void> scanned = database_.scan(
      Table::meta, from, after_prefix(from), [&](std::string_view key, std::string_view value) {
        Result<Fact> fact = decode_fact(key, value);
        if (!fact) {
          failed = fact.error();
          return false;
        }
        facts.push_back({std::string{key.substr(kPrefix.size())}, std::move(*fact)});
        return true;
      });
  if (!scanned) return scanned.error();
  if (failed) return *failed;
  return facts;
}

Result<std::string> load_or_create_node_id(Database& database, const std::string& fresh) {
  const Result<std::optional<std::string>> value = database.get(Table::meta, kNodeKey);
  if (!value) return value.error();
  if (*value) {
    std::string unpacked;
    const Result<std::string_view> node = unseal(kNodeKey, **value, unpacked);
    if (!node) return node.error();
    return std::string{*node};
  }
  Batch batch{database};
  batch.put(Table::meta, kNodeKey, seal(kNodeKey, fresh));
  const Result<void> written = database.write(batch, Durability::synced);
  if (!written) return written.error();
  return fresh;
}

}  // namespace souk::storage
