#include "storage/operator_facts.hpp"

#include <cassert>
#include <utility>

#include "storage/cluster_facts.hpp"
#include "storage/record_proto.hpp"

namespace souk::storage {
namespace {

using engine::Result;
using engine::cluster::NodeId;

std::string outcome_name(std::string_view id) {
  return std::string{kOutcomesPrefix}.append(id);
}

std::string fact_of_operation(std::string_view id) {
  return std::string{kOperationsPrefix}.append(id);
}

bool read(const pb::ShardHeat& in, ShardHeat& out) {
  const auto service = in.shard().service();
  if ((service != 1 && service != 2) || in.shard().number() > 0xFFFFU) return false;
  out.shard = {static_cast<engine::Service>(service),
               static_cast<std::uint16_t>(in.shard().number())};
  out.leads = in.leads();
  out.commands = in.commands();
  out.records = in.records();
  out.bytes = in.bytes();
  out.searches = in.searches();
  out.cpu = in.cpu();
  out.replicated_bytes = in.replicated_bytes();
  out.queue_depth = in.queue_depth();
  out.keys_total = in.keys_total();
  for (const pb::HeatKey& key : in.keys()) {
    if (key.slot_after() > engine::kSlotCount) return false;
    out.keys.push_back({key.name(), key.per_second(), key.error(), std::nullopt});
    if (key.slot_after() > 0)
      out.keys.back().slot = static_cast<engine::Slot>(key.slot_after() - 1);
  }
  return true;
}

void write(const ShardHeat& heat, pb::ShardHeat& out) {
  out.mutable_shard()->set_service(static_cast<std::uint32_t>(heat.shard.service));
  out.mutable_shard()->set_number(heat.shard.number);
  out.set_leads(heat.leads);
  out.set_commands(heat.commands);
  out.set_records(heat.records);
  out.set_bytes(heat.bytes);
  out.set_searches(heat.searches);
  out.set_cpu(heat.cpu);
  out.set_replicated_bytes(heat.replicated_bytes);
  out.set_queue_depth(heat.queue_depth);
  out.set_keys_total(heat.keys_total);
  for (const ShardHeat::Key& key : heat.keys) {
    pb::HeatKey* to = out.add_keys();
    to->set_name(key.name);
    to->set_per_second(key.per_second);
    to->set_error(key.error);
    if (key.slot) to->set_slot_after(*key.slot + 1U);
  }
}

}  // namespace

std::string encode_outcome(const OperationOutcome& outcome) {
  pb::OperationOutcome out;
  // The operation is kept as its own fact would be, so that both are read by the same code.
  const std::string& id = outcome.operation.id;
  pb::Operation operation;
  const bool same =
      unseal_message(fact_of_operation(id), encode_operation(outcome.operation), operation)
          .has_value();
  assert(same);
  (void)same;
  *out.mutable_operation() = std::move(operation);
  out.set_outcome(outcome.outcome);
  out.set_finished(outcome.finished.microseconds());
  return seal_message(outcome_name(id), out);
}

Result<OperationOutcome> decode_outcome(std::string_view name, std::string_view value) {
  pb::OperationOutcome in;
  const Result<void> parsed = unseal_message(name, value, in);
  if (!parsed) return parsed.error();
  const std::string operation = fact_of_operation(in.operation().id());
  auto read_back = decode_operation(operation, seal_message(operation, in.operation()));
  if (!read_back) return read_back.error();
  if (outcome_name(read_back->id) != name) return corrupt_record("an outcome of another operation");
  return OperationOutcome{std::move(*read_back), in.outcome(), read_time(in.finished())};
}

Result<void> finish_operation(Coordinator& coordinator, Coordinator::Revision expected,
                              Coordinator::Revision judged_by, const OperationOutcome& outcome,
                              std::chrono::seconds kept, Coordinator::Deadline deadline) {
  const auto lease = coordinator.grant(kept, deadline);
  if (!lease) return lease.error();
  const std::string& id = outcome.operation.id;
  const auto done =
      coordinator.commit({.expected = {{fact_of_operation(id), expected},
                                       {configuration_name(outcome.operation.shard), judged_by}},
                          .writes = {{outcome_name(id), encode_outcome(outcome), lease->id}},
                          .erased = {fact_of_operation(id)}},
                         deadline);
  if (!done) return done.error();
  return {};
}

Result<std::optional<OperationOutcome>> find_outcome(const Coordinator& coordinator,
                                                     std::string_view id,
                                                     Coordinator::Deadline deadline) {
  const std::string name = outcome_name(id);
  const auto fact = coordinator.find(name, deadline);
  if (!fact) return fact.error();
  if (!*fact) return std::optional<OperationOutcome>{};
  auto outcome = decode_outcome(name, (*fact)->value);
  if (!outcome) return outcome.error();
  return std::optional{std::move(*outcome)};
}

Result<std::vector<OperationOutcome>> read_outcomes(const Coordinator& coordinator,
                                                    Coordinator::Deadline deadline) {
  const auto listing = coordinator.read(kOutcomesPrefix, deadline);
  if (!listing) return listing.error();
  std::vector<OperationOutcome> all;
  for (const auto& each : listing->facts) {
    auto outcome = decode_outcome(each.name, each.fact.value);
    if (!outcome) return outcome.error();
    all.push_back(std::move(*outcome));
  }
  return all;
}

std::string heat_name(NodeId node) {
  return std::string{kHeatPrefix} + node_name(node);
}

std::string encode_heat(const NodeHeat& heat) {
  pb::NodeHeat out;
  out.set_node(heat.node.value);
  out.set_time(heat.time.microseconds());
  out.set_seconds(heat.seconds);
  out.set_cpu(heat.cpu);
  for (const ShardHeat& shard : heat.shards) write(shard, *out.add_shards());
  return seal_message(heat_name(heat.node), out);
}

Result<NodeHeat> decode_heat(std::string_view name, std::string_view value) {
  pb::NodeHeat in;
  const Result<void> parsed = unseal_message(name, value, in);
  if (!parsed) return parsed.error();
  NodeHeat heat;
  heat.node = {in.node()};
  heat.time = read_time(in.time());
  heat.seconds = in.seconds();
  heat.cpu = in.cpu();
  for (const pb::ShardHeat& each : in.shards()) {
    ShardHeat shard;
    if (!read(each, shard)) return corrupt_record("the heat of no shard");
    heat.shards.push_back(std::move(shard));
  }
  if (heat_name(heat.node) != name) return corrupt_record("the heat of another node");
  return heat;
}

std::string drained_name(NodeId node) {
  return std::string{kDrainedPrefix} + node_name(node);
}

}  // namespace souk::storage
