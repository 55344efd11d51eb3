#pragma once

#include <memory>
#include <string>

#include "storage/coordinator.hpp"
#include "storage/database.hpp"

namespace souk::storage {

/// The coordinator of a node that runs alone: facts in the node's own database. One object per
/// database. Leases are of this process: what was written under one is gone after a restart.
class CoordinatorStore final : public Coordinator {
public:
  struct Limits {
    /// Changes remembered for watches; who falls behind further gets a complete event.
    std::size_t history_max = 4096;
  };

  explicit CoordinatorStore(Database& database) : CoordinatorStore(database, Limits{}) {}
  CoordinatorStore(Database& database, Limits limits);
  /// Watches must have ended.
  ~CoordinatorStore() override;

  engine::Result<Listing> read(std::string_view prefix, Deadline deadline) const override;
  engine::Result<std::optional<Fact>> find(std::string_view name, Deadline deadline) const override;
  engine::Result<Revision> commit(const Transaction& transaction, Deadline deadline) override;
  engine::Result<Lease> grant(std::chrono::milliseconds ttl, Deadline deadline) override;
  engine::Result<void> keep_alive(LeaseId lease, Deadline deadline) override;
  engine::Result<void> revoke(LeaseId lease, Deadline deadline) override;
  std::unique_ptr<Watch> watch(std::string_view prefix, Revision after, OnEvent on_event) override;
  Status status() const override;

private:
  struct Content;
  std::shared_ptr<Content> content_;
};

}  // namespace souk::storage
