#include "net/endpoints/checkouts.hpp"
#include "net/endpoints/orders.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

constexpr std::string_view kAddress = R"({
  "type": "object", "additionalProperties": false, "required": ["name", "line1", "city", "country"],
  "properties": {
    "name": {"type": "string", "maxLength": 255}, "line1": {"type": "string", "maxLength": 255},
    "line2": {"type": "string", "maxLength": 255}, "city": {"type": "string", "maxLength": 255},
    "postal_code": {"type": "string", "maxLength": 32}, "state": {"type": "string", "maxLength": 255},
    "country": {"type": "string", "description": "ISO 3166-1 alpha-2", "pattern": "^[A-Z]{2}$"}}})";

constexpr std::string_view kCustomer = R"({
  "type": "object", "additionalProperties": false, "required": ["email"],
  "properties": {
    "email": {"type": "string", "format": "email", "maxLength": 254},
    "id": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,128}$"}}})";

constexpr std::string_view kCheckout = R"({
  "type": "object", "additionalProperties": false, "required": ["lines", "customer", "payment"],
  "properties": {
    "lines": {"type": "array", "minItems": 1, "maxItems": 200, "items": {
      "type": "object", "additionalProperties": false, "required": ["sku", "quantity"],
      "properties": {
        "sku": {"type": "string"},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 1000000},
        "price": {"$ref": "#/components/schemas/Money",
          "description": "The unit price the customer saw; 409 price_changed if it is another one by now"}}}},
    "customer": {"$ref": "#/components/schemas/Customer"},
    "shipping_address": {"$ref": "#/components/schemas/Address"},
    "payment": {"type": "object", "additionalProperties": false, "required": ["provider", "token"], "properties": {
      "provider": {"type": "string", "enum": ["test"]},
      "token": {"type": "string", "maxLength": 255,
        "examples": ["tok_ok", "tok_declined", "tok_insufficient_funds", "tok_timeout", "tok_slow"]}}}}})";

constexpr std::string_view kOrder = R"({
  "type": "object",
  "required": ["id", "status", "customer", "lines", "totals", "payments", "allowed_actions", "created_at", "version"],
  "properties": {
    "id": {"type": "string"},
    "status": {"type": "string", "enum": ["confirmed", "completed"],
      "description": "confirmed: paid for and the units are held for it; completed: sold in the ledger and captured"},
    "customer": {"$ref": "#/components/schemas/Customer"},
    "shipping_address": {"oneOf": [{"$ref": "#/components/schemas/Address"}, {"type": "null"}]},
    "lines": {"type": "array", "items": {"type": "object", "properties": {
      "sku": {"type": "string"}, "product_id": {"type": "string"}, "title": {"type": "string"},
      "quantity": {"type": "integer"}, "unit_price": {"$ref": "#/components/schemas/Money"},
      "total": {"$ref": "#/components/schemas/Money"}}}},
    "totals": {"type": "object", "description": "total = subtotal - discount + tax + shipping", "properties": {
      "subtotal": {"$ref": "#/components/schemas/Money"}, "discount": {"$ref": "#/components/schemas/Money"},
      "tax": {"$ref": "#/components/schemas/Money"}, "shipping": {"$ref": "#/components/schemas/Money"},
      "total": {"$ref": "#/components/schemas/Money"}}},
    "payments": {"type": "array", "items": {"type": "object", "properties": {
      "id": {"type": "string"}, "provider": {"type": "string"}, "reference": {"type": "string"},
      "status": {"type": "string", "enum": ["authorized", "captured", "voided"]},
      "amount": {"$ref": "#/components/schemas/Money"}}}},
    "allowed_actions": {"type": "array", "items": {"type": "string"}},
    "created_at": {"type": "string", "format": "date-time"},
    "updated_at": {"type": "string", "format": "date-time"},
    "version": {"type": "integer", "format": "int64"},
    "view_token": {"type": "string",
      "description": "In the answer to a checkout only: lets whoever bought see the order, as Order-Token"}}})";

}  // namespace

void add_checkout_schemas(Router& router) {
  router.add_schema("Checkout", std::string{kCheckout});
}

void add_order_schemas(Router& router) {
  router.add_schema("Address", std::string{kAddress});
  router.add_schema("Customer", std::string{kCustomer});
  router.add_schema("Order", std::string{kOrder});
}

}  // namespace souk::net
