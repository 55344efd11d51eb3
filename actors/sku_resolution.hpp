#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/ask.hpp"
#include "actors/sku_directory.hpp"
#include "engine/types/result.hpp"

namespace souk::actors {

/// Asks the claim shards which products own the SKUs and teaches the directory. `done` gets one
/// entry per SKU, in order: the slot of its product or nothing if no product claims it; or the
/// error of a shard that could not say.
template <class Self, class Done>
void resolve_skus(Self* self, RouteTablePtr table, std::shared_ptr<SkuDirectory> directory,
                  std::vector<engine::Sku> skus, Deadline deadline, Done done) {
  using Slots = std::vector<std::optional<engine::Slot>>;
  struct Gathering {
    std::vector<engine::Sku> skus;
    Slots slots;
    std::size_t missing = 0;
    std::optional<engine::Error> failure;
    Done done;
  };
  const std::size_t count = skus.size();
  auto gathering = std::make_shared<Gathering>(
      Gathering{std::move(skus), Slots(count), count, std::nullopt, std::move(done)});
  if (count == 0) {
    gathering->done(engine::Result<Slots>{Slots{}});
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    ask_routed<CatalogReading>(
        self, table, deadline,
        [=](const RoutesPtr& routes, auto answered) {
          const engine::Sku& sku = gathering->skus[i];
          read_from(self, routes->catalog_at(sku.str()), ReadCatalog{ReadClaim{sku}, 0, deadline},
                    std::move(answered));
        },
        [gathering, directory, i](CatalogReading& reading) {
          if (reading.finding) {
            const auto& product = std::get<engine::ProductId>(*reading.finding);
            directory->learn(gathering->skus[i], product);
            gathering->slots[i] = engine::slot_of(product.str());
          } else if (reading.finding.error().code != engine::Errc::unknown_sku) {
            gathering->failure = reading.finding.error();
          }
          if (--gathering->missing != 0) return;
          if (gathering->failure) {
            gathering->done(engine::Result<Slots>{*gathering->failure});
          } else {
            gathering->done(engine::Result<Slots>{std::move(gathering->slots)});
          }
        });
  }
}

}  // namespace souk::actors
