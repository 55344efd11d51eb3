#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/await.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/task_group.hpp"
#include "net/endpoints/typesense.hpp"
#include "net/endpoints/typesense_run.hpp"
#include "net/endpoints/typesense_write.hpp"
#include "net/router.hpp"
#include "net/typesense_error.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::uint32_t kPageIds = 250;
constexpr std::size_t kAtOnce = 64;
constexpr std::uint32_t kIdsMax = 100'000;  // as deep as pages go
constexpr seconds kStepDeadline{10};

/// What has been written is seen by what follows, and each step has time of its own.
void begin_step(RequestScope& scope) {
  scope.context.token.merge(scope.touched);
  scope.context.deadline = steady_clock::now() + kStepDeadline;
}

/// A filter that must be there: without one everything would be meant.
engine::Result<engine::FilterPtr> required_filter(const Request& request) {
  if (const auto known = check_collection(request.path_param("name")); !known) return known.error();
  const auto text = request.query("filter_by");
  if (!text || text->empty()) {
    return Error{Errc::missing_field, "Parameter `filter_by` must be provided.", "filter_by", {}};
  }
  return engine::parse_filter(*text);
}

/// One page of what the filter finds, by id.
Task<engine::Result<engine::SearchPage>> find(RequestScope& scope, engine::FilterPtr filter,
                                              std::uint32_t page,
                                              std::shared_ptr<actors::SearchInstant> instant) {
  engine::Query query;
  query.q = "*";
  query.filter = std::move(filter);
  query.sort_by.push_back({"id", engine::SortOrder::ascending});
  query.page = page;
  query.per_page = kPageIds;
  query.highlight = false;
  actors::SearchPatience patience;
  patience.require_full_coverage = true;
  patience.instant = std::move(instant);
  co_return co_await await_reply<engine::SearchPage>(scope, [&](auto callback) {
    scope.client.search(scope.context, query, patience, std::move(callback));
  });
}

Response count_reply(std::string_view name, std::uint64_t count) {
  return ok(
      to_json([&](JsonWriter& json) { json.begin_object().field(name, count).end_object(); }));
}

/// What is done to one product.
using Work = std::function<Task<engine::Result<void>>(const engine::ProductId&)>;

struct Failure {
  engine::ProductId id;
  Error error;
};

/// Some products at a time, until one fails or the client has left; one that is gone meanwhile is
/// no failure. `count` grows by what was done.
Task<std::optional<Failure>> for_each(RequestScope& scope,
                                      const std::vector<engine::ProductId>& ids, const Work& work,
                                      std::uint64_t& count) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  std::optional<Failure> failed;
  const auto one = [&](const engine::ProductId& id) -> Task<void> {
    const auto done = co_await work(id);
    count += done ? 1 : 0;
    if (done || done.error().code == Errc::unknown_product) co_return;
    if (!failed) failed = Failure{id, done.error()};
  };
  for (std::size_t begin = 0; begin < ids.size() && !failed; begin += kAtOnce) {
    if (scope.context.abandoned()) {
      failed = Failure{ids[begin], Error{Errc::canceled, "the client has left", {}, {}}};
      break;
    }
    begin_step(scope);
    TaskGroup group{executor};
    for (std::size_t i = begin; i < std::min(ids.size(), begin + kAtOnce); ++i)
      group.add(one(ids[i]));
    co_await group.wait();
  }
  co_return failed;
}

Response problem_after(const Failure& failure, std::string_view did, std::uint64_t count) {
  Error error = failure.error;
  error.detail = std::string{did} + " " + std::to_string(count) + ", but not " +
                 std::string{failure.id.str()} + ": " + error.detail;
  return typesense_problem(error);
}

