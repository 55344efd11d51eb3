#include <algorithm>
#include <unordered_set>

#include "engine/catalog/catalog_decider.hpp"
#include "engine/catalog/product_codec.hpp"

namespace souk::engine {
namespace {

Error stale_version(std::uint64_t wanted, std::uint64_t current) {
  Error error{Errc::version_mismatch, "the product was changed since that version was read",
              "if_match"};
  error.items.push_back({"if_match",
                         Errc::version_mismatch,
                         {},
                         static_cast<std::int64_t>(wanted),
                         static_cast<std::int64_t>(current)});
  return error;
}

bool is_older(const std::optional<std::int64_t>& given, const ProductEntry& stored) {
  return given && stored.source_version && *given < *stored.source_version;
}

Error stale_source(const ProductEntry& stored) {
  return {Errc::stale_source_version,
          "source_version " + std::to_string(*stored.source_version) + " is already stored",
          "source_version"};
}

// What a source deleted must not come back with an older version of the same source. Such a
// tombstone is a stored answer with a key that no gateway makes (theirs are hex digits): it is
// journaled, saved, hashed and in the end forgotten as those are, only later.
constexpr Duration kDeletionKept = std::chrono::hours{24 * 30};

std::string tombstone_key(const ProductId& product) {
  return std::string{kDeletedPrefix} + product.str();
}

AnswerRecorded tombstone_of(const ProductId& product, std::int64_t source_version, Timestamp now) {
  AnswerRecorded tombstone;
  tombstone.key.key = tombstone_key(product);
  tombstone.key.body_hash = static_cast<std::uint64_t>(source_version);
  tombstone.time = now + (kDeletionKept - kFinishedKept);
  return tombstone;
}

std::int64_t deleted_by(const AnswerEntry& tombstone) {
  return static_cast<std::int64_t>(tombstone.answer.key.body_hash);
}

Error held_units(const std::string& param, const SkuEntry& entry, Quantity wanted) {
  Error error{Errc::stock_held,
              "units of SKU " + entry.terms.sku.str() + " are held by reservations or orders",
              param};
  error.items.push_back(
      {param, Errc::stock_held, entry.terms.sku.str(), wanted.units(), entry.stock.held.units()});
  return error;
}

SkuTerms terms_of(const Variant& variant) {
  return {variant.sku, variant.price, variant.max_per_order};
}

std::vector<Sku> dropped_skus(const Product& put, const ProductEntry* existing) {
  std::vector<Sku> dropped;
  if (existing == nullptr) return dropped;
  std::unordered_set<std::string_view> kept;
  for (const Variant& variant : put.variants) kept.insert(variant.sku.str());
  for (const Sku& sku : existing->skus) {
    if (!kept.contains(sku.str())) dropped.push_back(sku);
  }
  return dropped;
}

}  // namespace

CatalogDecider::Decision CatalogDecider::operator()(const ClaimSkus& command) {
  Claimed claimed;
  claimed.taken_by.resize(command.claims.size());
  std::unordered_map<Sku, const ProductId*> wanted;
  wanted.reserve(command.claims.size());
  SkusClaimed event;
  bool taken = false;
  for (std::size_t i = 0; i < command.claims.size(); ++i) {
    const ClaimSkus::Claim& claim = command.claims[i];
    const ClaimSkus::Claim* known = state_.claims.find(claim.sku, seen_);
    const ProductId* owner = known == nullptr ? nullptr : &known->product;
    if (owner == nullptr) {
      const auto [first, fresh] = wanted.emplace(claim.sku, &claim.product);
      if (fresh) event.claims.push_back(claim);
      owner = first->second;
    }
    if (*owner == claim.product) continue;
    claimed.taken_by[i] = *owner;
    taken = true;
  }
  // All or none, so that a refused product leaves nothing to be cleaned up here.
  if (taken || event.claims.empty()) return answer(std::move(claimed));
  for (const ClaimSkus::Claim& claim : event.claims) claimed.fresh.push_back(claim.sku);
  emit(std::move(event));
  return answer(std::move(claimed));
}

CatalogDecider::Decision CatalogDecider::operator()(const ReleaseSkus& command) {
  SkusReleased event;
  for (const ClaimSkus::Claim& claim : command.claims) {
    const ClaimSkus::Claim* known = state_.claims.find(claim.sku, seen_);
    if (known != nullptr && known->product == claim.product) event.claims.push_back(claim);
  }
  if (!event.claims.empty()) emit(std::move(event));
  return answer(Acknowledged{});
}

CatalogDecider::Decision CatalogDecider::operator()(const PutProduct& command) {
  Result<ProductPutDone> done = put_product(command);
  if (!done) return refuse(std::move(done).error());
  return answer(*std::move(done));
}

CatalogDecider::Decision CatalogDecider::operator()(const DeleteProduct& command) {
  Result<ProductPutDone> done = delete_product(command);
  if (!done) return refuse(std::move(done).error());
  return answer(*std::move(done));
}

Result<void> CatalogDecider::check_put(const PutProduct& put, const ProductEntry* existing) {
  if (put.mode == PutMode::update && existing == nullptr) {
    return Error{Errc::unknown_product, "there is no product " + put.product.id.str(), "id"};
  }
  const std::uint64_t version = existing == nullptr ? 0 : existing->version;
  if (put.if_version && *put.if_version != version) return stale_version(*put.if_version, version);
  if (existing != nullptr && is_older(put.source_version, *existing))
    return stale_source(*existing);
  if (existing == nullptr && put.source_version) {
    const AnswerEntry* tombstone = state_.answers.find(tombstone_key(put.product.id), seen_);
    if (tombstone != nullptr && *put.source_version < deleted_by(*tombstone)) {
      return Error{
          Errc::stale_source_version,
          "source_version " + std::to_string(deleted_by(*tombstone)) + " deleted the product",
          "source_version"};
    }
  }
  return check_skus(put.product, existing);
}

Result<void> CatalogDecider::check_skus(const Product& put, const ProductEntry* existing) {
  for (std::size_t i = 0; i < put.variants.size(); ++i) {
    const Variant& variant = put.variants[i];
    const SkuEntry* entry = sku(variant.sku);
    if (entry == nullptr) continue;
    const std::string param = "variants[" + std::to_string(i) + "]";
    if (entry->product != put.id) {
      Error error{Errc::sku_taken,
                  "SKU " + variant.sku.str() + " belongs to product " + entry->product.str(),
                  param + ".sku"};
      error.items.push_back({param + ".sku", Errc::sku_taken, variant.sku.str(), 0, 0});
      return error;
    }
    if (variant.stock && *variant.stock < entry->stock.held) {
      return held_units(param + ".stock", *entry, *variant.stock);
    }
  }
  for (const Sku& dropped : dropped_skus(put, existing)) {
    const SkuEntry* entry = sku(dropped);
    if (entry->stock.held > Quantity{0}) return held_units("variants", *entry, Quantity{0});
  }
  return {};
}

bool CatalogDecider::same_terms(const Product& put) {
  return std::all_of(put.variants.begin(), put.variants.end(), [&](const Variant& variant) {
    const SkuEntry* entry = sku(variant.sku);
    return entry != nullptr && entry->terms == terms_of(variant);
  });
}

// A repeated create names the stock that was there at first; sales since then do not make it
// another request.
bool CatalogDecider::same_stock(const Product& put) {
  return std::all_of(put.variants.begin(), put.variants.end(), [&](const Variant& variant) {
    const SkuEntry* entry = sku(variant.sku);
    return entry != nullptr && (!variant.stock || *variant.stock == entry->stock.received ||
                                *variant.stock == entry->stock.on_hand);
  });
}

void CatalogDecider::set_stocks(const Product& put, Timestamp now) {
  for (const Variant& variant : put.variants) {
    if (!variant.stock) continue;
    const Quantity delta = *variant.stock - sku(variant.sku)->stock.on_hand;
    if (delta != Quantity{0}) emit(StockChanged{variant.sku, delta, "set", {}, now});
  }
}

Result<ProductPutDone> CatalogDecider::put_product(const PutProduct& put) {
  if (Result<void> valid = validate(put.product); !valid) return valid.error();
  const ProductEntry* existing = product(put.product.id);
  const bool refuse_other = put.mode == PutMode::create && existing != nullptr;
  if (!refuse_other) {
    if (Result<void> checked = check_put(put, existing); !checked) return checked.error();
  }

  std::string document = encode_document(put.product);
  const bool same_document = existing != nullptr && *existing->document == document;
  const bool same_content = same_document && existing->status == put.product.status &&
                            existing->available_at == put.product.available_at &&
                            same_terms(put.product);
  ProductPutDone done;
  done.product = put.product.id;
  if (refuse_other) {
    if (!same_content || !same_stock(put.product)) {
      return Error{Errc::product_exists, "there is another product " + put.product.id.str(), "id"};
    }
    done.version = existing->version;
    return done;
  }

  const std::optional<std::int64_t> source_version =
      put.source_version || existing == nullptr ? put.source_version : existing->source_version;
  const std::size_t events_before = record_.events.size();
  done.created = existing == nullptr;
  done.dropped = dropped_skus(put.product, existing);
  done.version = existing == nullptr ? 1 : existing->version + (same_content ? 0 : 1);
  if (!same_content || source_version != existing->source_version) {
    ProductPut event{.id = put.product.id,
                     .document = nullptr,
                     .version = done.version,
                     .source_version = source_version,
                     .status = put.product.status,
                     .available_at = put.product.available_at,
                     .time = put.now,
                     .terms = {}};
    if (!same_document) event.document = std::make_shared<const std::string>(std::move(document));
    event.terms.reserve(put.product.variants.size());
    for (const Variant& variant : put.product.variants) event.terms.push_back(terms_of(variant));
    emit(std::move(event));
  }
  set_stocks(put.product, put.now);
  done.changed = record_.events.size() != events_before;
  return done;
}

Result<ProductPutDone> CatalogDecider::delete_product(const DeleteProduct& command) {
  const ProductEntry* existing = product(command.product);
  if (existing == nullptr) {
    return Error{Errc::unknown_product, "there is no product " + command.product.str(), "id"};
  }
  if (command.if_version && *command.if_version != existing->version) {
    return stale_version(*command.if_version, existing->version);
  }
  if (is_older(command.source_version, *existing)) return stale_source(*existing);
  for (const Sku& owned : existing->skus) {
    const SkuEntry* entry = sku(owned);
    if (entry->stock.held > Quantity{0}) return held_units({}, *entry, Quantity{0});
  }

  ProductPutDone done;
  done.product = command.product;
  done.version = existing->version;
  done.changed = true;
  done.dropped = existing->skus;
  emit(ProductDeleted{command.product, command.now});
  if (command.source_version) {
    emit(tombstone_of(command.product, *command.source_version, command.now));
  }
  return done;
}

}  // namespace souk::engine
