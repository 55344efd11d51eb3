#include "bench/change_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <initializer_list>
#include <string_view>

namespace souk::bench {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kBehindMax{100};
constexpr double kSoldOutShare = 0.2;
constexpr std::int64_t kPriceStepMax = 500;
constexpr int kTriesMax = 1000;

/// What an answer of 2xx says of each change.
struct BatchAnswer {
  std::map<std::uint32_t, Position> positions;
  std::vector<bool> good;
  std::vector<std::int64_t> available;  // of stocks
};

namespace json = boost::json;

json::value parsed(std::string_view text) {
  boost::system::error_code error;
  auto value = json::parse(json::string_view{text.data(), text.size()}, error);
  return error ? json::value{} : value;
}

/// The JSON value at a path of members; null if there is none.
json::value at(const json::value& value, std::initializer_list<const char*> path) {
  const json::value* found = &value;
  for (const char* name : path) {
    const auto* object = found->if_object();
    found = object != nullptr ? object->if_contains(name) : nullptr;
    if (found == nullptr) return {};
  }
  return *found;
}

BatchAnswer read_answer(const HttpAnswer& answer, bool batched, bool price, std::size_t count) {
  BatchAnswer said;
  said.good.assign(count, !batched);
  said.available.assign(count, -1);
  said.positions = positions_in(answer.header("Consistency-Token"));
  const auto available = [](const json::value& number) {
    return number.is_int64() ? number.get_int64() : -1;
  };
  if (!batched) {
    if (!price) said.available[0] = available(at(parsed(answer.body), {"available"}));
    return said;
  }
  if (!price) {
    const json::value items = at(parsed(answer.body), {"items"});
    const auto* list = items.if_array();
    for (std::size_t i = 0; list != nullptr && i < std::min(count, list->size()); ++i) {
      said.good[i] = at((*list)[i], {"ok"}) == json::value(true);
      said.available[i] = available(at((*list)[i], {"stock", "available"}));
    }
    return said;
  }
  std::string_view rest = answer.body;
  for (std::size_t line = 0; !rest.empty(); ++line) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const json::value value = parsed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (const json::value token = at(value, {"summary", "token"}); token.is_string()) {
      said.positions = positions_in({token.get_string().data(), token.get_string().size()});
    } else if (line < count) {
      said.good[line] = at(value, {"ok"}) == json::value(true);
    }
  }
  return said;
}

}  // namespace

ChangeStream::ChangeStream(const ChangeOptions& options, const Shop& shop, ChangeBook& book,
                           Target target)
    : options_{options},
      shop_{shop},
      book_{book},
      target_{std::move(target)},
      random_{options.seed},
      run_{fmt::format(
          "{}-{}", options.seed,
          duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch())
              .count())} {
}

void ChangeStream::start(SteadyTime now) {
  running_ = options_.rate > 0 && !shop_.watched.empty();
  next_ = now;
}

std::optional<SteadyTime> ChangeStream::next() const {
  if (!running_ || in_flight_ >= options_.in_flight) return std::nullopt;
  return next_;
}

void ChangeStream::feed(SteadyTime now, LoadClient& client) {
  if (!running_) return;
  const auto gap = duration_cast<steady_clock::duration>(
      duration<double>{static_cast<double>(options_.batch) / options_.rate});
  next_ = std::max(next_, now - kBehindMax);
  while (next_ <= now && in_flight_ < options_.in_flight) {
    const bool price = random_.unit() < options_.price_share;
    Batch batch;
    while (batch.size() < options_.batch) {
      const auto change = choose(price);
      if (!change) break;
      book_.begin(change->product);
      batch.push_back(*change);
    }
    if (batch.empty()) return;
    next_ += gap;
    send(std::move(batch), price, client);
  }
}

std::optional<ChangeStream::Change> ChangeStream::choose(bool price) {
  Change change;
  for (int tries = 0;; ++tries) {
    if (tries > kTriesMax) return std::nullopt;
    change.product = static_cast<std::uint32_t>(random_.below(shop_.watched.size()));
    if (book_.is_free(change.product)) break;
  }
  change.variant = random_.below(shop_.watched[change.product].skus.size());
  change.before = change.after = book_.latest(change.product, change.variant);
  if (price) {
    const auto step = static_cast<std::int64_t>(1 + random_.below(kPriceStepMax));
    const bool cheaper = change.before.price > step && random_.unit() < 0.5;
    change.after.price += cheaper ? -step : step;
  } else if (change.before.available > 0 && random_.unit() < kSoldOutShare) {
    change.after.available = 0;
  } else if (change.before.available > 0 && random_.unit() < 0.5) {
    change.after.available -= 1;
  } else {
    change.after.available += static_cast<std::int64_t>(1 + random_.below(5));
  }
  return change;
}

