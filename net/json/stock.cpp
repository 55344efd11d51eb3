#include "net/json/stock.hpp"

#include <utility>

#include "net/json/timestamp.hpp"

namespace souk::net {
namespace {

using engine::AdjustStock;
using engine::Errc;
using engine::Quantity;

constexpr std::size_t kReasonMax = 64;
constexpr std::size_t kReferenceMax = 255;

void read_reason(ObjectReader& reader, AdjustStock& adjust, std::string_view fallback) {
  adjust.reason = reader.optional_string("reason", kReasonMax).value_or(fallback);
  adjust.reference = reader.optional_string("reference", kReferenceMax).value_or("");
}

std::optional<Quantity> quantity_of(std::optional<std::int64_t> units) {
  if (!units) return std::nullopt;
  return Quantity{*units};
}

void read_delta(ObjectReader& reader, AdjustStock& adjust, JsonErrors& errors) {
  const std::int64_t max = engine::kQuantityMax.units();
  adjust.delta = quantity_of(reader.optional_integer("delta", -max, max));
  if (adjust.delta && adjust.delta->units() == 0) {
    errors.add(Errc::invalid_value, reader.path_of("delta"), "must not be zero");
  }
}

void read_level(ObjectReader& reader, AdjustStock& adjust) {
  const std::int64_t max = engine::kQuantityMax.units();
  adjust.on_hand = quantity_of(reader.optional_integer("on_hand", 0, max));
  adjust.change_from = quantity_of(reader.optional_integer("change_from", 0, max));
}

AdjustStock read_batch_item(JsonValue value, JsonErrors& errors) {
  AdjustStock adjust;
  ObjectReader reader{value, errors};
  adjust.sku = engine::Sku{std::string{reader.required_id("sku")}};
  read_delta(reader, adjust, errors);
  read_level(reader, adjust);
  read_reason(reader, adjust, adjust.on_hand ? "count" : "");
  reader.finish();
  if (adjust.delta.has_value() == adjust.on_hand.has_value()) {
    errors.add(Errc::invalid_value, reader.path_of("delta"),
               "exactly one of delta and on_hand must be given");
  } else if (adjust.delta && adjust.reason.empty()) {
    errors.add(Errc::missing_field, reader.path_of("reason"), "is required with delta");
  }
  if (adjust.change_from && !adjust.on_hand) {
    errors.add(Errc::invalid_value, reader.path_of("change_from"), "belongs to on_hand");
  }
  return adjust;
}

}  // namespace

engine::Result<AdjustStock> parse_stock_adjustment(JsonValue value, engine::Sku sku) {
  AdjustStock adjust;
  adjust.sku = std::move(sku);
  JsonErrors errors;
  ObjectReader reader{value, errors};
  reader.required_integer("delta", -engine::kQuantityMax.units(), engine::kQuantityMax.units());
  if (!errors.any()) read_delta(reader, adjust, errors);
  adjust.reason = reader.required_string("reason", kReasonMax);
  adjust.reference = reader.optional_string("reference", kReferenceMax).value_or("");
  reader.finish();
  if (errors.any()) return errors.error();
  return adjust;
}

engine::Result<AdjustStock> parse_stock_level(JsonValue value, engine::Sku sku) {
  AdjustStock adjust;
  adjust.sku = std::move(sku);
  JsonErrors errors;
  ObjectReader reader{value, errors};
  reader.required_integer("on_hand", 0, engine::kQuantityMax.units());
  if (!errors.any()) read_level(reader, adjust);
  read_reason(reader, adjust, "count");
  reader.finish();
  if (errors.any()) return errors.error();
  return adjust;
}

engine::Result<engine::AdjustStocks> parse_stock_batch(JsonValue value) {
  engine::AdjustStocks batch;
  JsonErrors errors;
  ObjectReader reader{value, errors};
  if (const auto items = reader.required_array("items", kStockBatchMax)) {
    batch.items.reserve(items->size());
    for (const JsonValue item : *items) batch.items.push_back(read_batch_item(item, errors));
  }
  reader.finish();
  if (errors.any()) return errors.error();
  return batch;
}

void render_stock(JsonWriter& json, const engine::SkuEntry& entry) {
  json.begin_object().field("sku", entry.terms.sku.str()).field("product_id", entry.product.str());
  json.field("on_hand", entry.stock.on_hand.units()).field("held", entry.stock.held.units());
  json.field("sold", entry.stock.sold.units()).field("available", entry.stock.available().units());
  json.field("version", entry.version).end_object();
}

void render_ledger_entry(JsonWriter& json, const engine::LedgerEntry& entry) {
  json.begin_object().field("delta", entry.delta.units()).field("on_hand", entry.on_hand.units());
  json.field("reason", entry.reason).field("reference", entry.reference);
  timestamp_field(json, "time", entry.time);
  json.field("position", entry.position).end_object();
}

}  // namespace souk::net
