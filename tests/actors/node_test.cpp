// The whole node, with threads, disks and the real clock, asked through a Client.
#include "actors/node.hpp"

#include <doctest/doctest.h>

#include <set>

#include "actors/clock.hpp"
#include "actors/metrics.hpp"
#include "tests/storage/temporary_folder.hpp"
#include "tests/support/asker.hpp"
#include "tests/support/builders.hpp"

using namespace souk;
using namespace souk::actors;
using namespace souk::test;
using engine::Acknowledged;
using engine::Errc;
using engine::ProductId;
using engine::Quantity;
using engine::Sku;

namespace {

constexpr std::chrono::seconds kDrain{10};

NodeConfig config_for(const std::filesystem::path& folder) {
  NodeConfig config;
  config.data = folder;
  config.free_bytes_min = 0;
  return config;
}

std::unique_ptr<Node> start(const NodeConfig& config) {
  auto node = Node::start(config);
  REQUIRE_MESSAGE(node, node.error().detail);
  return std::move(*node);
}

Reply<ProductPutReply> put(Asker& asker, engine::Product product,
                           engine::PutMode mode = engine::PutMode::upsert) {
  return asker.ask<ProductPutReply>([&](Client& client, const RequestContext& context, auto done) {
    engine::PutProduct command;
    command.mode = mode;
    command.product = std::move(product);
    command.now = system_clock().now();
    client.put_product(context, std::move(command), done);
  });
}

Reply<engine::ProductView> get(Asker& asker, const std::string& id) {
  return asker.ask<engine::ProductView>(
      [&](Client& client, const RequestContext& context, auto done) {
        client.get_product(context, ProductId{id}, done);
      });
}

Reply<engine::SkuEntry> adjust(Asker& asker, const std::string& sku, std::int64_t delta,
                               const std::string& key = {}) {
  return asker.ask<engine::SkuEntry>([&](Client& client, const RequestContext& context, auto done) {
    engine::AdjustStock command;
    command.sku = Sku{sku};
    command.delta = Quantity{delta};
    command.reason = "received";
    command.reference = "po-77";
    command.idempotency = {key, 1, "req_first"};
    command.now = system_clock().now();
    client.adjust_stock(context, std::move(command), done);
  });
}

Reply<engine::SkuEntry> stock(Asker& asker, const std::string& sku) {
  return asker.ask<engine::SkuEntry>([&](Client& client, const RequestContext& context, auto done) {
    client.get_stock(context, Sku{sku}, done);
  });
}

std::vector<ShardStatus> shards(Asker& asker) {
  auto reply =
      asker.ask<std::vector<ShardStatus>>([&](Client& client, const RequestContext& context,
                                              auto done) { client.shards(context, done); });
  REQUIRE(reply.result);
  return *reply.result;
}

std::vector<std::uint64_t> hashes(Asker& asker) {
  std::vector<std::uint64_t> all;
  for (const ShardStatus& shard : shards(asker)) all.push_back(shard.state_hash);
  return all;
}

engine::SearchPage search(Asker& asker, const std::string& q) {
  auto reply =
      asker.ask<engine::SearchPage>([&](Client& client, const RequestContext& context, auto done) {
        engine::Query query;
        query.q = q;
        client.search(context, std::move(query), {.require_full_coverage = true}, done);
      });
  REQUIRE(reply.result);
  return *reply.result;
}

Reply<CheckoutReply> buy(Asker& asker, const std::string& key, const std::string& sku,
                         std::int64_t units) {
  return asker.ask<CheckoutReply>([&](Client& client, const RequestContext& context, auto done) {
    engine::BeginCheckout begin;
    begin.order = engine::OrderId{"ord_" + key};
    begin.hold = engine::HoldId{"ord_" + key + ".1"};
    begin.idempotency = {key, 1, "req_" + key};
    begin.request.lines = {{Sku{sku}, Quantity{units}, std::nullopt}};
    begin.request.customer.email = "ann@example.com";
    begin.request.payment = {"test", "tok_ok"};
    begin.now = system_clock().now();
    client.checkout(context, std::move(begin), done);
  });
}

}  // namespace

