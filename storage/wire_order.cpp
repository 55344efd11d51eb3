#include <utility>

#include "storage/wire_proto.hpp"

// What the orders shards are told and asked, and what they say.
namespace souk::storage {

using engine::Result;

static_assert(std::variant_size_v<engine::OrderCommand> == 6);
static_assert(std::variant_size_v<engine::OrderQuestion> == 3);
static_assert(std::variant_size_v<engine::OrderFinding> == 3);

namespace {

bool read_order(const pb::Order& in, engine::Order& out, WireFault& fault) {
  return read(in, out) || fault.newer("order.status");
}

void write_checkout(const engine::CheckoutEntry& entry, pb::WireCheckout& out) {
  out.set_id(entry.id.str());
  pb::CheckoutEntry& to = *out.mutable_entry();
  to.set_phase(static_cast<std::uint32_t>(entry.phase));
  to.set_hold(entry.hold.str());
  write(entry.idempotency, *to.mutable_idempotency());
  // As in the record: a part that says nothing is left out.
  if (entry.request != engine::CheckoutRequest{}) write(entry.request, *to.mutable_request());
  if (entry.order != engine::Order{}) write(entry.order, *to.mutable_order());
  if (entry.refusal != engine::Error{}) write(entry.refusal, *to.mutable_refusal());
  to.set_begun_at(entry.begun_at.microseconds());
}

bool read_checkout(const pb::WireCheckout& in, engine::CheckoutEntry& out, WireFault& fault) {
  const pb::CheckoutEntry& from = in.entry();
  out.id = engine::OrderId{in.id()};
  out.hold = engine::HoldId{from.hold()};
  out.idempotency = read_key(from.idempotency());
  out.begun_at = read_time(from.begun_at());
  if (from.has_request()) out.request = read_request(from.request());
  if (from.has_order() && !read_order(from.order(), out.order, fault)) return false;
  if (from.has_refusal() && !read_known_error(from.refusal(), out.refusal, fault)) return false;
  return read_known(from.phase(), engine::CheckoutPhase::refused, out.phase, "checkout.phase",
                    fault);
}

struct CommandWriter {
  pb::WireOrderCommand& out;

