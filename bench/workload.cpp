#include "bench/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "bench/retrying_client.hpp"

namespace souk::bench {
namespace {

constexpr std::size_t kLinesPerImport = 1000;

std::string sku_name(std::uint64_t seed, std::size_t number) {
  return fmt::format("BENCH-{}-{:06}", seed, number);
}

std::string product_name(std::uint64_t seed, std::size_t number) {
  return fmt::format("bench-{}-{:06}", seed, number);
}

engine::ShardMap equal_shards(const Scenario& scenario) {
  engine::ShardMap map;
  map.ranges = engine::equal_ranges(engine::Service::catalog, scenario.catalog_shards);
  const auto orders = engine::equal_ranges(engine::Service::orders, scenario.order_shards);
  map.ranges.insert(map.ranges.end(), orders.begin(), orders.end());
  return map;
}

std::int64_t as_integer(const boost::json::value& object, std::string_view field) {
  return object.at(boost::json::string_view{field.data(), field.size()}).to_number<std::int64_t>();
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", byte);
    }
  }
  return encoded;
}

std::string some_words(const std::vector<std::string>& titles, std::size_t count, Random& random) {
  const std::string& title = titles[random.below(titles.size())];
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  while (start < title.size()) {
    const std::size_t end = std::min(title.find(' ', start), title.size());
    if (end > start) parts.push_back(std::string_view{title}.substr(start, end - start));
    start = end + 1;
  }
  std::string chosen;
  const std::size_t first = parts.size() > count ? random.below(parts.size() - count + 1) : 0;
  for (std::size_t i = first; i < std::min(parts.size(), first + count); ++i) {
    if (!chosen.empty()) chosen.push_back(' ');
    chosen += parts[i];
  }
  return chosen;
}

