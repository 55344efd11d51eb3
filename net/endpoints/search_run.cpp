#include "net/endpoints/search_run.hpp"

#include <chrono>

#include "actors/search_instant.hpp"
#include "net/await.hpp"
#include "net/consistency_token.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/search_page.hpp"
#include "net/search_cursor.hpp"

namespace souk::net {

Task<Response> run_search(RequestScope& scope, engine::Result<SearchRequest> request) {
  using std::chrono::steady_clock;
  if (!request) co_return problem(scope, request.error());
  const auto start = steady_clock::now();
  actors::SearchPatience patience;
  patience.require_full_coverage = request->require_full_coverage;
  patience.remember = request->analytics;
  if (request->cutoff) patience.cutoff = start + *request->cutoff;
  if (!request->cursor.empty()) {
    actors::WalkPlace place;
    if (request->cursor != kCursorBegin) {
      auto read = decode_cursor(request->cursor, request->fingerprint, scope.secret);
      if (!read) co_return problem(scope, read.error());
      place = std::move(*read);
    }
    patience.instant = std::make_shared<actors::SearchInstant>();
    patience.instant->walk = std::move(place);
  }

  const auto page = co_await await_reply<engine::SearchPage>(scope, [&](auto callback) {
    scope.client.search(scope.context, request->query, patience, std::move(callback));
  });
  const actors::WalkPlace* const walk = actors::walk_of(patience.instant);
  if (!page && walk != nullptr && page.error().code == engine::Errc::unknown_lease) {
    co_return problem(HttpFault::cursor_expired,
                      "the hits of this cursor are not kept any more: begin again with cursor=*",
                      scope.request.path(), scope.context.request_id);
  }
  if (!page) co_return problem(scope, page.error());
  std::string cursor;
  if (walk != nullptr && !walk->at_end)
    cursor = encode_cursor(*walk, request->fingerprint, scope.secret);

  engine::ConsistencyToken token;
  for (const engine::ShardPosition& position : page->positions) token.raise(position);
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start);
  std::string body;
  body.reserve(1024 + 1024 * page->hits.size());
  JsonWriter json{body};
  const auto rendered =
      render_search_page(json, *page, *request, encode_token(token, {}), took.count(), cursor);
  if (!rendered) co_return problem(scope, rendered.error());
  co_return ok(std::move(body));
}

}  // namespace souk::net
