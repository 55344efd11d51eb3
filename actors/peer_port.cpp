#include "actors/peer_port.hpp"

#include <caf/send.hpp>
#include <utility>

#include "actors/peer_link.hpp"

namespace souk::actors {

using engine::Errc;
using engine::Error;
using engine::Result;

PeerPort::PeerPort(std::string node, const PeerLimits& limits)
    : node_{std::move(node)}, outbox_{limits} {
}

Result<std::uint64_t> PeerPort::push(PeerMessage message) {
  if (session_ == 0) {
    return Error{Errc::unavailable, "node " + node_ + " is not connected" +
                                        (last_error_.empty() ? "" : ": " + last_error_)};
  }
  const auto place = outbox_.push(message.urgency, write_message(message));
  if (!place) {
    ++refused_;
    return Error{Errc::overloaded, "the queue for node " + node_ + " is full"};
  }
  return *place;
}

void PeerPort::wake() {
  if (std::exchange(awake_, true)) return;
  if (link_) caf::anon_send(link_, PeerFlush{});
}

Result<void> PeerPort::send(PeerClass urgency, const PeerEnvelope& envelope) {
  if (envelope.bytes.size() > kPeerEnvelopeBytesMax)
    return Error{Errc::too_large,
                 "a message of " + std::to_string(envelope.bytes.size()) + " bytes"};
  const std::lock_guard lock{mutex_};
  const auto pushed = push({.urgency = urgency,
                            .kind = envelope.kind,
                            .shard = envelope.shard,
                            .epoch = envelope.epoch,
                            .bytes = envelope.bytes});
  if (!pushed) return pushed.error();
  wake();
  return {};
}

Result<void> PeerPort::ask(PeerClass urgency, const PeerEnvelope& envelope, Deadline deadline,
                           OnAnswer on_answer) {
  if (envelope.bytes.size() > kPeerEnvelopeBytesMax)
    return Error{Errc::too_large,
                 "a message of " + std::to_string(envelope.bytes.size()) + " bytes"};
  const std::lock_guard lock{mutex_};
  const auto correlation = next_correlation_;
  const auto pushed = push({.urgency = urgency,
                            .role = PeerMessage::Role::request,
                            .correlation = correlation,
                            .kind = envelope.kind,
                            .shard = envelope.shard,
                            .epoch = envelope.epoch,
                            .bytes = envelope.bytes});
  if (!pushed) return pushed.error();
  ++next_correlation_;
  questions_.emplace(correlation, Question{deadline, urgency, *pushed, std::move(on_answer)});
  wake();
  return {};
}

void PeerPort::answer(std::uint64_t session, PeerClass urgency, std::uint64_t correlation,
                      const Result<std::string>& answer) {
  const bool too_large = answer && answer->size() > kPeerEnvelopeBytesMax;
  const Error oversize{Errc::too_large, "the answer of node is too large"};
  const std::string failure =
      answer && !too_large ? "" : write_error(too_large ? oversize : answer.error());
  PeerMessage message;
  message.urgency = urgency;
  message.correlation = correlation;
  message.role = failure.empty() ? PeerMessage::Role::answer : PeerMessage::Role::failure;
  message.bytes = failure.empty() ? std::string_view{*answer} : std::string_view{failure};
  const std::lock_guard lock{mutex_};
  // A full queue loses the answer: the asker's deadline says so, as it does for any lost answer.
  if (session_ == session && push(message)) wake();
}

PeerStatus PeerPort::status() const {
  const std::lock_guard lock{mutex_};
  PeerStatus status;
  status.address = address_.value_or(PeerAddress{node_, "", 0});
  status.connected = session_ != 0;
  status.version = version_;
  status.last_error = last_error_;
  status.connections = connections_;
  status.messages_sent = messages_sent_;
  status.messages_received = messages_received_;
  status.packets_sent = packets_sent_;
  status.packets_received = packets_received_;
  status.bytes_sent = bytes_sent_;
  status.bytes_received = bytes_received_;
  status.refused = refused_;
  status.queued_bytes = outbox_.queued_bytes();
  status.window_bytes = outbox_.window_bytes();
  status.round_trip = std::chrono::microseconds{round_trip_us_.load()};
  return status;
}

void PeerPort::set_link(caf::actor link) {
  const std::lock_guard lock{mutex_};
  link_ = std::move(link);
}

void PeerPort::set_address(std::optional<PeerAddress> address) {
  const std::lock_guard lock{mutex_};
  address_ = std::move(address);
}

std::optional<PeerAddress> PeerPort::address() const {
  const std::lock_guard lock{mutex_};
  return address_;
}

void PeerPort::open(std::uint64_t session, std::string version) {
  const std::lock_guard lock{mutex_};
  outbox_.reset();
  version_ = std::move(version);
  last_error_.clear();
  awake_ = false;
  ++connections_;
  session_ = session;
}

bool PeerPort::close(const std::string& why) {
  Questions lost;
  std::vector<bool> sent;
  {
    const std::lock_guard lock{mutex_};
    if (session_.exchange(0) == 0) return false;
    last_error_ = why;
    lost.swap(questions_);
    for (const auto& [correlation, question] : lost) {
      sent.push_back(outbox_.sent(question.urgency, question.place));
    }
    outbox_.reset();
  }
  auto was_sent = sent.begin();
  for (auto& [correlation, question] : lost) {
    question.on_answer(Error{*was_sent++ ? Errc::unknown_outcome : Errc::unavailable,
                             "node " + node_ + " was lost: " + why});
  }
  return true;
}

void PeerPort::note_error(const std::string& why) {
  const std::lock_guard lock{mutex_};
  last_error_ = why;
}

PeerPort::Taken PeerPort::take(std::string& packet, std::size_t bytes_max) {
  const std::lock_guard lock{mutex_};
  Taken taken;
  taken.messages = outbox_.take(packet, bytes_max);
  taken.more = outbox_.ready();
  awake_ = taken.more;
  messages_sent_ += taken.messages;
  return taken;
}

bool PeerPort::more() const {
  const std::lock_guard lock{mutex_};
  return outbox_.ready();
}

bool PeerPort::consumed(const PerPeerClass<std::uint64_t>& totals) {
  const std::lock_guard lock{mutex_};
  return outbox_.consumed(totals);
}

void PeerPort::answered(std::uint64_t correlation, Result<std::string> answer) {
  OnAnswer on_answer;
  {
    const std::lock_guard lock{mutex_};
    const auto found = questions_.find(correlation);
    if (found == questions_.end()) return;  // late
    on_answer = std::move(found->second.on_answer);
    questions_.erase(found);
  }
  on_answer(std::move(answer));
}

void PeerPort::expire(Deadline now) {
  std::vector<OnAnswer> late;
  {
    const std::lock_guard lock{mutex_};
    for (auto it = questions_.begin(); it != questions_.end();) {
      if (it->second.deadline > now) {
        ++it;
        continue;
      }
      late.push_back(std::move(it->second.on_answer));
      it = questions_.erase(it);
    }
  }
  for (const auto& on_answer : late) {
    on_answer(Error{Errc::timed_out, "node " + node_ + " did not answer in time"});
  }
}

void PeerPort::note_packet_sent(std::size_t bytes) {
  ++packets_sent_;
  bytes_sent_ += bytes;
}

void PeerPort::note_packet_received(std::size_t bytes, std::size_t messages) {
  ++packets_received_;
  bytes_received_ += bytes;
  messages_received_ += messages;
}

}  // namespace souk::actors
