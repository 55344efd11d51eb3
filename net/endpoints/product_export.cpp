#include "net/endpoints/product_export.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "engine/catalog/product_codec.hpp"
#include "net/await.hpp"
#include "net/endpoints/pause.hpp"

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

}  // namespace

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
    line_(json, view, *product);
    lines += '\n';
  }
  co_return std::optional<std::string>{std::move(lines)};
}

namespace {

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

}  // namespace

engine::Result<ExportRequest> parse_export(std::string_view filter) {
  auto parsed = engine::parse_filter(filter);
  if (!parsed) {
    Error error = std::move(parsed).error();
    error.param = "filter_by";
    return error;
  }
  if (!*parsed) return ExportRequest{{}, kPageProducts};
  const std::size_t page_products = page_products_of(std::string{filter});
  if (page_products == 0) {
    return Error{Errc::invalid_filter,
                 "an export takes filters of up to about 4,000 values and 120 KiB; this has more",
                 "filter_by",
                 {}};
  }
  return ExportRequest{std::string{filter}, page_products};
}

Task<engine::Result<Response>> stream_export(std::shared_ptr<ProductExport> pages,
                                             std::string_view content_type) {
  auto first = co_await pages->next();
  if (!first) co_return first.error();
  std::string lines = std::move(first).value().value_or("");
  co_return streamed(content_type, [pages, lines](BodyWriter& writer) {
    return stream_pages(pages, lines, writer);
  });
}

}  // namespace souk::net
