#include "bench/beside.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdio>

#include "bench/process_use.hpp"
#include "bench/shop.hpp"
#include "bench/workload.hpp"

namespace souk::bench {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{10};
/// After a switch: what was sent before it is not counted.
constexpr double kSettleSeconds = 0.5;
constexpr double kCostMax = 0.10;
constexpr double kP99Max = 2.0;

class Driver {
public:
  Driver(const BesideOptions& options, const Target& target, const std::vector<int>& pids,
         const Shop& shop, ChangeBook& book, BesideResult& result)
      : options_{options},
        target_{target},
        pids_{pids},
        shop_{shop},
        book_{book},
        result_{result},
        random_{options.changes.seed},
        stream_{options.changes, shop, book, target},
        client_{target.endpoints, (options.changes.in_flight + options.connections) *
                                      std::max<std::size_t>(1, target.endpoints.size())} {}

  void run() {
    phase(nullptr, false, options_.warmup_seconds);
    for (std::size_t round = 0; round < options_.rounds || book_.checked() < options_.hits;
         ++round) {
      // Whoever comes first in a round has no advantage from round to round.
      const bool changes_first = round % 2 == 1;
      for (const bool changes : {changes_first, !changes_first}) {
        phase(nullptr, changes, kSettleSeconds);
        phase(changes ? &result_.with : &result_.without, changes, options_.seconds);
        std::fprintf(stderr, "\rround %zu, %llu hits checked ", round + 1,
                     static_cast<unsigned long long>(book_.checked()));
      }
    }
    stream_.stop();
    const auto until = steady_clock::now() + kPatience + std::chrono::seconds{1};
    while (client_.outstanding() > 0 && steady_clock::now() < until)
      client_.poll(steady_clock::now() + std::chrono::milliseconds{5});
    std::fputc('\n', stderr);
    judge();
  }

private:
  double server_cpu() const {
    double seconds = 0;
    for (const int pid : pids_) seconds += cpu_seconds_of(pid);
    return seconds;
  }

  /// `into`: null, if it is not measured.
  void phase(BesidePhases* into, bool changes, double seconds) {
    const auto begin = steady_clock::now();
    const auto end = begin + duration_cast<steady_clock::duration>(duration<double>{seconds});
    if (changes != changing_) {
      changing_ = changes;
      if (changes) {
        stream_.start(begin);
      } else {
        stream_.stop();
      }
    }
    into_ = into;
    const double cpu_before = server_cpu();
    const std::uint64_t changes_before = book_.acknowledged();
    const std::size_t searches_before = into != nullptr ? into->latencies.size() : 0;
    next_search_ = begin;
    auto now = begin;
    for (; now < end; now = steady_clock::now()) {
      feed(now);
      stream_.feed(now, client_);
      auto until = now + std::chrono::milliseconds{5};
      if (options_.rate > 0) until = std::min(until, next_search_);
      client_.poll(std::min({until, stream_.next().value_or(until), end}));
    }
    if (into == nullptr) return;
    const double took = duration<double>{now - begin}.count();
    into->seconds += took;
    into->per_second.push_back(static_cast<double>(into->latencies.size() - searches_before) /
                               took);
    into->changes += book_.acknowledged() - changes_before;
    into->server_cpu_seconds += server_cpu() - cpu_before;
  }

  void feed(SteadyTime now) {
    if (options_.rate <= 0) {
      while (searching_ < options_.connections) search(now);
      return;
    }
    const auto gap = duration_cast<steady_clock::duration>(duration<double>{1.0 / options_.rate});
    for (; next_search_ <= now; next_search_ += gap) search(next_search_);
  }

