#pragma once

#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "bench/load_client.hpp"

namespace souk::bench {

/// When a request is repeated, as a shop's client would.
struct RetryPolicy {
  double until_seconds = 0;  // repeat until so long after the intended send time; 0: never
  double try_seconds = 2;    // how long one node may be silent
};

/// True for answers that do not settle a request and may be followed by another one under the same
/// idempotency key: none at all, 429, 502, 503, 504, and 409 idempotency_in_progress.
bool worth_repeating(const HttpAnswer& answer);

/// A LoadClient that repeats the very same bytes, idempotency key included, at another node after a
/// short pause. Pre: every request is a read or carries such a key.
class RetryingClient {
public:
  /// `tries`: how often it was sent, at least 1.
  using Done = std::function<void(const HttpAnswer&, unsigned tries)>;

  RetryingClient(std::vector<Endpoint> endpoints, std::size_t connections, RetryPolicy policy);

  /// As LoadClient::send. `intended`: when it should have been sent, from which policies count.
  void send(std::string request, SteadyTime intended, SteadyTime deadline, Done done,
            std::size_t prefer = kAnyEndpoint);
  void poll(SteadyTime until);
  std::size_t outstanding() const { return client_.outstanding() + waiting_.size(); }
  std::size_t usable() const { return client_.usable(); }

private:
  struct Operation {
    std::string request;
    SteadyTime give_up;
    Done done;
    unsigned tries = 0;
    std::size_t asked = kAnyEndpoint;
    std::size_t prefer = kAnyEndpoint;
  };
  struct Waiting {
    SteadyTime at;
    std::shared_ptr<Operation> operation;
    bool operator<(const Waiting& other) const { return at > other.at; }
  };
  void attempt(const std::shared_ptr<Operation>& operation);

  RetryPolicy policy_;
  LoadClient client_;
  std::priority_queue<Waiting> waiting_;
};

}  // namespace souk::bench
