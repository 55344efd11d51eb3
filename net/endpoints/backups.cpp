#include "net/endpoints/backups.hpp"

#include "net/endpoints/operations.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/json_writer.hpp"
#include "net/json/timestamp.hpp"
#include "net/router.hpp"

namespace souk::net {

using engine::Errc;
using engine::Error;

namespace {

void render(JsonWriter& json, const actors::BackupView& view) {
  json.begin_object().field("id", view.id).field("folder", view.folder).field("state", view.state);
  if (!view.waits_for.empty()) json.field("waits_for", view.waits_for);
  json.field("shards", static_cast<std::uint64_t>(view.shards));
  json.field("shards_done", static_cast<std::uint64_t>(view.shards_done));
  json.field("bytes", view.bytes);
  json.field("held_ms", static_cast<std::uint64_t>(view.held.count()));
  timestamp_field(json, "started_at", view.started);
  if (view.finished) timestamp_field(json, "finished_at", *view.finished);
  if (view.failure) json.field("error", view.failure->detail);
  json.end_object();
}

Error starting() {
  return Error{Errc::unavailable, "starting", {}, {}};
}

Task<Response> begin(RequestScope& scope, const Operations& operations) {
  const auto folder = parse_body(
      scope.request,
      [](JsonValue value) -> engine::Result<std::string> {
        JsonErrors errors;
        ObjectReader body{value, errors};
        std::string path{body.required_string("folder", 4096)};
        body.finish();
        if (errors.any()) return errors.error();
        return path;
      },
      false);
  if (!folder) co_return problem(scope, folder.error());
  auto* node = operations.node.load();
  if (node == nullptr) co_return problem(scope, starting());
  const auto begun = node->begin_backup(*folder);
  if (!begun) co_return problem(scope, begun.error());
  co_return accepted(to_json([&](JsonWriter& json) { render(json, *begun); }),
                     "/v1/backups/" + begun->id);
}

Task<Response> get(RequestScope& scope, const Operations& operations) {
  if (const auto refused = refuse_query(scope.request); !refused)
    co_return problem(scope, refused.error());
  const auto* node = operations.node.load();
  if (node == nullptr) co_return problem(scope, starting());
  const std::string id{scope.request.path_param("id")};
  const auto view = node->backup(id);
  if (!view) {
    co_return problem(scope, Error{Errc::unknown_route,
                                   "no backup " + id + " was begun by this node since its start",
                                   {},
                                   {}});
  }
  co_return ok(to_json([&](JsonWriter& json) { render(json, *view); }));
}

}  // namespace

void add_backups(Router& router, const Operations& operations) {
  router.add_schema(
      "Backup",
      R"({"type":"object","required":["id","folder","state","shards","shards_done","bytes","held_ms","started_at"],)"
      R"("properties":{"id":{"type":"string"},"folder":{"type":"string"},)"
      R"("state":{"type":"string","enum":["preparing","cutting","copying","checking","done","failed"]},)"
      R"("waits_for":{"type":"string","description":"why the cut was tried again"},)"
      R"("shards":{"type":"integer"},"shards_done":{"type":"integer"},"bytes":{"type":"integer"},)"
      R"("held_ms":{"type":"integer","description":"how long writes waited for the cut"},)"
      R"("started_at":{"type":"string","format":"date-time"},"finished_at":{"type":"string","format":"date-time"},)"
      R"("error":{"type":"string"}}})");
  router.add(
      {.method = Method::post,
       .path = "/v1/backups",
       .handler = [&operations](RequestScope& scope) { return begin(scope, operations); },
       .scope = Scope::admin,
       .body = Body::json,
       .priority = Priority::bulk,
       .admin = true,
       .operation_id = "createBackup",
       .summary = "Write a copy of all shards, as of one moment, into a new folder on this node",
       .tag = "operations",
       .request_schema =
           R"({"type":"object","required":["folder"],"additionalProperties":false,)"
           R"("properties":{"folder":{"type":"string","description":"absolute path; must not exist"}}})",
       .answers = {{202, "Begun; Location names it", schema_ref("Backup")}}});
  router.add({.method = Method::get,
              .path = "/v1/backups/{id}",
              .handler = [&operations](RequestScope& scope) { return get(scope, operations); },
              .scope = Scope::admin,
              .admin = true,
              .operation_id = "getBackup",
              .summary = "How far a backup is that this node writes",
              .tag = "operations",
              .answers = {{200, "OK", schema_ref("Backup")}}});
}

}  // namespace souk::net
