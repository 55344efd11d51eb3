#include "net/endpoints/inventory.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

constexpr std::string_view kStock = R"({
  "type": "object", "description": "available = on_hand - held; on_hand = sum of received - sold",
  "required": ["sku", "product_id", "on_hand", "held", "sold", "available", "version"],
  "properties": {
    "sku": {"type": "string"}, "product_id": {"type": "string"},
    "on_hand": {"type": "integer", "format": "int64"}, "held": {"type": "integer", "format": "int64"},
    "sold": {"type": "integer", "format": "int64"}, "available": {"type": "integer", "format": "int64"},
    "version": {"type": "integer", "format": "int64"}}})";

constexpr std::string_view kStockLevel = R"({
  "type": "object", "additionalProperties": false, "required": ["on_hand"],
  "properties": {
    "on_hand": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 1000000000000},
    "change_from": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 1000000000000,
      "description": "412 with the current value if another number is on hand"},
    "reason": {"type": "string", "maxLength": 64, "default": "count"},
    "reference": {"type": "string", "maxLength": 255}}})";

constexpr std::string_view kStockAdjustment = R"({
  "type": "object", "additionalProperties": false, "required": ["delta", "reason"],
  "properties": {
    "delta": {"type": "integer", "format": "int64", "description": "Not zero"},
    "reason": {"type": "string", "minLength": 1, "maxLength": 64, "examples": ["received", "damaged", "count"]},
    "reference": {"type": "string", "maxLength": 255}}})";

constexpr std::string_view kStockBatch = R"({
  "type": "object", "additionalProperties": false, "required": ["items"],
  "properties": {
    "items": {"type": "array", "minItems": 1, "maxItems": 8192, "items": {
      "type": "object", "additionalProperties": false, "required": ["sku"],
      "description": "Either delta (with reason) or on_hand",
      "properties": {
        "sku": {"type": "string"},
        "delta": {"type": "integer", "format": "int64"},
        "on_hand": {"type": "integer", "format": "int64", "minimum": 0},
        "change_from": {"type": "integer", "format": "int64", "minimum": 0},
        "reason": {"type": "string", "maxLength": 64},
        "reference": {"type": "string", "maxLength": 255}}}}}})";

constexpr std::string_view kStockBatchAnswer = R"({
  "type": "object", "required": ["items", "ok", "failed"],
  "properties": {
    "items": {"type": "array", "items": {"type": "object", "required": ["ok"], "properties": {
      "ok": {"type": "boolean"},
      "stock": {"$ref": "#/components/schemas/Stock"},
      "error": {"$ref": "#/components/schemas/Problem"}}}},
    "ok": {"type": "integer", "format": "int64"},
    "failed": {"type": "integer", "format": "int64"}}})";

constexpr std::string_view kLedger = R"({
  "type": "object", "required": ["sku", "stock", "data", "has_more"],
  "properties": {
    "sku": {"type": "string"},
    "stock": {"$ref": "#/components/schemas/Stock"},
    "data": {"type": "array", "items": {"type": "object", "properties": {
      "delta": {"type": "integer", "format": "int64"},
      "on_hand": {"type": "integer", "format": "int64", "description": "After the change"},
      "reason": {"type": "string"}, "reference": {"type": "string"},
      "time": {"type": "string", "format": "date-time"},
      "position": {"type": "integer", "format": "int64", "description": "Of the journal record that made it"}}}},
    "has_more": {"type": "boolean"},
    "next_cursor": {"type": ["string", "null"]}}})";

}  // namespace

void add_inventory_schemas(Router& router) {
  router.add_schema("Stock", std::string{kStock});
  router.add_schema("StockLevel", std::string{kStockLevel});
  router.add_schema("StockAdjustment", std::string{kStockAdjustment});
  router.add_schema("StockBatch", std::string{kStockBatch});
  router.add_schema("StockBatchAnswer", std::string{kStockBatchAnswer});
  router.add_schema("Ledger", std::string{kLedger});
}

}  // namespace souk::net
