#include "storage/wire.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cassert>
#include <limits>

#include "storage/wire_proto.hpp"

namespace souk::storage {

using engine::Errc;
using engine::Error;
using engine::Result;

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

/// Counts submessages and texts without making them. Recursion is bounded: no message of wire.proto
/// contains itself. False: damaged, or more than `parts` left.
bool count_parts(CodedInputStream& in, const Descriptor& type, std::size_t& parts) {
  while (const std::uint32_t tag = in.ReadTag()) {
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) return false;
      continue;
    }
    if (parts-- == 0) return false;
    std::uint32_t size = 0;
    if (!in.ReadVarint32(&size) || size > kWireBytesMax) return false;
    const FieldDescriptor* field = type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
    if (field != nullptr && field->message_type() != nullptr) {
      const CodedInputStream::Limit limit = in.PushLimit(static_cast<int>(size));
      if (!count_parts(in, *field->message_type(), parts) || !in.ConsumedEntireMessage()) {
        return false;
      }
      in.PopLimit(limit);
    } else if (!in.Skip(static_cast<int>(size))) {
      return false;
    }
  }
  return true;
}

Error wire_error(Errc code, const char* field, const char* what) {
  return Error{code, std::string{field} + what, field, {}};
}

bool is_known(std::uint32_t code) {
  if (code > std::numeric_limits<std::uint16_t>::max()) return false;
  const auto errc = static_cast<Errc>(code);
  return errc == Errc::internal || to_string(errc) != to_string(Errc::internal);
}

}  // namespace

bool WireFault::note(Errc code, const char* field) {
  return note(wire_error(
      code, field,
      code == Errc::newer_format ? ": a newer version's value" : ": missing or damaged"));
}

Result<void> parse_payload(std::string_view bytes, google::protobuf::Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  if (bytes.size() > kWireBytesMax) {
    return wire_error(Errc::too_large, type.name().c_str(), ": too many bytes");
  }
  if (bytes.size() > kWireUncountedBytes) {
    CodedInputStream in{reinterpret_cast<const std::uint8_t*>(bytes.data()),
                        static_cast<int>(bytes.size())};
    std::size_t parts = kWirePartsMax;
    if (!count_parts(in, type, parts)) {
      return wire_error(Errc::corrupt_record, type.name().c_str(), ": damaged, or too many parts");
    }
  }
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return wire_error(Errc::corrupt_record, type.name().c_str(), ": does not parse");
  }
  return {};
}

bool read_known_error(const pb::Error& in, Error& out, WireFault& fault) {
  if (!is_known(in.code())) return fault.newer("error.code");
  for (const pb::ErrorItem& item : in.items()) {
    if (!is_known(item.code())) return fault.newer("error.items.code");
  }
  out = read_error(in);
  return true;
}

bool read_known_item(const pb::ErrorItem& in, engine::ErrorItem& out, WireFault& fault) {
  if (!is_known(in.code())) return fault.newer("refused.code");
  out = read_error_item(in);
  return true;
}

bool read_known_reservation(const pb::Reservation& in, engine::Reservation& out, WireFault& fault) {
  for (const pb::ErrorItem& item : in.refused()) {
    if (!is_known(item.code())) return fault.newer("reservation.refused.code");
  }
  return read(in, out) || fault.newer("reservation.state");
}

bool read_shard(std::uint32_t service, std::uint32_t number, engine::ShardId& out,
                WireFault& fault) {
  if (service == 0) return fault.corrupt("service");
  if (service > static_cast<std::uint32_t>(engine::Service::orders)) return fault.newer("service");
  if (number > std::numeric_limits<std::uint16_t>::max()) return fault.corrupt("shard");
  out = {static_cast<engine::Service>(service), static_cast<std::uint16_t>(number)};
  return true;
}

void write(const engine::Replay& value, pb::WireReplay& out) {
  out.set_replayed(value.replayed);
  out.set_request_id(value.request_id);
}

engine::Replay read_replay(const pb::WireReplay& in) {
  return {in.replayed(), in.request_id()};
}

void write_position(const engine::ShardPosition& value, pb::WirePosition& out) {
  out.set_service(static_cast<std::uint32_t>(value.shard.service));
  out.set_shard(value.shard.number);
  out.set_position(value.position);
}

bool read_position(const pb::WirePosition& in, engine::ShardPosition& out, WireFault& fault) {
  out.position = in.position();
  return read_shard(in.service(), in.shard(), out.shard, fault);
}

bool read_slots(const pb::WireSlots& in, engine::SlotRange& out) {
  if (in.first() > in.last() || in.last() >= engine::kSlotCount) return false;
  out = {static_cast<engine::Slot>(in.first()), static_cast<engine::Slot>(in.last())};
  return true;
}

std::string encode(const Envelope& envelope) {
  assert(envelope.payload.size() <= kWireBytesMax);
  pb::WireHead head;
  head.set_version(std::uint32_t{envelope.major} << 16U | envelope.minor);
  head.set_kind(static_cast<std::uint32_t>(envelope.kind));
  head.set_correlation(envelope.correlation);
  head.set_service(static_cast<std::uint32_t>(envelope.shard.service));
  head.set_shard(envelope.shard.number);
  head.set_epoch(envelope.epoch);
  if (envelope.deadline) {
    const auto left = envelope.deadline->count();
    head.set_deadline_ms(left > 0 ? static_cast<std::uint64_t>(left) : 0);
  }
  if (envelope.believed) {
    head.mutable_believed()->set_first(envelope.believed->first);
    head.mutable_believed()->set_last(envelope.believed->last);
  }
  const std::size_t size = head.ByteSizeLong();
  std::string out;
  out.reserve(2 + size + envelope.payload.size());
  for (std::size_t rest = size;; rest >>= 7U) {
    out.push_back(static_cast<char>((rest & 0x7FU) | (rest > 0x7FU ? 0x80U : 0U)));
    if (rest <= 0x7FU) break;
  }
  head.AppendToString(&out);
  out.append(envelope.payload);
  return out;
}

