#include <memory>
#include <utility>

#include "storage/wire_proto.hpp"

// What replicas of one shard say to each other.
namespace souk::storage {

using engine::Result;
using engine::cluster::CatchUp;
using engine::cluster::HandOver;
using engine::cluster::Heartbeat;
using engine::cluster::HeartbeatOk;
using engine::cluster::Instant;
using engine::cluster::Message;
using engine::cluster::Prepare;
using engine::cluster::PrepareOk;
using engine::cluster::Record;
using engine::cluster::Reject;

namespace {

static_assert(std::variant_size_v<Message> == 7);

struct WriteMessage {
  pb::WireReplica& out;

  void operator()(const Prepare& message) const {
    pb::WirePrepare& to = *out.mutable_prepare();
    to.set_start(message.start);
    to.mutable_prev()->set_position(message.prev.position);
    to.mutable_prev()->set_epoch(message.prev.epoch);
    to.mutable_records()->Reserve(static_cast<int>(message.records.size()));
    for (const Record& record : message.records) {
      pb::WireRecord& at = *to.add_records();
      at.set_position(record.position);
      at.set_epoch(record.epoch);
      at.set_crc(record.crc);
      at.set_payload(*record.payload);
    }
    to.set_committed(message.committed);
  }
  void operator()(const PrepareOk& message) const {
    out.mutable_prepare_ok()->set_stored(message.stored);
  }
  void operator()(const Reject&) const { out.mutable_reject(); }
  void operator()(const CatchUp& message) const { out.mutable_catch_up()->set_last(message.last); }
  void operator()(const Heartbeat& message) const {
    out.mutable_heartbeat()->set_committed(message.committed);
    out.mutable_heartbeat()->set_sent_at(message.sent_at.count());
  }
  void operator()(const HeartbeatOk& message) const {
    pb::WireHeartbeatOk& to = *out.mutable_heartbeat_ok();
    to.set_sent_at(message.sent_at.count());
    to.set_stored(message.stored);
    to.set_matched(message.matched);
    to.set_behind(message.behind);
  }
  void operator()(const HandOver&) const { out.mutable_hand_over(); }
};

bool read_prepare(pb::WirePrepare& in, Prepare& out, WireFault& fault) {
  out.start = in.start();
  out.prev = {in.prev().position(), in.prev().epoch()};
  out.committed = in.committed();
  out.records.reserve(static_cast<std::size_t>(in.records_size()));
  engine::Position next = out.prev.position;
  for (pb::WireRecord& record : *in.mutable_records()) {
    if (record.position() != ++next) return fault.corrupt("prepare.records.position");
    if (payload_checksum(record.payload()) != record.crc())
      return fault.corrupt("prepare.records.payload");
    out.records.push_back(
        {record.position(), record.epoch(), record.crc(),
         std::make_shared<const std::string>(std::move(*record.mutable_payload()))});
  }
  return true;
}

bool read_message(pb::WireReplica& in, Message& out, WireFault& fault) {
  const engine::Epoch epoch = in.epoch();
  switch (in.message_case()) {
    case pb::WireReplica::kPrepare: {
      Prepare& to = out.emplace<Prepare>();
      to.epoch = epoch;
      return read_prepare(*in.mutable_prepare(), to, fault);
    }
    case pb::WireReplica::kPrepareOk:
      out = PrepareOk{epoch, in.prepare_ok().stored()};
      return true;
    case pb::WireReplica::kReject:
      out = Reject{epoch};
      return true;
    case pb::WireReplica::kCatchUp:
      out = CatchUp{epoch, in.catch_up().last()};
      return true;
    case pb::WireReplica::kHeartbeat:
      out = Heartbeat{epoch, in.heartbeat().committed(), Instant{in.heartbeat().sent_at()}};
      return true;
    case pb::WireReplica::kHeartbeatOk: {
      const pb::WireHeartbeatOk& ok = in.heartbeat_ok();
      out = HeartbeatOk{epoch, Instant{ok.sent_at()}, ok.stored(), ok.matched(), ok.behind()};
      return true;
    }
    case pb::WireReplica::kHandOver:
      out = HandOver{epoch};
      return true;
    case pb::WireReplica::MESSAGE_NOT_SET:
      break;
  }
  return fault.nothing(in, "cluster_message");
}

}  // namespace

std::string encode(const Message& message) {
  pb::WireReplica out;
  std::visit(WriteMessage{out}, message);
  out.set_epoch(std::visit([](const auto& each) { return each.epoch; }, message));
  return out.SerializeAsString();
}

Result<Message> decode_cluster_message(std::string_view bytes) {
  return decode_as<pb::WireReplica, Message>(bytes, read_message);
}

}  // namespace souk::storage
