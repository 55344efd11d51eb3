#include "tests/net/etcd/etcd_cluster.hpp"

#include <doctest/doctest.h>
#include <sodium.h>

#include "tests/support/certificates.hpp"

namespace souk::test {

EtcdCluster::EtcdCluster(Options options) : options_{options}, members_(options.members) {
  REQUIRE(sodium_init() >= 0);
  if (options_.tls) make_certificates();
  for (auto& member : members_) {
    member.client_port = free_port();
    member.peer_port = free_port();
  }
  for (std::size_t i = 0; i < members_.size(); ++i) start(i);
  wait_ready();
}

std::string EtcdCluster::url(const Member& member) const {
  return (options_.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") +
         std::to_string(member.client_port);
}

void EtcdCluster::start(std::size_t number) {
  Member& member = members_[number];
  std::string cluster;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    cluster += (i == 0 ? "m" : ",m") + std::to_string(i) +
               "=http://127.0.0.1:" + std::to_string(members_[i].peer_port);
  }
  const std::string name = "m" + std::to_string(number);
  const std::string peer = "http://127.0.0.1:" + std::to_string(member.peer_port);
  std::vector<std::string> command = {"etcd",
                                      "--name",
                                      name,
                                      "--logger=zap",
                                      "--data-dir",
                                      (folder_ / name).string(),
                                      "--listen-client-urls",
                                      url(member),
                                      "--advertise-client-urls",
                                      url(member),
                                      "--listen-peer-urls",
                                      peer,
                                      "--initial-advertise-peer-urls",
                                      peer,
                                      "--initial-cluster",
                                      cluster,
                                      "--initial-cluster-token",
                                      folder_.path().filename().string(),
                                      "--unsafe-no-fsync"};
  if (options_.tls) {
    for (const auto& [flag, file] :
         {std::pair{"--cert-file", "server.pem"}, std::pair{"--key-file", "server.key"},
          std::pair{"--trusted-ca-file", "ca.pem"}}) {
      command.emplace_back(flag);
      command.push_back((folder_ / file).string());
    }
    command.emplace_back("--client-cert-auth");
  }
  member.process = ChildProcess{std::move(command), folder_ / (name + ".log")};
  REQUIRE(member.process.started());
}

void EtcdCluster::make_certificates() const {
  make_authority(folder_.path(), "ca");
  make_authority(folder_.path(), "stranger");
  make_certificate(folder_.path(), "server", "ca");
  make_certificate(folder_.path(), "client", "ca");
}

net::EtcdSettings EtcdCluster::settings() const {
  net::EtcdSettings settings;
  for (const auto& member : members_) {
    settings.endpoints.push_back(net::parse_etcd_endpoint(url(member)).value());
  }
  if (options_.tls) {
    settings.ca = folder_ / "ca.pem";
    settings.cert = folder_ / "client.pem";
    settings.key = folder_ / "client.key";
  }
  return settings;
}

std::shared_ptr<storage::Coordinator> EtcdCluster::coordinator(const net::EtcdSettings& settings) {
  auto coordinator = net::make_etcd_coordinator(settings);
  REQUIRE_MESSAGE(coordinator, (coordinator ? "" : coordinator.error().detail));
  return *coordinator;
}

std::shared_ptr<storage::Coordinator> EtcdCluster::coordinator() const {
  return coordinator(settings());
}

void EtcdCluster::wait_ready() const {
  const auto up =
      coordinator()->read("", std::chrono::steady_clock::now() + std::chrono::seconds{30});
  REQUIRE_MESSAGE(up, (up ? "" : up.error().detail));
}

bool EtcdCluster::ctl(std::vector<std::string> words) const {
  std::string endpoints;
  for (const auto& member : members_) endpoints += (endpoints.empty() ? "" : ",") + url(member);
  std::vector<std::string> command = {"env", "ETCDCTL_API=3", "etcdctl", "--endpoints", endpoints};
  if (options_.tls) {
    for (const auto& [flag, file] :
         {std::pair{"--cacert", "ca.pem"}, std::pair{"--cert", "client.pem"},
          std::pair{"--key", "client.key"}}) {
      command.emplace_back(flag);
      command.push_back((folder_ / file).string());
    }
  }
  for (auto& word : words) command.push_back(std::move(word));
  return run_command(std::move(command), folder_ / "ctl.log");
}

void EtcdCluster::compact() const {
  const auto now = coordinator()->read("", storage::Coordinator::patience());
  REQUIRE(now);
  REQUIRE(ctl({"compact", std::to_string(now->revision)}));
}

}  // namespace souk::test
