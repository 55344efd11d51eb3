#include <algorithm>
#include <charconv>
#include <map>
#include <system_error>

#include "engine/catalog/product.hpp"
#include "engine/types/id.hpp"
#include "net/cli/decimal.hpp"
#include "net/cli/import_mapping.hpp"
#include "net/cli/map_value.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;

constexpr std::size_t kNameBytesMax = 256;  // names and values of options, names of attributes
constexpr std::size_t kImageBytesMax = 2048;

/// What is sold under one SKU.
struct Offer {
  std::string sku;
  std::int64_t amount = 0;
  std::string currency;
  std::int64_t stock = 0;
  std::optional<std::int64_t> max_per_order;
  std::vector<std::pair<std::string, std::string>> options;
};

Error refuse(std::string_view param, std::string detail) {
  return {Errc::invalid_value, std::move(detail), std::string{param}, {}};
}

Error at(std::string_view param, Error error) {
  error.param = param;
  return error;
}

std::string clean_id(std::string id) {
  std::replace_if(
      id.begin(), id.end(),
      [](char c) {
        return !engine::is_valid_id(std::string_view{&c, 1});
      },
      '_');
  return id;
}

/// Maps the rows of one product.
class ProductMapper {
public:
  ProductMapper(const Mapping& mapping, const std::vector<FeedRow>& rows)
      : mapping_{mapping}, rows_{rows}, first_{rows.front().value} {}

  Result<std::optional<std::string>> map();

private:
  Result<std::string> id() const;
  Result<std::string> checked_id(std::string id, std::string_view param) const;
  Result<std::optional<Offer>> offer(const FeedRow& row, const std::string& id) const;
  Result<std::int64_t> stock(const SourceValue& row) const;
  Result<std::map<std::string, std::string>> attributes() const;
  Result<void> write_texts(JsonWriter& json) const;
  void write_lists(JsonWriter& json) const;
  Result<void> write_numbers(JsonWriter& json) const;
  static void write_offers(const std::vector<Offer>& offers, JsonWriter& json);

  const Mapping& mapping_;
  const std::vector<FeedRow>& rows_;
  const SourceValue& first_;
};

Result<std::string> ProductMapper::checked_id(std::string id, std::string_view param) const {
  if (mapping_.id.clean) id = clean_id(std::move(id));
  if (engine::is_valid_id(id)) return id;
  return refuse(param, "\"" + std::string{cut(id, 64)} +
                           "\" is not an id (1 to 128 of A-Z a-z 0-9 _ . : -); product.id.clean = "
                           "true replaces others by _");
}

Result<std::string> ProductMapper::id() const {
  std::optional<std::string> id;
  if (mapping_.id.line_number) {
    id = std::to_string(rows_.front().line);
  } else if (mapping_.id.value) {
    id = text_of(*mapping_.id.value, first_);
  }
  if (!id && mapping_.group_by) id = text_of(*mapping_.group_by, first_);
  if (!id && mapping_.sku) id = text_of(*mapping_.sku, first_);
  if (!id) return Error{Errc::missing_field, "the row has no value for the id", "id", {}};
  return checked_id(mapping_.id.prefix + *id, "id");
}

Result<std::int64_t> ProductMapper::stock(const SourceValue& row) const {
  if (!mapping_.stock) return mapping_.stock_default;
  const auto text = text_of(*mapping_.stock, row);
  if (!text) return mapping_.stock_default;
  if (*text == "true" || *text == "yes" || *text == "in stock") return mapping_.stock_default;
  if (*text == "false" || *text == "no" || *text == "out of stock") return std::int64_t{0};
  // Shops that sold more than they had write a negative stock; there is nothing to sell then.
  if (text->starts_with('-')) return std::int64_t{0};
  auto units = parse_minor_units(*text, {0, false, false});
  if (!units) return at("stock", units.error());
  return units;
}

