#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/catalog/product.hpp"
#include "engine/search/search_result.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

// A product as a document of Typesense's one collection: flat where Souk's own API nests. Prices
// are numbers of minor units beside a `currency`, times are seconds, and what filters, facets and
// sorts can name (`sku`, `available`, `in_stock`, ...) stands where its name says.

/// What a document has, with the type Typesense would call it, in the order it is written.
struct TypesenseField {
  std::string_view name;
  std::string_view type;
  bool facet = false;
  bool sort = false;
  bool optional = false;
  bool index = true;
};
inline constexpr TypesenseField kTypesenseFields[] = {
    {"title", "string", false, true},
    {"description", "string", false, false, true},
    {"brand", "string", true, true, true},
    {"categories", "string[]", true, false, true},
    {"tags", "string[]", true, false, true},
    {"attributes", "object", false, false, true},
    {"attributes\\..*", "auto", true, true, true},
    {"images", "string[]", false, false, true, false},
    {"rating", "float", true, true, true},
    {"rating_count", "int64", false, true, true},
    {"popularity", "int64", false, true, true},
    {"status", "string", false, false, true},
    {"available_at", "int64", false, false, true, false},
    {"price", "int64", true, true, true},
    {"currency", "string", false, false, true},
    {"in_stock", "bool", true, false, true},
    {"available", "int64", false, true, true},
    {"sku", "string[]", false, false, true},
    {"matched_skus", "string[]", false, false, true, false},
    {"variants", "object[]", false, false, true, false},
    {"version", "int64", false, false, true, false},
    {"created_at", "int64", false, true, true},
    {"updated_at", "int64", false, true, true},
};

/// Which members of a document a client wants: `include_fields` and `exclude_fields`, where a name
/// with dots is a member of a member. The names must outlive it.
class TypesenseSelection {
public:
  TypesenseSelection() = default;
  TypesenseSelection(const std::vector<std::string>& include,
                     const std::vector<std::string>& exclude);

  bool has(std::string_view field) const;
  /// Whether the attribute of that name is wanted.
  bool has_attribute(std::string_view name) const;

private:
  const std::vector<std::string>* include_ = nullptr;
  const std::vector<std::string>* exclude_ = nullptr;
};

/// A product outside of a search: all of its variants count.
engine::Hit to_hit(const engine::ProductView& view, const engine::Product& product);

/// `product` is what hit.document decodes to.
void render_typesense_document(JsonWriter& json, const engine::Hit& hit,
                               const engine::Product& product,
                               const TypesenseSelection& selection = {});

}  // namespace souk::net