Result<Envelope> decode_envelope(std::string_view bytes) {
  // The size of the head, by hand: the payload need not be looked at, nor copied.
  std::size_t size = 0;
  std::size_t used = 0;
  for (bool more = true; more; ++used) {
    if (used == bytes.size() || used == 2) {
      return wire_error(Errc::corrupt_record, "envelope.head", ": has no believable size");
    }
    const auto byte = static_cast<unsigned char>(bytes[used]);
    size |= std::size_t{byte & 0x7FU} << (7 * used);
    more = (byte & 0x80U) != 0;
  }
  if (size > kWireHeadBytesMax || size > bytes.size() - used) {
    return wire_error(Errc::corrupt_record, "envelope.head", ": is cut off");
  }
  pb::WireHead head;
  if (!head.ParseFromArray(bytes.data() + used, static_cast<int>(size))) {
    return wire_error(Errc::corrupt_record, "envelope.head", ": does not parse");
  }
  Envelope out;
  out.payload = bytes.substr(used + size);
  if (out.payload.size() > kWireBytesMax) {
    return wire_error(Errc::too_large, "envelope.payload", ": too many bytes");
  }
  out.major = static_cast<std::uint16_t>(head.version() >> 16U);
  out.minor = static_cast<std::uint16_t>(head.version() & 0xFFFFU);
  if (out.major == 0) return wire_error(Errc::corrupt_record, "envelope.version", ": is missing");
  if (out.major > kWireMajor) {
    return wire_error(Errc::newer_format, "envelope.version", ": of a newer Souk");
  }
  WireFault fault;
  if (head.kind() == 0) return wire_error(Errc::corrupt_record, "envelope.kind", ": is missing");
  if (!read_known(head.kind(), kWireKindLast, out.kind, "envelope.kind", fault) ||
      !read_shard(head.service(), head.shard(), out.shard, fault)) {
    return fault.error();
  }
  out.correlation = head.correlation();
  out.epoch = head.epoch();
  if (head.has_deadline_ms()) {
    // A deadline of years is none of ours; a day keeps every sum with a clock far from overflow.
    constexpr std::uint64_t kDay = 86'400'000;
    out.deadline = std::chrono::milliseconds{std::min(head.deadline_ms(), kDay)};
  }
  if (head.has_believed()) {
    if (!read_slots(head.believed(), out.believed.emplace()))
      return wire_error(Errc::corrupt_record, "envelope.believed", ": no slots");
  }
  return out;
}

std::string encode(const Error& error) {
  pb::Error out;
  write(error, out);
  return out.SerializeAsString();
}

Result<void> decode_error(std::string_view bytes, Error& out) {
  return decode_into<pb::Error>(bytes, out, read_known_error);
}

std::string encode(const engine::ConsistencyToken& token) {
  pb::WireToken out;
  for (const engine::ShardPosition& position : token.positions) {
    write_position(position, *out.add_positions());
  }
  return out.SerializeAsString();
}

Result<engine::ConsistencyToken> decode_token(std::string_view bytes) {
  return decode_as<pb::WireToken, engine::ConsistencyToken>(
      bytes, [](const pb::WireToken& in, engine::ConsistencyToken& out, WireFault& fault) {
        for (const pb::WirePosition& position : in.positions()) {
          engine::ShardPosition to;
          if (!read_position(position, to, fault)) return false;
          // Sorted and unique, as everyone who holds a token relies on.
          if (!out.positions.empty() && !(out.positions.back().shard < to.shard)) {
            return fault.corrupt("token.positions");
          }
          out.positions.push_back(to);
        }
        return true;
      });
}

std::string encode(const engine::ShardStatus& status) {
  pb::WireStatus out;
  out.set_service(static_cast<std::uint32_t>(status.range.shard.service));
  out.set_shard(status.range.shard.number);
  out.set_first(status.range.first);
  out.set_last(status.range.last);
  out.set_stored(status.stored);
  out.set_committed(status.committed);
  out.set_applied(status.applied);
  out.set_materialised(status.materialised);
  out.set_state_hash(status.state_hash);
  out.set_products(status.products);
  out.set_skus(status.skus);
  out.set_holds(status.holds);
  out.set_orders(status.orders);
  out.set_segments(status.segments);
  out.set_queue_depth(status.queue_depth);
  out.set_index_bytes(status.index_bytes);
  return out.SerializeAsString();
}

Result<engine::ShardStatus> decode_shard_status(std::string_view bytes) {
  return decode_as<pb::WireStatus, engine::ShardStatus>(
      bytes, [](const pb::WireStatus& in, engine::ShardStatus& out, WireFault& fault) {
        if (!read_shard(in.service(), in.shard(), out.range.shard, fault)) return false;
        if (in.first() >= engine::kSlotCount || in.last() >= engine::kSlotCount) {
          return fault.corrupt("status.range");
        }
        out.range.first = static_cast<engine::Slot>(in.first());
        out.range.last = static_cast<engine::Slot>(in.last());
        out.stored = in.stored();
        out.committed = in.committed();
        out.applied = in.applied();
        out.materialised = in.materialised();
        out.state_hash = in.state_hash();
        out.products = in.products();
        out.skus = in.skus();
        out.holds = in.holds();
        out.orders = in.orders();
        out.segments = in.segments();
        out.queue_depth = in.queue_depth();
        out.index_bytes = in.index_bytes();
        return true;
      });
}

}  // namespace souk::storage
