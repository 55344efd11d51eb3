#include "actors/peer_link.hpp"

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <random>

#include "actors/peer_port.hpp"
#include "actors/peer_wire.hpp"

namespace souk::actors {
namespace {

using engine::Errc;
using engine::Error;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kPacketBytes = 256U << 10U;
constexpr std::chrono::milliseconds kBackoffMin{50};
constexpr std::chrono::seconds kConnectPatience{5};
constexpr std::chrono::milliseconds kHelloPatience{1000};
constexpr std::chrono::milliseconds kTick{20};
constexpr std::chrono::milliseconds kProbeEvery{50};
constexpr int kProbes = 4;
/// The other side hears of what was taken when it is a part of a window like this, or with the
/// next packet.
constexpr std::uint64_t kTellPart = 4;

std::uint64_t microseconds_now() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now().time_since_epoch())
          .count());
}

class PeerLinkActor final : public caf::event_based_actor {
public:
  PeerLinkActor(caf::actor_config& config, PeerContextPtr context, PeerPortPtr port)
      : event_based_actor{config},
        context_{std::move(context)},
        port_{std::move(port)},
        initiator_{context_->config.node < port_->node()} {
    set_down_handler([this](const caf::down_msg& down) {
      if (!peer_ || down.source != peer_->address()) return;
      lose("the connection ended");
      probes_ = kProbes;
      probe();
    });
    set_default_handler(caf::drop);
  }

  const char* name() const override { return "peer_link"; }
  void on_exit() override {
    lose("this node is stopping");
    port_->set_link(nullptr);
    peer_ = nullptr;
  }

private:
  caf::behavior make_behavior() override {
    delayed_send(this, kTick, PeerTick{});
    return {
        [this](PeerPacket& packet) { on_packet(packet.bytes); },
        [this](PeerFlush) { flush(); },
        [this](PeerTick) { on_tick(); },
        [this](PeerMoved) { on_moved(); },
        [this](PeerProbeAgain) { probe(); },
        [this](const PeerHelloArrived& arrived) { return on_hello(arrived.bytes); },
    };
  }

  // ---- making a session ----

  void on_moved() {
    backoff_ = kBackoffMin;
    connect_at_ = SteadyClock::now();
    connect();
  }

  void connect() {
    const auto address = port_->address();
    if (!initiator_ || connecting_ || peer_ || !address) return;
    if (SteadyClock::now() < connect_at_) return;
    connecting_ = true;
    request(context_->connector, kConnectPatience, PeerConnect{address->host, address->port})
        .then(
            [this](const caf::node_id&, caf::strong_actor_ptr& gate, const std::set<std::string>&) {
              if (gate)
                say_hello(caf::actor_cast<caf::actor>(gate));
              else
                fail("nobody is published there");
            },
            [this](const caf::error& error) { fail(system().render(error)); });
  }

  void say_hello(const caf::actor& gate) {
    PeerHello hello = ourselves();
    std::random_device chance;
    do {
      hello.session = (std::uint64_t{chance()} << 32U) | chance();
    } while (hello.session == 0);
    // The gate may be a leftover of a process that is gone: only its answer counts.
    request(gate, kHelloPatience, PeerPacket{write_hello(hello)})
        .then(
            [this, session = hello.session](PeerPacket& answer) {
              if (const auto refusal = read_refusal(answer.bytes))
                return fail("refused: " + std::string{*refusal});
              const auto welcome = read_hello(answer.bytes);
              if (!welcome || welcome->session != session) return fail("that is no welcome");
              if (const auto objection = objection_to(*welcome, context_->config);
                  !objection.empty())
                return fail(objection);
              if (welcome->node != port_->node())
                return fail("that is node " + welcome->node + ", not " + port_->node());
              // Nobody, when its connection ended right behind its words.
              const caf::strong_actor_ptr peer = current_sender();
              if (!peer) return fail("the connection ended");
              connecting_ = false;
              begin(session, caf::actor_cast<caf::actor>(peer), welcome->version);
            },
            [this](const caf::error& error) { fail(system().render(error)); });
  }

  void fail(const std::string& why) {
    connecting_ = false;
    port_->note_error(why);
    retry_later();
  }
  void retry_later() {
    // Nodes that were parted together should not come back in step.
    std::uniform_int_distribution<std::int64_t> part{backoff_.count() / 2, backoff_.count()};
    connect_at_ = SteadyClock::now() + std::chrono::milliseconds{part(chance_)};
    backoff_ = std::min(backoff_ * 2, context_->config.limits.backoff_max);
  }

