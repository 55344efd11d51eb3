#include "net/endpoints/ask_desk.hpp"
#include "net/endpoints/cluster.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/cluster.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

template <class View>
Task<Response> answer(RequestScope& scope, const Operations& operations,
                      actors::DeskQuestion question, void (*render)(JsonWriter&, const View&)) {
  if (const auto refused = refuse_query(scope.request); !refused)
    co_return problem(scope, refused.error());
  const auto view = co_await ask_desk<View>(scope, operations, std::move(question));
  if (!view) co_return problem(scope, view.error());
  co_return ok(to_json([&](JsonWriter& json) { render(json, *view); }));
}

std::string id_of(const RequestScope& scope) {
  return std::string{scope.request.path_param("id")};
}

Route read_route(const char* path, Handler handler, const char* id, const char* summary,
                 const char* schema) {
  return {.method = Method::get,
          .path = path,
          .handler = std::move(handler),
          .scope = Scope::admin,
          .admin = true,
          .operation_id = id,
          .summary = summary,
          .tag = "operations",
          .answers = {{200, "OK", schema_ref(schema)}}};
}

}  // namespace

void add_cluster_reads(Router& router, const Operations& operations) {
  router.add(read_route(
      "/v1/cluster",
      [&operations](RequestScope& scope) {
        return answer(scope, operations, actors::ReadCluster{}, render_cluster);
      },
      "getCluster", "Nodes, shards, running operations, and what balancing proposes", "Cluster"));
  router.add(read_route(
      "/v1/shards/{id}/heat",
      [&operations](RequestScope& scope) {
        return answer(scope, operations, actors::ReadShardHeat{id_of(scope)}, render_shard_heat);
      },
      "getShardHeat",
      "What each copy of the shard did in the last ten seconds, and its hottest keys",
      "ShardHeat"));
  router.add(read_route(
      "/v1/operations",
      [&operations](RequestScope& scope) {
        return answer(scope, operations, actors::ReadOperations{}, render_operations);
      },
      "listOperations", "Operations that run, then those that ended within the last hour",
      "Operations"));
  router.add(read_route(
      "/v1/operations/{id}",
      [&operations](RequestScope& scope) {
        return answer(scope, operations, actors::ReadOperation{id_of(scope)}, render_operation);
      },
      "getOperation", "One operation: its steps and what it waits for", "Operation"));
  Route cancel = read_route(
      "/v1/operations/{id}",
      [&operations](RequestScope& scope) {
        return answer(scope, operations, actors::CancelOperation{id_of(scope)}, render_operation);
      },
      "cancelOperation", "Turn an operation back as far as it can be", "Operation");
  cancel.method = Method::del;
  cancel.write = true;
  cancel.priority = Priority::write;
  router.add(std::move(cancel));
}

void add_cluster_schemas(Router& router) {
  router.add_schema(
      "Operation",
      R"({"type":"object","required":["kind","shard","state"],"properties":{"id":{"type":"string"},)"
      R"("kind":{"type":"string","enum":["add_replica","remove_replica","move","transfer_leader","split"]},)"
      R"("shard":{"type":"string"},"from":{"type":"string"},"to":{"type":"string"},)"
      R"("read_replica":{"type":"boolean"},"slot":{"type":"integer"},"child":{"type":"string"},)"
      R"("state":{"type":"string","description":"planned, queued, running, cancelling; or how it ended: done, cancelled, or why it was impossible"},)"
      R"("waits_for":{"type":"string"},"finished_at":{"type":"string","format":"date-time"},)"
      R"("steps":{"type":"array","items":{"type":"object","required":["step","done"],"properties":{)"
      R"("step":{"type":"string"},"node":{"type":"string"},"done":{"type":"boolean"}}}}}})");
  router.add_schema("Operations",
                    R"({"type":"object","required":["data"],"properties":{"data":{"type":"array",)"
                    R"("items":{"$ref":"#/components/schemas/Operation"}}}})");
  router.add_schema(
      "Drain",
      R"({"type":"object","required":["node","dry_run","operations","stays"],"properties":{)"
      R"("node":{"type":"string"},"dry_run":{"type":"boolean"},"operations":{"type":"array",)"
      R"("items":{"$ref":"#/components/schemas/Operation"}},"stays":{"type":"array",)"
      R"("description":"shards whose copy no other node can take","items":{"type":"string"}}}})");
  router.add_schema(
      "ShardHeat",
      R"({"type":"object","required":["id","primary","copies"],"properties":{"id":{"type":"string"},)"
      R"("primary":{"type":"string"},"copies":{"type":"array","items":{"type":"object","properties":{)"
      R"("node":{"type":"string"},"leads":{"type":"boolean"},"time":{"type":"string","format":"date-time"},)"
      R"("seconds":{"type":"number"},"commands_per_second":{"type":"number"},"records_per_second":{"type":"number"},)"
      R"("bytes_per_second":{"type":"number"},"mean_batch":{"type":"number"},"queue_depth":{"type":"integer"},)"
      R"("searches_per_second":{"type":"number"},"cpu":{"type":"number","description":"CPU seconds a second in deciding and applying"},)"
      R"("replicated_bytes_per_second":{"type":"number"},"key_writes_per_second":{"type":"number"},)"
      R"("keys":{"type":"array","items":{"type":"object","properties":{"key":{"type":"string"},)"
      R"("per_second":{"type":"number"},"error":{"type":"number","description":"the true rate is at most that much less"}}}}}}}}})");
  router.add_schema(
      "Cluster",
      R"({"type":"object","required":["node","nodes","shards","operations","proposals"],"properties":{)"
      R"("node":{"type":"string"},"coordinator":{"type":"object"},)"
      R"("nodes":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"},"self":{"type":"boolean"},)"
      R"("state":{"type":"string","enum":["running","drained","away"]},"connected":{"type":"boolean"},)"
      R"("last_error":{"type":"string","description":"why the node that answers is not connected with it"},)"
      R"("address":{"type":"string"},"zone":{"type":"string"},"roles":{"type":"array","items":{"type":"string"}},)"
      R"("version":{"type":"string"},"since":{"type":"string"},"last_seen":{"type":"string"},)"
      R"("leads":{"type":"integer"},"holds":{"type":"integer"},"cpu":{"type":"number"}}}},)"
      R"("shards":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"},"service":{"type":"string"},)"
      R"("first_slot":{"type":"integer"},"last_slot":{"type":"integer"},"epoch":{"type":"integer"},"primary":{"type":"string"},)"
      R"("secondaries":{"type":"array","items":{"type":"string"}},"learners":{"type":"array","items":{"type":"object"}},)"
      R"("members":{"type":"integer"},"min_in_sync":{"type":"integer"},"state":{"type":"string"},)"
      R"("here":{"type":"object","description":"the copy on the node that answers"}}}},)"
      R"("operations":{"type":"array","items":{"$ref":"#/components/schemas/Operation"}},)"
      R"("proposals":{"type":"array","items":{"type":"object"}}}})");
}

}  // namespace souk::net
