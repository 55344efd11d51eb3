#include "bench/shop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <functional>
#include <stdexcept>

#include "bench/owners.hpp"
#include "bench/workload.hpp"

namespace souk::bench {
namespace {

namespace json = boost::json;

constexpr std::size_t kTitlesMax = 5000;
constexpr std::array<std::string_view, 3> kLevels{"price", "stock", "available"};
constexpr std::array<std::string_view, 4> kMade{"variants", "version", "created_at", "updated_at"};

std::string_view text_of(const json::value& value) {
  const json::string& text = value.as_string();
  return {text.data(), text.size()};
}

std::int64_t price_of(const json::value& object) {
  return object.at("price").at("amount").to_number<std::int64_t>();
}

/// "sku":"…","options":{…}, and so on: all members but some, a comma behind each.
template <std::size_t N>
std::string members_but(const json::object& object,
                        const std::array<std::string_view, N>& left_out) {
  std::string members;
  for (const auto& [key, value] : object) {
    const std::string_view name{key.data(), key.size()};
    if (std::find(left_out.begin(), left_out.end(), name) != left_out.end()) continue;
    members += json::serialize(json::string_view{key}) + ":" + json::serialize(value) + ",";
  }
  return members;
}

std::uint64_t hash_of(std::string_view id) {
  return std::hash<std::string_view>{}(id);
}

bool is_on_sale(const json::value& product) {
  return text_of(product.at("status")) == "active" && product.at("available_at").is_null();
}

void watch(const json::value& product, const ProductPlaces& places, Shop& shop, ChangeBook& book) {
  WatchedProduct watched;
  std::vector<Level> levels;
  watched.id = text_of(product.at("id"));
  const auto shard = places.shard_of(watched.id);
  if (!shard) throw std::runtime_error("GET /v1/cluster names no shard of " + watched.id);
  watched.shard = *shard;
  for (const json::value& variant : product.at("variants").as_array()) {
    watched.currency = text_of(variant.at("price").at("currency"));
    watched.skus.emplace_back(text_of(variant.at("sku")));
    watched.fixed.push_back(members_but(variant.as_object(), kLevels));
    levels.push_back({price_of(variant), variant.at("available").to_number<std::int64_t>()});
  }
  watched.text = members_but(product.as_object(), kMade);
  shop.numbers.emplace(watched.id, book.add(watched.id, std::move(levels)));
  shop.watched.push_back(std::move(watched));
}

}  // namespace

Shop read_shop(Caller& caller, std::size_t watched, bool all, ChangeBook& book) {
  Shop shop;
  const ProductPlaces places{caller.get("/v1/cluster")};
  std::string after;
  for (bool more = true; more;) {
    const std::string path =
        "/v1/products?limit=250" + (after.empty() ? "" : "&after=" + percent_encode(after));
    caller.each(
        1,
        [&](std::size_t) {
          return make_request("GET", path, caller.target().authority(), caller.target().key);
        },
        [&](std::size_t, int status, std::string_view body) {
          if (status != 200) throw std::runtime_error(fmt::format("GET {}: {}", path, status));
          json::monotonic_resource memory;
          const json::value page =
              json::parse(json::string_view{body.data(), body.size()}, &memory);
          for (const json::value& product : page.at("data").as_array()) {
            if (!is_on_sale(product)) continue;
            shop.ids.push_back(hash_of(text_of(product.at("id"))));
            if (shop.titles.size() < kTitlesMax)
              shop.titles.emplace_back(text_of(product.at("title")));
            if (shop.watched.size() < watched) watch(product, places, shop, book);
          }
          more = page.at("has_more").as_bool() && (all || shop.watched.size() < watched);
          if (more) after = text_of(page.at("next_cursor"));
        });
    if (!more || shop.ids.size() % 10'000 < 250)
      std::fprintf(stderr, "\rprepare: %zu products ", shop.ids.size());
  }
  std::fputc('\n', stderr);
  if (shop.ids.empty()) {
    throw std::runtime_error(
        "there are no products to search: import some first (souk generate | souk import -)");
  }
  return shop;
}

namespace {

SeenHit seen_hit(const json::value& document, std::uint32_t number, const WatchedProduct& product) {
  SeenHit hit;
  hit.product = number;
  const json::value& availability = document.at("availability");
  hit.shown = {price_of(document), availability.at("available").to_number<std::int64_t>()};
  hit.matched.resize(product.skus.size());
  for (const json::value& sku : availability.at("matched_skus").as_array()) {
    const auto place = std::find(product.skus.begin(), product.skus.end(), text_of(sku));
    if (place != product.skus.end())
      hit.matched[static_cast<std::size_t>(place - product.skus.begin())] = true;
  }
  for (const json::value& variant : document.at("variants").as_array())
    hit.levels.push_back({price_of(variant), variant.at("available").to_number<std::int64_t>()});
  return hit;
}

}  // namespace

SeenPage read_page(std::string_view body, const Shop& shop, bool levels,
                   const std::optional<LevelFilter>& filter, ChangeBook& book) {
  SeenPage seen;
  json::monotonic_resource memory;
  try {
    const json::value page = json::parse(json::string_view{body.data(), body.size()}, &memory);
    seen.exact = page.at("consistency").at("exact").as_bool();
    seen.token = text_of(page.at("consistency").at("token"));
    if (const auto* cursor = page.as_object().if_contains("cursor")) seen.cursor = text_of(*cursor);
    const auto positions = positions_in(seen.token);
    for (const json::value& hit : page.at("hits").as_array()) {
      const json::value& document = hit.at("document");
      const std::string_view id = text_of(document.at("id"));
      seen.ids.push_back(hash_of(id));
      if (!levels) continue;
      seen.prices.push_back(price_of(document));
      const auto number = shop.numbers.find(std::string{id});
      if (number == shop.numbers.end() || !seen.exact) continue;
      const WatchedProduct& product = shop.watched[number->second];
      SeenHit one = seen_hit(document, number->second, product);
      const auto position = positions.find(product.shard);
      if (position == positions.end()) continue;
      one.position = position->second;
      one.filter = filter;
      book.see(one);
    }
    seen.readable = true;
  } catch (const std::exception&) {
    seen.readable = false;
  }
  return seen;
}

}  // namespace souk::bench
