#include <chrono>
#include <functional>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "net/endpoints/pause.hpp"
#include "net/endpoints/product_import.hpp"
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
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t kChangesMax = 64;  // at once
constexpr seconds kChangeDeadline{30};
constexpr milliseconds kBackoff{20};

struct TypesenseImport {
  TypesenseAction action = TypesenseAction::create;
  bool return_id = false;
  bool return_doc = false;
};

engine::Result<TypesenseImport> parse(const Request& request) {
  if (const auto known = check_collection(request.path_param("name")); !known) return known.error();
  const auto action = parse_typesense_action(request.query("action").value_or("create"));
  if (!action) return action.error();
  const auto says_yes = [&](std::string_view name) {
    return request.query(name).value_or("") == "true";
  };
  return TypesenseImport{*action, says_yes("return_id"), says_yes("return_doc")};
}

/// A whole document of a line, for an import that creates or replaces.
engine::Result<engine::PutProducts::Line> parse_line(const ImportOptions& options,
                                                     std::uint64_t number, std::string_view text,
                                                     engine::Timestamp now,
                                                     JsonDocument& document) {
  if (const auto parsed = document.parse(text); !parsed)
    return Error{Errc::malformed_request, "Bad JSON: " + parsed.error().detail, {}, {}};
  const bool create = options.action == ImportAction::create;
  auto put = put_of_document(document.root(),
                             create ? TypesenseAction::create : TypesenseAction::upsert, now);
  if (!put) return std::move(put).error();
  engine::PutProducts::Line line;
  line.line = number;
  line.put = std::move(put).value();
  return line;
}

/// Reads a stream of documents and changes products accordingly, some at a time, never two lines of
/// one product at once.
class ChangeImport {
public:
  ChangeImport(RequestScope& scope, TypesenseAction action, Executor executor)
      : scope_{scope}, action_{action}, executor_{executor} {}

  /// As ProductImport::next().
  Task<engine::Result<std::vector<ImportResult>>> next();

private:
  struct Change {
    ImportResult result;
    JsonDocument document;
  };

  /// The next line that is not blank; nothing at the end.
  Task<engine::Result<std::unique_ptr<Change>>> read();
  Task<void> run(Change& change);
  std::unique_ptr<Change> make(const LineSplitter::Line& line);

  RequestScope& scope_;
  const TypesenseAction action_;
  Executor executor_;
  LineSplitter lines_{ProductImport::kLineBytesMax};
  std::unique_ptr<Change> held_back_;
  bool at_end_ = false;
};

std::unique_ptr<ChangeImport::Change> ChangeImport::make(const LineSplitter::Line& line) {
  if (!line.too_long && line.text.find_first_not_of(" \t\r") == std::string_view::npos)
    return nullptr;
  auto change = std::make_unique<Change>();
  change->result.line = line.number;
  change->result.text = line.text;
  if (line.too_long) {
    change->result.error = Error{Errc::too_large, "The line is too long.", {}, {}};
    return change;
  }
  if (const auto parsed = change->document.parse(line.text); !parsed) {
    change->result.error =
        Error{Errc::malformed_request, "Bad JSON: " + parsed.error().detail, {}, {}};
    return change;
  }
  const JsonValue root = change->document.root();
  const auto id = root.is_object() ? root.find("id") : std::nullopt;
  if (id && id->is_string()) change->result.id = engine::ProductId{std::string{id->as_string()}};
  return change;
}

Task<engine::Result<std::unique_ptr<ChangeImport::Change>>> ChangeImport::read() {
  if (held_back_) co_return std::move(held_back_);
  while (true) {
    if (const auto line = lines_.next()) {
      if (auto change = make(*line)) co_return std::move(change);
      continue;
    }
    if (at_end_) co_return std::unique_ptr<Change>{};
    const auto piece = co_await scope_.body->read();
    if (!piece) co_return piece.error();
    if (!piece->empty()) {
      lines_.feed(*piece);
      continue;
    }
    at_end_ = true;
    if (const auto last = lines_.finish()) {
      if (auto change = make(*last)) co_return std::move(change);
    }
  }
}

Task<void> ChangeImport::run(Change& change) {
  std::string id{change.result.id.str()};
  while (true) {
    const auto view = co_await write_document(scope_, action_, change.document.root(), id);
    if (view) change.result.id = view->entry.id;
    change.result.error = view ? std::nullopt : std::optional{view.error()};
    const bool busy =
        !view && (view.error().code == Errc::overloaded || view.error().code == Errc::wrong_shard);
    if (!busy || steady_clock::now() + kBackoff >= scope_.context.deadline) co_return;
    co_await pause(kBackoff);
  }
}

