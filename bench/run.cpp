#include "bench/run.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "bench/owners.hpp"
#include "bench/process_use.hpp"
#include "bench/retrying_client.hpp"

namespace souk::bench {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::steady_clock;

/// Drives the load. One thread; `now` moves with the client's poll.
class Driver {
public:
  Driver(const Scenario& scenario, const Target& target, const std::vector<int>& pids,
         Workload& workload, RunResult& result, bool keep_samples)
      : scenario_{scenario},
        pids_{pids},
        workload_{workload},
        result_{result},
        keep_samples_{keep_samples},
        // Whoever goes to the owner needs room at each for all that is in flight.
        client_{target.endpoints,
                scenario.connections * (scenario.direct ? target.endpoints.size() : 1),
                {scenario.retry_seconds, scenario.try_seconds}} {
    if (!scenario.direct) return;
    owners_.emplace(target);
    map_request_ = make_request("GET", "/v1/cluster", target.authority(), target.key);
  }

  void run() {
    const auto start = steady_clock::now();
    measure_from_ =
        start + duration_cast<steady_clock::duration>(duration<double>{scenario_.warmup_seconds});
    const auto end =
        measure_from_ + duration_cast<steady_clock::duration>(duration<double>{scenario_.seconds});
    bool measuring = false;
    next_intended_ = start;
    for (;;) {
      const auto now = steady_clock::now();
      if (!measuring && now >= measure_from_) {
        measuring = true;
        mark();
      }
      const bool over = scenario_.attempts > 0 ? workload_.exhausted() : now >= end;
      if (over) break;
      if (now >= next_progress_) {
        next_progress_ = now + std::chrono::seconds{1};
        std::fprintf(stderr, "\r%s: %3.0f s, %llu answers ", scenario_.name.c_str(),
                     duration<double>{now - start}.count(),
                     static_cast<unsigned long long>(answers_));
        if (owners_) ask_for_map(now);
      }
      feed(now, end);
      client_.poll(scenario_.rate > 0 ? next_intended_ : now + std::chrono::milliseconds{5});
    }
    const auto drain_until = steady_clock::now() +
                             duration_cast<steady_clock::duration>(duration<double>{
                                 std::max(scenario_.timeout_seconds, scenario_.retry_seconds) + 1});
    if (scenario_.attempts == 0) finish();
    while (client_.outstanding() > 0 && steady_clock::now() < drain_until)
      client_.poll(steady_clock::now() + std::chrono::milliseconds{5});
    if (scenario_.attempts > 0) finish();
    std::fputc('\n', stderr);
    result_.timeline.finish(
        duration_cast<SinceStart>(duration<double>{std::max(0.0, result_.seconds)}));
    result_.lateness = percentiles_of(lateness_);
  }

private:
  void mark() {
    result_.began_unix_us =
        duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    own_before_ = own_cpu_seconds();
    for (const int pid : pids_) server_before_ += cpu_seconds_of(pid);
  }

  void finish() {
    result_.seconds = duration<double>{steady_clock::now() - measure_from_}.count();
    result_.generator_cpu_seconds = own_cpu_seconds() - own_before_;
    for (const int pid : pids_) {
      result_.server_cpu_seconds += cpu_seconds_of(pid);
      result_.server_rss_bytes += rss_of(pid);
    }
    result_.server_cpu_seconds -= server_before_;
  }

  /// Shards are split and change hands while the load runs.
  void ask_for_map(SteadyTime now) {
    client_.send(map_request_, now, now + std::chrono::seconds{2},
                 [this](const HttpAnswer& answer, unsigned) {
                   boost::system::error_code error;
                   const auto parsed = boost::json::parse(
                       boost::json::string_view{answer.body.data(), answer.body.size()}, error);
                   if (answer.status == 200 && !error) owners_->learn(parsed);
                 });
  }

  void feed(SteadyTime now, SteadyTime end) {
    if (scenario_.rate <= 0) {
      const std::size_t connections = std::min(client_.usable(), scenario_.connections);
      while (client_.outstanding() < connections && !workload_.exhausted()) send(now);
      return;
    }
    while (workload_.has_follow_up()) send(now);
    const auto gap = duration_cast<steady_clock::duration>(duration<double>{1.0 / scenario_.rate});
    while (next_intended_ <= now && next_intended_ < end && !workload_.exhausted()) {
      if (next_intended_ >= measure_from_) {
        lateness_.push_back(
            static_cast<std::uint32_t>(duration_cast<microseconds>(now - next_intended_).count()));
      }
      send(next_intended_);
      next_intended_ += gap;
    }
  }

  void send(SteadyTime planned) {
    Workload::Operation operation = workload_.next();
    const SteadyTime intended = operation.since.value_or(planned);
    const auto deadline = intended + duration_cast<steady_clock::duration>(
                                         duration<double>{scenario_.timeout_seconds});
    std::string request = std::move(operation.request);
    const auto slot = owners_ ? workload_.slot_of(operation) : std::nullopt;
    client_.send(
        std::move(request), intended, deadline,
        [this, intended, operation = std::move(operation)](const HttpAnswer& answer,
                                                           unsigned tries) {
          if (operation.done) operation.done(answer);
          ++answers_;
          note(operation, intended, answer, tries);
        },
        slot ? owners_->of(*slot) : kAnyEndpoint);
  }

  void note(const Workload::Operation& operation, SteadyTime intended, const HttpAnswer& answer,
            unsigned tries) {
    const auto now = steady_clock::now();
    Sample sample;
    sample.intended = duration_cast<SinceStart>(intended - measure_from_);
    sample.latency = duration_cast<SinceStart>(now - intended);
    sample.kind = operation.kind;
    sample.status = answer.status;
    sample.tries = tries;
    sample.write = operation.write;
    if (sample.acknowledged_write()) sample.shards = workload_.shards_of(operation, answer);
    result_.timeline.add(sample);
    if (intended >= measure_from_) {
      const auto latency = std::min<std::int64_t>(sample.latency.count(), UINT32_MAX);
      const auto second = static_cast<std::size_t>(duration<double>{now - measure_from_}.count());
      result_.series[operation.kind].add(static_cast<std::uint32_t>(latency), answer.status, second,
                                         tries);
    }
    if (keep_samples_) result_.samples.push_back(std::move(sample));
  }

  const Scenario& scenario_;
  const std::vector<int>& pids_;
  Workload& workload_;
  RunResult& result_;
  bool keep_samples_;
  RetryingClient client_;
  std::optional<Owners> owners_;
  std::string map_request_;
  SteadyTime measure_from_;
  SteadyTime next_intended_;
  SteadyTime next_progress_{};
  std::vector<std::uint32_t> lateness_;
  std::uint64_t answers_ = 0;
  double own_before_ = 0;
  double server_before_ = 0;
};

}  // namespace

RunResult run_scenario(const Scenario& scenario, const Target& target, const std::vector<int>& pids,
                       bool keep_samples) {
  RunResult result;
  result.scenario = scenario;
  Caller caller{target};
  Workload workload{scenario, target};
  workload.prepare(caller);
  Driver{scenario, target, pids, workload, result, keep_samples}.run();
  double load[1] = {0};
  if (::getloadavg(load, 1) == 1) result.load_average = load[0];
  result.verdict = judge(scenario, workload, caller);
  return result;
}

}  // namespace souk::bench
