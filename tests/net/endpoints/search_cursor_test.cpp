#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

constexpr int kProducts = 3000;

std::string line_of(int number, int price, int stock) {
  const std::string n = std::to_string(number);
  return R"({"id":"p)" + n + R"(","title":"Red shoe )" + n + R"(","sku":"s)" + n +
         R"(","price":{"amount":)" + std::to_string(price) + R"(,"currency":"EUR"},"stock":)" +
         std::to_string(stock) + "}\n";
}

void import(net::HttpClient& client, const std::string& lines) {
  const auto reply = client.request("POST", "/v1/products:import?action=upsert", lines,
                                    {{"Content-Type", "application/x-ndjson"}});
  REQUIRE(reply);
  REQUIRE(reply->status == 200);
}

/// All ids of a walk or of numbered pages, as they come.
std::vector<std::string> collect(Shop& shop, bool by_cursor) {
  std::vector<std::string> ids;
  std::string cursor = "*";
  std::string found;
  for (int page = 1; page < 1000; ++page) {
    const std::string where = by_cursor ? "cursor=" + cursor : "page=" + std::to_string(page);
    const auto reply = shop.ask("GET", "/v1/search?q=shoe&sort_by=price:asc&per_page=100&" + where);
    REQUIRE(reply.status == 200);
    const auto json = json_of(reply);
    const auto& hits = json.at("hits").as_array();
    for (const auto& hit : hits) ids.push_back(at(hit, "document/id"));
    if (page == 1) found = at(reply, "found");
    if (by_cursor) CHECK(at(reply, "found") == found);
    cursor = at(reply, "cursor");
    if (hits.size() < 100 || (by_cursor && cursor.empty())) break;
  }
  if (by_cursor) CHECK(std::to_string(ids.size()) == found);
  return ids;
}

}  // namespace

TEST_CASE("cursor: every product of the first page's instant once and in order while writes run") {
  Shop shop;
  std::string lines;
  for (int i = 0; i < kProducts; ++i) lines += line_of(i, 1000 + i, 3);
  net::HttpClient importer = shop.client();
  import(importer, lines);

  std::atomic<bool> stop{false};
  std::thread writer{[&] {
    net::HttpClient client = shop.client();
    for (int round = 0; !stop; ++round) {
      std::string changes;
      for (int i = 0; i < 100; ++i) {
        const int number = (round * 37 + i * 29) % (kProducts + 500);
        changes += line_of(number, 1000 + (number * 7919 + round) % 5000, round % 3);
      }
      import(client, changes);
    }
  }};
  const auto walked = collect(shop, true);
  // Positive control: pages by number see each their own state. On a busy machine nothing may be
  // written during one walk.
  bool repeats_or_misses = false;
  for (int walk = 0; walk < 20 && !repeats_or_misses; ++walk) {
    const auto numbered = collect(shop, false);
    const std::set<std::string> seen{numbered.begin(), numbered.end()};
    repeats_or_misses = seen.size() != numbered.size();
    for (int i = 0; i < kProducts; ++i)
      repeats_or_misses = repeats_or_misses || !seen.contains("p" + std::to_string(i));
  }
  CHECK(repeats_or_misses);
  stop = true;
  writer.join();

  const std::set<std::string> distinct{walked.begin(), walked.end()};
  CHECK(distinct.size() == walked.size());
  CHECK(walked.size() >= static_cast<std::size_t>(kProducts));
}

TEST_CASE("cursor: opaque, sealed, of one query; what is gone is 410") {
  Shop shop;
  std::string lines;
  for (int i = 0; i < 50; ++i) lines += line_of(i, 1000 + i, 3);
  net::HttpClient importer = shop.client();
  import(importer, lines);
  const auto ask = [&](const std::string& rest) {
    return shop.ask("GET", "/v1/search?sort_by=price:asc&per_page=20&" + rest);
  };

  const std::string second = at(ask("q=shoe&cursor=*"), "cursor");
  REQUIRE_FALSE(second.empty());
  CHECK(second.size() < 200);
  CHECK(at(ask("q=shoe&cursor=" + second), "hits/0/document/id") == "p20");
  CHECK(at(ask("q=shoe&cursor=" + second), "hits/0/document/id") == "p20");
  const std::string third = at(ask("q=shoe&cursor=" + second), "cursor");
  CHECK(at(ask("q=shoe&cursor=" + third), "hits/9/document/id") == "p49");
  CHECK(at(ask("q=shoe&cursor=" + third), "cursor").empty());
  CHECK(at(ask("q=shoe"), "cursor").empty());

  CHECK(at(ask("q=red&cursor=" + second), "param") == "cursor");
  std::string forged = second;
  forged[4] = forged[4] == 'A' ? 'B' : 'A';
  CHECK(ask("q=shoe&cursor=" + forged).status == 422);
  CHECK(ask("q=shoe&cursor=nothing").status == 422);
  CHECK(ask("q=shoe&cursor=*&page=2").status == 422);
  CHECK(ask("q=shoe&cursor=*&group_by=brand").status == 422);

  shop.restart();
  const auto gone = ask("q=shoe&cursor=" + second);
  CHECK(gone.status == 410);
  CHECK(at(gone, "code") == "cursor_expired");
}

}  // namespace souk::test
