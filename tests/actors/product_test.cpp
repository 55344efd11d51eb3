#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include "checkout_shop.hpp"

using namespace souk;
using namespace souk::actors;
using namespace souk::test;
using namespace std::chrono_literals;
using engine::Errc;
using engine::ProductId;
using engine::Sku;

namespace {

WriteProduct write(Shop& shop, const std::string& id, const std::vector<std::string>& skus,
                   engine::PutMode mode = engine::PutMode::upsert) {
  WriteProduct request{shop.context(), {}};
  request.put.product = Shop::product(id, skus);
  request.put.mode = mode;
  request.put.now = shop.clock.now();
  return request;
}

RemoveProduct remove(Shop& shop, const std::string& id) {
  return {shop.context(), {ProductId{id}, std::nullopt, shop.clock.now()}};
}

ImportProducts import(Shop& shop, const std::string& import_id,
                      const std::vector<std::pair<std::string, std::vector<std::string>>>& rows) {
  ImportProducts request{shop.context(), {import_id, {}}};
  std::uint64_t number = 0;
  for (const auto& [id, skus] : rows) {
    engine::PutProducts::Line line;
    line.line = ++number;
    line.put.product = Shop::product(id, skus);
    line.put.now = shop.clock.now();
    request.chunk.lines.push_back(std::move(line));
  }
  return request;
}

std::set<std::string> skus_of(Shop& shop, const std::string& id) {
  const auto reading =
      shop.get<CatalogReading>(shop.direct->catalog_at(id).actor,
                               ReadCatalog{ReadProduct{ProductId{id}}, 0, Deadline::max()});
  std::set<std::string> skus;
  if (!reading.finding) return skus;
  for (const Sku& sku : std::get<engine::ProductView>(*reading.finding).entry.skus) {
    skus.insert(sku.str());
  }
  return skus;
}

/// Claims a SKU for a product that is never put, as a crash between the two leaves it.
void leave_claim(Shop& shop, const std::string& sku, const std::string& product) {
  const auto& link = shop.direct->catalog_at(sku);
  REQUIRE(link.publication->enter());
  const auto answer = shop.get<CatalogAnswer>(
      link.actor,
      WriteCatalog{engine::ClaimSkus{{{Sku{sku}, ProductId{product}}}}, Deadline::max()});
  REQUIRE(answer.reply);
}

}  // namespace

TEST_CASE("product: a put answers the product as stored and claims its SKUs") {
  Shop shop;

  const auto answer = shop.get<ProductAnswer>(shop.products, write(shop, "p", {"A", "B"}));

  REQUIRE(answer.reply);
  CHECK(answer.reply->created);
  CHECK(answer.reply->product.entry.version == 1);
  CHECK(answer.reply->product.skus.size() == 2);
  CHECK(answer.token.position_of(shop.shard_of_product("p")) > 0);
  CHECK(shop.claim("A") == ProductId{"p"});
  CHECK(shop.directory->find(Sku{"B"}) == engine::slot_of("p"));
}

TEST_CASE("product: a SKU of another product is refused by name and nothing stays claimed") {
  Shop shop;
  REQUIRE(shop.get<ProductAnswer>(shop.products, write(shop, "p", {"A"})).reply);

  const auto answer =
      shop.get<ProductAnswer>(shop.products, write(shop, "q", {"N1", "N2", "N3", "A"}));
  shop.run();

  CHECK(answer.reply.error().code == Errc::sku_taken);
  CHECK(answer.reply.error().param == "variants[3].sku");
  for (const char* sku : {"N1", "N2", "N3"}) CHECK_FALSE(shop.claim(sku));
  CHECK(shop.claim("A") == ProductId{"p"});
}

TEST_CASE("product: a refused put lets go of what it claimed, not of what the product has") {
  Shop shop;
  REQUIRE(shop.get<ProductAnswer>(shop.products, write(shop, "p", {"A"})).reply);

  auto stale = write(shop, "p", {"A", "B"});
  stale.put.if_version = 7;
  const auto answer = shop.get<ProductAnswer>(shop.products, std::move(stale));
  shop.run();

  CHECK(answer.reply.error().code == Errc::version_mismatch);
  CHECK(shop.claim("A") == ProductId{"p"});
  CHECK_FALSE(shop.claim("B"));
}

TEST_CASE("product: dropped and deleted SKUs are free for others") {
  Shop shop;
  REQUIRE(shop.get<ProductAnswer>(shop.products, write(shop, "p", {"A", "B"})).reply);

  REQUIRE(shop.get<ProductAnswer>(shop.products, write(shop, "p", {"A"})).reply);
  shop.run();
  CHECK_FALSE(shop.claim("B"));
  REQUIRE(shop.get<ProductAnswer>(shop.products, write(shop, "q", {"B"})).reply);

  auto held = shop.checkout("k", {{"A", 1}}, "tok_slow");
  shop.run();
  CHECK(shop.get<RemoveAnswer>(shop.products, remove(shop, "p")).reply.error().code ==
        Errc::stock_held);
  shop.pass(1200ms);
  REQUIRE((*held)->reply);
  REQUIRE(shop.get<RemoveAnswer>(shop.products, remove(shop, "p")).reply);
  shop.run();
  CHECK_FALSE(shop.claim("A"));
  CHECK(shop.get<RemoveAnswer>(shop.products, remove(shop, "p")).reply.error().code ==
        Errc::unknown_product);
}

