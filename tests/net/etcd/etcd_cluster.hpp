#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "net/etcd/etcd_settings.hpp"
#include "storage/coordinator.hpp"
#include "tests/storage/temporary_folder.hpp"
#include "tests/support/child_process.hpp"

namespace souk::test {

/// The real etcd: members as processes on free ports, data in a temporary folder.
class EtcdCluster {
public:
  struct Options {
    std::size_t members = 1;
    bool tls = false;  // with client certificates
  };
  EtcdCluster() : EtcdCluster(Options{}) {}
  explicit EtcdCluster(Options options);

  /// What a node needs to reach it; `first` members only, if not all.
  net::EtcdSettings settings() const;
  std::shared_ptr<storage::Coordinator> coordinator() const;
  static std::shared_ptr<storage::Coordinator> coordinator(const net::EtcdSettings& settings);

  void start(std::size_t member);
  void kill(std::size_t member) { members_[member].process.end(SIGKILL); }
  void pause(std::size_t member) { members_[member].process.pause(); }
  void resume(std::size_t member) { members_[member].process.signal(SIGCONT); }
  /// Until somebody answers.
  void wait_ready() const;
  std::uint16_t port(std::size_t member) const { return members_[member].client_port; }
  /// etcdctl with the endpoints and certificates of this cluster.
  bool ctl(std::vector<std::string> words) const;
  /// Forgets all history up to now.
  void compact() const;
  std::filesystem::path folder() const { return folder_.path(); }

private:
  struct Member {
    ChildProcess process;
    std::uint16_t client_port = 0;
    std::uint16_t peer_port = 0;
  };
  std::string url(const Member& member) const;
  void make_certificates() const;

  TemporaryFolder folder_;
  const Options options_;
  std::vector<Member> members_;
};

}  // namespace souk::test
