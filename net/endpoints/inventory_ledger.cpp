#include <limits>

#include "net/await.hpp"
#include "net/endpoints/inventory.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/stock.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

struct LedgerRequest {
  engine::Sku sku;
  std::uint64_t from = 0;
  std::size_t limit = 0;
};

engine::Result<LedgerRequest> parse(const Request& request) {
  auto sku = path_id<engine::Sku>(request, "sku");
  if (!sku) return std::move(sku).error();
  JsonErrors errors;
  QueryReader query{request, errors};
  LedgerRequest ledger;
  ledger.sku = std::move(sku).value();
  ledger.limit = query.limit();
  ledger.from = static_cast<std::uint64_t>(
      query.integer("after", 1, std::numeric_limits<std::int64_t>::max()).value_or(0));
  query.finish();
  if (errors.any()) return errors.error();
  return ledger;
}

std::string render(const actors::LedgerPage& page) {
  return to_json([&](JsonWriter& json) {
    json.begin_object().field("sku", page.entry.terms.sku.str());
    render_stock(json.key("stock"), page.entry);
    json.key("data").begin_array();
    for (const engine::LedgerEntry& entry : page.entries) render_ledger_entry(json, entry);
    json.end_array().field("has_more", page.has_more);
    if (page.has_more) {
      json.field("next_cursor", std::to_string(page.next));
    } else {
      json.null_field("next_cursor");
    }
    json.end_object();
  });
}

Task<Response> get_ledger(RequestScope& scope) {
  const auto ledger = parse(scope.request);
  if (!ledger) co_return problem(scope, ledger.error());
  const auto page = co_await await_reply<actors::LedgerPage>(scope, [&](auto callback) {
    scope.client.ledger(scope.context, ledger->sku, ledger->from, ledger->limit,
                        std::move(callback));
  });
  if (!page) co_return problem(scope, page.error());
  co_return ok(render(*page));
}

}  // namespace

void add_get_ledger(Router& router) {
  router.add({.method = Method::get,
              .path = "/v1/inventory/{sku}/ledger",
              .handler = get_ledger,
              .scope = Scope::inventory_read,
              .operation_id = "getLedger",
              .summary = "Every change of the units on hand, newest first, with reason, reference, "
                         "time and position",
              .tag = "inventory",
              .params = {{"limit", "query", "entries per page",
                          R"({"type":"integer","minimum":1,"maximum":250,"default":20})"},
                         {"after", "query", "next_cursor of the page before"}},
              .answers = {{200, "A page of entries", schema_ref("Ledger")}}});
}

}  // namespace souk::net