  PeerHello ourselves() const {
    const PeerConfig& config = context_->config;
    return {config.cluster,
            config.node,
            port_->node(),
            config.version,
            config.wire_oldest,
            config.wire_newest,
            0};
  }

  PeerPacket on_hello(const std::string& bytes) {
    const auto hello = read_hello(bytes);
    if (!hello) return PeerPacket{write_refusal("that is no hello")};
    if (const auto objection = objection_to(*hello, context_->config); !objection.empty()) {
      port_->note_error(objection);
      return PeerPacket{write_refusal(objection)};
    }
    if (initiator_)
      return PeerPacket{
          write_refusal("node " + context_->config.node + " connects, not " + hello->node)};
    const caf::strong_actor_ptr peer = current_sender();
    if (!peer) return PeerPacket{write_refusal("a hello from nobody")};
    PeerHello welcome = ourselves();
    welcome.session = hello->session;
    lose("it connected again");
    begin(hello->session, caf::actor_cast<caf::actor>(peer), hello->version);
    return {write_hello(welcome)};
  }

  void begin(std::uint64_t session, caf::actor peer, const std::string& version) {
    peer_ = std::move(peer);
    monitor(peer_);
    head_ = {};
    head_.session = session;
    next_sequence_ = 0;
    told_ = {};
    heard_ = SteadyClock::now();
    echo_from_ = heard_;
    backoff_ = kBackoffMin;
    port_->open(session, version);
    if (context_->handler.changed) context_->handler.changed(port_->node(), true);
  }

  void lose(const std::string& why) {
    if (!peer_) return;
    demonitor(peer_->address());
    peer_ = nullptr;
    port_->close(why);
    if (context_->handler.changed) context_->handler.changed(port_->node(), false);
    retry_later();
  }

  /// Has its process ended? Whoever only lost the connection listens still.
  void probe() {
    const auto address = port_->address();
    if (peer_ || !address || probes_ == 0 || !context_->handler.ended) return;
    --probes_;
    request(context_->connector, kConnectPatience, PeerProbe{address->host, address->port})
        .then(
            [this](const PeerProbed& probed) {
              if (peer_) return;
              if (probed.nobody_listens) return context_->handler.ended(port_->node());
              delayed_send(this, kProbeEvery, PeerProbeAgain{});
            },
            [](const caf::error&) {});
  }

  // ---- sending ----

