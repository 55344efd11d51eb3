#include "net/endpoints/typesense.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

constexpr const char* kDocument = R"({
  "type": "object", "required": ["id"],
  "properties": {
    "id": {"type": "string"}, "title": {"type": "string"}, "description": {"type": "string"},
    "brand": {"type": "string"},
    "categories": {"type": "array", "items": {"type": "string"}},
    "tags": {"type": "array", "items": {"type": "string"}},
    "attributes": {"type": "object"},
    "images": {"type": "array", "items": {"type": "string"}},
    "rating": {"type": "number"}, "rating_count": {"type": "integer"}, "popularity": {"type": "integer"},
    "status": {"type": "string"}, "available_at": {"type": "integer", "description": "seconds"},
    "price": {"type": "integer", "description": "minor units, of the cheapest matching variant"},
    "currency": {"type": "string"},
    "in_stock": {"type": "boolean"}, "available": {"type": "integer"},
    "sku": {"type": "array", "items": {"type": "string"}},
    "matched_skus": {"type": "array", "items": {"type": "string"}},
    "variants": {"type": "array", "items": {"type": "object", "properties": {
      "sku": {"type": "string"}, "options": {"type": "object"}, "price": {"type": "integer"},
      "currency": {"type": "string"}, "available": {"type": "integer"}, "in_stock": {"type": "boolean"},
      "stock": {"type": "integer"}, "max_per_order": {"type": "integer"}}}},
    "version": {"type": "integer"}, "created_at": {"type": "integer"}, "updated_at": {"type": "integer"}}})";

constexpr const char* kPage = R"({
  "type": "object", "required": ["found", "out_of", "page", "facet_counts", "search_time_ms", "request_params"],
  "properties": {
    "found": {"type": "integer"}, "out_of": {"type": "integer"}, "page": {"type": "integer"},
    "search_time_ms": {"type": "integer"}, "search_cutoff": {"type": "boolean"},
    "hits": {"type": "array", "items": {"type": "object", "properties": {
      "document": {"$ref": "#/components/schemas/TypesenseDocument"},
      "highlight": {"type": "object"},
      "highlights": {"type": "array", "items": {"type": "object"}},
      "text_match": {"type": "integer"}}}},
    "found_docs": {"type": "integer", "description": "with group_by; found counts groups then"},
    "grouped_hits": {"type": "array", "description": "with group_by instead of hits", "items": {"type": "object",
      "properties": {"group_key": {"type": "array"}, "found": {"type": "integer"},
        "hits": {"type": "array", "items": {"type": "object"}}}}},
    "facet_counts": {"type": "array", "items": {"type": "object", "properties": {
      "field_name": {"type": "string"}, "sampled": {"type": "boolean"},
      "counts": {"type": "array", "items": {"type": "object", "properties": {
        "value": {"type": "string"}, "count": {"type": "integer"}, "highlighted": {"type": "string"}}}},
      "stats": {"type": "object", "properties": {
        "min": {"type": "number"}, "max": {"type": "number"}, "sum": {"type": "number"}, "avg": {"type": "number"},
        "total_values": {"type": "integer"}}}}}},
    "coverage": {"type": "object", "description": "only if shards are missing"},
    "request_params": {"type": "object", "properties": {
      "collection_name": {"type": "string"}, "first_q": {"type": "string"}, "q": {"type": "string"},
      "per_page": {"type": "integer"}}}}})";

constexpr const char* kCollection = R"({
  "type": "object", "required": ["name", "num_documents", "fields"],
  "properties": {
    "name": {"type": "string"}, "num_documents": {"type": "integer"},
    "default_sorting_field": {"type": "string"}, "enable_nested_fields": {"type": "boolean"},
    "created_at": {"type": "integer"},
    "fields": {"type": "array", "items": {"type": "object", "properties": {
      "name": {"type": "string"}, "type": {"type": "string"}, "facet": {"type": "boolean"},
      "index": {"type": "boolean"}, "optional": {"type": "boolean"}, "sort": {"type": "boolean"}}}},
    "symbols_to_index": {"type": "array"}, "token_separators": {"type": "array"}}})";

}  // namespace

void add_typesense_schemas(Router& router) {
  router.add_schema("TypesenseDocument", kDocument);
  router.add_schema("TypesensePage", kPage);
  router.add_schema("TypesenseCollection", kCollection);
}

}  // namespace souk::net
