#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/catalog/product_codec.hpp"
#include "net/json/checkout.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/product.hpp"
#include "net/json/reservation.hpp"
#include "net/json/search_query.hpp"
#include "net/json/stock.hpp"

// A request's body: the JSON itself, then as every kind of request. A product that is accepted has
// a document.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace souk;
  net::JsonDocument document;
  if (!document.parse({reinterpret_cast<const char*>(data), size})) return 0;
  const net::JsonValue root = document.root();
  const auto product = net::parse_product(root, engine::ProductId{"p-1"});
  if (product && !engine::decode_document(engine::encode_document(product->product))) std::abort();
  (void)net::parse_checkout(root).has_value();
  (void)net::parse_reservation(root).has_value();
  (void)net::parse_stock_adjustment(root, engine::Sku{"s-1"}).has_value();
  (void)net::parse_stock_batch(root).has_value();
  const auto params = net::parse_search_body(root);
  if (params) (void)net::parse_search_params(*params).has_value();
  return 0;
}
