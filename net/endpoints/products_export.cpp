#include <chrono>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/catalog/product_codec.hpp"
#include "net/await.hpp"
#include "net/endpoints/pause.hpp"
#include "net/endpoints/products.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/product.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The ids of a page join the client's filter, which may have 4,096 values and 128 KiB in all: a
// large filter leaves room for small pages only.
constexpr std::size_t kPageProducts = 800;
constexpr std::size_t kPageProductsMin = 20;
constexpr milliseconds kPageDeadline{10'000};
constexpr milliseconds kBackoff{50};

std::string with_ids(const std::string& filter, const std::vector<std::string_view>& ids) {
  std::string both = "(" + filter + ") && id:=[";
  for (const std::string_view id : ids) {
    if (both.back() != '[') both += ',';
    both.append("`").append(id).append("`");
  }
  return both + "]";
}

/// How many products a page may have beside that filter, whatever their ids; 0: not even a few.
std::size_t page_products_of(const std::string& filter) {
  const std::string longest_id(128, 'x');
  for (std::size_t count = kPageProducts; count >= kPageProductsMin; count /= 2) {
    if (engine::parse_filter(with_ids(filter, std::vector<std::string_view>(count, longest_id))))
      return count;
  }
  return 0;
}

/// One pass over the catalog in id order, a page at a time, so that nothing but a page is in
/// memory.
class ProductExport {
public:
  ProductExport(RequestScope& scope, std::string filter, std::size_t page_products)
      : scope_{scope}, filter_{std::move(filter)}, page_products_{page_products} {}

  /// The lines of the next page; nothing at the end.
  Task<engine::Result<std::optional<std::string>>> next();

private:
  Task<engine::Result<actors::ProductPage>> list();
  /// Which products of the page the filter lets through: asked of the index, which knows live price
  /// and stock.
  Task<engine::Result<std::unordered_set<std::string>>> select(const actors::ProductPage& page);
  /// Asks until a busy node has room or the page's time is over.
  template <class T, class Start>
  Task<engine::Result<T>> ask(Start start);

  RequestScope& scope_;
  std::string filter_;
  std::size_t page_products_;
  engine::ProductId after_;
  bool at_end_ = false;
};

template <class T, class Start>
Task<engine::Result<T>> ProductExport::ask(Start start) {
  actors::RequestContext context = scope_.context;
  context.deadline = steady_clock::now() + kPageDeadline;
  while (true) {
    auto reply = co_await await_reply<T>(
        scope_, [&](auto callback) { start(context, std::move(callback)); });
    const bool busy = !reply && reply.error().code == Errc::overloaded;
    if (!busy || steady_clock::now() + kBackoff >= context.deadline) co_return reply;
    co_await pause(kBackoff);
  }
}

Task<engine::Result<actors::ProductPage>> ProductExport::list() {
  co_return co_await ask<actors::ProductPage>(
      [&](const actors::RequestContext& context, auto callback) {
        scope_.client.list_products(context, after_, page_products_, std::move(callback));
      });
}

Task<engine::Result<std::unordered_set<std::string>>> ProductExport::select(
    const actors::ProductPage& page) {
  std::vector<std::string_view> page_ids;
  for (const engine::ProductView& view : page.products) page_ids.push_back(view.entry.id.str());
  auto parsed = engine::parse_filter(with_ids(filter_, page_ids));
  if (!parsed) co_return std::move(parsed).error();
  engine::Query query;
  query.q = "*";
  query.filter = std::move(parsed).value();
  query.per_page = static_cast<std::uint32_t>(page_products_);
  query.highlight = false;
  const auto found =
      co_await ask<engine::SearchPage>([&](const actors::RequestContext& context, auto callback) {
        actors::SearchPatience patience;
        patience.require_full_coverage = true;
        scope_.client.search(context, query, patience, std::move(callback));
      });
  if (!found) co_return found.error();
  std::unordered_set<std::string> ids;
  for (const engine::Hit& hit : found->hits) ids.insert(hit.id.str());
  co_return ids;
}

Task<engine::Result<std::optional<std::string>>> ProductExport::next() {
  if (at_end_) co_return std::optional<std::string>{};
  const auto page = co_await list();
  if (!page) co_return page.error();
  at_end_ = !page->has_more || page->products.empty();
  if (page->products.empty()) co_return std::optional<std::string>{};
  after_ = page->products.back().entry.id;

  std::unordered_set<std::string> chosen;
  if (!filter_.empty()) {
    auto selected = co_await select(*page);
    if (!selected) co_return std::move(selected).error();
    chosen = std::move(selected).value();
  }
  std::string lines;
  for (const engine::ProductView& view : page->products) {
    if (!filter_.empty() && !chosen.contains(view.entry.id.str())) continue;
    const auto product = engine::to_product(view);
    if (!product) co_return product.error();
    JsonWriter json{lines};
    render_product(json, view, *product);
    lines += '\n';
  }
  co_return std::optional<std::string>{std::move(lines)};
}

Task<engine::Result<void>> stream_pages(std::shared_ptr<ProductExport> pages, std::string first,
                                        BodyWriter& writer) {
  std::optional<std::string> lines{std::move(first)};
  while (lines) {
    const auto written = co_await writer.write(*lines);
    if (!written) co_return written.error();
    auto following = co_await pages->next();
    if (!following) co_return std::move(following).error();
    lines = std::move(following).value();
  }
  co_return engine::Result<void>{};
}

struct ExportRequest {
  std::string filter;  // empty: everything
  std::size_t page_products = kPageProducts;
};

engine::Result<ExportRequest> parse(const Request& request) {
  JsonErrors errors;
  QueryReader query{request, errors};
  const std::string filter{query.text("filter_by").value_or("")};
  query.finish();
  if (errors.any()) return errors.error();
  auto parsed = engine::parse_filter(filter);
  if (!parsed) {
    Error error = std::move(parsed).error();
    error.param = "filter_by";
    return error;
  }
  if (!*parsed) return ExportRequest{};
  const std::size_t page_products = page_products_of(filter);
  if (page_products == 0) {
    return Error{Errc::invalid_filter,
                 "an export takes filters of up to about 4,000 values and 120 KiB; this has more",
                 "filter_by",
                 {}};
  }
  return ExportRequest{filter, page_products};
}

Task<Response> export_products(RequestScope& scope) {
  auto request = parse(scope.request);
  if (!request) co_return problem(scope, request.error());
  auto pages =
      std::make_shared<ProductExport>(scope, std::move(request->filter), request->page_products);
  // The first page is asked for before the head is sent, so that what is wrong can still be said.
  auto first = co_await pages->next();
  if (!first) co_return problem(scope, first.error());
  std::string lines = std::move(first).value().value_or("");
  co_return streamed(kJsonLines, [pages, lines](BodyWriter& writer) {
    return stream_pages(pages, lines, writer);
  });
}

}  // namespace

void add_export_products(Router& router) {
  router.add(
      {.method = Method::get,
       .path = "/v1/products:export",
       .handler = export_products,
       .scope = Scope::catalog_read,
       .priority = Priority::bulk,
       .write = true,
       .operation_id = "exportProducts",
       .summary = "All products as JSON Lines in id order, as an import takes them; each line is "
                  "of one instant",
       .tag = "catalog",
       .params = {{"filter_by", "query",
                   "only products a search with this filter finds: no drafts, no archived ones"}},
       .answers = {{200, "A product per line", schema_ref("Product"), "application/x-ndjson"}}});
}

}  // namespace souk::net