TEST_CASE("product: a claim without a product is taken over") {
  Shop shop;
  leave_claim(shop, "A", "ghost");
  REQUIRE(shop.get<ProductAnswer>(shop.products, write(shop, "other", {"X"})).reply);
  leave_claim(shop, "B", "other");

  const auto answer = shop.get<ProductAnswer>(shop.products, write(shop, "p", {"A", "B"}));

  REQUIRE(answer.reply);
  CHECK(shop.claim("A") == ProductId{"p"});
  CHECK(shop.claim("B") == ProductId{"p"});
  CHECK(shop.claim("X") == ProductId{"other"});
}

TEST_CASE("product: an import refuses only the lines at fault, in order") {
  Shop shop;
  REQUIRE(shop.get<ProductAnswer>(shop.products, write(shop, "p", {"A"})).reply);

  auto request =
      import(shop, "", {{"q1", {"B"}}, {"q2", {"A"}}, {"q3", {"C", "D"}}, {"q4", {"B"}}});
  request.chunk.lines[2].put.product.title = std::string(engine::kTitleMax + 1, 'x');
  const auto answer = shop.get<ImportAnswer>(shop.products, std::move(request));
  shop.run();

  REQUIRE(answer.reply);
  const auto& lines = answer.reply->lines;
  REQUIRE(lines.size() == 4);
  CHECK_FALSE(lines[0].error);
  CHECK(lines[1].error->code == Errc::sku_taken);
  CHECK(lines[2].error->code == Errc::invalid_value);
  CHECK(lines[3].error->code == Errc::sku_taken);
  for (std::size_t i = 0; i < 4; ++i) CHECK(lines[i].line == i + 1);
  CHECK(shop.claim("B") == ProductId{"q1"});
  CHECK_FALSE(shop.claim("C"));
  CHECK(skus_of(shop, "q4").empty());
}

TEST_CASE("product: a repeated import does no line twice") {
  Shop shop;
  const auto rows =
      std::vector<std::pair<std::string, std::vector<std::string>>>{{"q1", {"B"}}, {"q2", {"C"}}};
  REQUIRE(shop.get<ImportAnswer>(shop.products, import(shop, "imp", rows)).reply);
  REQUIRE(shop.get<ProductAnswer>(shop.products, write(shop, "q2", {"C2"})).reply);
  shop.run();

  const auto again = shop.get<ImportAnswer>(shop.products, import(shop, "imp", rows));
  shop.run();

  REQUIRE(again.reply);
  for (const auto& line : again.reply->lines) {
    CHECK(line.replayed);
    CHECK_FALSE(line.error);
  }
  // The line that was done before claims nothing back for what the product has dropped since.
  CHECK(skus_of(shop, "q2") == std::set<std::string>{"C2"});
  CHECK_FALSE(shop.claim("C"));
  CHECK(shop.claim("B") == ProductId{"q1"});
}

TEST_CASE("product: several lines of one product in one chunk keep its claims in step") {
  Shop shop;

  auto request =
      import(shop, "", {{"q", {"A", "B"}}, {"q", {"B"}}, {"q", {"A", "C"}}, {"r", {"R"}}});
  const auto answer = shop.get<ImportAnswer>(shop.products, std::move(request));
  shop.run();

  REQUIRE(answer.reply);
  CHECK(skus_of(shop, "q") == std::set<std::string>{"A", "C"});
  CHECK(shop.claim("A") == ProductId{"q"});
  CHECK(shop.claim("C") == ProductId{"q"});
  CHECK_FALSE(shop.claim("B"));
}

TEST_CASE("product: whatever is written at once, lost or killed, no SKU belongs to two products") {
  constexpr int kProducts = 6;
  constexpr int kSkus = 5;
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    CAPTURE(seed);
    Shop shop{{.seed = seed}};
    const auto losses = shop.random() % 30;
    shop.fault = [&](const std::string&) {
      if (shop.random() % 100 >= losses) return Fault::none;
      constexpr std::array kFaults{Fault::overloaded, Fault::timed_out};
      return kFaults[shop.random() % kFaults.size()];
    };
    const auto some_skus = [&] {
      std::set<std::string> skus;
      for (auto count = 1 + shop.random() % 2; count > 0; --count) {
        skus.insert("S" + std::to_string(shop.random() % kSkus));
      }
      return std::vector<std::string>(skus.begin(), skus.end());
    };

    for (int i = 0; i < 60; ++i) {
      const std::string id = "p" + std::to_string(shop.random() % kProducts);
      switch (shop.random() % 6) {
        case 0:
          shop.ask<RemoveAnswer>(shop.products, remove(shop, id));
          break;
        case 1:
          shop.ask<ImportAnswer>(
              shop.products,
              import(shop, "",
                     {{id, some_skus()},
                      {"p" + std::to_string(shop.random() % kProducts), some_skus()}}));
          break;
        default:
          shop.ask<ProductAnswer>(shop.products, write(shop, id, some_skus()));
      }
      shop.run_some(shop.random() % 60);
      if (shop.random() % 25 == 0) shop.crash();
    }
    shop.fault = nullptr;
    shop.pass(100ms);

    std::map<std::string, std::string> owner;
    for (int i = 0; i < kProducts; ++i) {
      const std::string id = "p" + std::to_string(i);
      for (const std::string& sku : skus_of(shop, id)) {
        CAPTURE(sku);
        CHECK(owner.emplace(sku, id).second);
        CHECK(shop.claim(sku) == ProductId{id});
      }
    }
    // No claim that was left behind keeps a SKU from anyone.
    for (int i = 0; i < kSkus; ++i) {
      const std::string sku = "S" + std::to_string(i);
      if (owner.contains(sku)) continue;
      CHECK(shop.get<ProductAnswer>(shop.products, write(shop, "fresh-" + sku, {sku})).reply);
    }
  }
}
