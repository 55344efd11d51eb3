#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace souk::engine {

/// A name given by a client or made by the gateway: 1 to 128 characters of `A-Za-z0-9_.:-`.
/// Distinct tags are distinct types, so an OrderId cannot be passed for a ProductId.
template <class Tag>
class Id {
public:
  Id() = default;
  explicit Id(std::string value) : value_{std::move(value)} {}

  const std::string& str() const { return value_; }
  bool empty() const { return value_.empty(); }

  friend auto operator<=>(const Id&, const Id&) = default;

private:
  std::string value_;
};

using ProductId = Id<struct ProductIdTag>;
using Sku = Id<struct SkuTag>;
using OrderId = Id<struct OrderIdTag>;
/// Names a hold on a catalog shard. A reservation's hold carries the reservation's id, a checkout's the order's.
using HoldId = Id<struct HoldIdTag>;
using PaymentId = Id<struct PaymentIdTag>;
using CustomerId = Id<struct CustomerIdTag>;

/// True for 1 to 128 characters of `A-Za-z0-9_.:-`. O(length).
bool is_valid_id(std::string_view text);

/// 64-bit xxh3 of a key: the hash from which slots are cut, equal on every node and build.
std::uint64_t hash_key(std::string_view key);

}  // namespace souk::engine

template <class Tag>
struct std::hash<souk::engine::Id<Tag>> {
  std::size_t operator()(const souk::engine::Id<Tag>& id) const {
    return souk::engine::hash_key(id.str());
  }
};
