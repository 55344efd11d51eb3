#include "bench/verdict.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <map>
#include <thread>
#include <unordered_map>

#include "bench/timeline.hpp"

namespace souk::bench {
namespace {

namespace json = boost::json;

struct Level {
  std::int64_t on_hand = 0, held = 0, sold = 0, available = 0;
  bool lost = false;
};

struct StoredOrder {
  std::uint32_t count = 0;
  std::map<std::string, std::int64_t> units;
  bool totals_right = true;
};

std::string text_of(const json::value& value) {
  const json::string& text = value.as_string();
  return {text.data(), text.size()};
}

json::value parse(std::string_view body) {
  return json::parse(json::string_view{body.data(), body.size()});
}

bool in_progress(int status, std::string_view body) {
  return status == 504 || body.find("idempotency_in_progress") != std::string_view::npos;
}

/// Every change of a stock must end too: what was cut off is asked again under its key.
void resolve_adjustments(Workload& workload, Caller& caller, Verdict& verdict) {
  std::vector<Adjustment*> open;
  for (Adjustment& adjustment : workload.log().adjustments) {
    if (adjustment.status == 0 || failed(adjustment.status)) open.push_back(&adjustment);
  }
  for (int round = 0; round < 50 && !open.empty(); ++round) {
    std::vector<Adjustment*> still;
    caller.each(
        open.size(), [&](std::size_t i) { return workload.adjustment_request(*open[i]); },
        [&](std::size_t i, int status, std::string_view body) {
          if (in_progress(status, body)) {
            still.push_back(open[i]);
            return;
          }
          open[i]->status = status;
          ++verdict.resolved_unknown;
        });
    open.swap(still);
    if (!open.empty()) std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  for (const Adjustment* adjustment : open)
    verdict.violate(fmt::format("stock change {} is still undecided", adjustment->key));
}

/// Every checkout must end as an order or a refusal: what was cut off is asked again under its key.
void resolve_unknown(Workload& workload, Caller& caller, Verdict& verdict) {
  std::vector<Attempt*> open;
  for (Attempt& attempt : workload.log().attempts) {
    const bool definite = attempt.status == 201 || attempt.status == 402 || attempt.status == 409 ||
                          attempt.status == 422;
    if (!definite) open.push_back(&attempt);
  }
  for (int round = 0; round < 50 && !open.empty(); ++round) {
    std::vector<Attempt*> still;
    caller.each(
        open.size(), [&](std::size_t i) { return workload.checkout_request(*open[i]); },
        [&](std::size_t i, int status, std::string_view body) {
          if (in_progress(status, body)) {
            still.push_back(open[i]);
            return;
          }
          open[i]->status = status;
          ++verdict.resolved_unknown;
          if (status == 201) open[i]->order_id = text_of(parse(body).at("id"));
        });
    open.swap(still);
    if (!open.empty()) std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  for (const Attempt* attempt : open)
    verdict.violate(fmt::format("checkout {} is still undecided", attempt->key));
}

std::vector<Level> read_levels(const CheckoutLog& log, Caller& caller,
                               std::vector<std::string>& lost) {
  lost.clear();
  std::vector<Level> levels(log.skus.size());
  caller.each(
      log.skus.size(),
      [&](std::size_t i) {
        return make_request("GET", "/v1/inventory/" + log.skus[i], caller.target().authority(),
                            caller.target().key);
      },
      [&](std::size_t i, int status, std::string_view body) {
        if (status != 200) {
          lost.push_back(log.skus[i]);
          levels[i].lost = true;
          return;
        }
        const json::value level = parse(body);
        const auto field = [&](const char* name) {
          return level.at(name).to_number<std::int64_t>();
        };
        levels[i] = {field("on_hand"), field("held"), field("sold"), field("available")};
      });
  return levels;
}

std::vector<Level> settled_levels(const CheckoutLog& log, Caller& caller, Verdict& verdict) {
  std::vector<Level> levels;
  std::vector<std::string> lost;
  for (int round = 0; round < 300; ++round) {
    levels = read_levels(log, caller, lost);
    bool held = false;
    for (const Level& level : levels) held = held || level.held != 0;
    if (!held) break;
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  for (const std::string& sku : lost) verdict.violate(fmt::format("SKU {} is lost", sku));
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].held != 0)
      verdict.violate(fmt::format("{} units of {} stay held", levels[i].held, log.skus[i]));
  }
  return levels;
}

std::unordered_map<std::string, StoredOrder> read_orders(const CheckoutLog& log, Caller& caller) {
  std::unordered_map<std::string, StoredOrder> orders;
  std::string after;
  for (;;) {
    const json::value page =
        caller.get("/v1/orders?limit=250&customer=" + percent_encode(log.customer) +
                   (after.empty() ? "" : "&after=" + percent_encode(after)));
    for (const json::value& order : page.at("data").as_array()) {
      StoredOrder& stored = orders[text_of(order.at("id"))];
      ++stored.count;
      std::int64_t sum = 0;
      for (const json::value& line : order.at("lines").as_array()) {
        const auto quantity = line.at("quantity").to_number<std::int64_t>();
        stored.units[text_of(line.at("sku"))] += quantity;
        sum += quantity * line.at("unit_price").at("amount").to_number<std::int64_t>();
      }
      stored.totals_right =
          sum == order.at("totals").at("total").at("amount").to_number<std::int64_t>();
    }
    if (!page.at("has_more").as_bool()) return orders;
    after = text_of(page.at("next_cursor"));
  }
}

/// Sum of the ledger's changes of one SKU, and how many units its "sold" entries took.
void check_ledger(const std::string& sku, const Level& level, Caller& caller, Verdict& verdict) {
  if (level.lost) return;  // said already
  std::int64_t sum = 0;
  std::int64_t sold = 0;
  std::string after;
  for (;;) {
    const json::value page = caller.get("/v1/inventory/" + sku + "/ledger?limit=250" +
                                        (after.empty() ? "" : "&after=" + percent_encode(after)));
    for (const json::value& entry : page.at("data").as_array()) {
      const auto delta = entry.at("delta").to_number<std::int64_t>();
      sum += delta;
      if (text_of(entry.at("reason")) == "sold") sold -= delta;
    }
    if (!page.at("has_more").as_bool()) break;
    after = text_of(page.at("next_cursor"));
  }
  if (sum != level.on_hand)
    verdict.violate(
        fmt::format("ledger of {} sums to {}, on hand are {}", sku, sum, level.on_hand));
  if (sold != level.sold)
    verdict.violate(fmt::format("ledger of {} sold {}, the level says {}", sku, sold, level.sold));
}

}  // namespace

void Verdict::violate(std::string what) {
  ++violation_count;
  if (violations.size() < 200) violations.push_back(std::move(what));
}

namespace {

Verdict judge_once(const Scenario& scenario, Workload& workload, Caller& caller) {
  Verdict verdict;
  CheckoutLog& log = workload.log();
  for (const std::string& contradiction : log.contradictions) verdict.violate(contradiction);
  if (scenario.visible > 0) {
    verdict.checks.push_back("every search sent after an acknowledged change showed it");
  }
  if (log.attempts.empty() && log.adjustments.empty()) {
    verdict.checks.push_back("no checkouts in this scenario: nothing to hold the books against");
    return verdict;
  }
  std::fprintf(stderr, "verdict: asking again for what was not answered\n");
  resolve_unknown(workload, caller, verdict);
  resolve_adjustments(workload, caller, verdict);
  std::fprintf(stderr, "verdict: waiting for holds to end, reading %zu SKUs\n", log.skus.size());
  const std::vector<Level> levels = settled_levels(log, caller, verdict);
  std::fprintf(stderr, "verdict: reading the orders\n");
  const auto orders = read_orders(log, caller);

  std::unordered_map<std::string, std::size_t> sku_number;
  for (std::size_t i = 0; i < log.skus.size(); ++i) sku_number[log.skus[i]] = i;
  std::unordered_map<std::string, const Attempt*> acknowledged;
  std::vector<std::int64_t> owed(log.skus.size());
  for (const Attempt& attempt : log.attempts) {
    if (attempt.status != 201) {
      ++verdict.refused;
      continue;
    }
    ++verdict.acknowledged;
    if (!acknowledged.emplace(attempt.order_id, &attempt).second) {
      verdict.violate(fmt::format("two checkouts were answered with order {}", attempt.order_id));
    }
    const auto stored = orders.find(attempt.order_id);
    if (stored == orders.end()) {
      verdict.violate(fmt::format("acknowledged order {} is lost", attempt.order_id));
      continue;
    }
    std::map<std::string, std::int64_t> wanted;
    for (const auto& [sku, quantity] : attempt.lines) {
      wanted[log.skus[sku]] += quantity;
      owed[sku] += quantity;
    }
    if (stored->second.units != wanted)
      verdict.violate(fmt::format("order {} holds other lines than were bought", attempt.order_id));
    if (!stored->second.totals_right)
      verdict.violate(
          fmt::format("order {}: the total is not the sum of its lines", attempt.order_id));
    if (stored->second.count != 1)
      verdict.violate(
          fmt::format("order {} is listed {} times", attempt.order_id, stored->second.count));
  }
  for (const auto& [id, order] : orders) {
    if (!acknowledged.contains(id))
      verdict.violate(fmt::format("order {} was never acknowledged", id));
  }
  verdict.checks.push_back(fmt::format(
      "{} acknowledged orders are stored exactly once, {} stored orders are acknowledged",
      verdict.acknowledged, orders.size()));

  for (std::size_t i = 0; i < levels.size(); ++i) {
    const Level& level = levels[i];
    const std::int64_t sold = level.sold - log.sold_before[i];
    if (level.on_hand < 0 || level.available < 0)
      verdict.violate(fmt::format("{} is oversold: on hand {}, available {}", log.skus[i],
                                  level.on_hand, level.available));
    if (sold != owed[i])
      verdict.violate(fmt::format("{}: {} units sold, orders hold {}", log.skus[i], sold, owed[i]));
    if (scenario.stock_change == 0 && sold > scenario.units_per_sku) {
      verdict.violate(
          fmt::format("{} is oversold: {} of {} units", log.skus[i], sold, scenario.units_per_sku));
    }
  }
  verdict.checks.push_back(fmt::format(
      "units sold of {} SKUs equal the units in orders; none below zero", levels.size()));

  std::vector<std::int64_t> received(log.skus.size());
  std::size_t changes = 0;
  for (const Adjustment& adjustment : log.adjustments) {
    if (adjustment.status / 100 != 2) continue;
    received[adjustment.sku] += adjustment.delta;
    ++changes;
  }
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].lost) continue;
    const std::int64_t wanted = log.on_hand_before[i] + received[i] - owed[i];
    if (levels[i].on_hand != wanted)
      verdict.violate(fmt::format("{}: {} on hand, acknowledged changes leave {}", log.skus[i],
                                  levels[i].on_hand, wanted));
  }
  verdict.checks.push_back(fmt::format(
      "{} acknowledged stock changes and every sale are in the levels exactly once", changes));

  const std::size_t ledgers = std::min<std::size_t>(200, levels.size());
  for (std::size_t i = 0; i < ledgers; ++i) check_ledger(log.skus[i], levels[i], caller, verdict);
  verdict.checks.push_back(fmt::format("ledgers of {} SKUs sum to their levels", ledgers));
  if (scenario.attempts > 0) {
    const auto wanted = static_cast<std::uint64_t>(scenario.units_per_sku);
    if (scenario.quantity_max == 1 && scenario.attempts >= wanted &&
        verdict.acknowledged != wanted) {
      verdict.violate(fmt::format("{} of {} units were sold", verdict.acknowledged, wanted));
    }
    verdict.checks.push_back(fmt::format("flash sale: {} orders for {} units, {} refusals",
                                         verdict.acknowledged, wanted, verdict.refused));
  }
  return verdict;
}

}  // namespace

Verdict judge(const Scenario& scenario, Workload& workload, Caller& caller) {
  Verdict verdict = judge_once(scenario, workload, caller);
  // What the nodes of a cluster read from their own copies may be a moment old; what is lost stays
  // lost.
  for (int reading = 2; !verdict.green() && caller.target().endpoints.size() > 1 && reading <= 3;
       ++reading) {
    std::this_thread::sleep_for(std::chrono::seconds{2});
    const std::uint64_t resolved = verdict.resolved_unknown;
    std::string first = verdict.violations.front();
    verdict = judge_once(scenario, workload, caller);
    verdict.resolved_unknown += resolved;
    verdict.checks.push_back(
        fmt::format("reading {}, because the one before said: {}", reading, first));
  }
  return verdict;
}

}  // namespace souk::bench
