#include "engine/catalog/product_codec.hpp"
#include "tests/engine/catalog/catalog_support.hpp"

namespace souk::engine {
namespace {

using namespace testing;

AdjustStock keyed(AdjustStock adjust, const std::string& key, std::uint64_t body,
                  const std::string& request) {
  adjust.idempotency = {key, body, request};
  return adjust;
}

// Products.

TEST_CASE("put product: a change of price touches neither document nor content version") {
  Shard shard = shard_with(5);
  const ProductEntry before = *shard.state.product(ProductId{"a"});

  const auto done = shard.ask<ProductPutDone>(put_of(product_of("a", {variant_of("A", 1100)})));

  const ProductEntry& after = *shard.state.product(ProductId{"a"});
  CHECK(done.changed);
  CHECK(after.version == before.version + 1);
  CHECK(after.content_version == before.content_version);
  CHECK(after.document == before.document);
  CHECK(std::get<ProductPut>(shard.journal.back().events.at(0)).document == nullptr);
  CHECK(shard.state.sku(Sku{"A"})->terms.price.minor_units == 1100);
  CHECK(shard.stock("A").on_hand == Quantity{5});
}

TEST_CASE("put product: the same again makes no event") {
  Shard shard = shard_with(5);
  const std::size_t records = shard.journal.size();

  const auto done = shard.ask<ProductPutDone>(put_of(product_of("a", {variant_of("A", 1000, 5)})));

  CHECK_FALSE(done.changed);
  CHECK(done.version == 1);
  CHECK(shard.journal.size() == records);
}

TEST_CASE(
    "put product: create again is the same answer, also after sales; another body is refused") {
  Shard shard = shard_with(5);
  shard.ask<HoldPlacedReply>(hold_of("h", {line_of("A", 2)}));
  shard.ask<HoldDone>(CommitHold{HoldId{"h"}, HoldOwner::client, {}, "ord_1", kNoon});

  const PutProduct again = put_of(product_of("a", {variant_of("A", 1000, 5)}), PutMode::create);
  const auto done = shard.ask<ProductPutDone>(again);
  CHECK_FALSE(done.changed);
  CHECK_FALSE(done.created);
  CHECK(shard.stock("A").on_hand == Quantity{3});

  CHECK(shard.refusal(put_of(product_of("a", {variant_of("A", 1001)}), PutMode::create)).code ==
        Errc::product_exists);
  CHECK(shard.refusal(put_of(product_of("a", {variant_of("A", 1000, 9)}), PutMode::create)).code ==
        Errc::product_exists);
}

TEST_CASE("put product: versions and sources that are stale are refused") {
  Shard shard = shard_with(5);
  PutProduct put = put_of(product_of("a", {variant_of("A", 1200)}));
  put.if_version = 7;
  const Error stale = shard.refusal(put);
  CHECK(stale.code == Errc::version_mismatch);
  CHECK(stale.items.at(0).available == 1);

  put.if_version.reset();
  put.source_version = 20;
  CHECK(shard.ask<ProductPutDone>(put).version == 2);
  put.source_version = 19;
  CHECK(shard.refusal(put).code == Errc::stale_source_version);
  put.source_version = 20;
  CHECK_FALSE(shard.ask<ProductPutDone>(put).changed);
  // The same text from a newer source: remembered, but not another version.
  put.source_version = 21;
  CHECK(shard.ask<ProductPutDone>(put).version == 2);
  CHECK(shard.state.product(ProductId{"a"})->source_version == 21);

  CHECK(shard.refusal(put_of(product_of("c", {variant_of("C", 1)}), PutMode::update)).code ==
        Errc::unknown_product);
}

TEST_CASE("put product: what a source deleted does not come back with an older version of it") {
  Shard shard = shard_with(5);
  PutProduct put = put_of(product_of("a", {variant_of("A", 1200)}));
  put.source_version = 20;
  shard.ask<ProductPutDone>(put);
  const std::uint64_t before = shard.state.hash();
  shard.ask<ProductPutDone>(DeleteProduct{ProductId{"a"}, {}, kNoon, 30});
  CHECK(shard.state.hash() != before);

  put.source_version = 29;
  const Error older = shard.refusal(put);
  CHECK(older.code == Errc::stale_source_version);
  CHECK(older.param == "source_version");
  PutProducts import;
  import.lines.push_back({1, put, false});
  CHECK(shard.ask<ProductsPutDone>(import).lines.at(0).error->code == Errc::stale_source_version);
  // Another copy of the shard says the same.
  CatalogState replayed{kShard};
  CatalogEffects effects;
  for (const CatalogRecord& record : shard.journal) replayed.apply(record, effects);
  CHECK(replayed.hash() == shard.state.hash());
  put.source_version = 30;
  CHECK(shard.ask<ProductPutDone>(put).created);
}

TEST_CASE("put product: a deletion is remembered for 30 days; who names no version is not bound") {
  Shard shard = shard_with(5);
  const auto forget = [&](int hours) { shard.run(ExpireDue{kNoon + std::chrono::hours{hours}}); };
  shard.ask<ProductPutDone>(DeleteProduct{ProductId{"a"}, {}, kNoon, 30});
  shard.ask<ProductPutDone>(DeleteProduct{ProductId{"b"}, {}, kNoon, 30});
  CHECK(shard.ask<ProductPutDone>(put_of(product_of("b", {variant_of("B", 1)}))).created);
  PutProduct older = put_of(product_of("a", {variant_of("A", 1200)}));
  older.source_version = 29;

  forget(30 * 24 - 1);
  CHECK(shard.refusal(older).code == Errc::stale_source_version);
  forget(30 * 24);
  CHECK(shard.ask<ProductPutDone>(older).created);
}

TEST_CASE("put product: held units keep their SKU and their stock") {
  Shard shard = shard_with(5);
  shard.ask<HoldPlacedReply>(hold_of("h", {line_of("A", 3)}));

  CHECK(shard.refusal(put_of(product_of("a", {variant_of("A2", 1000)}))).code == Errc::stock_held);
  CHECK(shard.refusal(put_of(product_of("a", {variant_of("A", 1000, 2)}))).code ==
        Errc::stock_held);
  CHECK(shard.refusal(DeleteProduct{ProductId{"a"}, {}, kNoon}).code == Errc::stock_held);

  shard.ask<ProductPutDone>(put_of(product_of("a", {variant_of("A", 1000, 3)})));
  CHECK(shard.stock("A").available() == Quantity{0});
  const auto ledger = shard.state.recent_ledger(Sku{"A"});
  REQUIRE(ledger.size() == 2);
  CHECK(ledger[0].delta == Quantity{-2});
  CHECK(ledger[0].reason == "set");
}

TEST_CASE("put product: dropped SKUs are named, foreign ones refused") {
  Shard shard = shard_with(5);
  const auto done = shard.ask<ProductPutDone>(put_of(product_of("a", {variant_of("A2", 1000)})));
  CHECK(done.dropped == std::vector<Sku>{Sku{"A"}});
  CHECK(shard.state.sku(Sku{"A"}) == nullptr);

  CHECK(shard.refusal(put_of(product_of("a", {variant_of("B", 1)}))).code == Errc::sku_taken);
  CHECK(shard.ask<ProductPutDone>(DeleteProduct{ProductId{"a"}, {}, kNoon}).dropped ==
        std::vector<Sku>{Sku{"A2"}});
  CHECK(shard.state.products_after(ProductId{}, 10) == std::vector<ProductId>{ProductId{"b"}});
}

TEST_CASE("claim SKUs: all of a command or none, idempotent for their owner") {
  Shard shard;
  const ClaimSkus first{{{Sku{"x"}, ProductId{"p"}}, {Sku{"y"}, ProductId{"p"}}}};
  CHECK(shard.ask<Claimed>(first).fresh.size() == 2);
  CHECK(shard.ask<Claimed>(first).fresh.empty());

  const auto mixed =
      shard.ask<Claimed>(ClaimSkus{{{Sku{"z"}, ProductId{"q"}}, {Sku{"x"}, ProductId{"q"}}}});
  CHECK_FALSE(mixed.taken_by[0].has_value());
  CHECK(mixed.taken_by[1] == ProductId{"p"});
  CHECK_FALSE(shard.state.claim_of(Sku{"z"}).has_value());

  shard.ask<Acknowledged>(ReleaseSkus{{{Sku{"x"}, ProductId{"q"}}, {Sku{"y"}, ProductId{"p"}}}});
  CHECK(shard.state.claim_of(Sku{"x"}) == ProductId{"p"});
  CHECK_FALSE(shard.state.claim_of(Sku{"y"}).has_value());
}

TEST_CASE("import: done lines are not done again, refused ones are tried again") {
  Shard shard;
  PutProducts run;
  run.import_id = "feed";
  run.now = kNoon;
  run.lines.push_back({1, put_of(product_of("a", {variant_of("A", 100, 5)})), false});
  run.lines.push_back({2, put_of(product_of("", {variant_of("B", 100)})), false});
  const auto first = shard.ask<ProductsPutDone>(run);
  CHECK_FALSE(first.lines[0].error.has_value());
  CHECK(first.lines[1].error->code == Errc::missing_field);

  run.lines[0].put.product.title = "not taken: line 1 is done";
  run.lines[1].put.product.id = ProductId{"b"};
  const auto second = shard.ask<ProductsPutDone>(run);
  CHECK(second.lines[0].replayed);
  CHECK_FALSE(second.lines[1].replayed);
  CHECK_FALSE(second.lines[1].error.has_value());
  CHECK(title_of(*shard.state.product(ProductId{"a"})->document) == "Title of a");
}

TEST_CASE("import: only the newest imports are remembered") {
  Shard shard;
  const auto run_of = [](int number) {
    PutProducts run;
    run.import_id = "feed-" + std::to_string(number);
    run.now = kNoon;
    run.lines.push_back({1, put_of(product_of("a", {variant_of("A", 100 + number)})), false});
    return run;
  };
  for (int i = 0; i <= 64; ++i) shard.run(run_of(i));

  CHECK(shard.ask<ProductsPutDone>(run_of(1)).lines[0].replayed);
  CHECK_FALSE(shard.ask<ProductsPutDone>(run_of(0)).lines[0].replayed);
}

// Stock.

TEST_CASE("adjust stock: deltas and settings within bounds, with a ledger") {
  Shard shard = shard_with(5);
  CHECK(shard.ask<StockLevel>(delta_of("A", 4)).entry.stock.on_hand == Quantity{9});
  CHECK(shard.ask<StockLevel>(set_of("A", 2)).entry.stock.on_hand == Quantity{2});
  AdjustStock conditional = set_of("A", 8);
  conditional.change_from = Quantity{3};
  const Error stale = shard.refusal(conditional);
  CHECK(stale.code == Errc::version_mismatch);
  CHECK(stale.items.at(0).available == 2);
  conditional.change_from = Quantity{2};
  CHECK(shard.ask<StockLevel>(conditional).entry.stock == Stock{Quantity{8}, {}, {}, Quantity{8}});

  CHECK(shard.refusal(delta_of("A", -9)).code == Errc::insufficient_stock);
  CHECK(shard.refusal(delta_of("A", 0)).code == Errc::invalid_value);
  CHECK(shard.refusal(delta_of("A", kQuantityMax.units())).code == Errc::quantity_overflow);
  CHECK(shard.refusal(delta_of("A", INT64_MAX)).code == Errc::quantity_overflow);
  CHECK(shard.refusal(delta_of("A", INT64_MIN)).code == Errc::insufficient_stock);
  CHECK(shard.refusal(set_of("A", -1)).code == Errc::invalid_value);
  CHECK(shard.refusal(set_of("?", 1)).code == Errc::unknown_sku);
  shard.ask<HoldPlacedReply>(hold_of("h", {line_of("A", 6)}));
  CHECK(shard.refusal(set_of("A", 5)).code == Errc::stock_held);
  CHECK(shard.refusal(delta_of("A", -3)).code == Errc::stock_held);

  const auto ledger = shard.state.recent_ledger(Sku{"A"});
  REQUIRE(ledger.size() == 4);
  CHECK(ledger[0].on_hand == Quantity{8});
  CHECK(ledger[0].previous == ledger[1].position);
}

TEST_CASE("adjust stock: a key acts once, and its answer stays the same") {
  Shard shard = shard_with(5);
  const AdjustStock first = keyed(delta_of("A", 4), "k1", 1, "req_1");
  const auto answer = shard.ask<StockLevel>(first);
  shard.run(delta_of("A", 1));

  const auto again = shard.run(keyed(delta_of("A", 4), "k1", 1, "req_2"));
  CHECK(again.replay.replayed);
  CHECK(again.replay.request_id == "req_1");
  CHECK(std::get<StockLevel>(*again.reply).entry.stock == answer.entry.stock);
  CHECK(shard.stock("A").on_hand == Quantity{10});
  CHECK(shard.refusal(keyed(delta_of("A", 4), "k1", 2, "req_3")).code ==
        Errc::idempotency_key_reused);

  CHECK(shard.refusal(keyed(delta_of("A", -99), "k2", 1, "req_4")).code ==
        Errc::insufficient_stock);
  shard.run(delta_of("A", 1000));
  const auto refused_again = shard.run(keyed(delta_of("A", -99), "k2", 1, "req_5"));
  REQUIRE_FALSE(refused_again.reply.has_value());
  CHECK(refused_again.reply.error().code == Errc::insufficient_stock);
  CHECK(refused_again.replay.request_id == "req_4");

  CHECK(shard.refusal(keyed(delta_of("?", 1), "k3", 1, "req_6")).code == Errc::unknown_sku);
  CHECK_FALSE(shard.run(keyed(delta_of("?", 1), "k3", 2, "req_7")).replay.replayed);
}

TEST_CASE("adjust stock: a stored answer is forgotten after a day") {
  Shard shard = shard_with(5);
  shard.run(keyed(delta_of("A", 4), "k1", 1, "req_1"));
  CHECK_FALSE(shard.state.anything_due(at_second(86'399)));
  REQUIRE(shard.state.anything_due(at_second(86'400)));
  shard.run(ExpireDue{at_second(86'400)});
  CHECK_FALSE(shard.run(keyed(delta_of("A", 4), "k1", 1, "req_2")).replay.replayed);
}

// When an answer may be given.

TEST_CASE("decide: answers wait for exactly the records they depend on") {
  Shard shard = shard_with(5);
  const Position committed = shard.state.position();
  CatalogRecord first;
  first.position = committed + 1;
  CHECK(shard.state.decide(hold_of("h1", {line_of("A", 5)}), first).answer_at == committed + 1);
  CatalogRecord second;
  second.position = committed + 2;

  const auto sold_out = shard.state.decide(hold_of("h2", {line_of("A", 1)}), second);
  CHECK_FALSE(sold_out.reply.has_value());
  CHECK(sold_out.answer_at == committed + 1);
  const auto too_many = shard.state.decide(hold_of("h3", {line_of("B", 101)}), second);
  CHECK_FALSE(too_many.reply.has_value());
  CHECK(too_many.answer_at == 0);
  const auto repeated = shard.state.decide(hold_of("h1", {line_of("A", 5)}), second);
  CHECK(repeated.reply.has_value());
  CHECK(repeated.answer_at == committed + 1);
  CHECK(second.events.empty());

  shard.state.apply(first, shard.effects);
  CHECK(shard.state.decide(hold_of("h2", {line_of("A", 1)}), second).answer_at == 0);
}

}  // namespace
}  // namespace souk::engine
