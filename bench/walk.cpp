#include "bench/walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdio>
#include <set>

#include "bench/process_use.hpp"
#include "bench/shop.hpp"
#include "bench/workload.hpp"

namespace souk::bench {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kPageMax{10};
constexpr int kTriesMax = 5;

double cpu_of(const std::vector<int>& pids) {
  double seconds = 0;
  for (const int pid : pids) seconds += cpu_seconds_of(pid);
  return seconds;
}

/// One walk; pages one after the other, changes beside them.
class Walker {
public:
  Walker(const WalkOptions& options, const Target& target, const Shop& shop, ChangeBook& book,
         WalkResult& result)
      : options_{options},
        target_{target},
        shop_{shop},
        book_{book},
        result_{result},
        stream_{options.changes, shop, book, target},
        client_{target.endpoints, (options.changes.in_flight + 1) *
                                      std::max<std::size_t>(1, target.endpoints.size())},
        walked_{shop.ids} {}

  void run() {
    const auto begin = steady_clock::now();
    stream_.start(begin);
    ask();
    while (!over_) {
      const auto now = steady_clock::now();
      stream_.feed(now, client_);
      client_.poll(std::min(now + std::chrono::milliseconds{5},
                            stream_.next().value_or(now + std::chrono::milliseconds{5})));
    }
    result_.seconds = duration<double>{steady_clock::now() - begin}.count();
  }

  void finish() {
    stream_.stop();
    const auto until = steady_clock::now() + std::chrono::seconds{11};
    while (client_.outstanding() > 0 && steady_clock::now() < until)
      client_.poll(steady_clock::now() + std::chrono::milliseconds{5});
    std::fputc('\n', stderr);
    for (std::string& text : walked_.violations(options_.q == "*"))
      result_.violations.push_back(std::move(text));
    for (const std::string& text : stream_.contradictions()) result_.violations.push_back(text);
    if (book_.mismatches() > 0) {
      result_.violations.push_back(
          fmt::format("{} hits differ from the journal of the changes", book_.mismatches()));
    }
    for (const std::string& text : book_.examples()) result_.violations.push_back(text);
    if (!options_.by_number && tokens_.size() > 1)
      result_.violations.push_back(fmt::format("the pages are of {} instants", tokens_.size()));
    for (const auto& [status, count] : stream_.refused()) {
      std::fprintf(stderr, "%llu changes were answered with %d\n",
                   static_cast<unsigned long long>(count), status);
    }
    result_.changes = percentiles_of(stream_.latencies());
    result_.changed = book_.acknowledged();
    result_.levels_checked = book_.checked();
    result_.levels_checked_changed = book_.checked_changed();
  }

private:
  std::string path() const {
    std::string path = fmt::format("/v1/search?q={}&per_page={}&enable_analytics=false",
                                   percent_encode(options_.q), options_.per_page);
    if (!options_.sort_by.empty()) path += "&sort_by=" + percent_encode(options_.sort_by);
    path +=
        options_.only_ids ? "&include_fields=id" : "&include_fields=id,price,availability,variants";
    return path + (options_.by_number ? fmt::format("&page={}", pages_ + 1)
                                      : "&cursor=" + percent_encode(cursor_));
  }

  void ask() {
    const auto at = steady_clock::now();
    client_.send(make_request("GET", path(), target_.authority(), target_.key), at + kPageMax,
                 [this, at](const HttpAnswer& answer) { on_page(answer, at); });
  }

  void on_page(const HttpAnswer& answer, SteadyTime at) {
    if (answer.status != 200) {
      // The same cursor gives the same page.
      if ((answer.status == 0 || answer.status == 503) && ++tries_ < kTriesMax) return ask();
      return end(fmt::format("page {} was answered with {}: {}", pages_ + 1, answer.status,
                             answer.body.substr(0, 300)));
    }
    tries_ = 0;
    result_.page_latencies.push_back(
        static_cast<std::uint32_t>(duration_cast<microseconds>(steady_clock::now() - at).count()));
    const SeenPage page = read_page(answer.body, shop_, !options_.only_ids, std::nullopt, book_);
    if (!page.readable || !page.exact) return end(fmt::format("page {} is not exact", pages_ + 1));
    ++pages_;
    tokens_.insert(page.token);
    for (const std::uint64_t id : page.ids) walked_.see(id);
    result_.hits += page.ids.size();
    if (pages_ % 100 == 0)
      std::fprintf(stderr, "\rwalk: %llu hits ", static_cast<unsigned long long>(result_.hits));
    cursor_ = page.cursor;
    const bool last = options_.by_number ? page.ids.size() < options_.per_page : cursor_.empty();
    if (last) {
      over_ = true;
    } else {
      ask();
    }
  }

