#pragma once

#include <mutex>
#include <string>

#include "storage/coordinator.hpp"
#include "storage/database.hpp"

namespace souk::storage {

/// The coordinator of a node that runs alone: facts in the node's own database. Thread-safe. One
/// object per database.
class CoordinatorStore final : public Coordinator {
public:
  explicit CoordinatorStore(Database& database) : database_{database} {}

  engine::Result<std::optional<Fact>> get(std::string_view name) const override;
  engine::Result<std::uint64_t> compare_and_swap(std::string_view name, std::uint64_t expected,
                                                 std::string_view value) override;
  engine::Result<std::vector<NamedFact>> list(std::string_view prefix) const override;

private:
  Database& database_;
  std::mutex swapping_;
};

/// The name of the node this data folder belongs to; `fresh` becomes it at the first start.
engine::Result<std::string> load_or_create_node_id(Database& database, const std::string& fresh);

}  // namespace souk::storage
