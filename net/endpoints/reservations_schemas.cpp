#include "net/endpoints/reservations.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

constexpr std::string_view kLine = R"({
  "type": "object", "additionalProperties": false, "required": ["sku", "quantity"],
  "properties": {
    "sku": {"type": "string"},
    "quantity": {"type": "integer", "minimum": 1, "maximum": 1000000}}})";

constexpr std::string_view kRequest = R"({
  "type": "object", "additionalProperties": false, "required": ["lines"],
  "properties": {
    "lines": {"type": "array", "minItems": 1, "maxItems": 200, "items": {"$ref": "#/components/schemas/LineRequest"}},
    "ttl_s": {"type": "integer", "minimum": 1, "maximum": 86400, "default": 600},
    "all_or_nothing": {"type": "boolean", "default": true}}})";

constexpr std::string_view kCommit = R"({
  "type": "object", "additionalProperties": false,
  "properties": {
    "lines": {"type": "array", "minItems": 1, "maxItems": 200, "items": {"$ref": "#/components/schemas/LineRequest"},
      "description": "Absent: everything that is held"}}})";

constexpr std::string_view kExtension = R"({
  "type": "object", "additionalProperties": false, "required": ["ttl_s"],
  "properties": {"ttl_s": {"type": "integer", "minimum": 1, "maximum": 86400}}})";

constexpr std::string_view kReservation = R"({
  "type": "object", "required": ["id", "status", "lines", "refused", "created_at", "expires_at"],
  "properties": {
    "id": {"type": "string"},
    "status": {"type": "string", "enum": ["held", "committed", "released", "expired"]},
    "lines": {"type": "array", "items": {"type": "object", "properties": {
      "sku": {"type": "string"}, "product_id": {"type": "string"}, "title": {"type": "string"},
      "quantity": {"type": "integer"}, "price": {"$ref": "#/components/schemas/Money"}}}},
    "refused": {"type": "array", "description": "Lines that could not be held; only with all_or_nothing false",
      "items": {"type": "object", "properties": {
        "param": {"type": "string"}, "code": {"type": "string"}, "sku": {"type": "string"},
        "requested": {"type": "integer"}, "available": {"type": "integer"}}}},
    "created_at": {"type": "string", "format": "date-time"},
    "expires_at": {"type": "string", "format": "date-time"}}})";

}  // namespace

void add_reservation_schemas(Router& router) {
  router.add_schema("LineRequest", std::string{kLine});
  router.add_schema("ReservationRequest", std::string{kRequest});
  router.add_schema("ReservationCommit", std::string{kCommit});
  router.add_schema("ReservationExtension", std::string{kExtension});
  router.add_schema("Reservation", std::string{kReservation});
}

}  // namespace souk::net
