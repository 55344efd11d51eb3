#include "engine/index/byte_view.hpp"

namespace souk::engine {

std::size_t StringTable::lower_bound(std::string_view key) const {
  std::size_t low = 0;
  std::size_t high = size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if ((*this)[middle] < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::size_t StringTable::find(std::string_view key) const {
  const std::size_t place = lower_bound(key);
  return place < size() && (*this)[place] == key ? place : size();
}

std::size_t StringTable::prefix_end(std::string_view prefix) const {
  std::size_t low = lower_bound(prefix);
  std::size_t high = size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if ((*this)[middle].substr(0, prefix.size()) <= prefix) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

StringTable ByteReader::strings() {
  const ArrayView<std::uint32_t> offsets = array<std::uint32_t>();
  const std::string_view bytes = blob();
  if (failed_ || offsets.empty() || offsets[0] != 0 || offsets[offsets.size() - 1] > bytes.size()) {
    failed_ = true;
    return {};
  }
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    if (offsets[i - 1] > offsets[i]) {
      failed_ = true;
      return {};
    }
  }
  return {offsets, bytes.data()};
}

}  // namespace souk::engine
