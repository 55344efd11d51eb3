#pragma once

#include <string>

#include "actors/client.hpp"
#include "engine/catalog/catalog_command.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

/// The most items of one POST /v1/inventory:batch.
inline constexpr std::size_t kStockBatchMax = 8192;

/// {"delta": 5, "reason": "received", "reference": "po-77"}. Errors: malformed_request,
/// unknown_field, missing_field, invalid_value.
engine::Result<engine::AdjustStock> parse_stock_adjustment(JsonValue value, engine::Sku sku);
/// {"on_hand": 12, "change_from": 7}, reason and reference allowed.
engine::Result<engine::AdjustStock> parse_stock_level(JsonValue value, engine::Sku sku);
/// {"items": [{"sku", "delta" | "on_hand", "change_from", "reason", "reference"}]}.
engine::Result<engine::AdjustStocks> parse_stock_batch(JsonValue value);

/// {"sku","product_id","on_hand","held","sold","available","version"}.
void render_stock(JsonWriter& json, const engine::SkuEntry& entry);
void render_ledger_entry(JsonWriter& json, const engine::LedgerEntry& entry);

}  // namespace souk::net