  void operator()(const engine::BeginCheckout& command) const {
    pb::CheckoutBegun& to = *out.mutable_begin_checkout();
    to.set_order(command.order.str());
    to.set_hold(command.hold.str());
    write(command.idempotency, *to.mutable_idempotency());
    write(command.request, *to.mutable_request());
    to.set_time(command.now.microseconds());
  }
  void operator()(const engine::PlaceOrder& command) const {
    pb::WirePlaceOrder& to = *out.mutable_place_order();
    write(command.order, *to.mutable_order());
    to.set_hold(command.hold.str());
  }
  void operator()(const engine::CompleteOrder& command) const {
    pb::WireCompleteOrder& to = *out.mutable_complete_order();
    to.set_order(command.order.str());
    to.set_now(command.now.microseconds());
  }
  void operator()(const engine::RefuseCheckout& command) const {
    pb::WireRefuseCheckout& to = *out.mutable_refuse_checkout();
    to.set_order(command.order.str());
    write(command.refusal, *to.mutable_refusal());
    to.set_now(command.now.microseconds());
    to.set_hold(command.hold.str());
    if (command.key) write(*command.key, *to.mutable_key());
  }
  void operator()(const engine::AbandonCheckout& command) const {
    pb::WireAbandonCheckout& to = *out.mutable_abandon_checkout();
    to.set_order(command.order.str());
    to.set_hold(command.hold.str());
  }
  void operator()(const engine::ForgetRefusals& command) const {
    out.set_forget_refusals(command.now.microseconds());
  }
};

bool read_command(const pb::WireOrderCommand& in, engine::OrderCommand& out, WireFault& fault) {
  switch (in.command_case()) {
    case pb::WireOrderCommand::kBeginCheckout: {
      const pb::CheckoutBegun& from = in.begin_checkout();
      out = engine::BeginCheckout{engine::OrderId{from.order()}, engine::HoldId{from.hold()},
                                  read_key(from.idempotency()), read_request(from.request()),
                                  read_time(from.time())};
      return true;
    }
    case pb::WireOrderCommand::kPlaceOrder: {
      auto& to = out.emplace<engine::PlaceOrder>();
      to.hold = engine::HoldId{in.place_order().hold()};
      return read_order(in.place_order().order(), to.order, fault);
    }
    case pb::WireOrderCommand::kCompleteOrder:
      out = engine::CompleteOrder{engine::OrderId{in.complete_order().order()},
                                  read_time(in.complete_order().now())};
      return true;
    case pb::WireOrderCommand::kRefuseCheckout: {
      const pb::WireRefuseCheckout& from = in.refuse_checkout();
      auto& to = out.emplace<engine::RefuseCheckout>();
      to.order = engine::OrderId{from.order()};
      to.now = read_time(from.now());
      to.hold = engine::HoldId{from.hold()};
      if (from.has_key()) to.key = read_key(from.key());
      return read_known_error(from.refusal(), to.refusal, fault);
    }
    case pb::WireOrderCommand::kAbandonCheckout:
      out = engine::AbandonCheckout{engine::OrderId{in.abandon_checkout().order()},
                                    engine::HoldId{in.abandon_checkout().hold()}};
      return true;
    case pb::WireOrderCommand::kForgetRefusals:
      out = engine::ForgetRefusals{read_time(in.forget_refusals())};
      return true;
    case pb::WireOrderCommand::COMMAND_NOT_SET:
      break;
  }
  return fault.nothing(in, "order_command");
}

bool read_answer(const pb::WireOrderReply& in, WireOrderAnswer& out, WireFault& fault) {
  out.position = in.position();
  if (in.has_error()) {
    engine::Error error;
    if (!read_known_error(in.error(), error, fault)) return false;
    out.reply = std::move(error);
    return true;
  }
  if (!in.has_opened()) return fault.nothing(in, "order_reply");
  const pb::WireOpened& from = in.opened();
  engine::CheckoutOpened& to = *out.reply;
  to.request_id = from.request_id();
  if (from.has_order() && !read_order(from.order(), to.order.emplace(), fault)) return false;
  if (from.has_refusal() && !read_known_error(from.refusal(), to.refusal.emplace(), fault)) {
    return false;
  }
  return read_known(from.kind(), engine::CheckoutOpened::Kind::refused, to.kind, "opened.kind",
                    fault);
}

void write_filter(const engine::OrderFilter& filter, pb::WireOrderFilter& out) {
  if (filter.status) out.set_status(static_cast<std::uint32_t>(*filter.status));
  out.set_customer(filter.customer);
  if (filter.created_from) out.set_created_from(filter.created_from->microseconds());
  if (filter.created_to) out.set_created_to(filter.created_to->microseconds());
  if (filter.before_time) out.set_before_time(filter.before_time->microseconds());
  out.set_before_id(filter.before_id.str());
  out.set_limit(filter.limit);
}

bool read_filter(const pb::WireOrderFilter& in, engine::OrderFilter& out, WireFault& fault) {
  out.customer = in.customer();
  if (in.has_created_from()) out.created_from = read_time(in.created_from());
  if (in.has_created_to()) out.created_to = read_time(in.created_to());
  if (in.has_before_time()) out.before_time = read_time(in.before_time());
  out.before_id = engine::OrderId{in.before_id()};
  out.limit = in.limit();
  return !in.has_status() || read_known(in.status(), engine::OrderStatus::completed,
                                        out.status.emplace(), "orders.status", fault);
}

bool read_question(const pb::WireOrderQuestion& in, WireOrderQuestion& out, WireFault& fault) {
  out.at_least = in.at_least();
  switch (in.question_case()) {
    case pb::WireOrderQuestion::kOrder:
      out.question = engine::ReadOrder{engine::OrderId{in.order()}};
      return true;
    case pb::WireOrderQuestion::kCheckout:
      out.question = engine::ReadCheckout{engine::OrderId{in.checkout()}};
      return true;
    case pb::WireOrderQuestion::kList:
      return read_filter(in.list(), out.question.emplace<engine::ListOrders>().filter, fault);
    case pb::WireOrderQuestion::QUESTION_NOT_SET:
      break;
  }
  return fault.nothing(in, "order_question");
}

bool read_finding(const pb::WireOrderFinding& in, WireOrderReading& out, WireFault& fault) {
  out.position = in.position();
  engine::OrderFinding& to = *out.finding;
  switch (in.finding_case()) {
    case pb::WireOrderFinding::kOrder:
      return read_order(in.order(), to.emplace<engine::Order>(), fault);
    case pb::WireOrderFinding::kCheckout:
      return read_checkout(in.checkout(), to.emplace<engine::CheckoutEntry>(), fault);
    case pb::WireOrderFinding::kList: {
      auto& orders = to.emplace<std::vector<engine::Order>>();
      for (const pb::Order& order : in.list().orders()) {
        if (!read_order(order, orders.emplace_back(), fault)) return false;
      }
      return true;
    }
    case pb::WireOrderFinding::kError: {
      engine::Error error;
      if (!read_known_error(in.error(), error, fault)) return false;
      out.finding = std::move(error);
      return true;
    }
    case pb::WireOrderFinding::FINDING_NOT_SET:
      break;
  }
  return fault.nothing(in, "order_finding");
}

struct QuestionWriter {
  pb::WireOrderQuestion& out;

