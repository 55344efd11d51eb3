#include "actors/peer_transport.hpp"

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <caf/openssl/all.hpp>
#include <map>
#include <random>
#include <shared_mutex>

#include "actors/peer_link.hpp"
#include "actors/peer_port.hpp"
#include "actors/peer_wire.hpp"

namespace souk::actors {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;

/// CAF names a node by its machine and process id; those of containers collide, and a restarted
/// process would look like the one before. So every start gets a name of its own.
struct UniqueNodeName : caf::actor_system::module {
  explicit UniqueNodeName(caf::actor_system& of) : system{of} {}
  void start() override {}
  void stop() override {}
  void init(caf::actor_system_config&) override {  // after the middleman's
    std::random_device chance;
    caf::node_id::default_data::host_id_type host;
    for (auto& byte : host) byte = static_cast<std::uint8_t>(chance());
    const_cast<caf::node_id&>(system.node()) = caf::make_node_id(chance() | 1U, host);
  }
  id_t id() const override { return network_manager; }
  void* subtype_ptr() override { return this; }
  template <class... Ts>
  static module* make(caf::actor_system& system, caf::detail::type_list<Ts...>) {
    return new UniqueNodeName(system);
  }

  caf::actor_system& system;
};

/// A system of its own: whatever the network does, the shards' scheduler does not notice.
struct TransportSystemConfig : caf::actor_system_config {
  explicit TransportSystemConfig(const PeerConfig& config) {
    add_message_types<caf::id_block::souk_peer>();
    load<caf::io::middleman>();
    if (config.tls) {
      load<caf::openssl::manager>();
      openssl_cafile = config.tls->ca.string();
      openssl_certificate = config.tls->cert.string();
      openssl_key = config.tls->key.string();
    }
    load<UniqueNodeName>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{2});
    set("scheduler.max-throughput", std::size_t{100});
    set("middleman.workers", std::size_t{1});
    // Ours find out first; these end connections whose other end is gone without a word.
    set("middleman.heartbeat-interval", caf::timespan{std::chrono::milliseconds{500}});
    set("middleman.connection-timeout", caf::timespan{std::max<std::chrono::milliseconds>(
                                            2 * config.limits.silence, std::chrono::seconds{3})});
  }
};

}  // namespace

struct PeerTransport::Content {
  explicit Content(const PeerConfig& config) : system_config{config}, system{system_config} {}

  /// The port of a node, made when it is first heard of.
  PeerPortPtr port_of(const std::string& node);
  PeerPortPtr find(const std::string& node) const {
    const std::shared_lock lock{mutex};
    const auto found = peers.find(node);
    return found == peers.end() ? nullptr : found->second.port;
  }
  caf::actor link_of(const std::string& node) {
    port_of(node);
    const std::shared_lock lock{mutex};
    const auto found = peers.find(node);
    return found == peers.end() ? nullptr : found->second.link;
  }

  struct Peer {
    PeerPortPtr port;
    caf::actor link;
  };
  TransportSystemConfig system_config;
  caf::actor_system system;
  std::shared_ptr<PeerContext> context;
  caf::actor gate;
  std::uint16_t listening = 0;
  mutable std::shared_mutex mutex;
  bool stopping = false;
  std::map<std::string, Peer> peers;
};

PeerPortPtr PeerTransport::Content::port_of(const std::string& node) {
  if (auto port = find(node)) return port;
  const std::lock_guard lock{mutex};
  if (stopping || node == context->config.node) return nullptr;
  Peer& peer = peers[node];
  if (!peer.port) {
    peer.port = std::make_shared<PeerPort>(node, context->config.limits);
    peer.link = spawn_peer_link(system, context, peer.port);
    peer.port->set_link(peer.link);
  }
  return peer.port;
}

PeerTransport::PeerTransport(std::unique_ptr<Content> content) : content_{std::move(content)} {
}

