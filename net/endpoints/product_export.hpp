#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "actors/client.hpp"
#include "engine/catalog/product.hpp"
#include "engine/types/result.hpp"
#include "net/http/response.hpp"
#include "net/json/json_writer.hpp"
#include "net/request_scope.hpp"
#include "net/task.hpp"

namespace souk::net {

/// Which products, and how many of them are asked for at a time.
struct ExportRequest {
  std::string filter;  // empty: everything
  std::size_t page_products = 0;
};
/// Errors: invalid_filter; filter_by.
engine::Result<ExportRequest> parse_export(std::string_view filter);

/// Writes one product as a line, without its end.
using ExportLine =
    std::function<void(JsonWriter&, const engine::ProductView&, const engine::Product&)>;

/// One pass over the catalog in id order, a page at a time, so that nothing but a page is in
/// memory.
class ProductExport {
public:
  ProductExport(RequestScope& scope, ExportRequest request, ExportLine line)
      : scope_{scope},
        filter_{std::move(request.filter)},
        page_products_{request.page_products},
        line_{std::move(line)} {}

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
  ExportLine line_;
  engine::ProductId after_;
  bool at_end_ = false;
};

/// The answer made of all pages. The first one is asked for before the head is sent, so that what
/// is wrong can still be said. Errors: those of asking.
Task<engine::Result<Response>> stream_export(std::shared_ptr<ProductExport> pages,
                                             std::string_view content_type);

}  // namespace souk::net