  void operator()(const engine::ReadOrder& question) const { out.set_order(question.order.str()); }
  void operator()(const engine::ReadCheckout& question) const {
    out.set_checkout(question.order.str());
  }
  void operator()(const engine::ListOrders& question) const {
    write_filter(question.filter, *out.mutable_list());
  }
};

struct FindingWriter {
  pb::WireOrderFinding& out;

  void operator()(const engine::Order& found) const { write(found, *out.mutable_order()); }
  void operator()(const engine::CheckoutEntry& found) const {
    write_checkout(found, *out.mutable_checkout());
  }
  void operator()(const std::vector<engine::Order>& found) const {
    pb::WireOrders& to = *out.mutable_list();
    for (const engine::Order& order : found) write(order, *to.add_orders());
  }
};

std::string encode_holds(const std::vector<engine::HoldId>& holds) {
  pb::Names out;
  write_ids(holds, *out.mutable_names());
  return out.SerializeAsString();
}

}  // namespace

std::string encode(const engine::OrderCommand& command) {
  pb::WireOrderCommand out;
  std::visit(CommandWriter{out}, command);
  return out.SerializeAsString();
}

Result<engine::OrderCommand> decode_order_command(std::string_view bytes) {
  return decode_as<pb::WireOrderCommand, engine::OrderCommand>(bytes, read_command);
}

std::string encode(const WireOrderAnswer& answer) {
  pb::WireOrderReply out;
  out.set_position(answer.position);
  if (answer.reply) {
    pb::WireOpened& to = *out.mutable_opened();
    to.set_kind(static_cast<std::uint32_t>(answer.reply->kind));
    if (answer.reply->order) write(*answer.reply->order, *to.mutable_order());
    if (answer.reply->refusal) write(*answer.reply->refusal, *to.mutable_refusal());
    to.set_request_id(answer.reply->request_id);
  } else {
    write(answer.reply.error(), *out.mutable_error());
  }
  return out.SerializeAsString();
}

Result<WireOrderAnswer> decode_order_answer(std::string_view bytes) {
  return decode_as<pb::WireOrderReply, WireOrderAnswer>(bytes, read_answer,
                                                        WireOrderAnswer{engine::CheckoutOpened{}});
}

std::string encode(const WireOrderQuestion& question) {
  pb::WireOrderQuestion out;
  std::visit(QuestionWriter{out}, question.question);
  out.set_at_least(question.at_least);
  return out.SerializeAsString();
}

Result<WireOrderQuestion> decode_order_question(std::string_view bytes) {
  return decode_as<pb::WireOrderQuestion, WireOrderQuestion>(bytes, read_question);
}

std::string encode(const WireOrderReading& reading) {
  pb::WireOrderFinding out;
  if (reading.finding) {
    std::visit(FindingWriter{out}, *reading.finding);
  } else {
    write(reading.finding.error(), *out.mutable_error());
  }
  out.set_position(reading.position);
  return out.SerializeAsString();
}

Result<WireOrderReading> decode_order_reading(std::string_view bytes) {
  return decode_as<pb::WireOrderFinding, WireOrderReading>(
      bytes, read_finding, WireOrderReading{engine::OrderFinding{}});
}

std::string encode(const engine::UnfinishedCheckouts& checkouts) {
  pb::WireCheckouts out;
  for (const engine::CheckoutEntry& entry : checkouts.entries) {
    write_checkout(entry, *out.add_entries());
  }
  return out.SerializeAsString();
}

Result<engine::UnfinishedCheckouts> decode_unfinished_checkouts(std::string_view bytes) {
  return decode_as<pb::WireCheckouts, engine::UnfinishedCheckouts>(
      bytes, [](const pb::WireCheckouts& in, engine::UnfinishedCheckouts& out, WireFault& fault) {
        for (const pb::WireCheckout& entry : in.entries()) {
          if (!read_checkout(entry, out.entries.emplace_back(), fault)) return false;
        }
        return true;
      });
}

std::string encode(const engine::JudgeHolds& question) {
  return encode_holds(question.holds);
}

std::string encode(const engine::HoldsJudged& answer) {
  return encode_holds(answer.abandoned);
}

Result<engine::JudgeHolds> decode_judge_holds(std::string_view bytes) {
  return decode_as<pb::Names, engine::JudgeHolds>(
      bytes, [](pb::Names& in, engine::JudgeHolds& out, WireFault&) {
        read_ids(*in.mutable_names(), out.holds);
        return true;
      });
}

Result<engine::HoldsJudged> decode_holds_judged(std::string_view bytes) {
  return decode_as<pb::Names, engine::HoldsJudged>(
      bytes, [](pb::Names& in, engine::HoldsJudged& out, WireFault&) {
        read_ids(*in.mutable_names(), out.abandoned);
        return true;
      });
}

}  // namespace souk::storage
