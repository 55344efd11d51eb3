#include <cstdint>
#include <string_view>

#include "storage/record.hpp"

// Every value of the state tables, within a frame that is intact.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace souk::storage;
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const std::string key = shard_key({}, "key");
  const std::string value = seal(key, bytes);
  switch (data[0] % 9) {
    case 0:
      (void)decode_product(key, value).has_value();
      break;
    case 1:
      (void)decode_sku(key, value).has_value();
      break;
    case 2:
      (void)decode_hold(key, value).has_value();
      break;
    case 3:
      (void)decode_reservation(key, value).has_value();
      break;
    case 4:
      (void)decode_answer(key, value).has_value();
      break;
    case 5:
      (void)decode_import(key, value).has_value();
      break;
    case 6:
      (void)decode_ledger(key, value).has_value();
      break;
    case 7:
      (void)decode_checkout(key, value).has_value();
      break;
    default:
      (void)decode_materialised(key, value).has_value();
      break;
  }
  std::string unpacked;
  (void)unseal(key, bytes, unpacked).has_value();
  return 0;
}
