#include "actors/command_size.hpp"

namespace souk::actors {
namespace {

std::size_t size_of(const engine::Product& product) {
  return 256 + product.title.size() + product.description.size() +
         128 * (product.variants.size() + product.attributes.size());
}

}  // namespace

std::size_t rough_size(const engine::CatalogCommand& command) {
  if (const auto* put = std::get_if<engine::PutProduct>(&command)) return size_of(put->product);
  if (const auto* puts = std::get_if<engine::PutProducts>(&command)) {
    std::size_t bytes = 0;
    for (const auto& line : puts->lines) bytes += size_of(line.put.product);
    return bytes;
  }
  if (const auto* adjust = std::get_if<engine::AdjustStocks>(&command)) {
    return 128 * adjust->items.size();
  }
  if (const auto* hold = std::get_if<engine::PlaceHold>(&command)) {
    return 128 + 64 * hold->lines.size();
  }
  return 256;
}

}  // namespace souk::actors