Result<std::optional<Offer>> ProductMapper::offer(const FeedRow& row, const std::string& id) const {
  Offer offer;
  auto sku = mapping_.sku ? text_of(*mapping_.sku, row.value) : std::optional<std::string>{id};
  if (!sku && mapping_.group_by) return Error{Errc::missing_field, "the row has no SKU", "sku", {}};
  auto checked = checked_id(sku ? std::move(*sku) : id, "sku");
  if (!checked) return checked.error();
  offer.sku = std::move(*checked);

  const auto& price = mapping_.price;
  auto currency = price.currency;
  if (price.currency_from) {
    if (const auto code = text_of(*price.currency_from, row.value)) {
      currency = engine::Currency::parse(*code);
      if (!currency)
        return refuse("price.currency",
                      "ISO 4217 has no currency \"" + std::string{cut(*code, 16)} + "\"");
    }
  }
  if (!currency)
    return Error{
        Errc::missing_field, "the row has no currency; set price.currency", "price.currency", {}};
  offer.currency = currency->code();

  const DecimalFormat format{price.is_minor ? 0 : currency->digits(), price.decimal_comma,
                             price.round};
  std::optional<std::int64_t> amount;
  if (const auto written = text_of(price.value, row.value)) {
    const auto parsed = parse_minor_units(*written, format);
    if (!parsed) return at("price", parsed.error());
    if (*parsed != 0 || !price.zero_is_missing) amount = *parsed;
  }
  auto units = stock(row.value);
  if (!units) return units.error();
  offer.stock = *units;
  if (!amount) {
    if (price.missing == PriceRule::Missing::skip) return std::optional<Offer>{};
    if (price.missing == PriceRule::Missing::refuse) {
      return Error{Errc::missing_field,
                   "the row has no price; set price.missing = \"skip\" or price.default",
                   "price",
                   {}};
    }
    const auto fallback = parse_minor_units(price.fallback, {format.digits, false, false});
    if (!fallback) return at("price", fallback.error());
    amount = *fallback;
    if (price.fallback_stock) offer.stock = *price.fallback_stock;
  }
  offer.amount = *amount;

  if (mapping_.max_per_order) {
    if (const auto text = text_of(*mapping_.max_per_order, row.value)) {
      const auto most = parse_minor_units(*text, {0, false, false});
      if (!most) return at("max_per_order", most.error());
      offer.max_per_order = *most;
    }
  }
  for (const auto& [name, rule] : mapping_.options) {
    if (const auto value = text_of(rule, row.value))
      offer.options.emplace_back(name, cut(*value, kNameBytesMax));
  }
  return std::optional<Offer>{std::move(offer)};
}

Result<std::map<std::string, std::string>> ProductMapper::attributes() const {
  std::map<std::string, std::string> attributes;
  const auto add = [&](std::string_view name,
                       Result<std::optional<std::string>> json) -> std::optional<Error> {
    if (!json) return at("attributes." + std::string{name}, json.error());
    if (*json && attributes.size() < engine::kAttributesMax) {
      attributes.emplace(cut(name, kNameBytesMax), std::move(**json));
    }
    return std::nullopt;
  };
  for (const auto& rule : mapping_.attributes) {
    if (auto error = add(rule.name, attribute_of(rule.value, rule.type, first_))) return *error;
  }
  for (const auto& pattern : mapping_.patterns) {
    for (const auto& [name, value] : first_.members) {
      if (name.size() <= pattern.prefix.size() + pattern.suffix.size() ||
          !name.starts_with(pattern.prefix) || !name.ends_with(pattern.suffix)) {
        continue;
      }
      if (std::find(pattern.exclude.begin(), pattern.exclude.end(), name) != pattern.exclude.end())
        continue;
      const auto star = name.substr(pattern.prefix.size(),
                                    name.size() - pattern.prefix.size() - pattern.suffix.size());
      if (auto error = add(pattern.name_prefix + star + pattern.name_suffix,
                           attribute_json(value, pattern.type)))
        return *error;
    }
  }
  return attributes;
}

