#include "net/http/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace souk::net {

bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  const auto continues = [](unsigned char byte) { return (byte & 0xC0U) == 0x80U; };
  while (at < end) {
    if (end - at >= 8) {  // ASCII, eight at a time
      std::uint64_t word = 0;
      std::memcpy(&word, at, 8);
      if ((word & 0x8080808080808080ULL) == 0) {
        at += 8;
        continue;
      }
    }
    const unsigned char lead = *at;
    if (lead < 0x80) {
      ++at;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
      if (end - at < 2 || !continues(at[1])) return false;
      at += 2;
    } else if ((lead & 0xF0U) == 0xE0U) {
      if (end - at < 3 || !continues(at[1]) || !continues(at[2])) return false;
      if (lead == 0xE0 && at[1] < 0xA0) return false;
      if (lead == 0xED && at[1] > 0x9F) return false;
      at += 3;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      if (end - at < 4 || !continues(at[1]) || !continues(at[2]) || !continues(at[3])) return false;
      if (lead == 0xF0 && at[1] < 0x90) return false;
      if (lead == 0xF4 && at[1] > 0x8F) return false;
      at += 4;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace souk::net
