#include "bench/change_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

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
  const auto gap = duration_cast<steady_clock::duration>(duration<double>{1.0 / options_.rate});
  next_ = std::max(next_, now - kBehindMax);
  while (next_ <= now && in_flight_ < options_.in_flight) {
    const auto change = choose();
    if (!change) return;
    next_ += gap;
    send(*change, client);
  }
}

std::optional<ChangeStream::Change> ChangeStream::choose() {
  Change change;
  // Of so many, one is free: no more are under way than `in_flight`.
  for (std::size_t tries = 0;; ++tries) {
    if (tries > 4 * options_.in_flight) return std::nullopt;
    change.product = static_cast<std::uint32_t>(random_.below(shop_.watched.size()));
    if (book_.is_free(change.product)) break;
  }
  change.variant = random_.below(shop_.watched[change.product].skus.size());
  change.before = change.after = book_.latest(change.product, change.variant);
  if (random_.unit() < options_.price_share) {
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

std::string ChangeStream::request_of(const Change& change) {
  const WatchedProduct& product = shop_.watched[change.product];
  if (change.after.price == change.before.price) {
    return make_request("POST", "/v1/inventory/" + product.skus[change.variant] + "/adjustments",
                        target_.authority(), target_.key,
                        fmt::format(R"({{"delta":{},"reason":"count","reference":"bench"}})",
                                    change.after.available - change.before.available),
                        fmt::format("Idempotency-Key: {}-{}\r\n", run_, sent_));
  }
  std::string body = R"({"variants":[)";
  for (std::size_t i = 0; i < product.skus.size(); ++i) {
    const std::int64_t price =
        i == change.variant ? change.after.price : book_.latest(change.product, i).price;
    body += fmt::format(R"({}{{{}"price":{{"amount":{},"currency":"{}"}}}})", i == 0 ? "" : ",",
                        product.fixed[i], price, product.currency);
  }
  return make_request("PATCH", "/v1/products/" + product.id, target_.authority(), target_.key,
                      body + "]}");
}

void ChangeStream::send(const Change& change, LoadClient& client) {
  ++sent_;
  ++in_flight_;
  std::string request = request_of(change);
  book_.begin(change.product);
  const auto at = steady_clock::now();
  client.send(std::move(request), at + kPatience, [this, change, at](const HttpAnswer& answer) {
    --in_flight_;
    latencies_.push_back(
        static_cast<std::uint32_t>(duration_cast<microseconds>(steady_clock::now() - at).count()));
    note(change, answer);
  });
}

void ChangeStream::note(const Change& change, const HttpAnswer& answer) {
  const WatchedProduct& product = shop_.watched[change.product];
  if (answer.status / 100 == 2) {
    const auto positions = positions_in(answer.header("Consistency-Token"));
    const auto position = positions.find(product.shard);
    if (position != positions.end()) {
      const bool stock = change.after.price == change.before.price;
      if (stock && answer.body.find(fmt::format("\"available\":{},", change.after.available)) ==
                       std::string_view::npos) {
        contradictions_.push_back(fmt::format("{}: the answer to a change to {} available is {}",
                                              product.skus[change.variant], change.after.available,
                                              answer.body.substr(0, 200)));
      }
      book_.acknowledge(change.product, position->second, change.variant, change.after);
      return;
    }
    contradictions_.push_back("a change of " + product.id + " was acknowledged without a token");
    book_.give_up(change.product);
    return;
  }
  ++refused_[answer.status];
  const bool settled = answer.status == 429 || (answer.status >= 400 && answer.status < 500);
  if (settled) {
    book_.refuse(change.product);
  } else {
    book_.give_up(change.product);
  }
}

}  // namespace souk::bench
