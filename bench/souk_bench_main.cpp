#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

#include "bench/beside.hpp"
#include "bench/report.hpp"
#include "bench/run.hpp"
#include "bench/walk.hpp"

namespace {

using souk::bench::RunResult;
using souk::bench::Scenario;

constexpr int kFailed = 1;
constexpr int kUsage = 2;

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file{path};
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

boost::json::value read_json(const std::string& path) {
  std::ifstream file{path};
  if (!file) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return boost::json::parse(text.str());
}

std::string environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

souk::bench::Target target_of(const std::vector<std::string>& given) {
  std::string urls;
  for (const std::string& url : given) urls += (urls.empty() ? "" : ",") + url;
  if (urls.empty()) urls = environment("SOUK_URL", "http://127.0.0.1:8080");
  return souk::bench::parse_target(urls, environment("SOUK_SERVER_KEY", "sk_dev"));
}

/// What the commands have in common that change prices and stocks beside their reads.
struct BesideFlags {
  std::vector<std::string> urls;
  std::vector<int> pids;
  std::string json;

  void add(CLI::App& command, souk::bench::ChangeOptions& changes, std::size_t& products,
           std::uint64_t& stale) {
    command
        .add_option("--url", urls,
                    "the node, or all nodes of a cluster: repeated or separated by commas "
                    "(SOUK_URL, http://127.0.0.1:8080); the key comes from SOUK_SERVER_KEY")
        ->take_all();
    command.add_option("--changes", changes.rate,
                       "changes of stocks and prices a second; nobody else may change them");
    command.add_option("--prices", changes.price_share, "share of them that change a price (0.2)");
    command.add_option("--batch", changes.batch,
                       "changes a request carries (1); more go by /v1/inventory:batch and imports");
    command.add_option("--products", products, "how many products they go to (20000)");
    command.add_option("--seed", changes.seed, "same seed, same requests");
    command.add_option("--stale", stale,
                       "control: compare with the state so many positions earlier; must turn red");
    command.add_option("--pid", pids, "server processes whose CPU is counted");
    command.add_option("--json", json, "write the result there");
  }
};

template <class Result>
int report(const Result& result, const std::string& table, const boost::json::value& json,
           const std::string& json_file) {
  std::fputs(table.c_str(), stdout);
  if (!json_file.empty()) write_file(json_file, boost::json::serialize(json) + "\n");
  return result.green() ? 0 : kFailed;
}

struct RunFlags {
  std::string scenario;
  std::vector<std::string> urls;
  std::string samples;
  std::string json;
  std::string html;
  std::vector<int> pids;
  std::optional<double> seconds, warmup, rate, retry, try_seconds;
  std::optional<std::size_t> connections, skus;
  std::optional<std::uint64_t> seed, attempts;
  bool closed = false;
};

int run(const RunFlags& flags) {
  Scenario scenario = souk::bench::load_scenario(flags.scenario);
  if (flags.seconds) scenario.seconds = *flags.seconds;
  if (flags.warmup) scenario.warmup_seconds = *flags.warmup;
  if (flags.rate) scenario.rate = *flags.rate;
  if (flags.closed) scenario.rate = 0;
  if (flags.connections) scenario.connections = *flags.connections;
  if (flags.skus) scenario.skus = *flags.skus;
  if (flags.retry) scenario.retry_seconds = *flags.retry;
  if (flags.try_seconds) scenario.try_seconds = *flags.try_seconds;
  if (flags.seed) scenario.seed = *flags.seed;
  if (flags.attempts) scenario.attempts = *flags.attempts;
  if (scenario.lines_max < scenario.lines_min)
    throw std::runtime_error("scenario: `lines_max` is below `lines_min`");
  const auto target = target_of(flags.urls);
  const RunResult result =
      souk::bench::run_scenario(scenario, target, flags.pids, !flags.samples.empty());
  std::fputs(souk::bench::render_table(result).c_str(), stdout);
  if (!flags.json.empty())
    write_file(flags.json, boost::json::serialize(souk::bench::render_json(result)) + "\n");
  if (!flags.samples.empty()) write_file(flags.samples, souk::bench::render_samples(result));
  if (!flags.html.empty()) write_file(flags.html, souk::bench::render_html(result));
  return result.verdict.green() ? 0 : kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Load for a souk node, with honest percentiles and a verdict on its books"};
  app.require_subcommand(1);

  RunFlags flags;
  CLI::App* run_command = app.add_subcommand("run",
                                             "Runs a scenario file or a built-in one: search, "
                                             "as-you-type, checkout, flash-sale, mixed, http");
  run_command->add_option("scenario", flags.scenario, "TOML file or built-in name")->required();
  run_command
      ->add_option(
          "--url", flags.urls,
          "the node, or all nodes of a cluster: repeated or separated by commas (SOUK_URL, "
          "http://127.0.0.1:8080); the key comes from SOUK_SERVER_KEY")
      ->take_all();
  run_command->add_option("--retry", flags.retry,
                          "send what was cut off, shed or left unknown again under its key, to "
                          "another node, until so many seconds after the intended send time");
  run_command->add_option("--try", flags.try_seconds,
                          "with --retry: seconds until a silent node is given up (2)");
  run_command->add_option("--samples", flags.samples, "write every operation there as CSV");
  run_command->add_option("--seconds", flags.seconds, "how long to measure");
  run_command->add_option("--warmup", flags.warmup, "seconds before measuring");
  run_command->add_option("--rate", flags.rate, "open loop: requests a second");
  run_command->add_flag(
      "--closed", flags.closed,
      "closed loop: each connection asks again when it was answered (the default without a rate)");
  run_command->add_option("--connections", flags.connections, "keep-alive connections");
  run_command->add_option("--skus", flags.skus, "SKUs the checkouts choose from");
  run_command->add_option("--seed", flags.seed, "same seed, same requests");
  run_command->add_option("--attempts", flags.attempts,
                          "stop after so many checkouts instead of by time");
  run_command->add_option("--pid", flags.pids, "server processes whose CPU and memory are counted");
  run_command->add_option("--json", flags.json, "write the result there");
  run_command->add_option("--html", flags.html, "write a report with plots there");

  souk::bench::WalkOptions walk;
  BesideFlags walk_flags;
  CLI::App* walk_command =
      app.add_subcommand("walk",
                         "Walks all hits of a search by cursor while prices and stocks change: no "
                         "product repeated, none missed, all of one instant");
  walk_command->add_option("--q", walk.q, "what is searched (*); other words: misses are not seen");
  walk_command->add_option("--sort-by", walk.sort_by, "as in /v1/search, such as price:asc");
  walk_command->add_option("--per-page", walk.per_page, "hits a page, 250 at most");
  walk_command->add_flag("--only-ids", walk.only_ids, "pages carry ids, no prices to be checked");
  walk_command->add_flag("--by-number", walk.by_number,
                         "control: pages by number, each of another instant; must turn red when "
                         "sorted by what changes");
  walk_flags.add(*walk_command, walk.changes, walk.products, walk.stale);

  souk::bench::BesideOptions beside;
  BesideFlags beside_flags;
  CLI::App* beside_command =
      app.add_subcommand("beside",
                         "Searches in alternating phases without and with changes of prices and "
                         "stocks; every hit is checked against the acknowledged changes");
  beside_command->add_option("--rounds", beside.rounds, "pairs of phases (6)");
  beside_command->add_option("--seconds", beside.seconds, "of each phase (5)");
  beside_command->add_option("--warmup", beside.warmup_seconds, "seconds before the first (2)");
  beside_command->add_option("--hits", beside.hits, "go on until so many hits were checked");
  beside_command->add_option("--connections", beside.connections, "searches at once (32)");
  beside_command->add_option("--rate", beside.rate,
                             "open loop: searches a second; without it a closed loop");
  beside_command->add_option("--filtered", beside.filtered,
                             "share of searches for in_stock:true in a range of prices (0.3)");
  beside_command->add_option("--facets", beside.facets, "facet_by of the searches");
  beside_flags.add(*beside_command, beside.changes, beside.products, beside.stale);

  std::string a;
  std::string b;
  CLI::App* compare_command = app.add_subcommand("compare", "Two JSON results side by side");
  compare_command->add_option("A", a)->required();
  compare_command->add_option("B", b)->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kUsage;
  }
  try {
    if (run_command->parsed()) return run(flags);
    if (walk_command->parsed()) {
      const auto result = run_walk(walk, target_of(walk_flags.urls), walk_flags.pids);
      return report(result, render_walk(walk, result), walk_json(result), walk_flags.json);
    }
    if (beside_command->parsed()) {
      const auto result = run_beside(beside, target_of(beside_flags.urls), beside_flags.pids);
      return report(result, render_beside(beside, result), beside_json(result), beside_flags.json);
    }
    std::fputs(souk::bench::compare(read_json(a), read_json(b)).c_str(), stdout);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "souk-bench: %s\n", error.what());
    return kFailed;
  }
}
