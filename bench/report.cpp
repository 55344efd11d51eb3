#include "bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value_to.hpp>

namespace souk::bench {
namespace {

namespace json = boost::json;

std::uint64_t operations(const RunResult& result) {
  std::uint64_t sum = 0;
  for (const auto& [kind, series] : result.series) sum += series.count();
  return sum;
}

std::uint64_t successes(const RunResult& result) {
  std::uint64_t sum = 0;
  for (const auto& [kind, series] : result.series) sum += series.succeeded();
  return sum;
}

std::string statuses(const Series& series) {
  std::string text;
  for (const auto& [status, count] : series.statuses()) {
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ",
                        status == 0 ? "unanswered" : std::to_string(status), count);
  }
  return text;
}

std::string gap_text(const Gaps& gaps) {
  return fmt::format("{:.0f} ms, from {:.2f} s",
                     static_cast<double>(gaps.longest().length.count()) / 1e3,
                     static_cast<double>(gaps.longest().from.count()) / 1e6);
}

json::object gap_json(const Gaps& gaps) {
  return {{"acknowledged", gaps.acknowledged()},
          {"longest_gap_ms", static_cast<double>(gaps.longest().length.count()) / 1e3},
          {"longest_gap_from_ms", static_cast<double>(gaps.longest().from.count()) / 1e3}};
}

json::object timeline_json(const Timeline& timeline) {
  json::array writes;
  json::array failures;
  json::array repeats;
  json::array p99;
  for (const Timeline::Step& step : timeline.steps()) {
    writes.emplace_back(step.writes);
    failures.emplace_back(step.failures);
    repeats.emplace_back(step.repeats);
    p99.emplace_back(percentiles_of(step.latencies_us).p99);
  }
  json::object shards;
  for (const auto& [shard, gaps] : timeline.shards()) shards[shard] = gap_json(gaps);
  return {{"step_ms", Timeline::kStep.count()},
          {"acknowledged_writes", writes},
          {"failures", failures},
          {"repeats", repeats},
          {"p99_us", p99},
          {"writes", gap_json(timeline.writes())},
          {"shards", shards}};
}

double per(double seconds, std::uint64_t count) {
  return count == 0 ? 0 : seconds * 1e6 / static_cast<double>(count);
}

}  // namespace

std::string render_table(const RunResult& result) {
  const Scenario& s = result.scenario;
  const bool repeats = s.retry_seconds > 0;
  std::string text = fmt::format(
      "{}: {} loop, {} connections, {:.1f} s, seed {}\n", s.name,
      s.rate > 0 ? fmt::format("open ({:.0f}/s, latency from the intended time)", s.rate)
                 : "closed",
      s.connections, result.seconds, s.seed);
  text += fmt::format("{:<16}{:>10}{:>11}{:>9}{:>9}{:>9}{:>9}{:>9}{}  {}\n", "operation", "count",
                      "2xx/s", "p50 ms", "p90", "p99", "p99.9", "max",
                      repeats ? "   repeated  failed" : "", "answers");
  for (const auto& [kind, series] : result.series) {
    const Percentiles p = percentiles_of(series.latencies());
    text +=
        fmt::format("{:<16}{:>10}{:>11.1f}{:>9.2f}{:>9.2f}{:>9.2f}{:>9.2f}{:>9.2f}{}  {}\n", kind,
                    series.count(), static_cast<double>(series.succeeded()) / result.seconds,
                    p.p50 / 1e3, p.p90 / 1e3, p.p99 / 1e3, p.p999 / 1e3, p.max / 1e3,
                    repeats ? fmt::format("{:>11}{:>8}", series.retried(), series.failed()) : "",
                    statuses(series));
  }
  if (result.timeline.writes().acknowledged() > 0) {
    text += "longest gap without an acknowledged write: " + gap_text(result.timeline.writes());
    for (const auto& [shard, gaps] : result.timeline.shards())
      text += fmt::format("\n  {:<14}{}", shard, gap_text(gaps));
    text += "\n";
  }
  text += fmt::format("generator: {:.1f} us CPU an operation",
                      per(result.generator_cpu_seconds, operations(result)));
  if (s.rate > 0) text += fmt::format(", sent p99 {:.2f} ms late", result.lateness.p99 / 1e3);
  if (result.server_cpu_seconds > 0) {
    text += fmt::format("\nserver: {:.1f} us CPU an operation, {:.1f} us a success, RSS {:.0f} MiB",
                        per(result.server_cpu_seconds, operations(result)),
                        per(result.server_cpu_seconds, successes(result)),
                        static_cast<double>(result.server_rss_bytes) / (1 << 20));
  }
  text += fmt::format("\nload average {:.2f}\n", result.load_average);
  if (s.rate > 0 && result.lateness.p99 > 1000)
    text += "void: the generator itself was late (p99 above 1 ms); lower the rate\n";
  text += fmt::format("verdict: {}\n",
                      result.verdict.green()
                          ? "GREEN"
                          : fmt::format("RED, {} violations", result.verdict.violation_count));
  for (const std::string& check : result.verdict.checks) text += "  checked: " + check + "\n";
  const std::size_t shown = std::min<std::size_t>(result.verdict.violations.size(), 20);
  for (std::size_t i = 0; i < shown; ++i)
    text += "  VIOLATION: " + result.verdict.violations[i] + "\n";
  return text;
}

