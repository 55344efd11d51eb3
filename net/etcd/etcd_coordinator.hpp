#pragma once

#include <memory>

#include "net/etcd/etcd_client.hpp"
#include "storage/coordinator.hpp"

namespace souk::net {

/// Facts in etcd, under the prefix of the settings. Revisions are etcd's.
class EtcdCoordinator final : public storage::Coordinator {
public:
  explicit EtcdCoordinator(std::shared_ptr<EtcdClient> client);
  /// Watches may live on; they end with their own objects.
  ~EtcdCoordinator() override;

  engine::Result<Listing> read(std::string_view prefix, Deadline deadline) const override;
  engine::Result<std::optional<Fact>> find(std::string_view name, Deadline deadline) const override;
  engine::Result<Revision> commit(const Transaction& transaction, Deadline deadline) override;
  engine::Result<Lease> grant(std::chrono::milliseconds ttl, Deadline deadline) override;
  engine::Result<void> keep_alive(LeaseId lease, Deadline deadline) override;
  engine::Result<void> revoke(LeaseId lease, Deadline deadline) override;
  std::unique_ptr<Watch> watch(std::string_view prefix, Revision after, OnEvent on_event) override;
  Status status() const override;

private:
  class Pulse;
  std::shared_ptr<EtcdClient> client_;
  std::unique_ptr<Pulse> pulse_;
};

/// All facts under a full prefix as of one revision, names without the settings' prefix.
engine::Result<storage::Coordinator::Listing> read_all(EtcdClient& client, std::string_view prefix,
                                                       EtcdClient::Deadline deadline);

/// EtcdCoordinator::watch.
std::unique_ptr<storage::Coordinator::Watch> watch_etcd(std::shared_ptr<EtcdClient> client,
                                                        std::string prefix,
                                                        storage::Coordinator::Revision after,
                                                        storage::Coordinator::OnEvent on_event);

}  // namespace souk::net
