#include "net/etcd/etcd_coordinator.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "net/config.hpp"
#include "net/etcd/etcd_protocol.hpp"

namespace souk::net {

using engine::Errc;
using engine::Error;
using engine::Result;
using storage::Coordinator;
using Clock = std::chrono::steady_clock;
using Kind = EtcdClient::Kind;

namespace {

constexpr std::size_t kPageFacts = 500;
constexpr int kCompactionsMax = 3;

constexpr const char* kRange = "/v3/kv/range";

void strip(const EtcdSettings& settings, std::vector<Coordinator::NamedFact>& facts) {
  for (auto& fact : facts) fact.name.erase(0, settings.prefix.size());
}

}  // namespace

std::string EtcdEndpoint::name() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (tls ? "https://" : "http://") + (v6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port);
}

Result<EtcdEndpoint> parse_etcd_endpoint(std::string_view url) {
  EtcdEndpoint endpoint;
  auto rest = url;
  for (const auto& [scheme, tls] : {std::pair{std::string_view{"https://"}, true},
                                    std::pair{std::string_view{"http://"}, false}}) {
    if (!rest.starts_with(scheme)) continue;
    endpoint.tls = tls;
    rest.remove_prefix(scheme.size());
    break;
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  auto address = parse_address(rest);
  if (!address) address = parse_address(std::string{rest} + ":2379");
  if (!address || address->port == 0 || rest.find('/') != rest.npos)
    return Error{Errc::invalid_value, "'" + std::string{url} + "' is no URL of an etcd endpoint"};
  endpoint.host = address->host;
  endpoint.port = address->port;
  return endpoint;
}

/// Asks now and then, so that the status is of these seconds also when nobody else asks.
class EtcdCoordinator::Pulse {
public:
  explicit Pulse(std::shared_ptr<EtcdClient> client)
      : thread_{[client = std::move(client)](const std::stop_token& stop) {
          std::mutex mutex;
          std::condition_variable_any wake;
          std::unique_lock lock{mutex};
          const auto& settings = client->settings();
          const auto body = etcd::render(etcd::RangeRequest{settings.prefix + "pulse", "", 1, 0});
          while (!stop.stop_requested()) {
            (void)client->call(kRange, body, Kind::repeatable, Clock::now() + settings.pulse);
            wake.wait_for(lock, stop, settings.pulse, [] { return false; });
          }
        }} {}

private:
  std::jthread thread_;
};

EtcdCoordinator::EtcdCoordinator(std::shared_ptr<EtcdClient> client)
    : client_{std::move(client)}, pulse_{std::make_unique<Pulse>(client_)} {
}
EtcdCoordinator::~EtcdCoordinator() = default;

Result<Coordinator::Listing> read_all(EtcdClient& client, std::string_view prefix,
                                      EtcdClient::Deadline deadline) {
  for (int compactions = 0;;) {
    Coordinator::Listing listing;
    etcd::RangeRequest request{std::string{prefix}, etcd::after_prefix(prefix), kPageFacts, 0};
    for (;;) {
      const auto body = client.call(kRange, etcd::render(request), Kind::repeatable, deadline);
      // The revision the first page was of is forgotten already: begin again.
      if (!body && body.error().code == Errc::canceled && ++compactions <= kCompactionsMax) break;
      if (!body) return body.error();
      auto page = etcd::parse_range(*body);
      if (!page) return page.error();
      if (request.revision == 0) request.revision = listing.revision = page->revision;
      const bool more = page->more && !page->facts.empty();
      if (more) request.key = page->facts.back().name + '\0';
      strip(client.settings(), page->facts);
      std::move(page->facts.begin(), page->facts.end(), std::back_inserter(listing.facts));
      if (!more) return listing;
    }
  }
}

Result<Coordinator::Listing> EtcdCoordinator::read(std::string_view prefix,
                                                   Deadline deadline) const {
  return read_all(*client_, client_->settings().prefix + std::string{prefix}, deadline);
}

Result<std::optional<Coordinator::Fact>> EtcdCoordinator::find(std::string_view name,
                                                               Deadline deadline) const {
  const etcd::RangeRequest request{client_->settings().prefix + std::string{name}, "", 0, 0};
  const auto body = client_->call(kRange, etcd::render(request), Kind::repeatable, deadline);
  if (!body) return body.error();
  auto answer = etcd::parse_range(*body);
  if (!answer) return answer.error();
  if (answer->facts.empty()) return std::optional<Fact>{};
  return std::optional<Fact>{std::move(answer->facts.front().fact)};
}

Result<Coordinator::Revision> EtcdCoordinator::commit(const Transaction& transaction,
                                                      Deadline deadline) {
  const auto body = client_->call(
      "/v3/kv/txn", etcd::render(transaction, client_->settings().prefix), Kind::once, deadline);
  if (!body) return body.error();
  const auto answer = etcd::parse_commit(*body);
  if (!answer) return Error{Errc::unknown_outcome, answer.error().detail};
  if (!answer->succeeded)
    return Error{Errc::version_mismatch,
                 transaction.expected.empty()
                     ? "refused"
                     : transaction.expected.front().name + " or a fact after it has changed"};
  return answer->revision;
}

Result<Coordinator::Lease> EtcdCoordinator::grant(std::chrono::milliseconds ttl,
                                                  Deadline deadline) {
  const auto seconds =
      std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(ttl).count());
  const auto body =
      client_->call("/v3/lease/grant", etcd::render_grant(seconds), Kind::once, deadline);
  if (!body) return body.error();
  const auto answer = etcd::parse_lease(*body);
  if (!answer) return Error{Errc::unknown_outcome, answer.error().detail};
  return Lease{answer->id, std::chrono::seconds{answer->seconds}};
}

Result<void> EtcdCoordinator::keep_alive(LeaseId lease, Deadline deadline) {
  const auto body =
      client_->call("/v3/lease/keepalive", etcd::render_lease(lease), Kind::repeatable, deadline);
  if (!body) return body.error();
  const auto answer = etcd::parse_lease(*body);
  if (!answer) return answer.error();
  if (answer->seconds <= 0) return Error{Errc::unknown_lease, "no lease " + std::to_string(lease)};
  return {};
}

Result<void> EtcdCoordinator::revoke(LeaseId lease, Deadline deadline) {
  const auto body =
      client_->call("/v3/lease/revoke", etcd::render_lease(lease), Kind::once, deadline);
  if (!body) return body.error();
  return {};
}

std::unique_ptr<Coordinator::Watch> EtcdCoordinator::watch(std::string_view prefix, Revision after,
                                                           OnEvent on_event) {
  return watch_etcd(client_, client_->settings().prefix + std::string{prefix}, after,
                    std::move(on_event));
}

Coordinator::Status EtcdCoordinator::status() const {
  const auto seen = client_->seen();
  return {"etcd", seen.detail, seen.reachable};
}

Result<std::shared_ptr<Coordinator>> make_etcd_coordinator(EtcdSettings settings) {
  if (settings.endpoints.empty())
    return Error{Errc::invalid_value, "etcd needs one endpoint at least"};
  auto tls = EtcdTls::make(settings);
  if (!tls) return tls.error();
  auto client = std::make_shared<EtcdClient>(std::move(settings), std::move(*tls));
  return std::shared_ptr<Coordinator>{std::make_shared<EtcdCoordinator>(std::move(client))};
}

}  // namespace souk::net
