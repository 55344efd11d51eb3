#include "engine/catalog/catalog_decider.hpp"

namespace souk::engine {
namespace {

Error refuse_level(Errc code, const char* param, std::string detail, const AdjustStock& command,
                   std::int64_t requested, Quantity available) {
  Error error{code, std::move(detail), param};
  error.items.push_back({param, code, command.sku.str(), requested, available.units()});
  return error;
}

}  // namespace

std::optional<CatalogDecider::Decision> CatalogDecider::stored_answer(const IdempotencyKey& key) {
  if (!key.present()) return std::nullopt;
  const AnswerEntry* entry = state_.answers.find(key.key, seen_);
  if (entry == nullptr) return std::nullopt;
  const AnswerRecorded& stored = entry->answer;
  if (stored.key.body_hash != key.body_hash) {
    return refuse({Errc::idempotency_key_reused, "the key was used before with another request",
                   "Idempotency-Key"});
  }
  const Replay replay{true, stored.key.request_id};
  if (stored.refusal) return Decision{*stored.refusal, seen_, replay};
  if (stored.level) return Decision{CatalogReply{StockLevel{*stored.level}}, seen_, replay};
  if (stored.reservation)
    return Decision{CatalogReply{ReservationReply{*stored.reservation, replay}}, seen_, replay};
  return Decision{CatalogReply{Acknowledged{}}, seen_, replay};
}

CatalogDecider::Decision CatalogDecider::refuse_and_store(const IdempotencyKey& key, Error error,
                                                          Timestamp now) {
  if (key.present()) {
    AnswerRecorded event;
    event.key = key;
    event.refusal = error;
    event.time = now;
    emit(std::move(event));
  }
  return refuse(std::move(error));
}

Result<Quantity> CatalogDecider::adjusted_on_hand(const AdjustStock& command,
                                                  const SkuEntry& entry) const {
  const Stock& stock = entry.stock;
  if (command.delta.has_value() == command.on_hand.has_value()) {
    return Error{Errc::invalid_value, "either delta or on_hand must be given", "delta"};
  }
  if (command.delta == Quantity{0}) return Error{Errc::invalid_value, "must not be zero", "delta"};
  if (command.on_hand && *command.on_hand < Quantity{0}) {
    return Error{Errc::invalid_value, "must not be negative", "on_hand"};
  }
  if (command.if_version && *command.if_version != entry.version) {
    return refuse_level(Errc::version_mismatch, "If-Match",
                        "version " + std::to_string(entry.version) + " is stored now", command,
                        static_cast<std::int64_t>(*command.if_version), stock.on_hand);
  }
  if (command.change_from && *command.change_from != stock.on_hand) {
    return refuse_level(Errc::version_mismatch, "change_from",
                        "on_hand is " + std::to_string(stock.on_hand.units()) + " now", command,
                        command.change_from->units(), stock.on_hand);
  }

  const char* param = command.delta ? "delta" : "on_hand";
  const std::int64_t requested = command.delta ? command.delta->units() : command.on_hand->units();
  std::int64_t target = requested;
  const bool overflow =
      command.delta && __builtin_add_overflow(stock.on_hand.units(), requested, &target);
  if ((overflow && requested > 0) || target > kQuantityMax.units()) {
    return refuse_level(Errc::quantity_overflow, param,
                        "at most " + std::to_string(kQuantityMax.units()) + " units may be on hand",
                        command, requested, stock.on_hand);
  }
  if (overflow || target < stock.held.units()) {
    // Without held units the reason is simply that there are not so many.
    if (stock.held == Quantity{0}) {
      return refuse_level(Errc::insufficient_stock, param, "on_hand must not become negative",
                          command, requested, stock.on_hand);
    }
    return refuse_level(Errc::stock_held, param,
                        std::to_string(stock.held.units()) + " units are held", command, requested,
                        stock.available());
  }
  return Quantity{target};
}

Result<SkuEntry> CatalogDecider::adjust(const AdjustStock& command, Replay& replay) {
  if (std::optional<Decision> stored = stored_answer(command.idempotency)) {
    replay = stored->replay;
    if (!stored->reply) return std::move(stored->reply).error();
    if (const auto* level = std::get_if<StockLevel>(&*stored->reply)) return level->entry;
    return Error{Errc::idempotency_key_reused, "the key was used before with another request",
                 "Idempotency-Key"};
  }

  const SkuEntry* entry = sku(command.sku);
  if (entry == nullptr && may_be_stale()) return not_owned();
  if (entry == nullptr)
    return Error{Errc::unknown_sku, "there is no SKU " + command.sku.str(), "sku"};
  const Result<Quantity> target = adjusted_on_hand(command, *entry);
  if (!target)
    return refuse_and_store(command.idempotency, target.error(), command.now).reply.error();

  const Quantity delta = *target - entry->stock.on_hand;
  if (delta != Quantity{0}) {
    const bool unnamed_set = command.on_hand && command.reason.empty();
    emit(StockChanged{entry->terms.sku, delta, unnamed_set ? "set" : command.reason,
                      command.reference, command.now});
  }
  const SkuEntry* changed = sku(command.sku);
  if (command.idempotency.present()) {
    AnswerRecorded event;
    event.key = command.idempotency;
    event.level = *changed;
    event.time = command.now;
    emit(std::move(event));
  }
  return *changed;
}

CatalogDecider::Decision CatalogDecider::operator()(const AdjustStock& command) {
  Replay replay;
  Result<SkuEntry> level = adjust(command, replay);
  Decision decision =
      level ? answer(StockLevel{*std::move(level)}) : refuse(std::move(level).error());
  decision.replay = std::move(replay);
  return decision;
}

CatalogDecider::Decision CatalogDecider::operator()(const AdjustStocks& command) {
  if (command.items.size() > kAdjustmentsMax) {
    return refuse({Errc::too_many,
                   "at most " + std::to_string(kAdjustmentsMax) + " items are allowed", "items"});
  }
  StockLevels levels;
  levels.items.reserve(command.items.size());
  bool all_replayed = !command.items.empty();
  Replay first;
  for (const AdjustStock& item : command.items) {
    Replay replay;
    levels.items.push_back(adjust(item, replay));
    all_replayed = all_replayed && replay.replayed;
    if (first.request_id.empty()) first = std::move(replay);
  }
  Decision decision = answer(std::move(levels));
  if (all_replayed) decision.replay = std::move(first);
  return decision;
}

}  // namespace souk::engine
