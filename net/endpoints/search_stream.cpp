#include "net/endpoints/search_stream.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "net/await.hpp"
#include "net/consistency_token.hpp"
#include "net/endpoints/operations.hpp"
#include "net/endpoints/pause.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/search_params.hpp"
#include "net/http_error.hpp"
#include "net/json/live_events.hpp"
#include "net/live_board.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kHeartbeat{15};
constexpr milliseconds kLook{500};  // for a drain, a client that left
// Between two looks at the shards' positions, while other nodes lead some, and while all are led
// here, where whoever publishes tells: then only for the case that it was not told.
constexpr milliseconds kWatch{15};
constexpr milliseconds kWatchLed{1'000};
constexpr milliseconds kWatchDeadline{300};
constexpr milliseconds kAskDeaf{500};  // between two searches while a shard's position is not known
constexpr milliseconds kSearchDeadline{5'000};
constexpr milliseconds kRetry{250};
// A failover passes within this; a page without a shard's hits is told only after it.
constexpr seconds kPatience{5};

/// One live query: the page its client has, and what wakes it. Used on its connection's thread; the
/// client's slowness only makes the next difference larger, nothing is queued.
class LiveSearch {
public:
  LiveSearch(RequestScope& scope, const Operations& operations, SearchRequest request,
             std::shared_ptr<Timer> timer, std::shared_ptr<LiveListener> listener)
      : scope_{scope},
        operations_{operations},
        request_{std::move(request)},
        timer_{std::move(timer)},
        listener_{std::move(listener)},
        token_{scope.context.token} {}

  /// The first page as an event.
  Task<engine::Result<LiveEvents>> begin() {
    auto page = co_await search();
    if (!page && page.error().code == Errc::consistency_unreachable) {
      // The id it came back with is of a state that this cluster does not have any more.
      token_ = {};
      page = co_await search();
    }
    if (!page) co_return page.error();
    page_ = std::move(*page);
    auto events = render_whole_page("snapshot", page_, request_);
    if (events) board().events.fetch_add(events->count, std::memory_order_relaxed);
    co_return events;
  }

  static Task<engine::Result<void>> run(std::shared_ptr<LiveSearch> self, std::string first,
                                        BodyWriter& writer) {
    const std::string begin = "retry: 1000\n" + first;
    auto written = co_await writer.write(begin);
    while (written) {
      if (self->is_draining()) break;
      if (self->scope_.context.abandoned())
        co_return Error{Errc::canceled, "the client went away", {}, {}};
      co_await self->rest();
      auto news = co_await self->look();
      if (!news) co_return news.error();
      if (news->empty() && steady_clock::now() >= self->next_heartbeat_) *news = ":\n\n";
      if (news->empty()) continue;
      self->board().let_go(*self->listener_);
      self->next_heartbeat_ = steady_clock::now() + kHeartbeat;
      written = co_await writer.write(*news);
    }
    co_return written;
  }

private:
  LiveBoard& board() const { return listener_->board(); }
  bool is_draining() const { return operations_.draining && operations_.draining(); }

  /// When the page is to be looked at again if nothing is published.
  steady_clock::time_point next_unasked() const {
    if (failing_since_) return searched_ + kRetry;
    return searched_ + (board().deaf ? kAskDeaf : milliseconds{kHeartbeat});
  }
  bool is_due(steady_clock::time_point now) const {
    return now >= rest_until_ && (listener_->changed() || now >= next_unasked());
  }

  Task<void> rest() {
    const auto now = steady_clock::now();
    if (is_due(now)) co_return;
    const bool watching = board().watches(*listener_);
    if (watching && now >= next_watch_) {
      co_await watch();
      co_return;
    }
    auto until = std::min(now + kLook, std::max(next_unasked(), rest_until_));
    if (listener_->changed()) until = std::min(until, std::max(now, rest_until_));
    if (watching) until = std::min(until, next_watch_);
    timer_->expires_at(until);
    co_await timer_->async_wait(kTimerToken);
  }

  /// Looks, for all live queries of this node, how far the shards are.
  Task<void> watch() {
    actors::RequestContext context = scope_.context;
    context.deadline = steady_clock::now() + kWatchDeadline;
    auto reply = co_await await_reply<std::vector<engine::ShardStatus>>(
        [&](auto callback) { scope_.client.shards(context, std::move(callback)); });
    const actors::Node* const node = operations_.node;
    const bool told = node != nullptr && node->leads_catalog();
    next_watch_ = steady_clock::now() + (told ? kWatchLed : kWatch);
    board().looks.fetch_add(1, std::memory_order_relaxed);
    board().deaf = !reply.result;
    board().saw(reply.token);
  }

  Task<engine::Result<engine::SearchPage>> search() {
    listener_->take();
    actors::RequestContext context = scope_.context;
    context.token = token_;
    context.token.merge(board().seen());
    context.deadline = steady_clock::now() + kSearchDeadline;
    actors::SearchPatience patience;
    patience.require_full_coverage = request_.require_full_coverage;
    const auto begin = steady_clock::now();
    if (request_.cutoff) patience.cutoff = begin + *request_.cutoff;
    auto reply = co_await await_reply<engine::SearchPage>([&](auto callback) {
      scope_.client.search(context, request_.query, patience, std::move(callback));
    });
    searched_ = steady_clock::now();
    rest_until_ = searched_ + board().rest_after(searched_ - begin);
    board().searches.fetch_add(1, std::memory_order_relaxed);
    co_return std::move(reply.result);
  }

  /// What is to be told now; empty: nothing.
  Task<engine::Result<std::string>> look() {
    if (!is_due(steady_clock::now())) co_return std::string{};
    board().let_go(*listener_);
    auto page = co_await search();
    const bool worse = !page || (!page->missing.empty() && page_.missing.empty());
    if (worse) {
      const auto now = steady_clock::now();
      if (!failing_since_) failing_since_ = now;
      if (now - *failing_since_ < kPatience) co_return std::string{};
      token_ = {};
      if (!page) co_return std::string{};
    }
    failing_since_.reset();
    const engine::PageDiff diff = engine::diff_pages(page_, *page);
    for (const engine::ShardPosition& position : page->positions) token_.raise(position);
    if (diff.empty()) {
      page_ = std::move(*page);
      co_return std::string{};
    }
    const bool whole = diff.whole || !request_.query.group_by.empty();
    auto events = whole ? render_whole_page("resync", *page, request_)
                        : render_page_diff(diff, *page, request_);
    if (!events) co_return events.error();
    page_ = std::move(*page);
    board().events.fetch_add(events->count, std::memory_order_relaxed);
    co_return std::move(events->text);
  }

  RequestScope& scope_;
  const Operations& operations_;
  const SearchRequest request_;
  const std::shared_ptr<Timer> timer_;
  const std::shared_ptr<LiveListener> listener_;
  engine::ConsistencyToken token_;  // what was seen: never anything older
  engine::SearchPage page_;
  steady_clock::time_point searched_{};
  steady_clock::time_point rest_until_{};
  steady_clock::time_point next_watch_{};
  steady_clock::time_point next_heartbeat_ = steady_clock::now() + kHeartbeat;
  std::optional<steady_clock::time_point> failing_since_;
};

engine::Result<SearchRequest> parse(const Request& request) {
  auto parsed = parse_search_params(request.query_params());
  if (!parsed) return parsed;
  if (!parsed->cursor.empty())
    return Error{
        Errc::invalid_value, "a live query has no cursor: it follows one page", "cursor", {}};
  return parsed;
}

/// Whoever publishes a state on this node tells the board of it.
void hook(const Operations& operations, const LiveBoardPtr& board) {
  const actors::Node* const node = operations.node;
  if (node == nullptr || !board->hooks()) return;
  node->publications()->on_ring(
      [weak = std::weak_ptr<LiveBoard>{board}](engine::ShardPosition position) {
        if (const auto told = weak.lock()) told->saw(position);
      });
}

Task<Response> stream_search(RequestScope& scope, const Operations& operations,
                             const LiveBoardPtr& board) {
  auto request = parse(scope.request);
  if (!request) co_return problem(scope, request.error());
  hook(operations, board);
  const Executor executor = co_await boost::asio::this_coro::executor;
  auto timer = std::make_shared<Timer>(executor);
  auto listener =
      board->listen(scope.credential.id, [executor, weak = std::weak_ptr<Timer>{timer}] {
        boost::asio::post(executor, [weak] {
          if (const auto waiting = weak.lock()) waiting->cancel();
        });
      });
  if (!listener) co_return problem(scope, listener.error());

  // What it saw before the connection was lost. Of another cluster or time: it begins anew.
  if (const auto last = decode_token(scope.request.header("Last-Event-ID")); last)
    scope.context.token.merge(*last);
  auto live = std::make_shared<LiveSearch>(scope, operations, std::move(*request), std::move(timer),
                                           std::move(*listener));
  auto first = co_await live->begin();
  if (!first) co_return problem(scope, first.error());
  Response response =
      streamed("text/event-stream", [live, text = std::move(first->text)](BodyWriter& writer) {
        return LiveSearch::run(live, text, writer);
      });
  response.with("Cache-Control", "no-store").with("X-Accel-Buffering", "no");
  co_return response;
}

constexpr const char* kSummary =
    "A search that goes on: server-sent events. `snapshot` is the page as a search answers it; "
    "`remove` takes the hit {id} out; `upsert` puts {hit} behind the hit {after} (null: first), "
    "taking out what it was before; `facet` brings {found, found_exact, out_of, facet_counts} as "
    "far as "
    "they changed; `resync` replaces the page. The id of an event is the consistency token of what "
    "was "
    "told; with it as Last-Event-ID the stream begins with a snapshot no older than that.";

}  // namespace

LiveBoardPtr add_search_stream(Router& router, const Operations& operations) {
  const auto board = std::make_shared<LiveBoard>();
  auto params = search_param_docs();
  std::erase_if(params, [](const ParamDoc& param) { return param.name == "cursor"; });
  params.push_back({"Last-Event-ID", "header", "the id of the last event that was received"});
  router.add(
      {.method = Method::get,
       .path = "/v1/search/stream",
       .handler = [&operations,
                   board](RequestScope& scope) { return stream_search(scope, operations, board); },
       .scope = Scope::search,
       .priority = Priority::search,
       .operation_id = "streamSearch",
       .summary = "A search that tells of sold out, price and rank changes at commit",
       .tag = "search",
       .params = std::move(params),
       .answers = {{200, kSummary, R"({"type":"string"})", "text/event-stream"}}});
  return board;
}

}  // namespace souk::net