/// All variants of the product as they are after the change, stocks left out.
std::string ChangeStream::variants_of(const Change& change) const {
  const WatchedProduct& product = shop_.watched[change.product];
  std::string text = R"("variants":[)";
  for (std::size_t i = 0; i < product.skus.size(); ++i) {
    const std::int64_t price =
        i == change.variant ? change.after.price : book_.latest(change.product, i).price;
    text += fmt::format(R"({}{{{}"price":{{"amount":{},"currency":"{}"}}}})", i == 0 ? "" : ",",
                        product.fixed[i], price, product.currency);
  }
  return text + "]";
}

std::string ChangeStream::request_of(const Batch& batch, bool price) {
  const std::string key = fmt::format("Idempotency-Key: {}-{}\r\n", run_, sent_);
  const auto delta = [](const Change& change) {
    return change.after.available - change.before.available;
  };
  const Change& first = batch.front();
  const WatchedProduct& product = shop_.watched[first.product];
  if (options_.batch == 1 && price) {
    return make_request("PATCH", "/v1/products/" + product.id, target_.authority(), target_.key,
                        "{" + variants_of(first) + "}");
  }
  if (options_.batch == 1) {
    return make_request(
        "POST", "/v1/inventory/" + product.skus[first.variant] + "/adjustments",
        target_.authority(), target_.key,
        fmt::format(R"({{"delta":{},"reason":"count","reference":"bench"}})", delta(first)), key);
  }
  std::string body;
  if (price) {
    for (const Change& change : batch)
      body += "{" + shop_.watched[change.product].text + variants_of(change) + "}\n";
    return make_request("POST", "/v1/products:import?action=update", target_.authority(),
                        target_.key, body, {}, "application/x-ndjson");
  }
  for (const Change& change : batch) {
    body += fmt::format(R"({}{{"sku":"{}","delta":{},"reason":"count","reference":"bench"}})",
                        body.empty() ? "" : ",", shop_.watched[change.product].skus[change.variant],
                        delta(change));
  }
  return make_request("POST", "/v1/inventory:batch", target_.authority(), target_.key,
                      R"({"items":[)" + body + "]}", key);
}

void ChangeStream::send(Batch batch, bool price, LoadClient& client) {
  ++sent_;
  ++in_flight_;
  std::string request = request_of(batch, price);
  const auto at = steady_clock::now();
  client.send(
      std::move(request), at + kPatience,
      [this, batch = std::move(batch), price, known = known_, at](const HttpAnswer& answer) {
        --in_flight_;
        latencies_.push_back(static_cast<std::uint32_t>(
            duration_cast<microseconds>(steady_clock::now() - at).count()));
        note(batch, price, known, answer);
      });
}

void ChangeStream::note(const Batch& batch, bool price,
                        const std::map<std::uint32_t, Position>& known, const HttpAnswer& answer) {
  if (answer.status / 100 != 2) {
    ++refused_[answer.status];
    const bool settled = answer.status >= 400 && answer.status < 500;
    for (const Change& change : batch)
      settled ? book_.refuse(change.product) : book_.give_up(change.product);
    return;
  }
  const BatchAnswer said = read_answer(answer, options_.batch > 1, price, batch.size());
  for (const auto& [shard, position] : said.positions)
    known_[shard] = std::max(known_[shard], position);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Change& change = batch[i];
    const WatchedProduct& product = shop_.watched[change.product];
    const auto position = said.positions.find(product.shard);
    const bool wrong = !price && said.good[i] && said.available[i] != change.after.available;
    if (wrong) {
      contradictions_.push_back(fmt::format("{}: the answer to a change to {} available is {}",
                                            product.skus[change.variant], change.after.available,
                                            said.available[i]));
    }
    if (!said.good[i] || position == said.positions.end()) {
      ++refused_[answer.status];
      book_.give_up(change.product);
      continue;
    }
    const auto before = known.find(product.shard);
    book_.acknowledge(change.product,
                      options_.batch == 1
                          ? Place::exactly(position->second)
                          : Place{before != known.end() ? before->second : 0, position->second},
                      change.variant, change.after);
  }
}

}  // namespace souk::bench