TEST_CASE("node: products and stock survive a stop, and the state is the same") {
  const TemporaryFolder folder;
  std::vector<std::uint64_t> before;
  {
    const auto node = start(config_for(folder.path()));
    Asker asker{*node};
    for (int i = 0; i < 20; ++i) {
      const std::string n = std::to_string(i);
      auto made = put(asker, product_of("tee-" + n, "Organic tee " + n, {"TEE-" + n}, 5));
      REQUIRE(made.result);
      CHECK(made.result->created);
    }
    REQUIRE(adjust(asker, "TEE-3", 4).result);
    CHECK(stock(asker, "TEE-3").result->stock.on_hand == Quantity{9});
    CHECK(search(asker, "organic").found == 20);
    before = hashes(asker);
  }

  const auto node = start(config_for(folder.path()));
  Asker asker{*node};

  CHECK(hashes(asker) == before);
  CHECK(stock(asker, "TEE-3").result->stock.on_hand == Quantity{9});
  const auto product = get(asker, "tee-7");
  REQUIRE(product.result);
  CHECK(product.result->skus.front().stock.on_hand == Quantity{5});
  CHECK(search(asker, "organic").found == 20);
}

TEST_CASE("node: a crash loses nothing that was answered") {
  const TemporaryFolder folder;
  const TemporaryFolder crashed;
  std::vector<std::uint64_t> before;
  {
    const auto node = start(config_for(folder.path()));
    Asker asker{*node};
    REQUIRE(put(asker, product_of("tee", "Organic tee", {"TEE-S", "TEE-M"}, 5)).result);
    REQUIRE(adjust(asker, "TEE-S", 1).result);
    before = hashes(asker);
    // What is on disk now is what a killed process leaves behind.
    std::filesystem::copy(folder.path(), crashed / "data",
                          std::filesystem::copy_options::recursive);
  }

  const auto node = start(config_for(crashed / "data"));
  Asker asker{*node};

  CHECK(hashes(asker) == before);
  CHECK(stock(asker, "TEE-S").result->stock.on_hand == Quantity{6});
}

TEST_CASE("node: an adjustment with a key acts once, and its repeat gets the first answer") {
  const TemporaryFolder folder;
  const auto node = start(config_for(folder.path()));
  Asker asker{*node};
  REQUIRE(put(asker, product_of("tee", "Tee", {"TEE-S"}, 5)).result);

  const auto first = adjust(asker, "TEE-S", 3, "key-1");
  const auto repeat = adjust(asker, "TEE-S", 3, "key-1");

  REQUIRE(first.result);
  REQUIRE(repeat.result);
  CHECK_FALSE(first.replay.replayed);
  CHECK(repeat.replay.replayed);
  CHECK(repeat.result->stock == first.result->stock);
  CHECK(stock(asker, "TEE-S").result->stock.on_hand == Quantity{8});
}

TEST_CASE("node: what does not exist is refused by name") {
  const TemporaryFolder folder;
  const auto node = start(config_for(folder.path()));
  Asker asker{*node};

  CHECK(get(asker, "nothing").result.error().code == Errc::unknown_product);
  CHECK(stock(asker, "NOTHING").result.error().code == Errc::unknown_sku);
  CHECK(adjust(asker, "NOTHING", 1).result.error().code == Errc::unknown_sku);
  const auto order =
      asker.ask<engine::Order>([&](Client& client, const RequestContext& context, auto done) {
        client.get_order(context, engine::OrderId{"ord_nothing"}, done);
      });
  CHECK(order.result.error().code == Errc::unknown_order);
}

TEST_CASE(
    "node: the ledger lists every change of a SKU, newest first, page by page, also after a "
    "restart") {
  const TemporaryFolder folder;
  for (int run = 0; run < 2; ++run) {
    const auto node = start(config_for(folder.path()));
    Asker asker{*node};
    if (run == 0) {
      REQUIRE(put(asker, product_of("tee", "Tee", {"TEE-S"}, 5)).result);
      for (int i = 1; i <= 7; ++i) REQUIRE(adjust(asker, "TEE-S", i).result);
    }

    std::vector<std::int64_t> deltas;
    std::uint64_t from = 0;
    for (bool more = true; more;) {
      const auto page =
          asker.ask<LedgerPage>([&](Client& client, const RequestContext& context, auto done) {
            client.ledger(context, Sku{"TEE-S"}, from, 3, done);
          });
      REQUIRE(page.result);
      for (const engine::LedgerEntry& entry : page.result->entries)
        deltas.push_back(entry.delta.units());
      more = page.result->has_more;
      from = page.result->next;
      REQUIRE(deltas.size() <= 8);
    }

    CHECK(deltas == std::vector<std::int64_t>{7, 6, 5, 4, 3, 2, 1, 5});
  }
}

