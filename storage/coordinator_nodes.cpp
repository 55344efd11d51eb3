#include "storage/coordinator_nodes.hpp"

#include <utility>

#include "storage/record_proto.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Result;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kAgain{200};
constexpr std::chrono::milliseconds kFarewell{500};

std::string node_name(const NodeFact& node) {
  return std::string{kNodesPrefix} + node.id;
}

}  // namespace

std::string encode_node(const NodeFact& node) {
  pb::NodeFact out;
  out.set_id(node.id);
  out.set_host(node.host);
  out.set_port(node.port);
  out.set_zone(node.zone);
  for (const std::string& role : node.roles) out.add_roles(role);
  out.set_version(node.version);
  out.set_run(node.run);
  return seal_message(node_name(node), out);
}

Result<NodeFact> decode_node(std::string_view name, std::string_view value) {
  pb::NodeFact in;
  const Result<void> parsed = unseal_message(name, value, in);
  if (!parsed) return parsed.error();
  if (in.port() == 0 || in.port() > 0xFFFFU) return corrupt_record("a node has no port");
  return NodeFact{in.id(),
                  in.host(),
                  static_cast<std::uint16_t>(in.port()),
                  in.zone(),
                  {in.roles().begin(), in.roles().end()},
                  in.version(),
                  in.run()};
}

NodePresence::NodePresence(std::shared_ptr<Coordinator> coordinator, NodeFact node,
                           std::chrono::milliseconds ttl)
    : coordinator_{std::move(coordinator)},
      node_{std::move(node)},
      ttl_{ttl},
      thread_{[this](const std::stop_token& stop) { keep(stop); }} {
}

NodePresence::~NodePresence() {
  thread_.request_stop();
  thread_.join();
  if (lease_.id != 0) (void)coordinator_->revoke(lease_.id, Clock::now() + kFarewell);
}

void NodePresence::keep(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock{mutex};
  while (!stop.stop_requested()) {
    if (!present_) {
      announce();
    } else {
      const Result<void> kept = coordinator_->keep_alive(lease_.id, Clock::now() + ttl_ / 3);
      // Anything but a lost lease may pass: the fact lives until its ttl is over.
      if (!kept && kept.error().code == Errc::unknown_lease) {
        present_ = false;
        continue;
      }
    }
    wake.wait_for(lock, stop, present_ ? lease_.ttl / 3 : kAgain, [] { return false; });
  }
}

void NodePresence::announce() {
  const Result<Coordinator::Lease> lease = coordinator_->grant(ttl_, Clock::now() + ttl_);
  if (!lease) return;
  lease_ = *lease;
  // Written over whatever is there: an id belongs to one data folder, which one process can open.
  const Result<Coordinator::Revision> written = coordinator_->commit(
      {.expected = {}, .writes = {{node_name(node_), encode_node(node_), lease_.id}}, .erased = {}},
      Clock::now() + ttl_);
  present_ = written.has_value();
}

}  // namespace souk::storage