Result<void> ProductMapper::write_texts(JsonWriter& json) const {
  for (const auto& [name, rule] : mapping_.texts) {
    const auto text = text_of(rule, first_);
    if (!text || text->empty()) {
      if (name == "title")
        return Error{
            Errc::missing_field, "the row has no title; set product.title.default", "title", {}};
      continue;
    }
    if (name == "status" && *text != "active" && *text != "draft" && *text != "archived") {
      return refuse("status", "\"" + std::string{cut(*text, 64)} +
                                  "\" is none of active, draft and archived");
    }
    json.field(name, cut(*text, name == "description" ? engine::kTextMax : engine::kTitleMax));
  }
  return {};
}

void ProductMapper::write_lists(JsonWriter& json) const {
  for (const auto& [name, rule] : mapping_.lists) {
    const auto texts = list_of(rule, first_);
    if (texts.empty()) continue;
    json.key(name).begin_array();
    std::size_t written = 0;
    for (const auto& text : texts) {
      // Half of a link leads nowhere.
      if (name == "images" && text.size() > kImageBytesMax) continue;
      if (written++ == engine::kListMax) break;
      json.string(name == "images" ? std::string_view{text} : cut(text, engine::kTitleMax));
    }
    json.end_array();
  }
}

Result<void> ProductMapper::write_numbers(JsonWriter& json) const {
  for (const auto& [name, rule] : mapping_.numbers) {
    const auto text = text_of(rule, first_);
    if (!text) continue;
    if (name == "rating") {
      double rating = 0;
      const auto [end, failure] =
          std::from_chars(text->data(), text->data() + text->size(), rating);
      if (failure != std::errc{} || end != text->data() + text->size() ||
          !(rating >= 0 && rating <= 5)) {
        return refuse(name, "\"" + std::string{cut(*text, 64)} + "\" is not a rating from 0 to 5");
      }
      json.field(name, rating);
      continue;
    }
    const auto number = parse_minor_units(*text, {0, false, false});
    if (!number) return at(name, number.error());
    json.field(name, *number);
  }
  return {};
}

void ProductMapper::write_offers(const std::vector<Offer>& offers, JsonWriter& json) {
  json.key("variants").begin_array();
  for (const auto& offer : offers) {
    json.begin_object().field("sku", offer.sku);
    if (!offer.options.empty()) {
      json.key("options").begin_object();
      for (const auto& [name, value] : offer.options) json.field(name, value);
      json.end_object();
    }
    json.key("price")
        .begin_object()
        .field("amount", offer.amount)
        .field("currency", offer.currency)
        .end_object();
    json.field("stock", offer.stock);
    if (offer.max_per_order) json.field("max_per_order", *offer.max_per_order);
    json.end_object();
  }
  json.end_array();
}

Result<std::optional<std::string>> ProductMapper::map() {
  const auto product = id();
  if (!product) return product.error();
  std::vector<Offer> offers;
  for (const auto& row : rows_) {
    auto made = offer(row, *product);
    if (!made) {
      auto error = made.error();
      if (rows_.size() > 1) error.detail += " (line " + std::to_string(row.line) + ")";
      return error;
    }
    if (*made && offers.size() < engine::kVariantsMax) offers.push_back(std::move(**made));
  }
  if (offers.empty()) return std::optional<std::string>{};
  const auto described = attributes();
  if (!described) return described.error();

  std::string line;
  JsonWriter json{line};
  json.begin_object().field("id", *product);
  if (const auto written = write_texts(json); !written) return written.error();
  write_lists(json);
  if (const auto written = write_numbers(json); !written) return written.error();
  if (!described->empty()) {
    json.key("attributes").begin_object();
    for (const auto& [name, value] : *described) json.raw_field(name, value);
    json.end_object();
  }
  write_offers(offers, json);
  json.end_object();
  return std::optional<std::string>{std::move(line)};
}

}  // namespace

Result<std::optional<std::string>> map_product(const Mapping& mapping,
                                               const std::vector<FeedRow>& rows) {
  return ProductMapper{mapping, rows}.map();
}

}  // namespace souk::net