Workload::Workload(const Scenario& scenario, const Target& target)
    : scenario_{scenario},
      target_{target},
      random_{scenario.seed},
      popularity_{scenario.skus, scenario.zipf},
      shards_{equal_shards(scenario)} {
  // The run's own name keeps keys and orders of two runs against one server apart.
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  run_ = fmt::format("{}-{}", scenario.seed,
                     std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  log_.customer = fmt::format("bench-{}@example.org", run_);
}

void Workload::prepare(Caller& caller) {
  if (scenario_.checkout > 0 || scenario_.stock_change > 0 || scenario_.visible > 0) {
    for (std::size_t i = 0; i < scenario_.skus; ++i) {
      log_.skus.push_back(sku_name(scenario_.seed, i));
      shard_of_sku_.push_back(
          shards_
              .shard_of(engine::Service::catalog, engine::slot_of(product_name(scenario_.seed, i)))
              .name());
    }
    const std::size_t chunks = (scenario_.skus + kLinesPerImport - 1) / kLinesPerImport;
    std::size_t imported = 0;
    caller.each(
        chunks,
        [&](std::size_t chunk) {
          std::string body;
          const std::size_t end = std::min(scenario_.skus, (chunk + 1) * kLinesPerImport);
          for (std::size_t i = chunk * kLinesPerImport; i < end; ++i) {
            body += fmt::format(
                R"({{"id":"{}","title":"Bench item {}","brand":"Bench","sku":"{}","price":{{"amount":{},"currency":"EUR"}},"stock":{}}})"
                "\n",
                product_name(scenario_.seed, i), i, log_.skus[i], 100 + i % 9000,
                scenario_.units_per_sku);
          }
          return make_request("POST", "/v1/products:import?action=upsert", target_.authority(),
                              target_.key, body, {}, "application/x-ndjson");
        },
        [&](std::size_t, int status, std::string_view body) {
          if (status != 200 || body.find("\"ok\":false") != std::string_view::npos) {
            throw std::runtime_error(fmt::format("importing the bench's products failed ({}): {}",
                                                 status, body.substr(0, 500)));
          }
          imported += kLinesPerImport;
          std::fprintf(stderr, "\rprepare: %zu of %zu SKUs", std::min(imported, scenario_.skus),
                       scenario_.skus);
        });
    std::fputc('\n', stderr);
    log_.sold_before.resize(scenario_.skus);
    log_.on_hand_before.resize(scenario_.skus);
    caller.each(
        scenario_.skus,
        [&](std::size_t i) {
          return make_request("GET", "/v1/inventory/" + log_.skus[i], target_.authority(),
                              target_.key);
        },
        [&](std::size_t i, int status, std::string_view body) {
          if (status != 200)
            throw std::runtime_error(fmt::format("GET /v1/inventory/{}: {}", log_.skus[i], status));
          const auto level = boost::json::parse(boost::json::string_view{body.data(), body.size()});
          log_.sold_before[i] = as_integer(level, "sold");
          log_.on_hand_before[i] = as_integer(level, "on_hand");
        });
  }
  if (scenario_.search > 0 || scenario_.as_you_type > 0) {
    std::string after;
    while (titles_.size() < 5000) {
      const boost::json::value page = caller.get(
          "/v1/products?limit=250" + (after.empty() ? "" : "&after=" + percent_encode(after)));
      for (const boost::json::value& product : page.at("data").as_array()) {
        const boost::json::string& title = product.at("title").as_string();
        titles_.emplace_back(title.data(), title.size());
      }
      if (!page.at("has_more").as_bool()) break;
      const boost::json::string& cursor = page.at("next_cursor").as_string();
      after.assign(cursor.data(), cursor.size());
    }
    if (titles_.empty())
      throw std::runtime_error(
          "there are no products to search: import some first (souk generate | souk import -)");
  }
}

std::string Workload::words(std::size_t count) {
  return some_words(titles_, count, random_);
}

Workload::Operation Workload::search() {
  std::string target = fmt::format("/v1/search?q={}&per_page={}",
                                   percent_encode(words(1 + random_.below(3))), scenario_.per_page);
  for (std::size_t i = 0; i < scenario_.facets.size(); ++i)
    target += (i == 0 ? "&facet_by=" : ",") + scenario_.facets[i];
  if (random_.unit() < scenario_.filtered) {
    const std::uint64_t low = random_.below(20'000);
    target += "&filter_by=" +
              percent_encode(fmt::format("in_stock:true && price:[{}..{}]", low, low + 20'000));
  }
  return {"search", make_request("GET", target, target_.authority(), target_.key),
          nullptr,  std::nullopt,
          false,    {}};
}

Workload::Operation Workload::as_you_type() {
  if (typed_length_ >= typed_.size()) {
    typed_ = words(1 + random_.below(2));
    typed_length_ = std::min<std::size_t>(2, typed_.size());
  } else {
    ++typed_length_;
  }
  // Never cut a character of several bytes in two.
  while (typed_length_ < typed_.size() &&
         (static_cast<unsigned char>(typed_[typed_length_]) & 0xc0U) == 0x80U)
    ++typed_length_;
  const std::string target =
      fmt::format("/v1/search?q={}&per_page={}", percent_encode(typed_.substr(0, typed_length_)),
                  scenario_.per_page);
  return {"as_you_type", make_request("GET", target, target_.authority(), target_.key),
          nullptr,       std::nullopt,
          false,         {}};
}

std::string Workload::checkout_request(const Attempt& attempt) const {
  std::string body = R"({"lines":[)";
  for (const auto& [sku, quantity] : attempt.lines) {
    if (body.back() == '}') body.push_back(',');
    body += fmt::format(R"({{"sku":"{}","quantity":{}}})", log_.skus[sku], quantity);
  }
  body += fmt::format(
      R"(],"customer":{{"email":"{}"}},"payment":{{"provider":"test","token":"tok_ok"}}}})",
      log_.customer);
  return make_request("POST", "/v1/checkouts", target_.authority(), target_.key, body,
                      "Idempotency-Key: " + attempt.key + "\r\n");
}

Workload::Operation Workload::checkout() {
  if (scenario_.repeats > 0 && !log_.attempts.empty() && random_.unit() < scenario_.repeats) {
    const std::size_t index = random_.below(log_.attempts.size());
    return {"checkout_repeat",
            checkout_request(log_.attempts[index]),
            [this, index](const HttpAnswer& answer) {
              const Attempt& first = log_.attempts[index];
              if (answer.status != 201 || first.status != 201) return;
              if (!answer.header("Location").ends_with(first.order_id)) {
                log_.contradictions.push_back(
                    fmt::format("key {} was answered with two orders", first.key));
              }
            },
            std::nullopt,
            true,
            {}};
  }
  Attempt attempt;
  const std::size_t index = log_.attempts.size();
  attempt.key = fmt::format("{}-{}", run_, index);
  const std::size_t lines =
      scenario_.lines_min + random_.below(scenario_.lines_max - scenario_.lines_min + 1);
  for (std::size_t i = 0; i < std::min(lines, scenario_.skus); ++i) {
    const auto sku = static_cast<std::uint32_t>(popularity_.draw(random_));
    const bool twice = std::any_of(attempt.lines.begin(), attempt.lines.end(),
                                   [&](const auto& line) { return line.first == sku; });
    if (!twice)
      attempt.lines.emplace_back(sku, 1 + static_cast<std::int64_t>(random_.below(
                                              static_cast<std::uint64_t>(scenario_.quantity_max))));
  }
  log_.attempts.push_back(attempt);
  std::vector<std::uint32_t> skus;
  for (const auto& line : attempt.lines) skus.push_back(line.first);
  return {"checkout",
          checkout_request(attempt),
          [this, index](const HttpAnswer& answer) {
            Attempt& noted = log_.attempts[index];
            // Its twin is still under way: what becomes of it is asked at the end.
            noted.status = worth_repeating(answer) ? 0 : answer.status;
            if (answer.status != 201) return;
            const std::string_view location = answer.header("Location");
            noted.order_id = std::string{location.substr(location.rfind('/') + 1)};
          },
          std::nullopt,
          true,
          std::move(skus)};
}

std::string Workload::adjustment_request(const Adjustment& adjustment) const {
  return make_request(
      "POST", "/v1/inventory/" + log_.skus[adjustment.sku] + "/adjustments", target_.authority(),
      target_.key,
      fmt::format(R"({{"delta":{},"reason":"received","reference":"bench"}})", adjustment.delta),
      "Idempotency-Key: " + adjustment.key + "\r\n");
}

std::size_t Workload::adjust(std::size_t sku, std::int64_t delta, std::string key) {
  log_.adjustments.push_back({std::move(key), sku, delta, 0});
  return log_.adjustments.size() - 1;
}

Workload::Operation Workload::stock_change() {
  const std::size_t sku = popularity_.draw(random_);
  const auto delta = static_cast<std::int64_t>(1 + random_.below(5));
  const std::size_t index =
      adjust(sku, delta, fmt::format("{}-s-{}", run_, log_.adjustments.size()));
  return {"stock_change",
          adjustment_request(log_.adjustments[index]),
          [this, index](const HttpAnswer& answer) {
            log_.adjustments[index].status = worth_repeating(answer) ? 0 : answer.status;
          },
          std::nullopt,
          true,
          {static_cast<std::uint32_t>(sku)}};
}

std::optional<engine::Slot> Workload::slot_of(const Operation& operation) const {
  if (!operation.write || operation.skus.empty()) return std::nullopt;
  return engine::slot_of(product_name(scenario_.seed, operation.skus.front()));
}

std::vector<std::string> Workload::shards_of(const Operation& operation,
                                             const HttpAnswer& answer) const {
  std::vector<std::string> shards;
  for (const std::uint32_t sku : operation.skus) {
    const std::string& shard = shard_of_sku_[sku];
    if (std::find(shards.begin(), shards.end(), shard) == shards.end()) shards.push_back(shard);
  }
  const std::string_view location = answer.header("Location");
  if (const std::size_t id = location.rfind("/ord_"); id != std::string_view::npos) {
    const auto slot = engine::slot_of(location.substr(id + 1));
    shards.push_back(shards_.shard_of(engine::Service::orders, slot).name());
  }
  return shards;
}

// One SKU after the other, so that no two changes of one SKU are under way at once.
Workload::Operation Workload::visible_change() {
  const std::size_t sku = next_visible_++ % log_.skus.size();
  const std::size_t index = adjust(sku, 1, fmt::format("{}-v-{}", run_, next_visible_));
  const auto since = std::chrono::steady_clock::now();
  return {"stock_change",
          adjustment_request(log_.adjustments[index]),
          [this, index, sku, since](const HttpAnswer& answer) {
            log_.adjustments[index].status = worth_repeating(answer) ? 0 : answer.status;
            if (answer.status / 100 != 2) return;
            const auto level = boost::json::parse(
                boost::json::string_view{answer.body.data(), answer.body.size()});
            follow_ups_.push_back(visible_search(sku, as_integer(level, "available"), since));
          },
          std::nullopt,
          true,
          {static_cast<std::uint32_t>(sku)}};
}

Workload::Operation Workload::visible_search(std::size_t sku, std::int64_t available,
                                             SteadyTime since) {
  const std::string target =
      "/v1/search?q=*&filter_by=" + percent_encode("sku:=`" + log_.skus[sku] + "`");
  return {"change_to_searched",
          make_request("GET", target, target_.authority(), target_.key),
          [this, sku, available](const HttpAnswer& answer) {
            if (answer.status != 200) return;
            const std::string wanted = fmt::format("\"available\":{}", available);
            if (answer.body.find(wanted) == std::string_view::npos) {
              log_.contradictions.push_back(fmt::format(
                  "a search after the acknowledged change of {} does not show {} available",
                  log_.skus[sku], available));
            }
          },
          since,
          false,
          {}};
}

Workload::Operation Workload::next() {
  if (!follow_ups_.empty()) {
    Operation operation = std::move(follow_ups_.front());
    follow_ups_.pop_front();
    return operation;
  }
  const double sum = scenario_.search + scenario_.as_you_type + scenario_.checkout +
                     scenario_.stock_change + scenario_.visible + scenario_.trivial;
  double choice = random_.unit() * sum;
  if ((choice -= scenario_.search) < 0) return search();
  if ((choice -= scenario_.as_you_type) < 0) return as_you_type();
  if ((choice -= scenario_.checkout) < 0) return checkout();
  if ((choice -= scenario_.stock_change) < 0) return stock_change();
  if ((choice -= scenario_.visible) < 0) return visible_change();
  return {"http",  make_request("GET", "/livez", target_.authority(), target_.key),
          nullptr, std::nullopt,
          false,   {}};
}

bool Workload::exhausted() const {
  return scenario_.attempts > 0 && log_.attempts.size() >= scenario_.attempts;
}

}  // namespace souk::bench