  void end(std::string violation) {
    result_.violations.push_back(std::move(violation));
    over_ = true;
  }

  const WalkOptions& options_;
  const Target& target_;
  const Shop& shop_;
  ChangeBook& book_;
  WalkResult& result_;
  ChangeStream stream_;
  LoadClient client_;
  WalkedIds walked_;
  std::set<std::string> tokens_;
  std::string cursor_ = "*";
  std::uint64_t pages_ = 0;
  int tries_ = 0;
  bool over_ = false;
};

}  // namespace

WalkedIds::WalkedIds(const std::vector<std::uint64_t>& on_sale) {
  seen_.reserve(on_sale.size());
  for (const std::uint64_t id : on_sale) seen_.emplace(id, 0);
}

void WalkedIds::see(std::uint64_t id) {
  const auto known = seen_.find(id);
  if (known == seen_.end()) {
    ++unknown_;
  } else {
    ++known->second;
  }
}

std::vector<std::string> WalkedIds::violations(bool all) const {
  std::uint64_t missed = 0;
  std::uint64_t repeated = 0;
  for (const auto& [id, times] : seen_) {
    if (times == 0) ++missed;
    if (times > 1) ++repeated;
  }
  std::vector<std::string> found;
  if (all && missed > 0) found.push_back(fmt::format("{} products were missed", missed));
  if (repeated > 0) found.push_back(fmt::format("{} products were repeated", repeated));
  if (unknown_ > 0) found.push_back(fmt::format("{} hits are of products not on sale", unknown_));
  return found;
}

WalkResult run_walk(const WalkOptions& options, const Target& target,
                    const std::vector<int>& pids) {
  WalkResult result;
  Caller caller{target};
  ChangeBook book{options.stale};
  const Shop shop = read_shop(caller, options.products, true, book);
  result.on_sale = shop.ids.size();
  Walker walker{options, target, shop, book, result};
  const double cpu_before = cpu_of(pids);
  walker.run();
  result.server_cpu_seconds = cpu_of(pids) - cpu_before;
  walker.finish();
  return result;
}

std::string render_walk(const WalkOptions& options, const WalkResult& result) {
  const Percentiles pages = percentiles_of(result.page_latencies);
  std::string text = fmt::format(
      "walk   {} hits of {} products on sale in {} pages of {}, {:.1f} s{}\n"
      "page   p50 {:.2f}  p99 {:.2f}  max {:.2f} ms\n",
      result.hits, result.on_sale, result.page_latencies.size(), options.per_page, result.seconds,
      options.by_number ? ", pages by number" : "", pages.p50 / 1e3, pages.p99 / 1e3,
      pages.max / 1e3);
  if (result.server_cpu_seconds > 0 && result.hits > 0) {
    text += fmt::format("server {:.2f} us of CPU a hit, the changes' included\n",
                        result.server_cpu_seconds * 1e6 / static_cast<double>(result.hits));
  }
  if (options.changes.rate > 0) {
    text += fmt::format(
        "changes {} acknowledged ({:.0f}/s), p50 {:.2f}  p99 {:.2f} ms\n"
        "levels  {} hits held against the changes, {} of them of products changed before\n",
        result.changed, static_cast<double>(result.changed) / std::max(result.seconds, 1e-9),
        result.changes.p50 / 1e3, result.changes.p99 / 1e3, result.levels_checked,
        result.levels_checked_changed);
  }
  text += result.green() ? "verdict GREEN: no product repeated, none missed, all of one instant\n"
                         : "verdict RED\n";
  for (const std::string& violation : result.violations) text += "  " + violation + "\n";
  return text;
}

boost::json::value walk_json(const WalkResult& result) {
  const Percentiles pages = percentiles_of(result.page_latencies);
  boost::json::array violations;
  for (const std::string& violation : result.violations) violations.emplace_back(violation);
  return boost::json::object{
      {"hits", result.hits},
      {"on_sale", result.on_sale},
      {"seconds", result.seconds},
      {"pages", result.page_latencies.size()},
      {"page_ms", {{"p50", pages.p50 / 1e3}, {"p99", pages.p99 / 1e3}, {"max", pages.max / 1e3}}},
      {"changes", result.changed},
      {"changes_ms", {{"p50", result.changes.p50 / 1e3}, {"p99", result.changes.p99 / 1e3}}},
      {"levels_checked", result.levels_checked},
      {"levels_checked_changed", result.levels_checked_changed},
      {"server_cpu_seconds", result.server_cpu_seconds},
      {"green", result.green()},
      {"violations", std::move(violations)}};
}

}  // namespace souk::bench
