#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/ask.hpp"
#include "actors/sku_directory.hpp"
#include "engine/types/result.hpp"

namespace souk::actors {

/// Asks which product owns the SKU: any copy of its claim's shard, and the one that leads if that
/// knows no product. `fresh`: the one that leads at once, because what another said was wrong.
template <class Self, class Done>
void ask_claim(Self* self, RouteTablePtr table, engine::Sku sku, Deadline deadline, bool fresh,
               Done done) {
  ask_routed<CatalogReading>(
      self, table, deadline,
      [=](const RoutesPtr& routes, auto answered) {
        ReadCatalog question{ReadClaim{sku}, 0, deadline};
        question.hint = !fresh;
        read_from(self, routes->catalog_at(sku.str()), std::move(question), std::move(answered));
      },
      [=](CatalogReading& reading) mutable {
        if (fresh || reading.finding) return done(reading);
        ask_claim(self, table, sku, deadline, true, std::move(done));
      });
}

/// Asks the claim shards which products own the SKUs and teaches the directory. `done` gets one
/// entry per SKU, in order: the slot of its product or nothing if no product claims it; or the
/// error of a shard that could not say. `fresh`: what the directory had learned was wrong.
template <class Self, class Done>
void resolve_skus(Self* self, RouteTablePtr table, std::shared_ptr<SkuDirectory> directory,
                  std::vector<engine::Sku> skus, Deadline deadline, bool fresh, Done done) {
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
    ask_claim(self, table, gathering->skus[i], deadline, fresh,
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
