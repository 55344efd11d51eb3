#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

#include "bench/report.hpp"
#include "bench/run.hpp"

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
  std::string urls;
  for (const std::string& url : flags.urls) urls += (urls.empty() ? "" : ",") + url;
  if (urls.empty()) urls = environment("SOUK_URL", "http://127.0.0.1:8080");
  const auto target = souk::bench::parse_target(urls, environment("SOUK_SERVER_KEY", "sk_dev"));
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
    std::fputs(souk::bench::compare(read_json(a), read_json(b)).c_str(), stdout);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "souk-bench: %s\n", error.what());
    return kFailed;
  }
}
