#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/catalog/product.hpp"
#include "engine/index/segment.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

/// A text to be searched under a field.
struct FieldText {
  TextFieldId field = TextFieldId::title;
  std::string_view text;
  Analysis analysis = Analysis::text;
};

/// Every text of a product under its field. Attributes count each distinct value of a name once,
/// options of variants included. The views live as long as the product.
std::vector<FieldText> product_texts(const Product& product);

/// The column of a segment with the languages of products that are not in English.
inline constexpr std::string_view kLanguageColumn = "language";

/// The distinct, sorted values of a text or text-list attribute without empty ones.
std::vector<std::string_view> text_values(const Attribute& attribute);

/// A category and its ancestors: "A > B > C" gives "A", "A > B", "A > B > C".
std::vector<std::string_view> category_levels(std::string_view category);

/// "attributes.<name>"
std::string attribute_field(std::string_view name);

}  // namespace souk::engine
