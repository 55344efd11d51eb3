#include "actors/product_work.hpp"

#include <unordered_map>

namespace souk::actors {

std::vector<engine::ClaimSkus::Claim> ProductWork::needless_claims() const {
  std::unordered_map<engine::ProductId, const ProductLine*> last_put;
  for (const ProductLine& line : lines) {
    // A replayed line was put by an earlier run; the product may have changed since.
    if (!line.error && !line.replayed) last_put[line.product] = &line;
  }
  std::unordered_set<engine::Sku> kept;
  for (const auto& [product, line] : last_put) kept.insert(line->skus.begin(), line->skus.end());

  std::vector<engine::ClaimSkus::Claim> needless;
  std::unordered_set<engine::Sku> listed;
  const auto list = [&](const engine::Sku& sku, const engine::ProductId& product) {
    if (!kept.contains(sku) && listed.insert(sku).second) needless.push_back({sku, product});
  };
  for (const ProductLine& line : lines) {
    for (const engine::Sku& sku : line.dropped) list(sku, line.product);
    if (fresh.empty()) continue;
    for (const engine::Sku& sku : line.skus) {
      if (fresh.contains(sku)) list(sku, line.product);
    }
  }
  return needless;
}

}  // namespace souk::actors
