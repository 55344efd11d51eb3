#include "tests/actors/peer_nodes.hpp"

#include <doctest/doctest.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "actors/peer_transfer.hpp"
#include "engine/types/id.hpp"

namespace souk::test {

using engine::Errc;
using engine::Error;
using engine::Result;

namespace {

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

TEST_CASE("peer node process" * doctest::skip()) {
  if (*variable("SOUK_PEER_NODE") == 0) return;
  auto config = PeerNode::config(variable("SOUK_PEER_NODE"));
  config.listen_port = static_cast<std::uint16_t>(std::atoi(variable("SOUK_PEER_PORT")));
  PeerNode node{std::move(config)};
  std::vector<PeerAddress> peers;
  std::istringstream list{variable("SOUK_PEER_PEERS")};
  for (PeerAddress peer; list >> peer.node >> peer.host >> peer.port;) peers.push_back(peer);
  node.transport().set_peers(peers);
  for (;;) std::this_thread::sleep_for(std::chrono::hours{1});
}

}  // namespace

bool in_time(const std::function<bool()>& true_at_last, std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!true_at_last()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

actors::PeerConfig PeerNode::config(const std::string& node) {
  actors::PeerConfig config;
  config.cluster = "test";
  config.node = node;
  config.version = "1.0";
  // A machine that does other things besides is no silent peer.
  config.limits.silence = std::chrono::seconds{10};
  return config;
}

PeerNode::PeerNode(actors::PeerConfig config) : node_{config.node} {
  auto started = actors::PeerTransport::start(
      std::move(config), {[this](actors::PeerArrival arrival) { arrived(std::move(arrival)); },
                          [this](const std::string& node, bool connected) {
                            const std::lock_guard lock{mutex_};
                            if (connected)
                              next_.clear();
                            else
                              ++lost_[node];
                          },
                          [this](const std::string& node) {
                            const std::lock_guard lock{mutex_};
                            ++ended_[node];
                          }});
  REQUIRE_MESSAGE(started, (started ? "" : started.error().detail));
  transport_ = std::move(*started);
}

void PeerNode::arrived(actors::PeerArrival arrival) {
  const std::string& bytes = arrival.envelope.bytes;
  switch (arrival.envelope.kind) {
    case kEcho:
      return arrival.answer(std::string{bytes.rbegin(), bytes.rend()});
    case kRefuse:
      return arrival.answer(Error{Errc::wrong_shard, "it moved: " + bytes});
    case kNumber:
      return number(arrival);
    case kCount:
      return arrival.answer(std::to_string(numbers_) + " " + std::to_string(disordered_));
    case kChunk:
      return chunk(arrival);
    default:
      break;
  }
}

void PeerNode::number(const actors::PeerArrival& arrival) {
  const std::string& text = arrival.envelope.bytes;
  const auto space = text.find(' ');
  std::uint64_t number = 0;
  std::from_chars(text.data() + space + 1, text.data() + text.size(), number);
  const std::lock_guard lock{mutex_};
  std::uint64_t& next = next_[arrival.from + "/" + text.substr(0, space)];
  if (number != next) ++disordered_;
  next = number + 1;
  ++numbers_;
}

void PeerNode::chunk(const actors::PeerArrival& arrival) {
  const auto chunk = actors::read_chunk(arrival.envelope.bytes);
  if (!chunk || chunk->offset != transferred_) {
    ++disordered_;
    if (arrival.answer) arrival.answer(Error{Errc::corrupt_record, "a hole"});
    return;
  }
  transferred_ += chunk->bytes.size();
  transfer_hash_ = transfer_hash_ * 31 + engine::hash_key(chunk->bytes);
  if (chunk->last && arrival.answer) arrival.answer(std::string{"whole"});
}

int PeerNode::ended(const std::string& node) const {
  const std::lock_guard lock{mutex_};
  const auto found = ended_.find(node);
  return found == ended_.end() ? 0 : found->second;
}

int PeerNode::lost(const std::string& node) const {
  const std::lock_guard lock{mutex_};
  const auto found = lost_.find(node);
  return found == lost_.end() ? 0 : found->second;
}

actors::PeerStatus PeerNode::status(const std::string& node) const {
  for (auto& status : transport_->status()) {
    if (status.address.node == node) return status;
  }
  return {};
}

Result<std::string> PeerNode::ask(const std::string& node, TestKind kind, const std::string& bytes,
                                  std::chrono::milliseconds patience) {
  const auto answer = std::make_shared<std::promise<Result<std::string>>>();
  const auto asked =
      transport_->ask(node, PeerClass::data, {kind, {engine::Service::catalog, 3}, 7, bytes},
                      std::chrono::steady_clock::now() + patience,
                      [answer](Result<std::string> said) { answer->set_value(std::move(said)); });
  if (!asked) return asked.error();
  return answer->get_future().get();
}

PeerProcess::PeerProcess(const std::string& node, const std::vector<PeerAddress>& peers)
    : node_{node}, port_{free_port()}, peers_{peers} {
  start();
}

void PeerProcess::start() {
  std::ostringstream peers;
  for (const auto& peer : peers_) peers << peer.node << ' ' << peer.host << ' ' << peer.port << ' ';
  process_ = ChildProcess{
      {"env", "SOUK_PEER_NODE=" + node_, "SOUK_PEER_PORT=" + std::to_string(port_),
       "SOUK_PEER_PEERS=" + peers.str(), std::filesystem::read_symlink("/proc/self/exe").string(),
       "--test-case=peer node process", "--no-skip"},
      folder_ / "log"};
  REQUIRE(process_.started());
}

std::uint64_t PeerProcess::resident_bytes() const {
  std::ifstream statm{"/proc/" + std::to_string(process_.pid()) + "/statm"};
  std::uint64_t pages = 0;
  statm >> pages >> pages;
  return pages * 4096;
}

}  // namespace souk::test
