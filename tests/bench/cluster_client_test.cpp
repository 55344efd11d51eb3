#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench/owners.hpp"
#include "bench/retrying_client.hpp"
#include "bench/target.hpp"

using namespace souk::bench;
using std::chrono::steady_clock;

namespace {

/// Takes connections one after the other, reads one request of each and gives one answer; an empty
/// answer closes the connection, "silent" keeps it open.
class OneAnswerServer {
public:
  explicit OneAnswerServer(std::string answer)
      : answer_{std::move(answer)}, socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket_, 64) == 0);
    socklen_t length = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { serve(); }};
  }
  ~OneAnswerServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    for (const int connection : silent_) ::close(connection);
    ::close(socket_);
  }
  OneAnswerServer(const OneAnswerServer&) = delete;
  OneAnswerServer& operator=(const OneAnswerServer&) = delete;

  Endpoint endpoint() const { return {"127.0.0.1", port_}; }
  std::vector<std::string> requests() {
    const std::lock_guard lock{mutex_};
    return requests_;
  }

private:
  void serve() {
    for (;;) {
      const int connection = ::accept(socket_, nullptr, nullptr);
      if (connection < 0) return;
      char buffer[4096];
      const ssize_t size = ::recv(connection, buffer, sizeof buffer, 0);
      if (size > 0) {
        const std::lock_guard lock{mutex_};
        requests_.emplace_back(buffer, static_cast<std::size_t>(size));
      }
      if (answer_ == "silent") {
        silent_.push_back(connection);
        continue;
      }
      (void)::send(connection, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      ::close(connection);
    }
  }

  std::string answer_;
  int socket_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> silent_;
  std::thread thread_;
};

std::string answer_of(int status, const std::string& body = "") {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

struct Outcome {
  int status = -1;
  unsigned tries = 0;
};

/// One keyed request through the client, waited for.
Outcome ask(RetryingClient& client, double give_up = 5) {
  Outcome outcome;
  const auto now = steady_clock::now();
  const auto deadline = now + std::chrono::duration_cast<steady_clock::duration>(
                                  std::chrono::duration<double>{give_up});
  client.send(
      make_request("POST", "/v1/checkouts", "shop", "key", "{}", "Idempotency-Key: one\r\n"), now,
      deadline, [&](const HttpAnswer& answer, unsigned tries) {
        outcome = {answer.status, tries};
      });
  while (outcome.status < 0 && steady_clock::now() < deadline + std::chrono::seconds{5})
    client.poll(steady_clock::now() + std::chrono::milliseconds{5});
  return outcome;
}

}  // namespace

TEST_CASE("retrying client: repeats the same bytes at another node until one settles the request") {
  for (const std::string& first :
       {std::string{}, answer_of(503), answer_of(504, R"({"code":"unknown_outcome"})"),
        answer_of(409, R"({"code":"idempotency_in_progress"})"), std::string{"silent"}}) {
    CAPTURE(first);
    OneAnswerServer broken{first};
    OneAnswerServer good{answer_of(201)};
    RetryingClient client{{broken.endpoint(), good.endpoint()}, 4, {5, 0.2}};

    const Outcome outcome = ask(client);

    CHECK(outcome.status == 201);
    CHECK(outcome.tries == 2);
    REQUIRE(broken.requests().size() == 1);
    REQUIRE(good.requests().size() == 1);
    CHECK(broken.requests()[0] == good.requests()[0]);
  }
}

TEST_CASE("retrying client: what is settled, even as a refusal, is not repeated") {
  OneAnswerServer refusing{answer_of(409, R"({"code":"insufficient_stock"})")};
  OneAnswerServer good{answer_of(201)};
  RetryingClient client{{refusing.endpoint(), good.endpoint()}, 4, {5, 1}};

  const Outcome outcome = ask(client);

  CHECK(outcome.status == 409);
  CHECK(outcome.tries == 1);
  CHECK(good.requests().empty());
}

TEST_CASE("retrying client: gives up at the deadline with the last answer") {
  OneAnswerServer one{answer_of(503)};
  OneAnswerServer two{answer_of(503)};
  RetryingClient client{{one.endpoint(), two.endpoint()}, 4, {0.5, 1}};
  const auto started = steady_clock::now();

  const Outcome outcome = ask(client);

  CHECK(outcome.status == 503);
  CHECK(outcome.tries > 2);
  CHECK(steady_clock::now() - started < std::chrono::seconds{2});
}

