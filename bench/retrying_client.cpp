#include "bench/retrying_client.hpp"

#include <algorithm>

namespace souk::bench {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPause{10};
constexpr milliseconds kLongestPause{160};

steady_clock::duration seconds_of(double seconds) {
  return duration_cast<steady_clock::duration>(duration<double>{seconds});
}

}  // namespace

bool worth_repeating(const HttpAnswer& answer) {
  switch (answer.status) {
    case 0:
    case 429:
    case 502:
    case 503:
    case 504:
      return true;
    case 409:
      return answer.body.find("idempotency_in_progress") != std::string_view::npos;
    default:
      return false;
  }
}

RetryingClient::RetryingClient(std::vector<Endpoint> endpoints, std::size_t connections,
                               RetryPolicy policy)
    : policy_{policy}, client_{std::move(endpoints), connections} {
}

void RetryingClient::send(std::string request, SteadyTime intended, SteadyTime deadline, Done done,
                          std::size_t prefer) {
  if (policy_.until_seconds <= 0) {
    client_.send(
        std::move(request), deadline,
        [done = std::move(done)](const HttpAnswer& answer) { done(answer, 1); }, kAnyEndpoint,
        prefer);
    return;
  }
  auto operation = std::make_shared<Operation>();
  operation->request = std::move(request);
  operation->give_up = intended + seconds_of(policy_.until_seconds);
  operation->done = std::move(done);
  operation->prefer = prefer;
  attempt(operation);
}

void RetryingClient::attempt(const std::shared_ptr<Operation>& operation) {
  ++operation->tries;
  const auto patience = steady_clock::now() + seconds_of(policy_.try_seconds);
  client_.send(
      operation->request, std::min(patience, operation->give_up),
      [this, operation](const HttpAnswer& answer) {
        operation->asked = answer.endpoint;
        const auto again =
            steady_clock::now() +
            std::min(kFirstPause * (1U << std::min(operation->tries - 1, 8U)), kLongestPause);
        if (worth_repeating(answer) && again < operation->give_up) {
          waiting_.push({again, operation});
        } else {
          operation->done(answer, operation->tries);
        }
      },
      operation->asked, operation->prefer);
}

void RetryingClient::poll(SteadyTime until) {
  if (!waiting_.empty()) until = std::min(until, waiting_.top().at);
  client_.poll(until);
  const auto now = steady_clock::now();
  while (!waiting_.empty() && waiting_.top().at <= now) {
    const auto operation = waiting_.top().operation;
    waiting_.pop();
    attempt(operation);
  }
}

}  // namespace souk::bench
