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

namespace {

using std::chrono::steady_clock;

actors::SearchPatience patience_of(const SearchRequest& request, steady_clock::time_point start) {
  actors::SearchPatience patience;
  patience.require_full_coverage = request.require_full_coverage;
  patience.remember = request.analytics;
  if (request.cutoff) patience.cutoff = start + *request.cutoff;
  return patience;
}

}  // namespace

Task<engine::Result<engine::SearchPage>> ask_search(
    RequestScope& scope, const SearchRequest& request,
    std::shared_ptr<actors::SearchInstant> instant) {
  actors::SearchPatience patience = patience_of(request, steady_clock::now());
  patience.instant = std::move(instant);
  co_return co_await await_reply<engine::SearchPage>(scope, [&](auto callback) {
    scope.client.search(scope.context, request.query, patience, std::move(callback));
  });
}

Task<std::string> run_together(RequestScope& scope, std::size_t count, const OneOfSearches& run) {
  const auto start = steady_clock::now();
  bool first = true;
  while (true) {
    const auto instant = std::make_shared<actors::SearchInstant>();
    std::string body = R"({"results":[)";
    bool again = false;
    for (std::size_t i = 0; i < count && !again; ++i) {
      if (i > 0) body += ',';
      instant->last = i + 1 == count;
      co_await run(i, instant, body);
      const auto now = steady_clock::now();
      again = first && instant->lost() && now + (now - start) < scope.context.deadline;
    }
    body += "]}";
    if (!again) co_return body;
    first = false;
  }
}

engine::Result<std::string> search_page_text(const engine::SearchPage& page,
                                             const SearchRequest& request,
                                             steady_clock::time_point start,
                                             const std::string& cursor) {
  engine::ConsistencyToken token;
  for (const engine::ShardPosition& position : page.positions) token.raise(position);
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start);
  std::string body;
  body.reserve(1024 + 1024 * page.hits.size());
  JsonWriter json{body};
  const auto rendered =
      render_search_page(json, page, request, encode_token(token, {}), took.count(), cursor);
  if (!rendered) return rendered.error();
  return body;
}

Task<Response> run_search(RequestScope& scope, engine::Result<SearchRequest> request) {
  if (!request) co_return problem(scope, request.error());
  const auto start = steady_clock::now();
  actors::SearchPatience patience = patience_of(*request, start);
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

  auto body = search_page_text(*page, *request, start, cursor);
  if (!body) co_return problem(scope, body.error());
  co_return ok(std::move(*body));
}

}  // namespace souk::net