  PacketHead stamp() {
    PacketHead head = head_;
    head.sequence = head_.sequence++;
    head.sent_at = microseconds_now();
    head.echo_delay = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - echo_from_)
            .count());
    told_ = head.consumed;
    return head;
  }

  /// One packet; for what is left the link asks itself again, behind what has come in meanwhile.
  /// Senders that never pause would keep it here for ever otherwise.
  void flush() {
    if (!peer_) return;
    std::string packet(kPacketHeadBytes, '\0');
    const auto taken = port_->take(packet, kPacketBytes);
    if (taken.messages == 0) return;
    send_packet(packet.replace(0, kPacketHeadBytes, begin_packet(stamp())));
    if (taken.more) send(this, PeerFlush{});
  }

  void send_packet(std::string bytes) {
    said_ = SteadyClock::now();
    port_->note_packet_sent(bytes.size());
    send(peer_, PeerPacket{std::move(bytes)});
  }

  void on_tick() {
    delayed_send(this, kTick, PeerTick{});
    const auto now = SteadyClock::now();
    port_->expire(now);
    // Who slept himself (a stopped process, a paused machine) cannot judge who was silent.
    const bool awake = now - ticked_ < context_->config.limits.silence / 2;
    ticked_ = now;
    if (!peer_) return connect();
    if (!awake) heard_ = now;
    if (now - heard_ > context_->config.limits.silence) return lose("it is silent");
    if (now - said_ >= context_->config.limits.heartbeat || head_.consumed != told_)
      send_packet(begin_packet(stamp()));
  }

  // ---- receiving ----

  void on_packet(const std::string& bytes) {
    std::string_view rest = bytes;
    if (const auto refusal = read_refusal(rest)) {
      if (peer_ && current_sender() == peer_) lose(std::string{*refusal});
      return;
    }
    const auto head = read_head(rest);
    if (!head) return;
    if (!peer_ || head->session != head_.session || current_sender() != peer_) {
      // Of a session that is over here: the other side should know.
      if (current_sender())
        send(caf::actor_cast<caf::actor>(current_sender()),
             PeerPacket{write_refusal("the session is over")});
      return;
    }
    if (head->sequence != next_sequence_) return lose("a packet is missing");
    ++next_sequence_;
    if (!port_->consumed(head->consumed)) return lose("it takes more than was sent");
    heard_ = SteadyClock::now();
    if (head->echo != 0) {
      const std::uint64_t back = microseconds_now() - head->echo;
      port_->note_round_trip(std::chrono::microseconds{
          back > head->echo_delay ? static_cast<std::int64_t>(back - head->echo_delay) : 0});
    }
    head_.echo = head->sent_at;
    echo_from_ = heard_;

    std::size_t count = 0;
    while (!rest.empty() && peer_) {
      const std::size_t before = rest.size();
      const auto message = read_message(rest);
      if (!message) return lose("a message is damaged");
      const auto urgency = static_cast<std::size_t>(message->urgency);
      take(*message);
      ++count;
      head_.consumed[urgency] += before - rest.size();
    }
    port_->note_packet_received(bytes.size(), count);
    if (!peer_) return;
    // The window may have opened, and the other side's should before it runs dry. Ticks wait behind
    // packets: under load it is here that the other side hears of us.
    if (port_->more()) return flush();
    bool tell = SteadyClock::now() - said_ >= context_->config.limits.heartbeat;
    for (std::size_t i = 0; i < kPeerClasses; ++i) {
      tell |= head_.consumed[i] - told_[i] >= context_->config.limits.window[i] / kTellPart;
    }
    if (tell) send_packet(begin_packet(stamp()));
  }

  void take(const PeerMessage& message) {
    using Role = PeerMessage::Role;
    if (message.role == Role::answer)
      return port_->answered(message.correlation, std::string{message.bytes});
    if (message.role == Role::failure)
      return port_->answered(message.correlation, read_error(message.bytes));
    PeerArrival arrival{port_->node(),
                        message.urgency,
                        {message.kind, message.shard, message.epoch, std::string{message.bytes}},
                        {}};
    if (message.role == Role::request) {
      arrival.answer = [port = port_, session = head_.session, urgency = message.urgency,
                        correlation = message.correlation](engine::Result<std::string> answer) {
        port->answer(session, urgency, correlation, answer);
      };
    }
    if (context_->handler.arrived) context_->handler.arrived(std::move(arrival));
  }

  const PeerContextPtr context_;
  const PeerPortPtr port_;
  const bool initiator_;
  std::minstd_rand chance_{std::random_device{}()};

  bool connecting_ = false;
  int probes_ = 0;  // left to be made
  std::chrono::milliseconds backoff_ = kBackoffMin;
  SteadyClock::time_point connect_at_{};

  caf::actor peer_;  // the other side's link while there is a session
  PacketHead head_;  // of the next packet
  std::uint64_t next_sequence_ = 0;
  PerPeerClass<std::uint64_t> told_{};
  SteadyClock::time_point heard_;
  SteadyClock::time_point said_;
  SteadyClock::time_point ticked_;
  SteadyClock::time_point echo_from_;
};

class PeerGateActor final : public caf::event_based_actor {
public:
  PeerGateActor(caf::actor_config& config, std::function<caf::actor(const std::string&)> link_of,
                PeerConfig us)
      : event_based_actor{config}, link_of_{std::move(link_of)}, us_{std::move(us)} {
    set_default_handler(caf::drop);
  }
  const char* name() const override { return "peer_gate"; }

private:
  caf::behavior make_behavior() override {
    return {[this](PeerPacket& packet) {
      auto promise = make_response_promise();
      const auto hello = read_hello(packet.bytes);
      const std::string objection = hello ? objection_to(*hello, us_) : "that is no hello";
      if (!objection.empty()) return promise.deliver(PeerPacket{write_refusal(objection)});
      if (const caf::actor link = link_of_(hello->node))
        promise.delegate(link, PeerHelloArrived{std::move(packet.bytes)});
      else
        promise.deliver(PeerPacket{write_refusal("the node is stopping")});
    }};
  }

  const std::function<caf::actor(const std::string&)> link_of_;
  const PeerConfig us_;
};

}  // namespace

caf::actor spawn_peer_link(caf::actor_system& system, PeerContextPtr context, PeerPortPtr port) {
  return system.spawn<PeerLinkActor>(std::move(context), std::move(port));
}

caf::actor spawn_peer_gate(caf::actor_system& system,
                           std::function<caf::actor(const std::string& node)> link_of,
                           const PeerConfig& config) {
  return system.spawn<PeerGateActor>(std::move(link_of), config);
}

}  // namespace souk::actors
