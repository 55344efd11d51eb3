#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/catalog/catalog_command.hpp"
#include "engine/catalog/catalog_question.hpp"
#include "engine/order/order.hpp"
#include "engine/order/order_command.hpp"
#include "engine/search/query.hpp"
#include "engine/search/search_result.hpp"
#include "engine/search/suggest.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"
#include "engine/types/shard_status.hpp"

namespace souk::actors {

class Node;
class SearchInstant;

/// What every request carries. `deadline`: steady clock; a request whose deadline is past is
/// dropped unread. `token`: the request must see at least that state (waits for it until the
/// deadline, then consistency_unreachable).
struct RequestContext {
  std::chrono::steady_clock::time_point deadline;
  engine::ConsistencyToken token;
  std::string request_id;
  /// Set by the gateway when nobody waits for the answer any more; null: somebody always does.
  std::shared_ptr<const std::atomic<bool>> gone = nullptr;

  /// True: what was not begun yet need not be begun.
  bool abandoned() const { return gone && gone->load(std::memory_order_relaxed); }
};

/// A reply and the positions it read or wrote.
template <class T>
struct Reply {
  engine::Result<T> result;
  engine::ConsistencyToken token;  // positions touched (not merged with the request's)
  engine::Replay replay;
};
template <class T>
using Callback = std::function<void(Reply<T>)>;

using engine::LedgerPage;
using engine::ProductPage;
using engine::ShardStatus;
struct OrderPage {
  std::vector<engine::Order> orders;
  bool has_more = false;
};
/// GET /v1/orders. The cursor is the (created_at, id) of the last order of the page before.
struct OrderListRequest {
  std::optional<engine::OrderStatus> status;
  std::string customer;
  std::optional<engine::Timestamp> created_from;
  std::optional<engine::Timestamp> created_to;
  std::optional<engine::Timestamp> before_time;
  engine::OrderId before_id;
  std::size_t limit = 20;
};
struct ProductPutReply {
  engine::ProductView product;
  bool created = false;
};
/// One chunk of an import; answers come per line, in order.
struct ImportChunk {
  std::string import_id;
  std::vector<engine::PutProducts::Line> lines;
};
struct ImportReply {
  std::vector<engine::ProductsPutDone::Line> lines;
};
struct ReserveRequest {
  engine::HoldId id;
  engine::IdempotencyKey idempotency;
  std::vector<engine::HoldLine> lines;
  bool all_or_nothing = true;
  engine::Duration ttl{};
};
/// How long a search may take and what to say then. At `cutoff` (never after the deadline) it
/// answers with what it has: a partial page. `require_full_coverage` turns a partial page into
/// timed_out.
struct SearchPatience {
  bool require_full_coverage = false;
  std::chrono::steady_clock::time_point cutoff = std::chrono::steady_clock::time_point::max();
  /// It says what shoppers look for: its text may be suggested to others (past_queries.hpp).
  bool remember = false;
  /// Searches that are given one of these see the same state (search_instant.hpp).
  std::shared_ptr<SearchInstant> instant = nullptr;
};
struct CheckoutReply {
  engine::Order order;
};

/// The door for callers that are not actors: one per I/O thread, used on that thread only. Routes
/// by slot, waits for answers, enforces deadlines. Every callback is called exactly once, on the
/// client's own thread (through `post`), with a result or an error (timed_out, overloaded,
/// unavailable, ... and those of the engine).
class Client {
public:
  /// `post` runs a task on the client's thread; must be callable from any thread.
  using Task = std::function<void()>;
  using Post = std::function<void(Task)>;
  Client(Node& node, Post post);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Fails requests whose deadline is past; to be called every 10 ms or so on the client's thread.
  void sweep(std::chrono::steady_clock::time_point now);
  std::size_t in_flight() const;

  // Catalog.
  void put_product(const RequestContext&, engine::PutProduct, Callback<ProductPutReply>);
  void delete_product(const RequestContext&, engine::DeleteProduct, Callback<engine::Acknowledged>);
  void get_product(const RequestContext&, engine::ProductId, Callback<engine::ProductView>);
  void list_products(const RequestContext&, engine::ProductId after, std::size_t limit,
                     Callback<ProductPage>);
  void import_products(const RequestContext&, ImportChunk, Callback<ImportReply>);

  // Inventory and holds.
  void get_stock(const RequestContext&, engine::Sku, Callback<engine::SkuEntry>);
  void adjust_stock(const RequestContext&, engine::AdjustStock, Callback<engine::SkuEntry>);
  /// `whole`: the key of the whole batch. Each item needs a key of its own, derived from it,
  /// because items live on different shards; a reuse of `whole` with another body is refused before
  /// any item is looked at.
  void adjust_stocks(const RequestContext&, engine::AdjustStocks, engine::IdempotencyKey whole,
                     Callback<std::vector<engine::Result<engine::SkuEntry>>>);
  void ledger(const RequestContext&, engine::Sku, std::uint64_t from, std::size_t limit,
              Callback<LedgerPage>);
  void reserve(const RequestContext&, ReserveRequest, Callback<engine::Reservation>);
  void get_reservation(const RequestContext&, engine::HoldId, Callback<engine::Reservation>);
  void commit_reservation(const RequestContext&, engine::HoldId,
                          std::optional<std::vector<engine::HoldLine>> lines,
                          engine::IdempotencyKey, Callback<engine::Reservation>);
  void release_reservation(const RequestContext&, engine::HoldId, engine::IdempotencyKey,
                           Callback<engine::Reservation>);
  void extend_reservation(const RequestContext&, engine::HoldId, engine::Duration ttl,
                          engine::IdempotencyKey, Callback<engine::Reservation>);

  void search(const RequestContext&, engine::Query, SearchPatience, Callback<engine::SearchPage>);
  void suggest(const RequestContext&, engine::SuggestRequest, Callback<engine::SuggestPage>);

  // Checkout and orders.
  void checkout(const RequestContext&, engine::BeginCheckout, Callback<CheckoutReply>);
  void get_order(const RequestContext&, engine::OrderId, Callback<engine::Order>);
  void list_orders(const RequestContext&, OrderListRequest, Callback<OrderPage>);

  // Operations.
  void shards(const RequestContext&, Callback<std::vector<ShardStatus>>);
  /// Writes everything pending to disk, then a consistent copy of all shards into `folder`
  /// (created; must not exist).

private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace souk::actors