Task<engine::Result<std::vector<ImportResult>>> ChangeImport::next() {
  std::vector<std::unique_ptr<Change>> changes;
  std::unordered_set<std::string> ids;
  while (changes.size() < kChangesMax) {
    auto change = co_await read();
    if (!change && changes.empty()) co_return change.error();
    if (!change) break;  // said again by the next read
    if (!*change) break;
    const bool collides = !(*change)->result.error && !(*change)->result.id.empty() &&
                          !ids.emplace((*change)->result.id.str()).second;
    if (collides) {
      held_back_ = std::move(*change);
      break;
    }
    changes.push_back(std::move(*change));
  }

  scope_.context.deadline = steady_clock::now() + kChangeDeadline;
  TaskGroup group{executor_};
  for (const auto& change : changes) {
    if (change->result.error) continue;
    change->result.error = Error{Errc::internal, "The import failed.", {}, {}};
    group.add(run(*change));
  }
  co_await group.wait();
  std::vector<ImportResult> results;
  results.reserve(changes.size());
  for (const auto& change : changes) results.push_back(std::move(change->result));
  co_return results;
}

void render_result(std::string& out, const ImportResult& result, const TypesenseImport& import) {
  JsonWriter json{out};
  json.begin_object();
  if (result.error) {
    const Error error = document_error(*result.error, result.id.str());
    json.field("code", typesense_status(error)).field("document", result.text);
    json.field("error", typesense_message(error));
  } else if (import.return_doc) {
    json.raw_field("document", result.text);
  }
  if (import.return_id && !result.id.empty()) json.field("id", result.id.str());
  json.field("success", !result.error).end_object();
}

using NextResults = std::function<Task<engine::Result<std::vector<ImportResult>>>()>;

/// The results as lines, without an end after the last one: clients read what follows as a line.
Task<engine::Result<void>> stream_results(const TypesenseImport import, NextResults next,
                                          BodyWriter& writer) {
  std::string out;
  bool first = true;
  while (true) {
    const auto results = co_await next();
    out.clear();
    if (!results) {
      ImportResult broken;
      broken.error = results.error();
      if (!std::exchange(first, false)) out += '\n';
      render_result(out, broken, import);
      co_return co_await writer.write(out);
    }
    if (results->empty()) co_return engine::Result<void>{};
    for (const ImportResult& result : *results) {
      if (!std::exchange(first, false)) out += '\n';
      render_result(out, result, import);
    }
    auto written = co_await writer.write(out);
    if (!written) co_return written;
  }
}

/// Whatever becomes of the client: what is on its way is waited for.
Task<engine::Result<void>> stream_and_drain(const TypesenseImport import,
                                            std::shared_ptr<ProductImport> products,
                                            BodyWriter& writer) {
  NextResults next = [products] { return products->next(); };
  auto outcome = co_await stream_results(import, std::move(next), writer);
  co_await products->drain();
  co_return outcome;
}

Task<Response> import_documents(RequestScope& scope) {
  constexpr std::string_view kType = "text/plain; charset=utf-8";
  const auto import = parse(scope.request);
  if (!import) co_return typesense_problem(import.error());
  const TypesenseImport wanted = *import;
  const Executor executor = co_await boost::asio::this_coro::executor;
  const bool changes =
      wanted.action == TypesenseAction::update || wanted.action == TypesenseAction::emplace;
  if (changes) {
    auto import_of = std::make_shared<ChangeImport>(scope, wanted.action, executor);
    NextResults next = [import_of] { return import_of->next(); };
    co_return streamed(
        kType, [wanted, next](BodyWriter& writer) { return stream_results(wanted, next, writer); });
  }
  ImportOptions options;
  options.action =
      wanted.action == TypesenseAction::create ? ImportAction::create : ImportAction::upsert;
  options.parse = parse_line;
  options.keep_text = true;
  auto products = std::make_shared<ProductImport>(scope, std::move(options), executor);
  co_return streamed(kType, [wanted, products](BodyWriter& writer) {
    return stream_and_drain(wanted, products, writer);
  });
}

}  // namespace

void add_typesense_import(Router& router) {
  router.add(
      {.method = Method::post,
       .path = "/collections/{name}/documents/import",
       .handler = import_documents,
       .scope = Scope::catalog_write,
       .body = Body::stream,
       .priority = Priority::bulk,
       .write = true,
       .dialect = Dialect::typesense,
       .operation_id = "typesenseImportDocuments",
       .summary = "One document per line in, one result per line out, in order",
       .tag = "typesense",
       .params =
           {{"action", "query", "update and emplace change the members that are given",
             R"({"type":"string","enum":["create","upsert","update","emplace"],"default":"create"})"},
            {"return_id", "query", "", R"({"type":"boolean","default":false})"},
            {"return_doc", "query", "", R"({"type":"boolean","default":false})"}},
       .request_schema = schema_ref("TypesenseDocument"),
       .answers = {{200, "A result per line",
                    R"({"type":"object","required":["success"],"properties":{)"
                    R"("success":{"type":"boolean"},"error":{"type":"string"},)"
                    R"("code":{"type":"integer"},"document":{},"id":{"type":"string"}}})",
                    "text/plain"}},
       .request_content_type = "text/plain"});
}

}  // namespace souk::net