/// In rounds, until the filter finds nothing more.
Task<Response> delete_documents(RequestScope& scope) {
  const auto filter = required_filter(scope.request);
  if (!filter) co_return typesense_problem(filter.error());
  std::uint64_t deleted = 0;
  const Work remove = [&](const engine::ProductId& id) -> Task<engine::Result<void>> {
    engine::DeleteProduct command;
    command.product = id;
    command.now = scope.now;
    const auto done = co_await await_reply<engine::Acknowledged>(scope, [&](auto callback) {
      scope.client.delete_product(scope.context, command, std::move(callback));
    });
    if (!done) co_return document_error(done.error(), id.str());
    co_return engine::Result<void>{};
  };
  while (true) {
    begin_step(scope);
    const auto page = co_await find(scope, *filter, 1, nullptr);
    if (!page) co_return typesense_problem(page.error());
    if (page->hits.empty()) co_return count_reply("num_deleted", deleted);
    std::vector<engine::ProductId> ids;
    for (const engine::Hit& hit : page->hits) ids.push_back(hit.id);
    if (const auto failed = co_await for_each(scope, ids, remove, deleted))
      co_return problem_after(*failed, "Deleted", deleted);
  }
}

/// The ids of all the filter finds now: what is changed may no longer be found by it.
Task<engine::Result<std::vector<engine::ProductId>>> find_ids(RequestScope& scope,
                                                              engine::FilterPtr filter) {
  const auto instant = std::make_shared<actors::SearchInstant>();
  std::vector<engine::ProductId> ids;
  for (std::uint32_t number = 1;; ++number) {
    begin_step(scope);
    const auto page = co_await find(scope, filter, number, instant);
    if (!page) co_return page.error();
    if (page->found > kIdsMax) {
      co_return Error{Errc::not_implemented,
                      "Souk changes at most " + std::to_string(kIdsMax) +
                          " documents at once; the filter finds " + std::to_string(page->found),
                      "filter_by",
                      {}};
    }
    for (const engine::Hit& hit : page->hits) ids.push_back(hit.id);
    if (ids.size() >= page->found || page->hits.empty()) co_return ids;
  }
}

Task<Response> update_documents(RequestScope& scope) {
  const auto filter = required_filter(scope.request);
  if (!filter) co_return typesense_problem(filter.error());
  JsonDocument document;
  if (const auto parsed = document.parse(scope.request.body); !parsed) {
    co_return typesense_problem(
        Error{Errc::malformed_request, "Bad JSON: " + parsed.error().detail, {}, {}});
  }
  if (document.root().is_object() && document.root().find("id")) {
    co_return typesense_problem(
        Error{Errc::invalid_value, "Field `id` cannot be changed.", "id", {}});
  }
  const auto ids = co_await find_ids(scope, *filter);
  if (!ids) co_return typesense_problem(ids.error());
  std::uint64_t updated = 0;
  const Work change = [&](const engine::ProductId& id) -> Task<engine::Result<void>> {
    const std::string text{id.str()};
    const auto view =
        co_await write_document(scope, TypesenseAction::update, document.root(), text);
    if (!view) co_return view.error();
    co_return engine::Result<void>{};
  };
  if (const auto failed = co_await for_each(scope, *ids, change, updated))
    co_return problem_after(*failed, "Updated", updated);
  co_return count_reply("num_updated", updated);
}

}  // namespace

void add_typesense_bulk(Router& router) {
  const ParamDoc filter{"filter_by", "query", "which; as of a search", R"({"type":"string"})",
                        true};
  router.add(
      {.method = Method::del,
       .path = "/collections/{name}/documents",
       .handler = delete_documents,
       .scope = Scope::catalog_write,
       .priority = Priority::bulk,
       .write = true,
       .dialect = Dialect::typesense,
       .operation_id = "typesenseDeleteDocuments",
       .summary = "Deletes what a filter finds, one after the other; stops at the first "
                  "that cannot be deleted",
       .tag = "typesense",
       .params = {filter},
       .answers = {{200, "How many",
                    R"({"type":"object","properties":{"num_deleted":{"type":"integer"}}})"}}});
  router.add(
      {.method = Method::patch,
       .path = "/collections/{name}/documents",
       .handler = update_documents,
       .scope = Scope::catalog_write,
       .body = Body::any,
       .priority = Priority::bulk,
       .write = true,
       .dialect = Dialect::typesense,
       .operation_id = "typesenseUpdateDocuments",
       .summary = "Changes the given members of what a filter finds, one after the other",
       .tag = "typesense",
       .params = {filter},
       .request_schema = schema_ref("TypesenseDocument"),
       .answers = {{200, "How many",
                    R"({"type":"object","properties":{"num_updated":{"type":"integer"}}})"}}});
}

}  // namespace souk::net