TEST_CASE("retrying client: without a policy nothing is repeated") {
  OneAnswerServer broken{answer_of(503)};
  OneAnswerServer good{answer_of(201)};
  RetryingClient client{{broken.endpoint(), good.endpoint()}, 4, {}};

  const Outcome outcome = ask(client);

  CHECK(outcome.status == 503);
  CHECK(outcome.tries == 1);
}

TEST_CASE("load client: a dead node is left alone while the others answer") {
  OneAnswerServer good{answer_of(200)};
  std::uint16_t dead_port = 0;
  {
    OneAnswerServer gone{answer_of(200)};
    dead_port = gone.endpoint().port;
  }
  LoadClient client{{Endpoint{"127.0.0.1", dead_port}, good.endpoint()}, 8};
  int failures = 0;
  int successes = 0;

  for (int i = 0; i < 40; ++i) {
    bool done = false;
    client.send(make_request("GET", "/", "shop", ""), steady_clock::now() + std::chrono::seconds{2},
                [&](const HttpAnswer& answer) {
                  ++(answer.status == 200 ? successes : failures);
                  done = true;
                });
    while (!done) client.poll(steady_clock::now() + std::chrono::milliseconds{5});
  }

  CHECK(failures >= 1);
  CHECK(failures <= 4);
  CHECK(successes == 40 - failures);
}

TEST_CASE("load client: asks the preferred node as long as it works") {
  OneAnswerServer first{answer_of(200)};
  OneAnswerServer second{answer_of(200)};
  const auto ask_second = [&](LoadClient& client, std::size_t avoid) {
    std::size_t asked = kAnyEndpoint;
    client.send(
        make_request("GET", "/", "shop", ""), steady_clock::now() + std::chrono::seconds{2},
        [&](const HttpAnswer& answer) { asked = answer.endpoint; }, avoid, 1);
    while (asked == kAnyEndpoint) client.poll(steady_clock::now() + std::chrono::milliseconds{5});
    return asked;
  };
  LoadClient client{{first.endpoint(), second.endpoint()}, 4};
  for (int i = 0; i < 10; ++i) CHECK(ask_second(client, kAnyEndpoint) == 1);
  CHECK(ask_second(client, 1) == 0);
}

TEST_CASE("owners: a slot's products are led by whom the cluster's map names") {
  Owners owners{std::vector<std::string>{"a", "b"}};
  CHECK(owners.of(0) == kAnyEndpoint);
  const auto map = boost::json::parse(R"({"node":"a","shards":[
    {"id":"catalog-0","first_slot":0,"last_slot":999,"primary":"a"},
    {"id":"catalog-1","first_slot":1000,"last_slot":1999,"primary":"elsewhere"},
    {"id":"catalog-2","first_slot":2000,"last_slot":4095,"primary":"b"},
    {"id":"orders-0","first_slot":0,"last_slot":4095,"primary":"b"}]})");
  owners.learn(map);
  CHECK(owners.of(0) == 0);
  CHECK(owners.of(999) == 0);
  CHECK(owners.of(1500) == kAnyEndpoint);
  CHECK(owners.of(4095) == 1);
  owners.learn(boost::json::parse(R"({"status":501})"));
  owners.learn(boost::json::parse(R"([])"));
  CHECK(owners.of(4095) == 1);
}

TEST_CASE("target: several nodes are given by commas") {
  const Target target = parse_target("http://127.0.0.1:1,http://localhost:2/,10.0.0.1:3", "k");

  REQUIRE(target.endpoints.size() == 3);
  CHECK(target.endpoints[1].host == "127.0.0.1");
  CHECK(target.endpoints[2].host == "10.0.0.1");
  CHECK(target.endpoints[2].port == 3);
  CHECK(target.authority() == "127.0.0.1:1");
  CHECK_THROWS_AS(parse_target("http://127.0.0.1:1,http://127.0.0.1:x", "k"), std::runtime_error);
  CHECK_THROWS_AS(parse_target(",", "k"), std::runtime_error);
}
