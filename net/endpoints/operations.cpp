#include "net/endpoints/operations.hpp"

#include "actors/metrics.hpp"
#include "net/await.hpp"
#include "net/endpoints/ask_desk.hpp"
#include "net/endpoints/backups.hpp"
#include "net/endpoints/cluster.hpp"
#include "net/endpoints/search_rules.hpp"
#include "net/endpoints/search_stream.hpp"
#include "net/http_error.hpp"
#include "net/json/cluster.hpp"
#include "net/json/json_writer.hpp"
#include "net/openapi.hpp"
#include "net/router.hpp"

namespace souk::net {

using engine::Errc;
using engine::Error;

namespace {

constexpr const char* kStatusSchema =
    R"({"type":"object","required":["status"],"properties":{"status":{"type":"string"},)"
    R"("reason":{"type":"string"},"checks":{"type":"object"}}})";
constexpr const char* kShardsSchema =
    R"({"type":"object","required":["data"],"properties":{"data":{"type":"array","items":{"type":"object",)"
    R"("required":["id","service","first_slot","last_slot","positions"],"properties":{)"
    R"("id":{"type":"string"},"service":{"type":"string","enum":["catalog","orders"]},)"
    R"("first_slot":{"type":"integer"},"last_slot":{"type":"integer"},)"
    R"("positions":{"type":"object","properties":{"stored":{"type":"integer"},"committed":{"type":"integer"},)"
    R"("applied":{"type":"integer"},"materialised":{"type":"integer"}}},)"
    R"("state_hash":{"type":"string"},"products":{"type":"integer"},"skus":{"type":"integer"},)"
    R"("holds":{"type":"integer"},"orders":{"type":"integer"},"segments":{"type":"integer"},)"
    R"("queue_depth":{"type":"integer"},"index_bytes":{"type":"integer"},)"
    R"("here":{"type":"object","description":"the copy of this node: role, epoch, leader, positions"}}}}}})";

Task<Response> livez(RequestScope& /*scope*/) {
  co_return ok(R"({"status":"live"})");
}

Task<Response> version(RequestScope& /*scope*/) {
  std::string json;
  JsonWriter{json}
      .begin_object()
      .field("name", "souk")
      .field("version", kVersion)
      .field("compiler", __VERSION__)
      .end_object();
  co_return ok(std::move(json));
}

std::string names_of(const std::vector<engine::ShardId>& shards) {
  std::string names;
  for (const engine::ShardId shard : shards) names += (names.empty() ? "" : ", ") + shard.name();
  return names;
}

// Reads go on while writes are refused, so a full disk leaves the node ready, and says so.
Task<Response> readyz(RequestScope& scope, const Operations& operations) {
  const auto* node = operations.node.load();
  std::string reason;
  if (operations.draining && operations.draining())
    reason = "draining";
  else if (node == nullptr)
    reason = "starting";
  else if (!node->healthy())
    reason = "unhealthy";
  else if (!node->has_caught_up())
    reason = "catching_up: " + names_of(node->catching_up());
  if (!reason.empty())
    co_return problem(scope, Error{Errc::unavailable, "not ready: " + reason, {}, {}});
  if (!scope.request.query("verbose")) co_return ok(R"({"status":"ready"})");

  const auto refusal = node->write_refusal();
  std::string json;
  JsonWriter writer{json};
  writer.begin_object().field("status", "ready").key("checks").begin_object();
  writer.field("node", "healthy").field("reads", "ok");
  writer.field("writes", refusal.empty() ? std::string{"ok"} : refusal);
  writer.field("shards", static_cast<std::uint64_t>(node->shard_map().ranges.size()));
  const auto joining = node->catching_up();
  writer.field("copies", joining.empty() ? std::string{"ok"} : "catching_up: " + names_of(joining));
  const auto coordinator = node->coordinator();
  writer.key("coordinator").begin_object().field("kind", coordinator.kind);
  writer.field("state", coordinator.reachable ? "ok" : "unreachable");
  writer.field("detail", coordinator.detail).end_object();
  writer.end_object().end_object();
  co_return ok(std::move(json));
}

Task<Response> metrics(RequestScope& scope, const Operations& operations,
                       const LiveBoardPtr& live) {
  auto* node = operations.node.load();
  if (node == nullptr) co_return problem(scope, Error{Errc::unavailable, "starting", {}, {}});
  co_return ok_as("text/plain; version=0.0.4; charset=utf-8",
                  node->metrics().render() + live->metrics());
}

std::string hex(std::uint64_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4U) text[i] = kDigits[value & 15U];
  return text;
}

void write_shard(JsonWriter& json, const actors::ShardStatus& shard,
                 const actors::ClusterOverview& cluster) {
  json.begin_object().field("id", shard.range.shard.name());
  json.field("service",
             shard.range.shard.service == engine::Service::catalog ? "catalog" : "orders");
  json.field("first_slot", static_cast<std::uint32_t>(shard.range.first));
  json.field("last_slot", static_cast<std::uint32_t>(shard.range.last));
  json.key("positions").begin_object();
  json.field("stored", shard.stored).field("committed", shard.committed);
  json.field("applied", shard.applied).field("materialised", shard.materialised).end_object();
  json.field("state_hash", hex(shard.state_hash));
  json.field("products", shard.products).field("skus", shard.skus).field("holds", shard.holds);
  json.field("orders", shard.orders).field("segments", shard.segments);
  json.field("queue_depth", shard.queue_depth).field("index_bytes", shard.index_bytes);
  for (const actors::ShardView& view : cluster.shards) {
    if (view.configuration.shard != shard.range.shard || !view.here) continue;
    json.key("here").begin_object();
    render_copy(json, *view.here);
    json.end_object();
  }
  json.end_object();
}

Task<Response> shards(RequestScope& scope, const Operations& operations) {
  const auto found = co_await await_reply<std::vector<actors::ShardStatus>>(
      scope, [&](auto callback) { scope.client.shards(scope.context, std::move(callback)); });
  if (!found) co_return problem(scope, found.error());
  const auto cluster =
      co_await ask_desk<actors::ClusterOverview>(scope, operations, actors::ReadCluster{});
  if (!cluster) co_return problem(scope, cluster.error());
  std::string json;
  JsonWriter writer{json};
  writer.begin_object().key("data").begin_array();
  for (const auto& shard : *found) write_shard(writer, shard, *cluster);
  writer.end_array().end_object();
  co_return ok(std::move(json));
}

}  // namespace

