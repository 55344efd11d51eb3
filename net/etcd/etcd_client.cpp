#include "net/etcd/etcd_client.hpp"

#include <algorithm>
#include <optional>
#include <thread>

#include "net/etcd/etcd_protocol.hpp"

namespace souk::net {

using engine::Errc;
using engine::Error;
using engine::Result;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kIdleMax = 4;  // per member
constexpr std::chrono::milliseconds kBackoffMin{50};
constexpr std::chrono::milliseconds kBackoffMax{2000};
constexpr int kLoginsMax = 3;  // per call

}  // namespace

EtcdEndpoints::Choice EtcdEndpoints::choose(Time now) const {
  const std::lock_guard lock{mutex_};
  Choice best{preferred_, members_[preferred_].not_before};
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const std::size_t member = (preferred_ + i) % members_.size();
    if (members_[member].not_before <= now) return {member, members_[member].not_before};
    if (members_[member].not_before < best.not_before) best = {member, members_[member].not_before};
  }
  return best;
}

void EtcdEndpoints::succeeded(std::size_t member) {
  const std::lock_guard lock{mutex_};
  members_[member] = {};
  preferred_ = member;
}

void EtcdEndpoints::failed(std::size_t member, Time now) {
  const std::lock_guard lock{mutex_};
  Member& failed = members_[member];
  failed.backoff = std::clamp(failed.backoff * 2, kBackoffMin, kBackoffMax);
  failed.not_before = now + failed.backoff;
  if (preferred_ == member) preferred_ = (member + 1) % members_.size();
}

EtcdClient::EtcdClient(EtcdSettings settings, std::shared_ptr<EtcdTls> tls)
    : settings_{std::move(settings)},
      tls_{std::move(tls)},
      endpoints_{settings_.endpoints.size()},
      idle_(settings_.endpoints.size()) {
}
EtcdClient::~EtcdClient() = default;

Result<std::string> EtcdClient::call(std::string_view path, std::string_view body, Kind kind,
                                     Deadline deadline) {
  return run(path, body, kind, deadline, !settings_.user.empty());
}

Result<std::string> EtcdClient::run(std::string_view path, std::string_view body, Kind kind,
                                    Deadline deadline, bool with_token) {
  std::optional<Error> last;
  int logins = 0;
  const auto too_late = [&] {
    return last.value_or(Error{Errc::timed_out, "the deadline has passed before etcd was asked"});
  };
  for (;;) {
    const auto choice = endpoints_.choose(Clock::now());
    if (Clock::now() >= deadline || choice.not_before >= deadline) return too_late();
    std::this_thread::sleep_until(choice.not_before);

    std::string token;
    if (with_token) {
      auto got = this->token(deadline);
      if (!got) return got.error();
      token = std::move(*got);
    }
    const std::size_t member = choice.member;
    auto connection = idle(member);
    if (!connection) {
      connection = std::make_unique<EtcdConnection>(settings_.endpoints[member], tls_);
      const auto opened =
          connection->open(std::min(deadline, Clock::now() + settings_.connect_timeout));
      if (!opened) {
        note_failure(member, opened.error());
        last = opened.error();
        continue;
      }
    }
    // From here on the member may have acted, whatever we hear of it.
    const auto patience =
        kind == Kind::once ? deadline : std::min(deadline, Clock::now() + settings_.read_timeout);
    const auto reply = connection->post(path, token, body, patience);
    if (!reply) {
      note_failure(member, reply.error());
      if (kind == Kind::once) return Error{Errc::unknown_outcome, reply.error().detail};
      last = reply.error();
      continue;
    }
    keep(member, std::move(connection));
    if (reply->status == 200) {
      note_success(member);
      return reply->body;
    }
    const auto refusal = etcd::parse_refusal(reply->status, reply->body);
    switch (refusal.kind) {
      case etcd::Refusal::final:
        note_success(member);
        return refusal.error;
      case etcd::Refusal::token:
        if (!with_token || ++logins > kLoginsMax) return refusal.error;
        forget_token();
        break;
      case etcd::Refusal::doubtful:
        note_failure(member, refusal.error);
        if (kind == Kind::once) return Error{Errc::unknown_outcome, refusal.error.detail};
        break;
      case etcd::Refusal::elsewhere:
        note_failure(member, refusal.error);
        break;
    }
    last = refusal.error;
  }
}

Result<EtcdClient::Opened> EtcdClient::open(Deadline deadline) {
  std::string token;
  if (!settings_.user.empty()) {
    auto got = this->token(deadline);
    if (!got) return got.error();
    token = std::move(*got);
  }
  const auto choice = endpoints_.choose(Clock::now());
  if (choice.not_before >= deadline)
    return Error{Errc::unavailable, "no endpoint of etcd is worth another attempt yet"};
  std::this_thread::sleep_until(choice.not_before);
  auto connection = std::make_unique<EtcdConnection>(settings_.endpoints[choice.member], tls_);
  const auto opened =
      connection->open(std::min(deadline, Clock::now() + settings_.connect_timeout));
  if (!opened) {
    note_failure(choice.member, opened.error());
    return opened.error();
  }
  return Opened{std::move(connection), std::move(token), choice.member};
}

void EtcdClient::report(std::size_t member, bool good) {
  if (good)
    endpoints_.succeeded(member);
  else
    endpoints_.failed(member, Clock::now());
}

Result<std::string> EtcdClient::token(Deadline deadline) {
  const std::lock_guard one{login_};
  {
    const std::lock_guard lock{mutex_};
    if (!token_.empty()) return token_;
  }
  const auto body =
      run("/v3/auth/authenticate", etcd::render_login(settings_.user, settings_.password),
          Kind::repeatable, deadline, false);
  if (!body) return body.error();
  auto token = etcd::parse_token(*body);
  if (!token) return token.error();
  const std::lock_guard lock{mutex_};
  token_ = *token;
  return token;
}

void EtcdClient::forget_token() {
  const std::lock_guard lock{mutex_};
  token_.clear();
}

std::unique_ptr<EtcdConnection> EtcdClient::idle(std::size_t member) {
  const std::lock_guard lock{mutex_};
  auto& idle = idle_[member];
  while (!idle.empty()) {
    auto connection = std::move(idle.back());
    idle.pop_back();
    if (connection->reusable()) return connection;
  }
  return nullptr;
}

void EtcdClient::keep(std::size_t member, std::unique_ptr<EtcdConnection> connection) {
  if (!connection->reusable()) return;
  const std::lock_guard lock{mutex_};
  if (idle_[member].size() < kIdleMax) idle_[member].push_back(std::move(connection));
}

void EtcdClient::note_failure(std::size_t member, const Error& error) {
  endpoints_.failed(member, Clock::now());
  std::vector<std::unique_ptr<EtcdConnection>> useless;
  const std::lock_guard lock{mutex_};
  useless.swap(idle_[member]);
  seen_ = {error.detail, false};
}

void EtcdClient::note_success(std::size_t member) {
  endpoints_.succeeded(member);
  const std::lock_guard lock{mutex_};
  if (!seen_.reachable || seen_.detail != settings_.endpoints[member].name())
    seen_ = {settings_.endpoints[member].name(), true};
}

EtcdClient::Seen EtcdClient::seen() const {
  const std::lock_guard lock{mutex_};
  return seen_;
}

}  // namespace souk::net
