#include "engine/index/product_fields.hpp"

#include <algorithm>
#include <utility>

namespace souk::engine {
namespace {

void sort_unique(std::vector<std::string_view>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

std::vector<std::string_view> text_values(const Attribute& attribute) {
  std::vector<std::string_view> values;
  if (const auto* text = std::get_if<std::string>(&attribute.value)) values.emplace_back(*text);
  if (const auto* list = std::get_if<std::vector<std::string>>(&attribute.value)) {
    values.assign(list->begin(), list->end());
  }
  std::erase_if(values, [](std::string_view value) { return value.empty(); });
  sort_unique(values);
  return values;
}

std::vector<std::string_view> category_levels(std::string_view category) {
  constexpr std::string_view kSeparator = " > ";
  std::vector<std::string_view> levels;
  for (std::size_t at = category.find(kSeparator); at != std::string_view::npos;
       at = category.find(kSeparator, at + kSeparator.size())) {
    if (at > 0) levels.push_back(category.substr(0, at));
  }
  if (!category.empty()) levels.push_back(category);
  return levels;
}

std::string attribute_field(std::string_view name) {
  return std::string{"attributes."}.append(name);
}

std::vector<FieldText> product_texts(const Product& product) {
  std::vector<FieldText> texts;
  texts.push_back({TextFieldId::title, product.title, Analysis::text});
  texts.push_back({TextFieldId::description, product.description, Analysis::text});
  texts.push_back({TextFieldId::brand, product.brand, Analysis::text});
  for (const auto& category : product.categories)
    texts.push_back({TextFieldId::categories, category, Analysis::text});
  for (const auto& tag : product.tags) texts.push_back({TextFieldId::tags, tag, Analysis::text});

  std::vector<std::pair<std::string_view, std::string_view>> values;
  for (const auto& attribute : product.attributes) {
    for (const auto value : text_values(attribute)) values.emplace_back(attribute.name, value);
  }
  for (const auto& variant : product.variants) {
    texts.push_back({TextFieldId::sku, variant.sku.str(), Analysis::code});
    for (const auto& option : variant.options) {
      if (!option.value.empty()) values.emplace_back(option.name, option.value);
    }
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  for (const auto& [name, value] : values)
    texts.push_back({TextFieldId::attributes, value, Analysis::text});
  return texts;
}

}  // namespace souk::engine