void add_operations(Router& router, Operations& operations) {
  const auto open = [&router](const char* path, const char* id, const char* summary,
                              const char* content_type, const char* schema, Handler handler) {
    router.add({.method = Method::get,
                .path = path,
                .handler = std::move(handler),
                .priority = Priority::health,
                .operation_id = id,
                .summary = summary,
                .tag = "operations",
                .answers = {{200, "OK", schema, content_type}}});
  };
  open("/livez", "getLivez", "The process answers", "application/json", kStatusSchema, livez);
  open("/version", "getVersion", "What is running", "application/json", R"({"type":"object"})",
       version);
  open("/openapi.json", "getOpenapi", "This document", "application/json", R"({"type":"object"})",
       [&operations](RequestScope&) -> Task<Response> { co_return ok(operations.openapi); });

  router.add({.method = Method::get,
              .path = "/readyz",
              .handler = [&operations](RequestScope& scope) { return readyz(scope, operations); },
              .priority = Priority::health,
              .operation_id = "getReadyz",
              .summary = "The node takes requests; 503 while it starts or drains",
              .tag = "operations",
              .params = {{.name = "verbose", .description = "with the result of each check"}},
              .answers = {{200, "Ready", kStatusSchema}}});
  const LiveBoardPtr live = add_search_stream(router, operations);
  add_search_rules(router, operations);
  add_typesense_rules(router, operations);
  router.add({.method = Method::get,
              .path = "/metrics",
              .handler = [&operations,
                          live](RequestScope& scope) { return metrics(scope, operations, live); },
              .priority = Priority::health,
              .admin = true,
              .operation_id = "getMetrics",
              .summary = "Prometheus metrics",
              .tag = "operations",
              .answers = {{200, "OK", R"({"type":"string"})", "text/plain"}}});
  router.add({.method = Method::get,
              .path = "/v1/shards",
              .handler = [&operations](RequestScope& scope) { return shards(scope, operations); },
              .scope = Scope::admin,
              .admin = true,
              .operation_id = "listShards",
              .summary = "Every shard as its leader sees it: slots, positions, sizes; `here`: the "
                         "copy of this node",
              .tag = "operations",
              .answers = {{200, "OK", kShardsSchema}}});
  add_backups(router, operations);
  add_cluster_schemas(router);
  add_cluster_reads(router, operations);
  add_cluster_changes(router, operations);
}

}  // namespace souk::net
