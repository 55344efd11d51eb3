#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types/result.hpp"
#include "net/etcd/etcd_connection.hpp"
#include "net/etcd/etcd_settings.hpp"

namespace souk::net {

/// Which member to ask: the one that answered last; one that failed is left alone for a while, the
/// longer the oftener. Thread-safe.
class EtcdEndpoints {
public:
  using Time = std::chrono::steady_clock::time_point;

  explicit EtcdEndpoints(std::size_t count) : members_(count) {}

  struct Choice {
    std::size_t member = 0;
    Time not_before;  // in the past, unless all have failed
  };
  Choice choose(Time now) const;
  void succeeded(std::size_t member);
  void failed(std::size_t member, Time now);

private:
  struct Member {
    std::chrono::milliseconds backoff{0};
    Time not_before;
  };
  mutable std::mutex mutex_;
  std::vector<Member> members_;
  std::size_t preferred_ = 0;
};

/// Calls of etcd with failover, login and deadlines. Thread-safe: every call under way has a
/// connection of its own.
class EtcdClient {
public:
  using Deadline = std::chrono::steady_clock::time_point;
  /// What may be asked again when an answer is lost, and what may not.
  enum class Kind { repeatable, once };

  EtcdClient(EtcdSettings settings, std::shared_ptr<EtcdTls> tls);
  ~EtcdClient();

  const EtcdSettings& settings() const { return settings_; }
  /// The body of the good answer. Errors: unavailable and timed_out (nothing happened, or it was
  /// repeatable), unknown_outcome (never for repeatable), and what etcd refused (etcd_protocol).
  engine::Result<std::string> call(std::string_view path, std::string_view body, Kind kind,
                                   Deadline deadline);
  /// An open connection for a stream, and the token to send along.
  struct Opened {
    std::unique_ptr<EtcdConnection> connection;
    std::string token;
    std::size_t member = 0;
  };
  engine::Result<Opened> open(Deadline deadline);
  /// How a stream of open() went, for the choice of the next.
  void report(std::size_t member, bool good);
  void forget_token();

  /// The last thing that was learned about etcd: where it answered, or why it does not.
  struct Seen {
    std::string detail;
    bool reachable = false;
  };
  Seen seen() const;

private:
  engine::Result<std::string> token(Deadline deadline);
  std::unique_ptr<EtcdConnection> idle(std::size_t member);
  void keep(std::size_t member, std::unique_ptr<EtcdConnection> connection);
  void note_failure(std::size_t member, const engine::Error& error);
  void note_success(std::size_t member);
  engine::Result<std::string> run(std::string_view path, std::string_view body, Kind kind,
                                  Deadline deadline, bool with_token);

  const EtcdSettings settings_;
  const std::shared_ptr<EtcdTls> tls_;
  EtcdEndpoints endpoints_;
  mutable std::mutex mutex_;
  std::vector<std::vector<std::unique_ptr<EtcdConnection>>> idle_;  // by member
  std::string token_;
  Seen seen_{"not asked yet", false};
  std::mutex login_;  // one login at a time
};

}  // namespace souk::net
