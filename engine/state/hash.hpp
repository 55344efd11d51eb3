#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "engine/types/error.hpp"
#include "engine/types/id.hpp"
#include "engine/types/money.hpp"
#include "engine/types/quantity.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::engine {

/// Folds the fields of a state entry into 64 bits, equal on every build: it sees values, never
/// padding or addresses. Fields must be added in a fixed order; texts carry their length, so moving
/// a byte between fields changes the hash.
class StateHasher {
public:
  template <class Number>
  requires std::integral<Number> || std::is_enum_v<Number> StateHasher& add(Number value) {
    return mix(static_cast<std::uint64_t>(value));
  }
  StateHasher& add(std::string_view text) { return mix(hash_key(text)).mix(text.size()); }
  template <class Tag>
  StateHasher& add(const Id<Tag>& id) {
    return mix(id.hash()).mix(id.str().size());
  }
  StateHasher& add(Quantity quantity) { return add(quantity.units()); }
  StateHasher& add(Timestamp time) { return add(time.microseconds()); }
  StateHasher& add(Money money) { return add(money.minor_units).add(money.currency.packed()); }

  StateHasher& add(const ErrorItem& item) {
    return add(item.param).add(item.code).add(item.sku).add(item.requested).add(item.available);
  }
  StateHasher& add(const Error& error) {
    add(error.code).add(error.detail).add(error.param).add(error.items.size());
    for (const ErrorItem& item : error.items) add(item);
    return *this;
  }

  std::uint64_t value() const {
    // Finalizer of splitmix64: Steele, Lea and Flood, "Fast splittable pseudorandom number
    // generators", 2014.
    std::uint64_t h = state_;
    h = (h ^ h >> 30U) * 0xbf58476d1ce4e5b9U;
    h = (h ^ h >> 27U) * 0x94d049bb133111ebU;
    return h ^ h >> 31U;
  }

private:
  StateHasher& mix(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x9e3779b97f4a7c15U;
    state_ ^= state_ >> 29U;
    return *this;
  }

  std::uint64_t state_ = 0x243f6a8885a308d3U;
};

}  // namespace souk::engine