TEST_CASE("node: a batch of adjustments over all shards is answered item by item, in order") {
  const TemporaryFolder folder;
  const auto node = start(config_for(folder.path()));
  Asker asker{*node};
  engine::AdjustStocks batch;
  for (int i = 0; i < 12; ++i) {
    const std::string n = std::to_string(i);
    REQUIRE(put(asker, product_of("p" + n, "Thing " + n, {"S" + n}, 1)).result);
    engine::AdjustStock item;
    item.sku = Sku{i == 5 ? "UNKNOWN" : "S" + n};
    item.on_hand = Quantity{100 + i};
    item.reason = "count";
    item.now = system_clock().now();
    batch.items.push_back(item);
  }

  const auto reply = asker.ask<std::vector<engine::Result<engine::SkuEntry>>>(
      [&](Client& client, const RequestContext& context, auto done) {
        client.adjust_stocks(context, batch, {}, done);
      });

  REQUIRE(reply.result);
  REQUIRE(reply.result->size() == 12);
  for (std::size_t i = 0; i < 12; ++i) {
    const auto& item = (*reply.result)[i];
    if (i == 5) {
      CHECK(item.error().code == Errc::unknown_sku);
    } else {
      CHECK(item->stock.on_hand == Quantity{100 + static_cast<std::int64_t>(i)});
    }
  }
}

TEST_CASE("node: products are listed over all shards in order of their ids") {
  const TemporaryFolder folder;
  const auto node = start(config_for(folder.path()));
  Asker asker{*node};
  for (int i = 10; i < 33; ++i) {
    REQUIRE(put(asker, product_of("p" + std::to_string(i), "Thing", {"S" + std::to_string(i)}, 1))
                .result);
  }

  std::vector<std::string> ids;
  for (bool more = true; more;) {
    const auto page =
        asker.ask<ProductPage>([&](Client& client, const RequestContext& context, auto done) {
          client.list_products(context, ProductId{ids.empty() ? "" : ids.back()}, 10, done);
        });
    REQUIRE(page.result);
    for (const auto& view : page.result->products) ids.push_back(view.entry.id.str());
    more = page.result->has_more;
  }

  REQUIRE(ids.size() == 23);
  CHECK(std::is_sorted(ids.begin(), ids.end()));
}

TEST_CASE("node: a token from the future is refused at the deadline, not served with old state") {
  const TemporaryFolder folder;
  const auto node = start(config_for(folder.path()));
  Asker asker{*node};
  REQUIRE(put(asker, product_of("tee", "Tee", {"TEE-S"}, 5)).result);
  RequestContext context = asker.context(std::chrono::milliseconds{300});
  const engine::ShardMap map = node->shard_map();
  for (const auto& range : map.ranges) context.token.raise({range.shard, 1'000'000});

  std::optional<Errc> code;
  asker.client().get_product(context, ProductId{"tee"}, [&](Reply<engine::ProductView> reply) {
    code = reply.result ? Errc::none : reply.result.error().code;
  });
  asker.run_until([&] { return code.has_value(); });

  const bool refused = *code == Errc::consistency_unreachable || *code == Errc::timed_out;
  CHECK(refused);
}