  void search(SteadyTime intended) {
    std::string path = fmt::format(
        "/v1/search?q={}&per_page={}&enable_analytics=false",
        percent_encode(some_words(shop_.titles, 1 + random_.below(3), random_)), options_.per_page);
    if (!options_.facets.empty()) path += "&facet_by=" + percent_encode(options_.facets);
    std::optional<LevelFilter> filter;
    if (random_.unit() < options_.filtered) {
      const auto low = static_cast<std::int64_t>(random_.below(20'000));
      filter = LevelFilter{low, low + 20'000};
      path += "&filter_by=" + percent_encode(fmt::format("in_stock:true && price:[{}..{}]",
                                                         filter->low, filter->high));
    }
    ++searching_;
    client_.send(make_request("GET", path, target_.authority(), target_.key), intended + kPatience,
                 [this, intended, filter](const HttpAnswer& answer) {
                   --searching_;
                   note(answer, intended, filter);
                 });
  }

  void note(const HttpAnswer& answer, SteadyTime intended,
            const std::optional<LevelFilter>& filter) {
    const auto took = duration_cast<microseconds>(steady_clock::now() - intended).count();
    const bool good = answer.status == 200;
    if (into_ != nullptr) {
      if (good) {
        into_->latencies.push_back(static_cast<std::uint32_t>(took));
      } else {
        ++into_->failed;
      }
    }
    if (!good) return;
    if (!read_page(answer.body, shop_, true, filter, book_).readable && unreadable_++ == 0) {
      result_.violations.push_back("an answer to a search cannot be read: " +
                                   std::string{answer.body.substr(0, 300)});
    }
  }

  void judge() {
    result_.change_latency = percentiles_of(stream_.latencies());
    result_.refused = stream_.refused();
    result_.checked = book_.checked();
    result_.checked_changed = book_.checked_changed();
    result_.not_judged = book_.not_judged();
    result_.mismatches = book_.mismatches();
    if (book_.mismatches() > 0) {
      result_.violations.push_back(
          fmt::format("{} hits differ from the journal of the changes", book_.mismatches()));
    }
    for (const std::string& text : book_.examples()) result_.violations.push_back(text);
    for (const std::string& text : stream_.contradictions()) result_.violations.push_back(text);
    if (book_.checked() == 0) result_.violations.push_back("no hit was checked");
  }

  const BesideOptions& options_;
  const Target& target_;
  const std::vector<int>& pids_;
  const Shop& shop_;
  ChangeBook& book_;
  BesideResult& result_;
  Random random_;
  ChangeStream stream_;
  LoadClient client_;
  BesidePhases* into_ = nullptr;
  bool changing_ = false;
  SteadyTime next_search_{};
  std::size_t searching_ = 0;
  std::uint64_t unreadable_ = 0;
};

std::string phases_line(const char* name, const BesidePhases& phases) {
  const Percentiles p = percentiles_of(phases.latencies);
  const auto searches = static_cast<double>(phases.latencies.size());
  std::string text = fmt::format(
      "{:<8} {:>7.0f} searches/s  p50 {:.2f}  p99 {:.2f} ms  {} failed  {:.0f} changes/s", name,
      searches / std::max(phases.seconds, 1e-9), p.p50 / 1e3, p.p99 / 1e3, phases.failed,
      static_cast<double>(phases.changes) / std::max(phases.seconds, 1e-9));
  if (phases.server_cpu_seconds > 0 && searches > 0)
    text += fmt::format("  {:.0f} us of server CPU a search",
                        phases.server_cpu_seconds * 1e6 / searches);
  return text + "\n";
}

}  // namespace

double BesideResult::cost() const {
  std::vector<double> costs;
  for (std::size_t i = 0; i < std::min(with.per_second.size(), without.per_second.size()); ++i)
    costs.push_back(1 - with.per_second[i] / without.per_second[i]);
  if (costs.empty()) return 0;
  std::sort(costs.begin(), costs.end());
  const std::size_t half = costs.size() / 2;
  return costs.size() % 2 == 1 ? costs[half] : (costs[half - 1] + costs[half]) / 2;
}

double BesideResult::p99_ratio() const {
  const double alone = percentiles_of(without.latencies).p99;
  return alone > 0 ? percentiles_of(with.latencies).p99 / alone : 0;
}

double BesideResult::change_cpu_us() const {
  const auto count = [](const BesidePhases& phases) {
    return static_cast<double>(phases.latencies.size());
  };
  const double search = without.latencies.empty() ? 0 : without.server_cpu_seconds / count(without);
  const double rest = with.server_cpu_seconds - search * count(with);
  return with.changes > 0 ? rest * 1e6 / static_cast<double>(with.changes) : 0;
}

BesideResult run_beside(const BesideOptions& options, const Target& target,
                        const std::vector<int>& pids) {
  BesideResult result;
  Caller caller{target};
  ChangeBook book{options.stale};
  const Shop shop = read_shop(caller, options.products, false, book);
  Driver{options, target, pids, shop, book, result}.run();
  return result;
}

std::string render_beside(const BesideOptions& options, const BesideResult& result) {
  std::string text = phases_line("without", result.without) + phases_line("with", result.with);
  text += fmt::format("changes  p50 {:.2f}  p99 {:.2f} ms", result.change_latency.p50 / 1e3,
                      result.change_latency.p99 / 1e3);
  if (result.with.server_cpu_seconds > 0)
    text += fmt::format("  {:.0f} us of server CPU a change", result.change_cpu_us());
  for (const auto& [status, count] : result.refused)
    text += fmt::format(", {} answered with {}", count, status);
  text +=
      fmt::format("\ncost     {:.1f} % of the searches ({} at most: {}), p99 {:.2f} times ({})\n",
                  result.cost() * 100, "10 %", result.cost() <= kCostMax ? "reached" : "missed",
                  result.p99_ratio(), result.p99_ratio() <= kP99Max ? "reached" : "missed");
  text += fmt::format(
      "hits     {} checked, {} of them of products changed before; {} not judged; {} "
      "mismatches{}\n",
      result.checked, result.checked_changed, result.not_judged, result.mismatches,
      options.stale > 0 ? fmt::format(" against the state {} positions back", options.stale) : "");
  text += result.green() ? "verdict GREEN: every hit is what the acknowledged changes make it\n"
                         : "verdict RED\n";
  for (const std::string& violation : result.violations) text += "  " + violation + "\n";
  return text;
}

boost::json::value beside_json(const BesideResult& result) {
  const auto phases = [](const BesidePhases& one) {
    const Percentiles p = percentiles_of(one.latencies);
    return boost::json::object{{"searches", one.latencies.size()},
                               {"seconds", one.seconds},
                               {"failed", one.failed},
                               {"changes", one.changes},
                               {"p50_ms", p.p50 / 1e3},
                               {"p99_ms", p.p99 / 1e3},
                               {"server_cpu_seconds", one.server_cpu_seconds}};
  };
  boost::json::array violations;
  for (const std::string& violation : result.violations) violations.emplace_back(violation);
  return boost::json::object{{"without", phases(result.without)},
                             {"with", phases(result.with)},
                             {"cost", result.cost()},
                             {"p99_ratio", result.p99_ratio()},
                             {"change_cpu_us", result.change_cpu_us()},
                             {"hits_checked", result.checked},
                             {"hits_checked_changed", result.checked_changed},
                             {"not_judged", result.not_judged},
                             {"mismatches", result.mismatches},
                             {"green", result.green()},
                             {"violations", std::move(violations)}};
}

}  // namespace souk::bench
