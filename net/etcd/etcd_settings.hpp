#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types/result.hpp"

namespace souk::storage {
class Coordinator;
}

namespace souk::net {

/// One way into etcd: "http://10.0.0.1:2379", "https://etcd-0.example".
struct EtcdEndpoint {
  std::string host;
  std::uint16_t port = 2379;
  bool tls = false;

  friend bool operator==(const EtcdEndpoint&, const EtcdEndpoint&) = default;
  std::string name() const;
};
/// Nothing in front means http. Errors: invalid_value.
engine::Result<EtcdEndpoint> parse_etcd_endpoint(std::string_view url);

/// How to reach etcd, and what of it is ours.
struct EtcdSettings {
  std::vector<EtcdEndpoint> endpoints;
  std::filesystem::path ca;    // empty: the system's authorities
  std::filesystem::path cert;  // our certificate and its key, where etcd asks for one
  std::filesystem::path key;
  std::string user;  // empty: no authentication
  std::string password;
  std::string prefix = "souk/";  // in front of every name, so that shops can share an etcd
  std::chrono::milliseconds connect_timeout{1000};  // per endpoint, TLS included
  std::chrono::milliseconds read_timeout{2000};     // per endpoint, then the next one is asked
  std::chrono::milliseconds pulse{2000};            // between two looks at whether it answers
};

/// A coordinator over etcd's HTTP gateway (version 3.4 and later). Needs no etcd yet: calls are
/// `unavailable` until one answers. Errors: invalid_value (certificates that cannot be used).
engine::Result<std::shared_ptr<storage::Coordinator>> make_etcd_coordinator(EtcdSettings settings);

}  // namespace souk::net