Result<std::unique_ptr<PeerTransport>> PeerTransport::start(PeerConfig config,
                                                            PeerHandler handler) {
  if (config.tls) {
    for (const auto& file : {config.tls->ca, config.tls->cert, config.tls->key}) {
      std::error_code error;
      if (!std::filesystem::is_regular_file(file, error))
        return Error{Errc::invalid_value, "there is no file " + file.string()};
    }
  }
  std::unique_ptr<Content> content;
  try {
    content = std::make_unique<Content>(config);
  } catch (const std::exception& problem) {  // CAF's answer to certificates it cannot use
    return Error{Errc::invalid_value, problem.what()};
  }
  const bool tls = config.tls.has_value();
  content->context =
      std::make_shared<PeerContext>(PeerContext{std::move(config), std::move(handler), {}});
  const PeerConfig& settings = content->context->config;
  content->context->connector =
      spawn_peer_connector(content->system, tls, settings.limits.connect_timeout);
  content->gate = spawn_peer_gate(
      content->system, [of = content.get()](const std::string& node) { return of->link_of(node); },
      settings);
  std::unique_ptr<PeerTransport> transport{new PeerTransport{std::move(content)}};
  Content& made = *transport->content_;
  const char* host = settings.listen_host.c_str();
  const auto port =
      tls ? caf::openssl::publish(made.gate, settings.listen_port, host, true)
          : made.system.middleman().publish(made.gate, settings.listen_port, host, true);
  if (!port)
    return Error{Errc::unavailable, "cannot listen on " + settings.listen_host + ":" +
                                        std::to_string(settings.listen_port) + ": " +
                                        made.system.render(port.error())};
  made.listening = *port;
  return transport;
}

PeerTransport::~PeerTransport() {
  Content& content = *content_;
  std::map<std::string, Content::Peer> peers;
  {
    const std::lock_guard lock{content.mutex};
    content.stopping = true;
    peers.swap(content.peers);
  }
  const auto end = [](caf::actor& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    actor = nullptr;
  };
  end(content.gate);
  for (auto& [node, peer] : peers) end(peer.link);
  end(content.context->connector);
  content.system.await_all_actors_done();
}

std::uint16_t PeerTransport::port() const {
  return content_->listening;
}

void PeerTransport::set_peers(const std::vector<PeerAddress>& peers) {
  std::map<std::string, PeerAddress> wanted;
  for (const PeerAddress& peer : peers) {
    if (peer.node == content_->context->config.node) continue;
    wanted[peer.node] = peer;
    content_->port_of(peer.node);
  }
  const std::shared_lock lock{content_->mutex};
  for (const auto& [node, peer] : content_->peers) {
    const auto found = wanted.find(node);
    const std::optional<PeerAddress> address =
        found == wanted.end() ? std::nullopt : std::optional{found->second};
    if (peer.port->address() == address) continue;
    peer.port->set_address(address);
    caf::anon_send(peer.link, PeerMoved{});
  }
}

Result<void> PeerTransport::send(const std::string& node, PeerClass urgency,
                                 const PeerEnvelope& envelope) {
  const auto port = content_->find(node);
  if (!port) return Error{Errc::unavailable, "no node " + node + " is known"};
  return port->send(urgency, envelope);
}

Result<void> PeerTransport::ask(const std::string& node, PeerClass urgency,
                                const PeerEnvelope& envelope,
                                std::chrono::steady_clock::time_point deadline,
                                OnAnswer on_answer) {
  const auto port = content_->find(node);
  if (!port) return Error{Errc::unavailable, "no node " + node + " is known"};
  return port->ask(urgency, envelope, deadline, std::move(on_answer));
}

bool PeerTransport::connected(const std::string& node) const {
  const auto port = content_->find(node);
  return port && port->connected();
}

std::vector<PeerStatus> PeerTransport::status() const {
  std::vector<PeerStatus> all;
  const std::shared_lock lock{content_->mutex};
  for (const auto& [node, peer] : content_->peers) all.push_back(peer.port->status());
  return all;
}

}  // namespace souk::actors