TEST_CASE("node: reserves, commits and releases over several shards") {
  const TemporaryFolder folder;
  const auto node = start(config_for(folder.path()));
  Asker asker{*node};
  for (int i = 0; i < 6; ++i) {
    REQUIRE(put(asker, product_of("p" + std::to_string(i), "Thing", {"S" + std::to_string(i)}, 3))
                .result);
  }
  const auto reserve = [&](const std::string& id, std::int64_t units) {
    return asker.ask<engine::Reservation>(
        [&](Client& client, const RequestContext& context, auto done) {
          ReserveRequest request;
          request.id = engine::HoldId{id};
          request.idempotency = {"key-" + id, 1, "req"};
          for (int i = 0; i < 6; ++i)
            request.lines.push_back({Sku{"S" + std::to_string(i)}, Quantity{units}});
          request.ttl = std::chrono::minutes{10};
          client.reserve(context, std::move(request), done);
        });
  };

  const auto made = reserve("rsv_1", 2);
  REQUIRE(made.result);
  CHECK(stock(asker, "S4").result->stock.held == Quantity{2});
  const auto refused = reserve("rsv_2", 2);
  REQUIRE(!refused.result);
  CHECK(refused.result.error().code == Errc::insufficient_stock);
  CHECK(stock(asker, "S4").result->stock.held == Quantity{2});

  const auto committed =
      asker.ask<engine::Reservation>([&](Client& client, const RequestContext& context, auto done) {
        client.commit_reservation(context, engine::HoldId{"rsv_1"}, std::nullopt,
                                  {"key-c", 1, "req"}, done);
      });
  REQUIRE(committed.result);
  CHECK(committed.result->state == engine::HoldState::committed);
  CHECK(stock(asker, "S4").result->stock.sold == Quantity{2});
  CHECK(stock(asker, "S4").result->stock.on_hand == Quantity{1});
}

TEST_CASE("node: sells exactly what there is, and orders survive a restart") {
  const TemporaryFolder folder;
  std::set<std::string> placed;
  {
    const auto node = start(config_for(folder.path()));
    Asker asker{*node};
    REQUIRE(put(asker, product_of("tee", "Tee", {"TEE-S"}, 5)).result);
    for (int i = 0; i < 9; ++i) {
      const std::string key = "k" + std::to_string(i);
      const auto reply = buy(asker, key, "TEE-S", 1);
      if (reply.result) placed.insert("ord_" + key);
      if (!reply.result) CHECK(reply.result.error().code == Errc::insufficient_stock);
    }
    CHECK(placed.size() == 5);
    const auto repeat = buy(asker, "k0", "TEE-S", 1);
    REQUIRE(repeat.result);
    CHECK(repeat.replay.replayed);
  }

  const auto node = start(config_for(folder.path()));
  Asker asker{*node};

  const auto page =
      asker.ask<OrderPage>([&](Client& client, const RequestContext& context, auto done) {
        OrderListRequest request;
        request.limit = 50;
        client.list_orders(context, std::move(request), done);
      });
  REQUIRE(page.result);
  std::set<std::string> found;
  for (const engine::Order& order : page.result->orders) found.insert(order.id.str());
  CHECK(found == placed);
  CHECK(stock(asker, "TEE-S").result->stock.sold == Quantity{5});
  CHECK(stock(asker, "TEE-S").result->stock.held == Quantity{0});
}

TEST_CASE("node: below the free-space watermark writes are refused and reads go on") {
  const TemporaryFolder folder;
  {
    const auto node = start(config_for(folder.path()));
    Asker asker{*node};
    REQUIRE(put(asker, product_of("tee", "Tee", {"TEE-S"}, 5)).result);
  }
  NodeConfig config = config_for(folder.path());
  config.free_bytes_min = ~std::uint64_t{0};

  const auto node = start(config);
  Asker asker{*node};

  CHECK(node->write_refusal() == "disk_full");
  CHECK(adjust(asker, "TEE-S", 1).result.error().code == Errc::disk_full);
  CHECK(put(asker, product_of("tee", "Tee", {"TEE-S"}, 5)).result.error().code == Errc::disk_full);
  CHECK(stock(asker, "TEE-S").result->stock.on_hand == Quantity{5});
}

TEST_CASE("node: a stopped node refuses, and stopping twice is harmless") {
  const TemporaryFolder folder;
  const auto node = start(config_for(folder.path()));
  {
    Asker asker{*node};
    REQUIRE(put(asker, product_of("tee", "Tee", {"TEE-S"}, 5)).result);
  }
  node->stop(kDrain);
  node->stop(kDrain);
  CHECK(node->write_refusal() == "stopping");
  CHECK_FALSE(node->healthy());
}

TEST_CASE("node: a data folder is opened by one node at a time") {
  const TemporaryFolder folder;
  const auto node = start(config_for(folder.path()));

  const auto second = Node::start(config_for(folder.path()));

  REQUIRE(!second);
  CHECK(second.error().code == Errc::storage_failure);
}
