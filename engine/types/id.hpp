#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace souk::engine {

/// The text of an id with its hash, made once and shared by every copy, on whatever thread. Eight
/// bytes: a shard holds the SKUs of a catalog several times over, in different orders, for the price
/// of one text. Null is the empty id.
class SharedName {
public:
  SharedName() = default;
  /// Makes a name of its own, even if an equal one exists.
  explicit SharedName(std::string text);
  SharedName(const SharedName& other) : text_{other.text_} {
    if (text_ != nullptr) text_->users.fetch_add(1, std::memory_order_relaxed);
  }
  SharedName(SharedName&& other) noexcept : text_{std::exchange(other.text_, nullptr)} {}
  SharedName& operator=(SharedName other) noexcept {
    std::swap(text_, other.text_);
    return *this;
  }
  ~SharedName() {
    // Whoever sees himself as the only user is: nobody else can come by a copy.
    if (text_ == nullptr) return;
    if (text_->users.load(std::memory_order_acquire) == 1 ||
        text_->users.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete text_;
    }
  }

  const std::string& str() const { return text_ == nullptr ? kEmpty : text_->value; }
  std::uint64_t hash() const { return text_ == nullptr ? kEmptyHash : text_->hash; }

  friend bool operator==(const SharedName& a, const SharedName& b) {
    return a.text_ == b.text_ || (a.hash() == b.hash() && a.str() == b.str());
  }

private:
  struct Text {
    std::atomic<std::uint32_t> users{1};
    std::uint64_t hash;
    std::string value;
  };
  static const std::string kEmpty;
  static const std::uint64_t kEmptyHash;

  Text* text_ = nullptr;
};

/// A name given by a client or made by the gateway: 1 to 128 characters of `A-Za-z0-9_.:-`.
/// Distinct tags are distinct types, so an OrderId cannot be passed for a ProductId. Copies share
/// their text, comparing equal ones is usually comparing two pointers.
template <class Tag>
class Id {
public:
  Id() = default;
  explicit Id(std::string value) : name_{std::move(value)} {}
  explicit Id(SharedName name) : name_{std::move(name)} {}

  const std::string& str() const { return name_.str(); }
  bool empty() const { return str().empty(); }
  /// hash_key(str()), which was computed when the text was made.
  std::uint64_t hash() const { return name_.hash(); }
  const SharedName& name() const { return name_; }

  friend bool operator==(const Id&, const Id&) = default;
  friend std::strong_ordering operator<=>(const Id& a, const Id& b) { return a.str() <=> b.str(); }

private:
  SharedName name_;
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
    return id.hash();
  }
};
