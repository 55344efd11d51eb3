#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace souk::bench {

using SinceStart = std::chrono::microseconds;

/// The times between acknowledgements of one thing, the run's beginning and end included.
class Gaps {
public:
  struct Gap {
    SinceStart from{0};
    SinceStart length{0};
  };
  /// Pre: times do not go back.
  void acknowledge(SinceStart at);
  void finish(SinceStart end);
  Gap longest() const { return longest_; }
  std::uint64_t acknowledged() const { return acknowledged_; }

private:
  void extend(SinceStart at);

  SinceStart last_{0};
  Gap longest_;
  std::uint64_t acknowledged_ = 0;
};

/// One finished operation.
struct Sample {
  SinceStart intended{0};  // may be below 0: before the measurement began
  SinceStart latency{0};
  std::string kind;
  int status = 0;
  unsigned tries = 1;
  bool write = false;
  std::vector<std::string> shards;  // that had to store it, as far as the bench knows

  bool acknowledged_write() const { return write && status >= 200 && status < 300; }
  SinceStart finished() const { return intended + latency; }
};

/// No definite answer: unanswered, shed or an error of the server.
bool failed(int status);

/// What happened when, in steps of 100 ms by the time of the answer.
class Timeline {
public:
  static constexpr std::chrono::milliseconds kStep{100};
  struct Step {
    std::uint32_t writes = 0;    // acknowledged
    std::uint32_t failures = 0;  // after all repeats
    std::uint32_t repeats = 0;
    std::vector<std::uint32_t> latencies_us;
  };

  void add(const Sample& sample);
  /// Closes the last gaps. Nothing may be added afterwards.
  void finish(SinceStart end);

  const std::vector<Step>& steps() const { return steps_; }
  const Gaps& writes() const { return writes_; }
  const std::map<std::string, Gaps>& shards() const { return shards_; }

private:
  std::vector<Step> steps_;
  Gaps writes_;
  std::map<std::string, Gaps> shards_;
};

}  // namespace souk::bench
