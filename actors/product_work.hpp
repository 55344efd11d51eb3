#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "actors/messages.hpp"
#include "engine/catalog/catalog_command.hpp"

namespace souk::actors {

/// One line of a write of products: what it wants, what became of it.
struct ProductLine {
  engine::PutProducts::Line wanted;
  engine::ProductId product;
  std::vector<engine::Sku> skus;  // of a put; none of a removal
  std::optional<engine::Error> error;
  std::vector<engine::Sku> dropped;
  bool replayed = false;
};

/// A write of one product, or of an import's chunk, on its way through claim, put and release. It
/// owns its products (nobody else writes them) from its start to its end.
struct ProductWork {
  std::vector<ProductLine> lines;
  std::string import_id;
  bool bulk = false;
  engine::Timestamp now;
  Deadline deadline;
  std::shared_ptr<const std::atomic<bool>> gone;  // RequestContext::gone
  std::function<void(ProductWork&)> answer;

  std::vector<engine::ProductId> products;  // distinct; locked while the work runs
  std::vector<engine::ProductId>
      judged;  // whose claims are being taken over; locked until the next claim round
  std::unordered_set<engine::Sku> fresh;  // claimed by this work
  std::set<engine::ShardId> claimed;      // nothing is left to be claimed there
  engine::ConsistencyToken token;
  std::size_t missing = 0;  // answers of the running step
  int rounds = 0;

  // Of a write of a single product.
  engine::ProductPutDone put_done;
  engine::Position position = 0;
  engine::ShardId put_shard;

  /// The claims to let go of at the end: what was claimed for lines that were refused, and what
  /// puts dropped, unless the last put of the product has it again.
  std::vector<engine::ClaimSkus::Claim> needless_claims() const;
};

}  // namespace souk::actors
