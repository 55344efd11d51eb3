#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "engine/index/catalog_index.hpp"
#include "engine/search/search.hpp"

// A saved index segment from disk, as given and with the checksum of its head made right, so that
// it does not keep the fuzzer out. The head is magic:8 version:4 reserved:4 checksum:8.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kChecksumAt = 16;
  constexpr std::size_t kHeadBytes = 24;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  for (const bool repaired : {false, true}) {
    if (repaired) {
      if (size < kHeadBytes) break;
      const std::uint64_t checksum = XXH3_64bits(bytes.data() + kHeadBytes, size - kHeadBytes);
      std::memcpy(bytes.data() + kChecksumAt, &checksum, sizeof checksum);
    }
    souk::engine::CatalogIndex index{{souk::engine::Service::catalog, 0}};
    (void)index.load("segment", souk::engine::SharedBytes{bytes}).has_value();
    (void)index.publish(1);
  }
  return 0;
}