json::value render_json(const RunResult& result) {
  json::object series;
  for (const auto& [kind, one] : result.series) {
    const Percentiles p = percentiles_of(one.latencies());
    json::object by_status;
    for (const auto& [status, count] : one.statuses()) by_status[std::to_string(status)] = count;
    series[kind] =
        json::object{{"count", one.count()},
                     {"per_second", static_cast<double>(one.succeeded()) / result.seconds},
                     {"latency_us", json::object{{"p50", p.p50},
                                                 {"p90", p.p90},
                                                 {"p95", p.p95},
                                                 {"p99", p.p99},
                                                 {"p999", p.p999},
                                                 {"max", p.max},
                                                 {"mean", p.mean}}},
                     {"statuses", by_status},
                     {"repeated", one.retried()},
                     {"repeats", one.repeats()},
                     {"failed_after_retry", one.failed()},
                     {"timeline", json::array(one.per_second().begin(), one.per_second().end())}};
  }
  json::array violations;
  for (const std::string& violation : result.verdict.violations) violations.emplace_back(violation);
  json::array checks;
  for (const std::string& check : result.verdict.checks) checks.emplace_back(check);
  const Scenario& s = result.scenario;
  return json::object{
      {"scenario", json::object{{"name", s.name},
                                {"seed", s.seed},
                                {"loop", s.rate > 0 ? "open" : "closed"},
                                {"rate", s.rate},
                                {"connections", s.connections},
                                {"retry_seconds", s.retry_seconds},
                                {"skus", s.skus},
                                {"zipf", s.zipf}}},
      {"began_unix_ms", static_cast<double>(result.began_unix_us) / 1e3},
      {"seconds", result.seconds},
      {"timeline", timeline_json(result.timeline)},
      {"operations", series},
      {"generator",
       json::object{{"cpu_us_per_operation", per(result.generator_cpu_seconds, operations(result))},
                    {"lateness_p99_us", result.lateness.p99}}},
      {"server",
       json::object{{"cpu_us_per_operation", per(result.server_cpu_seconds, operations(result))},
                    {"cpu_us_per_success", per(result.server_cpu_seconds, successes(result))},
                    {"rss_bytes", result.server_rss_bytes}}},
      {"load_average", result.load_average},
      {"verdict", json::object{{"green", result.verdict.green()},
                               {"violation_count", result.verdict.violation_count},
                               {"acknowledged", result.verdict.acknowledged},
                               {"refused", result.verdict.refused},
                               {"resolved_unknown", result.verdict.resolved_unknown},
                               {"checks", checks},
                               {"violations", violations}}}};
}

std::string render_samples(const RunResult& result) {
  std::string text = "intended_unix_us,latency_us,kind,status,tries,shards\n";
  for (const Sample& sample : result.samples) {
    text += fmt::format("{},{},{},{},{},", result.began_unix_us + sample.intended.count(),
                        sample.latency.count(), sample.kind, sample.status, sample.tries);
    for (std::size_t i = 0; i < sample.shards.size(); ++i)
      text += (i == 0 ? "" : "+") + sample.shards[i];
    text.push_back('\n');
  }
  return text;
}

std::string compare(const json::value& a, const json::value& b) {
  std::string text =
      fmt::format("{:<16}{:<12}{:>14}{:>14}{:>9}\n", "operation", "figure", "A", "B", "B/A");
  const auto row = [&](std::string_view kind, std::string_view figure, double x, double y) {
    text += fmt::format("{:<16}{:<12}{:>14.1f}{:>14.1f}{:>9.2f}\n", kind, figure, x, y,
                        x == 0 ? 0 : y / x);
  };
  for (const auto& [kind, one] : a.at("operations").as_object()) {
    const json::value* other = b.at("operations").as_object().if_contains(kind);
    if (other == nullptr) continue;
    const std::string name{kind.data(), kind.size()};
    row(name, "per second", one.at("per_second").to_number<double>(),
        other->at("per_second").to_number<double>());
    for (const char* quantile : {"p50", "p99", "p999"}) {
      row(name, std::string{quantile} + " us",
          one.at("latency_us").at(quantile).to_number<double>(),
          other->at("latency_us").at(quantile).to_number<double>());
    }
  }
  row("server", "CPU us/op", a.at("server").at("cpu_us_per_operation").to_number<double>(),
      b.at("server").at("cpu_us_per_operation").to_number<double>());
  return text;
}

}  // namespace souk::bench
