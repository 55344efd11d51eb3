#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/inventory/hold.hpp"
#include "engine/order/idempotency.hpp"
#include "engine/types/error.hpp"
#include "engine/types/id.hpp"
#include "engine/types/money.hpp"
#include "engine/types/quantity.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::engine {

struct Address {
  std::string name;
  std::string line1;
  std::string line2;
  std::string city;
  std::string postal_code;
  std::string state;
  std::string country;             // ISO 3166-1 alpha-2

  friend bool operator==(const Address&, const Address&) = default;
};

struct Customer {
  CustomerId id;                   // empty: guest
  std::string email;

  friend bool operator==(const Customer&, const Customer&) = default;
};

/// What a client asked to buy. `expected_price`: refuse with price_changed if the shard's price differs.
struct CheckoutLine {
  Sku sku;
  Quantity quantity;
  std::optional<Money> expected_price;

  friend bool operator==(const CheckoutLine&, const CheckoutLine&) = default;
};

/// How it is to be paid: the name of a provider and the token that provider understands.
struct PaymentMethod {
  std::string provider;
  std::string token;

  friend bool operator==(const PaymentMethod&, const PaymentMethod&) = default;
};

struct CheckoutRequest {
  std::vector<CheckoutLine> lines;
  Customer customer;
  std::optional<Address> shipping_address;
  PaymentMethod payment;

  friend bool operator==(const CheckoutRequest&, const CheckoutRequest&) = default;
};

struct OrderLine {
  Sku sku;
  ProductId product;
  std::string title;
  Quantity quantity;
  Money unit_price;
  Money total;

  friend bool operator==(const OrderLine&, const OrderLine&) = default;
};

/// total = subtotal − discount + tax + shipping, all of one currency.
struct Totals {
  Money subtotal;
  Money discount;
  Money tax;
  Money shipping;
  Money total;

  friend bool operator==(const Totals&, const Totals&) = default;
};

enum class PaymentStatus : std::uint8_t { authorized = 0, captured = 1, voided = 2 };

struct Payment {
  PaymentId id;
  std::string provider;
  std::string reference;           // the provider's name for the authorization
  PaymentStatus status = PaymentStatus::authorized;
  Money amount;

  friend bool operator==(const Payment&, const Payment&) = default;
};

enum class OrderStatus : std::uint8_t {
  confirmed = 0,                   // paid for (authorized), units held for it
  completed = 1,                   // units sold in the ledger, payment captured
};

struct Order {
  OrderId id;
  OrderStatus status = OrderStatus::confirmed;
  Customer customer;
  std::optional<Address> shipping_address;
  std::vector<OrderLine> lines;
  Totals totals;
  Payment payment;
  Timestamp created_at;
  Timestamp updated_at;
  std::uint64_t version = 1;

  friend bool operator==(const Order&, const Order&) = default;
};

}  // namespace souk::engine
