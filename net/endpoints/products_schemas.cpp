#include "net/endpoints/products.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

constexpr std::string_view kMoney = R"({
  "type": "object", "description": "An amount in minor units (cents) of one currency", "additionalProperties": false,
  "required": ["amount", "currency"],
  "properties": {
    "amount": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 1000000000000},
    "currency": {"type": "string", "description": "ISO 4217", "pattern": "^[A-Z]{3}$"}}})";

constexpr std::string_view kVariant = R"({
  "type": "object", "additionalProperties": false, "required": ["sku", "price"],
  "properties": {
    "sku": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,128}$"},
    "options": {"type": "object", "additionalProperties": {"type": "string"}},
    "price": {"$ref": "#/components/schemas/Money"},
    "stock": {"type": "integer", "format": "int64", "minimum": 0,
      "description": "Units on hand; absent in a request: as it is, 0 for a new SKU"},
    "max_per_order": {"type": "integer", "format": "int64", "minimum": 0, "description": "0 or absent: no limit"},
    "available": {"type": "integer", "format": "int64", "readOnly": true}}})";

constexpr std::string_view kProduct = R"({
  "type": "object", "additionalProperties": false, "required": ["title"],
  "properties": {
    "id": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,128}$"},
    "title": {"type": "string", "minLength": 1, "maxLength": 1024},
    "description": {"type": "string"},
    "brand": {"type": "string"},
    "categories": {"type": "array", "items": {"type": "string"}, "examples": [["Clothing > Shirts"]]},
    "tags": {"type": "array", "items": {"type": "string"}},
    "attributes": {"type": "object", "additionalProperties": {"oneOf": [
      {"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "number"}, {"type": "boolean"}]}},
    "images": {"type": "array", "items": {"type": "string"}},
    "rating": {"type": "number", "minimum": 0, "maximum": 5},
    "rating_count": {"type": "integer", "format": "int64", "minimum": 0},
    "popularity": {"type": "integer", "format": "int64"},
    "status": {"type": "string", "enum": ["active", "draft", "archived"]},
    "available_at": {"type": ["string", "null"], "format": "date-time"},
    "language": {"$ref": "#/components/schemas/Language"},
    "source_version": {"type": "integer", "format": "int64",
      "description": "Version of the product in the system it comes from; an older one never overwrites a newer one"},
    "variants": {"type": "array", "minItems": 1, "maxItems": 2048, "items": {"$ref": "#/components/schemas/Variant"}},
    "sku": {"type": "string", "writeOnly": true, "description": "Only without variants; absent: the id"},
    "price": {"$ref": "#/components/schemas/Money"},
    "stock": {"type": "integer", "format": "int64", "minimum": 0, "writeOnly": true},
    "max_per_order": {"type": "integer", "format": "int64", "minimum": 0, "writeOnly": true},
    "version": {"type": "integer", "format": "int64", "readOnly": true},
    "created_at": {"type": "string", "format": "date-time", "readOnly": true},
    "updated_at": {"type": "string", "format": "date-time", "readOnly": true}}})";

constexpr std::string_view kImportLine = R"({
  "type": "object",
  "properties": {
    "line": {"type": "integer", "format": "int64", "minimum": 1},
    "ok": {"type": "boolean"},
    "error": {"$ref": "#/components/schemas/Problem"},
    "summary": {"type": "object", "description": "On the last line only", "required": ["ok", "failed", "token"],
      "properties": {
        "ok": {"type": "integer", "format": "int64"},
        "failed": {"type": "integer", "format": "int64"},
        "token": {"type": "string", "description": "Consistency token that covers every line"},
        "error": {"$ref": "#/components/schemas/Problem", "description": "Why the body ended too early: what came after was not done"}}}}})";

}  // namespace

void add_product_schemas(Router& router) {
  router.add_schema("Money", std::string{kMoney});
  router.add_schema("Variant", std::string{kVariant});
  router.add_schema("Product", std::string{kProduct});
  router.add_schema("ImportLine", std::string{kImportLine});
}

}  // namespace souk::net
