#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/catalog/product_codec.hpp"

// A product's document: what decodes encodes to a document that decodes to the same product.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  (void)souk::engine::title_of(bytes);
  const auto product = souk::engine::decode_document(bytes);
  if (!product) return 0;
  const std::string once = souk::engine::encode_document(*product);
  const auto again = souk::engine::decode_document(once);
  if (!again || souk::engine::encode_document(*again) != once) std::abort();
  return 0;
}
