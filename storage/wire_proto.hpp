#pragma once

#include <google/protobuf/arena.h>
#include <google/protobuf/message.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/record_proto.hpp"
#include "storage/wire.hpp"
#include "storage/wire.pb.h"

// What the wire*.cpp files share; nobody else includes this. `write` fills an empty message; `read`
// an empty value and is false when it noted a fault.
namespace souk::storage {

/// Why a payload is refused; the first fault counts.
class WireFault {
public:
  bool corrupt(const char* field) { return note(engine::Errc::corrupt_record, field); }
  bool newer(const char* field) { return note(engine::Errc::newer_format, field); }
  bool note(engine::Error error) {
    if (error_.code == engine::Errc::none) error_ = std::move(error);
    return false;
  }
  /// No alternative of a oneof is set: a newer one is among the fields we do not know.
  bool nothing(const google::protobuf::Message& message, const char* field) {
    const auto& unknown = message.GetReflection()->GetUnknownFields(message);
    return unknown.empty() ? corrupt(field) : newer(field);
  }
  const engine::Error& error() const { return error_; }

private:
  bool note(engine::Errc code, const char* field);

  engine::Error error_{engine::Errc::none, {}, {}, {}};
};

/// Checks the bounds and parses. Errors: too_large, corrupt_record.
engine::Result<void> parse_payload(std::string_view bytes, google::protobuf::Message& message);

/// Parses `bytes` as Message and lets `read` make the value of it.
template <class Message, class Value, class Read>
engine::Result<void> decode_into(std::string_view bytes, Value& value, Read read) {
  std::array<char, 4096> first_block;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  google::protobuf::ArenaOptions options;
  options.initial_block = first_block.data();
  options.initial_block_size = first_block.size();
  google::protobuf::Arena arena{options};
  auto& message = *google::protobuf::Arena::CreateMessage<Message>(&arena);
  const engine::Result<void> parsed = parse_payload(bytes, message);
  if (!parsed) return parsed.error();
  WireFault fault;
  if (!read(message, value, fault)) return fault.error();
  return {};
}
template <class Message, class Value, class Read>
engine::Result<Value> decode_as(std::string_view bytes, Read read, Value value) {
  const engine::Result<void> done = decode_into<Message>(bytes, value, std::move(read));
  if (!done) return done.error();
  return engine::Result<Value>{std::move(value)};
}
template <class Message, class Value, class Read>
engine::Result<Value> decode_as(std::string_view bytes, Read read) {
  return decode_as<Message, Value>(bytes, std::move(read), Value{});
}

template <class Enum>
bool read_known(std::uint32_t number, Enum last, Enum& out, const char* field, WireFault& fault) {
  return read_enum(number, last, out) || fault.newer(field);
}

/// Texts of any id type.
template <class Id, class Texts>
void write_ids(const std::vector<Id>& ids, Texts& out) {
  out.Reserve(static_cast<int>(ids.size()));
  for (const Id& id : ids) out.Add(std::string{id.str()});
}
template <class Id, class Texts>
void read_ids(Texts& in, std::vector<Id>& out) {
  out.reserve(static_cast<std::size_t>(in.size()));
  for (std::string& id : in) out.emplace_back(std::move(id));
}
template <class Texts>
void read_texts(Texts& in, std::vector<std::string>& out) {
  out.reserve(static_cast<std::size_t>(in.size()));
  for (std::string& text : in) out.push_back(std::move(text));
}

bool read_known_error(const pb::Error& in, engine::Error& out, WireFault& fault);
bool read_known_item(const pb::ErrorItem& in, engine::ErrorItem& out, WireFault& fault);
bool read_known_reservation(const pb::Reservation& in, engine::Reservation& out, WireFault& fault);
bool read_shard(std::uint32_t service, std::uint32_t number, engine::ShardId& out,
                WireFault& fault);
void write(const engine::Replay& value, pb::WireReplay& out);
engine::Replay read_replay(const pb::WireReplay& in);
void write_position(const engine::ShardPosition& value, pb::WirePosition& out);
/// False: not a range of slots.
bool read_slots(const pb::WireSlots& in, engine::SlotRange& out);
bool read_position(const pb::WirePosition& in, engine::ShardPosition& out, WireFault& fault);

/// With its SKU, which the record leaves to the key.
void write_level(const engine::SkuEntry& value, pb::SkuEntry& out);

// Product views (wire_finding.cpp) and checkouts (wire_order.cpp).
void write(const engine::ProductView& value, pb::WireProduct& out);
bool read(pb::WireProduct& in, engine::ProductView& out, WireFault& fault);

// Searches and hits (wire_search.cpp).
void write_query(const engine::Query& query, pb::WireQuery& out);
bool read_query(pb::WireQuery& in, engine::Query& out, WireFault& fault);
void write_sort_value(const engine::SortValue& value, pb::WireSortValue& out);
void write_group(const engine::HitGroup& group, pb::WireGroup& out);
bool read_group(pb::WireGroup& in, engine::HitGroup& out, WireFault& fault);
bool read_sort_value(pb::WireSortValue& in, engine::SortValue& out, WireFault& fault);
void write_hit(const engine::Hit& hit, pb::WireHit& out);
bool read_hit(pb::WireHit& in, engine::Hit& out, WireFault& fault);

}  // namespace souk::storage
