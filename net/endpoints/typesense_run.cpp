#include "net/endpoints/typesense_run.hpp"

#include <chrono>

#include "net/await.hpp"
#include "net/json/typesense_page.hpp"

namespace souk::net {

using engine::Errc;
using engine::Error;

engine::Result<void> check_collection(std::string_view name) {
  if (name == kTypesenseCollection) return {};
  return Error{Errc::unknown_field, "Collection not found", "collection", {}};
}

Task<engine::Result<void>> run_typesense_search(RequestScope& scope, const SearchParams& params,
                                                std::shared_ptr<actors::SearchInstant> instant,
                                                std::string& out) {
  using std::chrono::steady_clock;
  const auto search = parse_typesense_search(params);
  if (!search) co_return search.error();
  const auto start = steady_clock::now();
  actors::SearchPatience patience;
  patience.instant = std::move(instant);
  patience.remember = search->request.analytics;
  if (search->request.cutoff) patience.cutoff = start + *search->request.cutoff;
  const auto page = co_await await_reply<engine::SearchPage>(scope, [&](auto callback) {
    scope.client.search(scope.context, search->request.query, patience, std::move(callback));
  });
  if (!page) co_return page.error();
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start);
  const std::size_t before = out.size();
  out.reserve(before + 1024 + 1536 * page->hits.size());
  JsonWriter json{out};
  auto rendered = render_typesense_page(json, *page, *search, took.count());
  if (!rendered) out.resize(before);
  co_return rendered;
}

}  // namespace souk::net
