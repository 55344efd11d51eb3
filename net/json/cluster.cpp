#include "net/json/cluster.hpp"

#include <cmath>

#include "net/json/timestamp.hpp"

namespace souk::net {
namespace {

namespace cluster = engine::cluster;
using actors::node_name;

std::string_view name_of(cluster::Role role) {
  switch (role) {
    case cluster::Role::outside:
      return "outside";
    case cluster::Role::learner:
      return "learner";
    case cluster::Role::secondary:
      return "secondary";
    case cluster::Role::elected:
      return "elected";
    case cluster::Role::primary:
      return "primary";
    case cluster::Role::stopped:
      return "stopped";
  }
  return "outside";
}

std::string_view name_of(cluster::OperationKind kind) {
  switch (kind) {
    case cluster::OperationKind::add_replica:
      return "add_replica";
    case cluster::OperationKind::move:
      return "move";
    case cluster::OperationKind::transfer:
      return "transfer_leader";
    case cluster::OperationKind::split:
      return "split";
    case cluster::OperationKind::remove:
      return "remove_replica";
  }
  return "move";
}

std::string_view name_of(cluster::Stage::What what) {
  using What = cluster::Stage::What;
  switch (what) {
    case What::join:
      return "join";
    case What::read:
      return "read";
    case What::lead:
      return "lead";
    case What::leave:
      return "leave";
    case What::mark:
      return "mark";
    case What::fork:
      return "fork";
    case What::part:
      return "part";
  }
  return "join";
}

std::string hex(std::uint64_t value) {
  return node_name({value});
}

/// Three digits are enough for people.
double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

void node_field(JsonWriter& json, std::string_view name, cluster::NodeId node) {
  if (node) json.field(name, node_name(node));
}

void render_node(JsonWriter& json, const actors::NodeView& node) {
  json.begin_object().field("id", node_name(node.node)).field("self", node.self);
  json.field("state", !node.running ? "away" : node.drained ? "drained" : "running");
  json.field("connected", node.connected);
  if (!node.last_error.empty()) json.field("last_error", node.last_error);
  if (!node.fact.host.empty())
    json.field("address", node.fact.host + ":" + std::to_string(node.fact.port));
  json.field("zone", node.fact.zone).key("roles").begin_array();
  for (const std::string& role : node.fact.roles) json.string(role);
  json.end_array().field("version", node.fact.version);
  if (node.since) timestamp_field(json, "since", *node.since);
  if (node.last_seen) timestamp_field(json, "last_seen", *node.last_seen);
  json.field("leads", static_cast<std::uint64_t>(node.leads));
  json.field("holds", static_cast<std::uint64_t>(node.holds));
  if (node.heat) json.field("cpu", rounded(node.heat->cpu));
  json.end_object();
}

void render_shard(JsonWriter& json, const actors::ShardView& view) {
  const cluster::Configuration& shard = view.configuration;
  json.begin_object().field("id", shard.shard.name());
  json.field("service", shard.shard.service == engine::Service::catalog ? "catalog" : "orders");
  json.field("first_slot", static_cast<std::uint32_t>(shard.first_slot));
  json.field("last_slot", static_cast<std::uint32_t>(shard.last_slot));
  json.field("epoch", shard.epoch).field("primary", node_name(shard.primary));
  json.key("secondaries").begin_array();
  for (const cluster::NodeId node : shard.secondaries) json.string(node_name(node));
  json.end_array().key("learners").begin_array();
  for (const cluster::Learner& learner : shard.learners) {
    json.begin_object().field("node", node_name(learner.node));
    json.field("joins", learner.joins).end_object();
  }
  json.end_array().field("members", static_cast<std::uint64_t>(shard.members()));
  json.field("min_in_sync", shard.min_in_sync).field("state", view.state);
  if (view.here) {
    json.key("here").begin_object();
    render_copy(json, *view.here);
    json.end_object();
  }
  json.end_object();
}

void render_proposal(JsonWriter& json, const cluster::BalanceProposal& proposal) {
  json.begin_object().field("kind", name_of(proposal.operation.kind));
  json.field("shard", proposal.operation.shard.name());
  node_field(json, "from", proposal.operation.from);
  node_field(json, "to", proposal.operation.to);
  json.field("load", rounded(proposal.load_before)).field("mean", rounded(proposal.mean));
  json.field("load_after", rounded(proposal.load_after)).end_object();
}

void render_all(JsonWriter& json, const std::vector<actors::OperationView>& operations) {
  json.begin_array();
  for (const actors::OperationView& each : operations) render_operation(json, each);
  json.end_array();
}

}  // namespace

void render_copy(JsonWriter& json, const actors::CopyView& copy) {
  json.field("role", name_of(copy.role)).field("epoch", copy.epoch);
  node_field(json, "leader", copy.leader);
  json.key("positions").begin_object();
  json.field("stored", copy.stored).field("committed", copy.committed);
  json.field("applied", copy.applied).field("materialised", copy.materialised).end_object();
  json.field("state_hash", hex(copy.state_hash));
}

void render_cluster(JsonWriter& json, const actors::ClusterOverview& view) {
  json.begin_object().field("node", node_name(view.self));
  json.key("coordinator").begin_object().field("kind", view.coordinator);
  json.field("state", view.coordinator_reachable ? "ok" : "unreachable").end_object();
  json.key("nodes").begin_array();
  for (const actors::NodeView& each : view.nodes) render_node(json, each);
  json.end_array().key("shards").begin_array();
  for (const actors::ShardView& each : view.shards) render_shard(json, each);
  json.end_array().key("operations");
  render_all(json, view.operations);
  json.key("proposals").begin_array();
  for (const cluster::BalanceProposal& each : view.proposals) render_proposal(json, each);
  json.end_array().end_object();
}

void render_shard_heat(JsonWriter& json, const actors::HeatView& view) {
  json.begin_object().field("id", view.shard.shard.name());
  json.field("primary", node_name(view.shard.primary)).key("copies").begin_array();
  for (const actors::HeatView::Copy& copy : view.copies) {
    const storage::ShardHeat& heat = copy.heat;
    json.begin_object().field("node", node_name(copy.node)).field("leads", heat.leads);
    timestamp_field(json, "time", copy.time);
    json.field("seconds", rounded(copy.seconds));
    json.field("commands_per_second", rounded(heat.commands));
    json.field("records_per_second", rounded(heat.records));
    json.field("bytes_per_second", rounded(heat.bytes));
    json.field("mean_batch", rounded(heat.records > 0 ? heat.commands / heat.records : 0));
    json.field("queue_depth", heat.queue_depth);
    json.field("searches_per_second", rounded(heat.searches)).field("cpu", rounded(heat.cpu));
    json.field("replicated_bytes_per_second", rounded(heat.replicated_bytes));
    json.field("key_writes_per_second", rounded(heat.keys_total)).key("keys").begin_array();
    for (const storage::ShardHeat::Key& key : heat.keys) {
      json.begin_object().field("key", key.name).field("per_second", rounded(key.per_second));
      json.field("error", rounded(key.error));
      if (key.slot) json.field("slot", *key.slot);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
}

void render_operation(JsonWriter& json, const actors::OperationView& view) {
  const cluster::Operation& operation = view.operation;
  json.begin_object();
  if (!operation.id.empty()) json.field("id", operation.id);
  json.field("kind", name_of(operation.kind)).field("shard", operation.shard.name());
  node_field(json, "from", operation.from);
  node_field(json, "to", operation.to);
  if (operation.kind == cluster::OperationKind::add_replica)
    json.field("read_replica", operation.read_replica);
  if (operation.kind == cluster::OperationKind::split) {
    json.field("slot", static_cast<std::uint32_t>(operation.slot));
    json.field("child", operation.child.name());
  }
  json.field("state", view.state);
  if (!view.waits_for.empty()) json.field("waits_for", view.waits_for);
  if (!view.finished) {
    json.key("steps").begin_array();
    for (const cluster::Stage& stage : view.stages) {
      json.begin_object().field("step", name_of(stage.what));
      node_field(json, "node", stage.node);
      json.field("done", stage.done).end_object();
    }
    json.end_array();
  } else {
    timestamp_field(json, "finished_at", *view.finished);
  }
  json.end_object();
}

void render_operations(JsonWriter& json, const actors::OperationsView& view) {
  json.begin_object().key("data");
  render_all(json, view.operations);
  json.end_object();
}

void render_drain(JsonWriter& json, const actors::DrainView& view) {
  json.begin_object().field("node", node_name(view.node)).field("dry_run", view.dry_run);
  json.key("operations");
  render_all(json, view.operations);
  json.key("stays").begin_array();
  for (const engine::ShardId shard : view.stays) json.string(shard.name());
  json.end_array().end_object();
}

}  // namespace souk::net
