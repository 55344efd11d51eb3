#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "storage/journal.hpp"
#include "storage/record.hpp"

// A journal record as it comes from disk or another node: with the frame as given, and with a frame
// put around it, so that the checksum does not keep the fuzzer out. What decodes must encode to
// something that decodes to the same bytes.
namespace {

template <class Decode>
void check(std::string_view bytes, Decode decode) {
  const auto record = decode(bytes);
  if (!record) return;
  const std::string once = souk::storage::encode_record(*record);
  const auto again = decode(once);
  if (!again || souk::storage::encode_record(*again) != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  check(bytes, souk::storage::decode_catalog_record);
  check(bytes, souk::storage::decode_order_record);
  const std::string framed = souk::storage::seal({}, bytes);
  check(framed, souk::storage::decode_catalog_record);
  check(framed, souk::storage::decode_order_record);
  return 0;
}
