#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "engine/order/checkout_saga.hpp"

namespace souk::engine {
namespace {

std::string param_of(std::size_t line, const char* field) {
  return "lines[" + std::to_string(line) + "]." + field;
}

Error price_changed(std::vector<ErrorItem> items) {
  Error error{Errc::price_changed, {}, items.front().param};
  error.detail = "the price of SKU " + items.front().sku + " is " +
                 std::to_string(items.front().available) + " now";
  error.items = std::move(items);
  return error;
}

Error too_much() {
  return {Errc::quantity_overflow, "the total is out of range", "lines"};
}

}  // namespace

Result<Order> price_order(const BeginCheckout& begin, const std::vector<HeldLine>& held) {
  std::unordered_map<std::string_view, const HeldLine*> by_sku;
  for (const HeldLine& line : held) by_sku.emplace(line.sku.str(), &line);

  Order order;
  order.id = begin.order;
  order.customer = begin.request.customer;
  order.shipping_address = begin.request.shipping_address;
  std::vector<ErrorItem> changed;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < begin.request.lines.size(); ++i) {
    const CheckoutLine& wanted = begin.request.lines[i];
    const auto found = by_sku.find(wanted.sku.str());
    if (found == by_sku.end())
      return Error{Errc::internal, "a line was not reserved", param_of(i, "sku")};
    const HeldLine& line = *found->second;
    if (line.price.currency != held.front().price.currency) {
      return Error{Errc::currency_mismatch, "all lines of an order share one currency",
                   param_of(i, "sku")};
    }
    if (wanted.expected_price && wanted.expected_price->currency != line.price.currency) {
      return Error{Errc::currency_mismatch,
                   "the price of SKU " + wanted.sku.str() + " is in " + line.price.currency.code(),
                   param_of(i, "price.currency")};
    }
    if (wanted.expected_price && *wanted.expected_price != line.price) {
      changed.push_back({param_of(i, "price"), Errc::price_changed, wanted.sku.str(),
                         wanted.expected_price->minor_units, line.price.minor_units});
    }
    const std::optional<Money> line_total = times(line.price, wanted.quantity.units());
    if (!line_total || __builtin_add_overflow(total, line_total->minor_units, &total))
      return too_much();
    order.lines.push_back(
        {line.sku, line.product, line.title, wanted.quantity, line.price, *line_total});
  }
  if (!changed.empty()) return price_changed(std::move(changed));
  // Sums over many orders must stay far from overflow too.
  if (total > kMinorUnitsMax) return too_much();

  const Currency currency = held.front().price.currency;
  const Money nothing{0, currency};
  order.totals = {{total, currency}, nothing, nothing, nothing, {total, currency}};
  return order;
}

}  // namespace souk::engine
