#include "net/endpoints/ask_desk.hpp"
#include "net/endpoints/cluster.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/cluster.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

using engine::cluster::OperationKind;

/// The body of a change, by the kind of the operation.
engine::Result<actors::BeginOperation> parse(JsonValue body, OperationKind kind) {
  JsonErrors errors;
  ObjectReader in{body, errors};
  actors::BeginOperation wanted;
  wanted.kind = kind;
  const auto text = [&](const char* name) {
    return std::string{in.optional_string(name, 64).value_or(std::string_view{})};
  };
  switch (kind) {
    case OperationKind::add_replica:
      wanted.to = text("node");
      wanted.read_replica = in.optional_bool("read_replica").value_or(false);
      break;
    case OperationKind::remove:
      wanted.from = in.required_string("node", 64);
      break;
    case OperationKind::move:
      wanted.from = in.required_string("from", 64);
      wanted.to = in.required_string("to", 64);
      break;
    case OperationKind::transfer:
      wanted.to = in.required_string("to", 64);
      break;
    case OperationKind::split:
      if (const auto slot = in.optional_integer("slot", 0, engine::kSlotCount - 1))
        wanted.slot = static_cast<engine::Slot>(*slot);
      break;
  }
  wanted.dry_run = in.optional_bool("dry_run").value_or(false);
  in.finish();
  if (errors.any()) return errors.error();
  return wanted;
}

Task<Response> begin(RequestScope& scope, const Operations& operations, OperationKind kind) {
  auto wanted = parse_body(
      scope.request, [kind](JsonValue body) { return parse(body, kind); }, true);
  if (!wanted) co_return problem(scope, wanted.error());
  wanted->shard = scope.request.path_param("id");
  const bool dry_run = wanted->dry_run;
  const auto view =
      co_await ask_desk<actors::OperationView>(scope, operations, std::move(wanted).value());
  if (!view) co_return problem(scope, view.error());
  auto json = to_json([&](JsonWriter& out) { render_operation(out, *view); });
  if (dry_run) co_return ok(std::move(json));
  co_return accepted(std::move(json), "/v1/operations/" + view->operation.id);
}

Task<Response> drain(RequestScope& scope, const Operations& operations, bool undo) {
  const auto dry_run = parse_body(
      scope.request,
      [](JsonValue body) -> engine::Result<bool> {
        JsonErrors errors;
        ObjectReader in{body, errors};
        const bool dry = in.optional_bool("dry_run").value_or(false);
        in.finish();
        if (errors.any()) return errors.error();
        return dry;
      },
      true);
  if (!dry_run) co_return problem(scope, dry_run.error());
  actors::DrainNode wanted{std::string{scope.request.path_param("id")}, undo, *dry_run};
  const auto view = co_await ask_desk<actors::DrainView>(scope, operations, std::move(wanted));
  if (!view) co_return problem(scope, view.error());
  auto json = to_json([&](JsonWriter& out) { render_drain(out, *view); });
  if (*dry_run || undo) co_return ok(std::move(json));
  co_return accepted(std::move(json), "/v1/operations");
}

std::string request_schema(const char* properties, const char* required) {
  return std::string{R"({"type":"object","additionalProperties":false,"required":[)"} + required +
         R"(],"properties":{)" + properties +
         R"("dry_run":{"type":"boolean","description":"answer the steps and change nothing"}}})";
}

Route change_route(std::string path, Handler handler, const char* id, const char* summary,
                   std::string request, const char* answer) {
  return {.method = Method::post,
          .path = std::move(path),
          .handler = std::move(handler),
          .scope = Scope::admin,
          .body = Body::any,
          .priority = Priority::write,
          .write = true,
          .admin = true,
          .operation_id = id,
          .summary = summary,
          .tag = "operations",
          .request_schema = std::move(request),
          .answers = {{202, "Begun; Location names it", schema_ref(answer)},
                      {200, "What it would do", schema_ref(answer)}}};
}

}  // namespace

void add_cluster_changes(Router& router, const Operations& operations) {
  const auto add = [&](const char* verb, OperationKind kind, const char* id, const char* summary,
                       const char* properties, const char* required) {
    router.add(change_route(
        std::string{"/v1/shards/{id}:"} + verb,
        [kind, &operations](RequestScope& scope) { return begin(scope, operations, kind); }, id,
        summary, request_schema(properties, required), "Operation"));
  };
  add("add_replica", OperationKind::add_replica, "addReplica",
      "Give a node a copy of the shard; without a node the one that holds the least",
      R"("node":{"type":"string"},"read_replica":{"type":"boolean","description":"serves searches and is not counted"},)",
      "");
  add("remove_replica", OperationKind::remove, "removeReplica",
      "Take a node's copy of the shard away", R"("node":{"type":"string"},)", R"("node")");
  add("move", OperationKind::move, "moveShard",
      "Put another node in the place of one that holds a copy, also as leader",
      R"("from":{"type":"string"},"to":{"type":"string"},)", R"("from","to")");
  add("transfer_leader", OperationKind::transfer, "transferLeader",
      "Have another node that holds a copy lead the shard", R"("to":{"type":"string"},)",
      R"("to")");
  add("split", OperationKind::split, "splitShard",
      "Give the slots from `slot` on to a new shard; without it half of the load",
      R"("slot":{"type":"integer","minimum":0,"maximum":4095},)", "");
  router.add(change_route(
      "/v1/nodes/{id}:drain",
      [&operations](RequestScope& scope) { return drain(scope, operations, false); }, "drainNode",
      "Move everything off a node and give it nothing new until it starts again",
      request_schema("", ""), "Drain"));
  router.add(change_route(
      "/v1/nodes/{id}:undrain",
      [&operations](RequestScope& scope) { return drain(scope, operations, true); }, "undrainNode",
      "A drained node may hold copies and lead again", request_schema("", ""), "Drain"));
}

}  // namespace souk::net
