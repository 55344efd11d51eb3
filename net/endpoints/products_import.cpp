#include <memory>
#include <utility>

#include "net/consistency_token.hpp"
#include "net/endpoints/product_import.hpp"
#include "net/endpoints/products.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;

std::optional<ImportAction> parse_action(std::string_view text) {
  if (text == "create") return ImportAction::create;
  if (text == "upsert") return ImportAction::upsert;
  if (text == "update") return ImportAction::update;
  if (text == "delete") return ImportAction::remove;
  return std::nullopt;
}

engine::Result<ImportOptions> parse(const Request& request) {
  JsonErrors errors;
  QueryReader query{request, errors};
  ImportOptions options;
  if (const auto action = query.text("action")) {
    const auto known = parse_action(*action);
    if (!known)
      errors.add(Errc::invalid_value, "action", "must be create, upsert, update or delete");
    options.action = known.value_or(ImportAction::upsert);
  }
  if (const auto id = query.text("import_id")) {
    options.import_id = *id;
    if (!engine::is_valid_id(*id)) {
      errors.add(Errc::invalid_value, "import_id",
                 "must be 1 to 128 characters of A-Z a-z 0-9 _ . : -");
    }
  }
  options.strict = query.flag("strict").value_or(false);
  query.finish();
  if (errors.any()) return errors.error();
  return options;
}

void render_line(std::string& out, const RequestScope& scope, const ImportResult& result) {
  JsonWriter json{out};
  json.begin_object().field("line", result.line).field("ok", !result.error);
  if (result.error) {
    json.key("error");
    render_problem(out, *result.error, scope.request.path(), scope.context.request_id);
  }
  json.end_object();
  out += '\n';
}

void render_summary(std::string& out, const RequestScope& scope, const ProductImport& import,
                    const std::optional<Error>& broken = std::nullopt) {
  JsonWriter json{out};
  json.begin_object().key("summary").begin_object();
  json.field("ok", import.ok_count()).field("failed", import.failed_count());
  json.field("token", encode_token(import.token(), scope.context.token));
  if (broken) {
    json.key("error");
    render_problem(out, *broken, scope.request.path(), scope.context.request_id);
  }
  json.end_object().end_object();
  out += '\n';
}

/// Writes results while lines still come in. When the body breaks off the summary says why.
Task<engine::Result<void>> stream_results(RequestScope& scope,
                                          std::shared_ptr<ProductImport> import,
                                          BodyWriter& writer) {
  std::string out;
  engine::Result<void> outcome;
  std::optional<Error> broken;
  while (true) {
    const auto results = co_await import->next();
    if (!results) broken = results.error();
    if (!results || results->empty()) break;
    out.clear();
    for (const ImportResult& result : *results) render_line(out, scope, result);
    outcome = co_await writer.write(out);
    if (!outcome) break;
  }
  co_await import->drain();
  if (!outcome) co_return outcome;
  out.clear();
  render_summary(out, scope, *import, broken);
  co_return co_await writer.write(out);
}

/// The refusal of a strict import: the line's own error is its only item.
Error strict_refusal(const ImportResult& result) {
  const std::string line = "line[" + std::to_string(result.line) + "]";
  const Error& cause = *result.error;
  Error error;
  error.code = Errc::invalid_value;
  error.param = cause.param.empty() ? line : line + "." + cause.param;
  error.detail = "line " + std::to_string(result.line) + " was refused (" +
                 std::string{engine::to_string(cause.code)} + "): " + cause.detail +
                 "; the lines before it are done, none after it";
  engine::ErrorItem item;
  item.param = error.param;
  item.code = cause.code;
  error.items.push_back(std::move(item));
  return error;
}

/// One line at a time, so that nothing after the first bad line is done; the answer comes when all
/// is known.
Task<Response> import_strictly(RequestScope& scope, std::shared_ptr<ProductImport> import) {
  // Runs of line numbers: blank lines have no result.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> done;
  while (true) {
    const auto results = co_await import->next();
    if (!results) co_return problem(scope, results.error());
    if (results->empty()) break;
    for (const ImportResult& result : *results) {
      if (result.error) co_return problem(scope, strict_refusal(result));
      if (done.empty() || done.back().second + 1 != result.line)
        done.emplace_back(result.line, result.line);
      done.back().second = result.line;
    }
  }
  co_return streamed(kJsonLines,
                     [&scope, import, done](BodyWriter& writer) -> Task<engine::Result<void>> {
                       std::string out;
                       for (const auto& [first, last] : done) {
                         for (std::uint64_t line = first; line <= last; ++line) {
                           render_line(out, scope, {line, std::nullopt});
                           if (out.size() < 64U << 10U) continue;
                           const auto written = co_await writer.write(out);
                           if (!written) co_return written.error();
                           out.clear();
                         }
                       }
                       render_summary(out, scope, *import);
                       co_return co_await writer.write(out);
                     });
}

Task<Response> import_products(RequestScope& scope) {
  auto options = parse(scope.request);
  if (!options) co_return problem(scope, options.error());
  const bool strict = options->strict;
  const Executor executor = co_await boost::asio::this_coro::executor;
  auto import = std::make_shared<ProductImport>(scope, std::move(options).value(), executor);
  if (strict) co_return co_await import_strictly(scope, std::move(import));
  co_return streamed(kJsonLines, [&scope, import](BodyWriter& writer) {
    return stream_results(scope, import, writer);
  });
}

}  // namespace

void add_import_products(Router& router) {
  router.add(
      {.method = Method::post,
       .path = "/v1/products:import",
       .handler = import_products,
       .scope = Scope::catalog_write,
       .body = Body::stream,
       .priority = Priority::bulk,
       .write = true,
       .operation_id = "importProducts",
       .summary = "One product per line in, one result per line out, in order; the last line is "
                  "the summary",
       .tag = "catalog",
       .params =
           {{"action", "query", "what to do with each line; update replaces a product that exists",
             R"({"type":"string","enum":["create","upsert","update","delete"],"default":"upsert"})"},
            {"import_id", "query", "a name for this import: repeating it does no line twice"},
            {"strict", "query",
             "stop with 422 at the first bad line: those before it are done, none after it; one "
             "line at a "
             "time, so much slower",
             R"({"type":"boolean","default":false})"}},
       .request_schema = schema_ref("Product"),
       .answers = {{200, "A result per line, then the summary", schema_ref("ImportLine"),
                    "application/x-ndjson"}},
       .request_content_type = "application/x-ndjson"});
}

}  // namespace souk::net
