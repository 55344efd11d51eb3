#include <algorithm>
#include <cassert>
#include <unordered_map>

#include "engine/catalog/catalog_decider.hpp"
#include "engine/catalog/product_codec.hpp"

namespace souk::engine {
namespace {

// Up to here looking through the lines is faster than hashing them.
constexpr std::size_t kFewLines = 16;

// The lines with repeated SKUs summed, in order of first appearance. Errors: invalid_value,
// too_many.
Result<std::vector<HoldLine>> merge_lines(const std::vector<HoldLine>& lines) {
  if (lines.empty()) return Error{Errc::missing_field, "at least one line is needed", "lines"};
  if (lines.size() > kHoldLinesMax) {
    return Error{Errc::too_many, "at most " + std::to_string(kHoldLinesMax) + " lines are allowed",
                 "lines"};
  }
  std::vector<HoldLine> merged;
  merged.reserve(lines.size());
  std::unordered_map<std::string_view, std::size_t> places;
  const bool few = lines.size() <= kFewLines;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const HoldLine& line = lines[i];
    if (line.quantity <= Quantity{0} || line.quantity > kQuantityMax) {
      return Error{Errc::invalid_value, "a quantity is at least 1",
                   "lines[" + std::to_string(i) + "].quantity"};
    }
    if (few) {
      const auto same = std::find_if(merged.begin(), merged.end(),
                                     [&](const HoldLine& one) { return one.sku == line.sku; });
      if (same != merged.end()) {
        same->quantity += line.quantity;
        continue;
      }
    } else {
      const auto [place, fresh] = places.emplace(line.sku.str(), merged.size());
      if (!fresh) {
        merged[place->second].quantity += line.quantity;
        continue;
      }
    }
    merged.push_back(line);
  }
  return merged;
}

std::string describe(const ErrorItem& item) {
  switch (item.code) {
    case Errc::unknown_sku:
      return "there is no SKU " + item.sku;
    case Errc::not_for_sale:
      return "SKU " + item.sku + " is not for sale";
    case Errc::max_per_order_exceeded:
      return "at most " + std::to_string(item.available) + " units of SKU " + item.sku +
             " may be bought at once";
    default:
      return std::to_string(item.available) + " of " + std::to_string(item.requested) +
             " requested units of SKU " + item.sku + " are available";
  }
}

Error refuse_lines(std::vector<ErrorItem> items) {
  assert(!items.empty());
  return {items.front().code, describe(items.front()), items.front().param, std::move(items)};
}

// Where the client wrote that SKU first.
std::string param_of(const std::vector<HoldLine>& lines, const Sku& sku) {
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [&](const HoldLine& line) { return line.sku == sku; });
  return "lines[" + std::to_string(found - lines.begin()) + "]";
}

Hold finished_hold(const CommitHold& command) {
  Hold hold;
  hold.id = command.id;
  hold.owner = command.owner;
  hold.state = HoldState::committed;
  return hold;
}

}  // namespace

ErrorItem CatalogDecider::judge_line(const HoldLine& line, Timestamp now) {
  return judge_line(line, sku(line.sku), now);
}

ErrorItem CatalogDecider::judge_line(const HoldLine& line, const SkuEntry* entry, Timestamp now) {
  ErrorItem item{{}, Errc::none, line.sku.str(), line.quantity.units(), 0};
  if (entry == nullptr) {
    item.code = Errc::unknown_sku;
    return item;
  }
  const ProductEntry* owner = product(entry->product);
  item.available = entry->stock.available().units();
  if (owner->status != ProductStatus::active ||
      (owner->available_at && *owner->available_at > now)) {
    item.code = Errc::not_for_sale;
  } else if (entry->terms.max_per_order > 0 && line.quantity.units() > entry->terms.max_per_order) {
    item.code = Errc::max_per_order_exceeded;
    item.available = entry->terms.max_per_order;
  } else if (entry->stock.available() < line.quantity) {
    item.code = Errc::insufficient_stock;
  }
  return item;
}

HeldLine CatalogDecider::held_line(const HoldLine& line, Money price) {
  return held_line(line, *sku(line.sku), price);
}

HeldLine CatalogDecider::held_line(const HoldLine& line, const SkuEntry& entry, Money price) {
  const ProductEntry* owner = product(entry.product);
  return {line.sku, entry.product, line.quantity, price, std::string{title_of(*owner->document)}};
}

std::optional<Error> CatalogDecider::unusable(const Hold& hold, Timestamp now) const {
  switch (hold.state) {
    case HoldState::committed:
      return Error{Errc::already_committed, "the reservation was committed"};
    case HoldState::released:
      return Error{Errc::already_released, "the reservation was released"};
    case HoldState::expired:
      return Error{Errc::reservation_expired, "the reservation's time is over"};
    case HoldState::held:
      break;
  }
  // Its time may be over before the sweep says so.
  if (hold.owner == HoldOwner::client && hold.expires_at <= now) {
    return Error{Errc::reservation_expired, "the reservation's time is over"};
  }
  return std::nullopt;
}

