#include <utility>

#include "storage/wire_proto.hpp"

// What catalog shards answer to commands.
namespace souk::storage {

using engine::Result;

static_assert(std::variant_size_v<engine::CatalogReply> == 9);

void write_level(const engine::SkuEntry& value, pb::SkuEntry& out) {
  write(value, out);
  out.set_sku(value.terms.sku.str());
}

namespace {

struct ReplyWriter {
  pb::WireCatalogReply& out;

  void operator()(const engine::Acknowledged&) const { out.mutable_acknowledged(); }
  void operator()(const engine::Claimed& reply) const {
    pb::WireClaimed& to = *out.mutable_claimed();
    for (const std::optional<engine::ProductId>& taken : reply.taken_by) {
      pb::WireTaken& by = *to.add_taken_by();
      if (taken) by.set_product(taken->str());
    }
    write_ids(reply.fresh, *to.mutable_fresh());
  }
  void operator()(const engine::ProductPutDone& reply) const {
    pb::WirePutDone& to = *out.mutable_product_put();
    to.set_product(reply.product.str());
    to.set_version(reply.version);
    to.set_created(reply.created);
    to.set_changed(reply.changed);
    write_ids(reply.dropped, *to.mutable_dropped());
  }
  void operator()(const engine::ProductsPutDone& reply) const {
    pb::WirePutsDone& to = *out.mutable_products_put();
    for (const engine::ProductsPutDone::Line& line : reply.lines) {
      pb::WirePutDoneLine& at = *to.add_lines();
      at.set_line(line.line);
      if (line.error) write(*line.error, *at.mutable_error());
      write_ids(line.dropped, *at.mutable_dropped());
      at.set_replayed(line.replayed);
    }
  }
  void operator()(const engine::StockLevel& reply) const {
    write_level(reply.entry, *out.mutable_stock_level());
  }
  void operator()(const engine::StockLevels& reply) const {
    pb::WireLevels& to = *out.mutable_stock_levels();
    for (const Result<engine::SkuEntry>& item : reply.items) {
      pb::WireLevel& level = *to.add_items();
      if (item) {
        write_level(*item, *level.mutable_entry());
      } else {
        write(item.error(), *level.mutable_error());
      }
    }
  }
  void operator()(const engine::HoldPlacedReply& reply) const {
    pb::WireHeld& to = *out.mutable_hold_placed();
    for (const engine::HeldLine& line : reply.held) {
      pb::HeldLine& held = *to.add_held();
      held.set_sku(line.sku.str());
      held.set_product(line.product.str());
      held.set_quantity(line.quantity.units());
      write(line.price, *held.mutable_price());
      held.set_title(line.title);
    }
    for (const engine::ErrorItem& item : reply.refused) write(item, *to.add_refused());
    to.set_expires_at(reply.expires_at.microseconds());
  }
  void operator()(const engine::HoldDone& reply) const {
    write(reply.hold, *out.mutable_hold_done());
  }
  void operator()(const engine::ReservationReply& reply) const {
    pb::WireReservation& to = *out.mutable_reservation();
    write(reply.reservation, *to.mutable_reservation());
    write(reply.replay, *to.mutable_replay());
  }
};

bool read_puts_done(pb::WirePutsDone& in, engine::ProductsPutDone& out, WireFault& fault) {
  for (pb::WirePutDoneLine& line : *in.mutable_lines()) {
    engine::ProductsPutDone::Line& to = out.lines.emplace_back();
    to.line = line.line();
    if (line.has_error() && !read_known_error(line.error(), to.error.emplace(), fault)) {
      return false;
    }
    read_ids(*line.mutable_dropped(), to.dropped);
    to.replayed = line.replayed();
  }
  return true;
}

bool read_levels(const pb::WireLevels& in, engine::StockLevels& out, WireFault& fault) {
  for (const pb::WireLevel& level : in.items()) {
    if (level.has_entry()) {
      out.items.emplace_back(read_sku(level.entry()));
      continue;
    }
    if (!level.has_error()) return fault.nothing(level, "stock_levels.items");
    engine::Error error;
    if (!read_known_error(level.error(), error, fault)) return false;
    out.items.emplace_back(std::move(error));
  }
  return true;
}

bool read_held(const pb::WireHeld& in, engine::HoldPlacedReply& out, WireFault& fault) {
  for (const pb::HeldLine& line : in.held()) {
    out.held.push_back({engine::Sku{line.sku()}, engine::ProductId{line.product()},
                        read_quantity(line.quantity()), read_money(line.price()), line.title()});
  }
  for (const pb::ErrorItem& item : in.refused()) {
    if (!read_known_item(item, out.refused.emplace_back(), fault)) return false;
  }
  out.expires_at = read_time(in.expires_at());
  return true;
}

bool read_reply(pb::WireCatalogReply& in, engine::CatalogReply& out, WireFault& fault) {
  switch (in.reply_case()) {
    case pb::WireCatalogReply::kAcknowledged:
      out = engine::Acknowledged{};
      return true;
    case pb::WireCatalogReply::kClaimed: {
      auto& to = out.emplace<engine::Claimed>();
      for (const pb::WireTaken& taken : in.claimed().taken_by()) {
        auto& by = to.taken_by.emplace_back();
        if (taken.has_product()) by.emplace(taken.product());
      }
      read_ids(*in.mutable_claimed()->mutable_fresh(), to.fresh);
      return true;
    }
    case pb::WireCatalogReply::kProductPut: {
      pb::WirePutDone& from = *in.mutable_product_put();
      auto& to = out.emplace<engine::ProductPutDone>();
      to.product = engine::ProductId{from.product()};
      to.version = from.version();
      to.created = from.created();
      to.changed = from.changed();
      read_ids(*from.mutable_dropped(), to.dropped);
      return true;
    }
    case pb::WireCatalogReply::kProductsPut:
      return read_puts_done(*in.mutable_products_put(), out.emplace<engine::ProductsPutDone>(),
                            fault);
    case pb::WireCatalogReply::kStockLevel:
      out = engine::StockLevel{read_sku(in.stock_level())};
      return true;
    case pb::WireCatalogReply::kStockLevels:
      return read_levels(in.stock_levels(), out.emplace<engine::StockLevels>(), fault);
    case pb::WireCatalogReply::kHoldPlaced:
      return read_held(in.hold_placed(), out.emplace<engine::HoldPlacedReply>(), fault);
    case pb::WireCatalogReply::kHoldDone:
      return read(in.hold_done(), out.emplace<engine::HoldDone>().hold) ||
             fault.newer("hold_done.state");
    case pb::WireCatalogReply::kReservation: {
      auto& to = out.emplace<engine::ReservationReply>();
      to.replay = read_replay(in.reservation().replay());
      return read_known_reservation(in.reservation().reservation(), to.reservation, fault);
    }
    case pb::WireCatalogReply::kError:
    case pb::WireCatalogReply::REPLY_NOT_SET:
      break;
  }
  return fault.nothing(in, "catalog_reply");
}

bool read_answer(pb::WireCatalogReply& in, WireCatalogAnswer& out, WireFault& fault) {
  out.position = in.position();
  out.replay = read_replay(in.replay());
  if (in.has_error()) {
    engine::Error error;
    if (!read_known_error(in.error(), error, fault)) return false;
    out.reply = std::move(error);
    return true;
  }
  return read_reply(in, *out.reply, fault);
}

}  // namespace

std::string encode(const WireCatalogAnswer& answer) {
  pb::WireCatalogReply out;
  if (answer.reply) {
    std::visit(ReplyWriter{out}, *answer.reply);
  } else {
    write(answer.reply.error(), *out.mutable_error());
  }
  out.set_position(answer.position);
  if (answer.replay.replayed || !answer.replay.request_id.empty()) {
    write(answer.replay, *out.mutable_replay());
  }
  return out.SerializeAsString();
}

Result<WireCatalogAnswer> decode_catalog_answer(std::string_view bytes) {
  return decode_as<pb::WireCatalogReply, WireCatalogAnswer>(
      bytes, read_answer, WireCatalogAnswer{engine::CatalogReply{}});
}

}  // namespace souk::storage
