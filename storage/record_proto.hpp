#pragma once

#include <google/protobuf/message_lite.h>

#include <string>
#include <string_view>

#include "engine/catalog/catalog_event.hpp"
#include "engine/order/order_command.hpp"
#include "storage/record.hpp"
#include "storage/record.pb.h"

// Translation between engine types and messages, shared by the record_*.cpp files and the journal;
// nobody else includes this. `write` fills an empty message, `read` an empty value; read is false
// when the message says something that no version ever wrote.
namespace souk::storage {

template <class Message>
std::string seal_message(std::string_view key, const Message& message,
                         Compression compression = Compression::none) {
  return seal(key, message.SerializeAsString(), compression);
}

inline engine::Error corrupt_record(const char* what) {
  return engine::Error{engine::Errc::corrupt_record, what, {}, {}};
}

/// Checks the frame and parses the message in it.
template <class Message>
engine::Result<void> unseal_message(std::string_view key, std::string_view frame,
                                    Message& message) {
  std::string unpacked;
  const engine::Result<std::string_view> payload = unseal(key, frame, unpacked);
  if (!payload) return payload.error();
  if (!message.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) {
    return corrupt_record("a record's message does not parse");
  }
  return {};
}

/// Numbers of an enum without gaps, checked.
template <class Enum>
bool read_enum(std::uint32_t number, Enum last, Enum& out) {
  if (number > static_cast<std::uint32_t>(last)) return false;
  out = static_cast<Enum>(number);
  return true;
}

inline engine::Quantity read_quantity(std::int64_t units) {
  return engine::Quantity{units};
}
inline engine::Timestamp read_time(std::int64_t microseconds) {
  return engine::Timestamp{microseconds};
}

void write(const engine::Money& value, pb::Money& out);
engine::Money read_money(const pb::Money& in);
void write(const engine::Error& value, pb::Error& out);
engine::Error read_error(const pb::Error& in);
void write(const engine::ErrorItem& value, pb::ErrorItem& out);
engine::ErrorItem read_error_item(const pb::ErrorItem& in);
void write(const engine::IdempotencyKey& value, pb::IdempotencyKey& out);
engine::IdempotencyKey read_key(const pb::IdempotencyKey& in);

void write(const engine::SkuTerms& value, pb::SkuTerms& out);
engine::SkuTerms read_terms(const pb::SkuTerms& in);
void write(const engine::SkuEntry& value, pb::SkuEntry& out);
engine::SkuEntry read_sku(const pb::SkuEntry& in);
void write(const engine::HoldLine& value, pb::HoldLine& out);
engine::HoldLine read_hold_line(const pb::HoldLine& in);
void write(const engine::Hold& value, pb::Hold& out);
bool read(const pb::Hold& in, engine::Hold& out);
void write(const engine::Reservation& value, pb::Reservation& out);
bool read(const pb::Reservation& in, engine::Reservation& out);
void write(const engine::AnswerRecorded& value, pb::Answer& out);
bool read(const pb::Answer& in, engine::AnswerRecorded& out);

void write(const engine::SlotsForked& value, pb::SlotsForked& out);
bool read(const pb::SlotsForked& in, engine::SlotsForked& out);

void write(const engine::CheckoutRequest& value, pb::CheckoutRequest& out);
engine::CheckoutRequest read_request(const pb::CheckoutRequest& in);
void write(const engine::Order& value, pb::Order& out);
bool read(const pb::Order& in, engine::Order& out);

}  // namespace souk::storage