CatalogDecider::Decision CatalogDecider::placed_before(const PlaceHold& command,
                                                       const std::vector<HoldLine>& lines,
                                                       const Hold& existing) {
  if (std::optional<Error> error = unusable(existing, command.now))
    return refuse(*std::move(error));
  HoldPlacedReply reply;
  reply.expires_at = existing.expires_at;
  std::size_t place = 0;
  for (const HoldLine& line : lines) {
    if (place < existing.lines.size() && existing.lines[place] == line) {
      reply.held.push_back(held_line(line, existing.prices[place]));
      ++place;
    } else {
      ErrorItem item = judge_line(line, command.now);
      if (item.code == Errc::none)
        item.code = Errc::insufficient_stock;  // was short when it was asked first
      item.param = param_of(command.lines, line.sku) + ".quantity";
      reply.refused.push_back(std::move(item));
    }
  }
  const bool same =
      place == existing.lines.size() && (reply.refused.empty() || !command.all_or_nothing);
  if (!same) {
    return refuse({Errc::idempotency_key_reused, "there is another reservation of that id",
                   "Idempotency-Key"});
  }
  return answer(std::move(reply));
}

CatalogDecider::Decision CatalogDecider::operator()(const PlaceHold& command) {
  Result<std::vector<HoldLine>> lines = merge_lines(command.lines);
  if (!lines) return refuse(std::move(lines).error());
  if (const Hold* existing = hold(command.id)) return placed_before(command, *lines, *existing);

  HoldPlacedReply reply;
  reply.expires_at = command.expires_at;
  Hold placed;
  placed.id = command.id;
  placed.owner = command.owner;
  placed.placed_at = command.now;
  placed.expires_at = command.expires_at;
  for (HoldLine& line : *lines) {
    const SkuEntry* entry = sku(line.sku);
    ErrorItem item = judge_line(line, entry, command.now);
    if (item.code != Errc::none) {
      item.param = param_of(command.lines, line.sku) +
                   (item.code == Errc::unknown_sku ? ".sku" : ".quantity");
      reply.refused.push_back(std::move(item));
      continue;
    }
    const Money price = entry->terms.price;
    line.sku = entry->terms.sku;  // one text for the shard, the request's may go
    reply.held.push_back(held_line(line, *entry, price));
    placed.prices.push_back(price);
    placed.lines.push_back(std::move(line));
  }
  if (command.all_or_nothing && !reply.refused.empty())
    return refuse(refuse_lines(std::move(reply.refused)));
  if (placed.lines.empty()) return answer(std::move(reply));

  emit(HoldPlaced{std::move(placed)});
  return answer(std::move(reply));
}

CatalogDecider::Decision CatalogDecider::operator()(const CommitHold& command) {
  const Hold* existing = hold(command.id);
  if (existing == nullptr) {
    if (command.owner == HoldOwner::checkout) return answer(HoldDone{finished_hold(command)});
    return refuse({Errc::unknown_reservation, "there is no reservation " + command.id.str()});
  }
  std::vector<HoldLine> sold = existing->lines;
  if (command.lines) {
    Result<std::vector<HoldLine>> merged = merge_lines(*command.lines);
    if (!merged) return refuse(std::move(merged).error());
    sold = *std::move(merged);
  }
  if (existing->state == HoldState::committed && existing->lines == sold)
    return answer(HoldDone{*existing});
  if (std::optional<Error> error = unusable(*existing, command.now))
    return refuse(*std::move(error));

  std::vector<ErrorItem> short_lines;
  for (const HoldLine& line : sold) {
    const auto held =
        std::find_if(existing->lines.begin(), existing->lines.end(),
                     [&](const HoldLine& candidate) { return candidate.sku == line.sku; });
    const Quantity available = held == existing->lines.end() ? Quantity{0} : held->quantity;
    if (line.quantity <= available) continue;
    short_lines.push_back({param_of(*command.lines, line.sku) + ".quantity",
                           Errc::insufficient_stock, line.sku.str(), line.quantity.units(),
                           available.units()});
  }
  if (!short_lines.empty()) return refuse(refuse_lines(std::move(short_lines)));

  Hold committed = *existing;
  committed.state = HoldState::committed;
  committed.lines = sold;
  committed.prices.clear();
  committed.expires_at = forget_at(committed, command.now);
  emit(HoldCommitted{command.id, std::move(sold), command.reference, command.now,
                     committed.expires_at});
  return answer(HoldDone{std::move(committed)});
}

CatalogDecider::Decision CatalogDecider::operator()(const ReleaseHold& command) {
  const Hold* existing = hold(command.id);
  Hold released;
  if (existing == nullptr) {
    released.id = command.id;
    released.owner = command.owner;
    released.placed_at = command.now;
  } else {
    if (existing->state == HoldState::released) return answer(HoldDone{*existing});
    if (std::optional<Error> error = unusable(*existing, command.now))
      return refuse(*std::move(error));
    released = *existing;
    released.prices.clear();
  }
  released.state = HoldState::released;
  released.expires_at = forget_at(released, command.now);
  emit(HoldReleased{command.id, false, command.now, released.expires_at});
  return answer(HoldDone{std::move(released)});
}

CatalogDecider::Decision CatalogDecider::operator()(const ExtendHold& command) {
  const Hold* existing = hold(command.id);
  if (existing == nullptr) {
    return refuse({Errc::unknown_reservation, "there is no reservation " + command.id.str()});
  }
  if (std::optional<Error> error = unusable(*existing, command.now))
    return refuse(*std::move(error));
  if (existing->expires_at != command.expires_at)
    emit(HoldExtended{command.id, command.expires_at});
  return answer(HoldDone{*hold(command.id)});
}

}  // namespace souk::engine
