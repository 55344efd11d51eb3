#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "engine/cluster/operation.hpp"
#include "engine/cluster/replica.hpp"
#include "ledger.hpp"

namespace souk::engine::cluster {

/// The door by which tests plant a bug.
struct Tampering {
  static void plant(Replica& replica, Mutation mutation) { replica.mutation_ = mutation; }
};

}  // namespace souk::engine::cluster

namespace souk::test {

namespace cluster = engine::cluster;

/// One operation, or two at once, in a world that is well otherwise, and one node that dies at one
/// of the steps.
struct Script {
  enum class When : std::uint8_t { before, behind, soon };  // soon: within the step's effects

  cluster::Operation operation;
  std::size_t lose_at = ~0U;    // steps are counted from 0 as they become others
  std::size_t cancel_at = ~0U;  // called off as this step begins
  When when = When::before;
  std::uint8_t victim = 0;
  std::int64_t away_us = 0;                  // 0: for the rest of the operation
  std::optional<cluster::Operation> second;  // asked for at the same time, of the same shard
  bool at_child = false;                     // of a shard that was split off just before
};

/// What a run of the simulator is made of. The seed decides everything that is not given here.
struct Plan {
  std::uint64_t seed = 1;
  cluster::Mutation mutation = cluster::Mutation::none;
  bool lease_beyond_grace = false;
  bool split_late = false;         // some nodes fork their state one record too late
  bool parent_keeps = false;       // a parent sells on what went to its child
  bool fork_forgets = false;       // a child does not know of the commands before it
  bool split_unawaited = false;    // a child is opened before the split is in the journal
  bool parted_blindly = false;     // a split is ended whatever became of the configuration
  bool transact_unbound = false;   // a split's transaction holds whatever became of the operation
  bool ended_unseen = false;       // an operation is ended by what the facts were
  bool takeover_skips = false;     // who takes a split over takes its begun step for done
  bool child_unbound = false;      // a split's transaction holds whoever has the child's number
  bool members_as_marked = false;  // a child goes to who was a member when its split began
  bool forks_again = false;        // a node that restarts forks its copy of a child once more
  bool ended_by_shard = false;     // whoever ends an operation ends the shard's first one
  bool wrong_force = false;  // an operator makes the wrong replica primary; acknowledged is lost
  std::int64_t faults_us = 6'000'000;   // faults happen until then
  std::int64_t settle_us = 12'000'000;  // and everything must be well after at most that
  std::optional<Script> script;
  bool trace = false;
  bool messages = false;  // in the trace
};

/// What an operation does next, for the counting of losses.
enum class Moment : std::uint8_t {
  member,
  learner,
  hand_over,
  remove,
  wait,
  remember,
  fork,
  mark,
  part,
  unmark,
  end
};
inline constexpr std::size_t kMoments = 11;
inline constexpr std::size_t kOperationKinds = 5;

/// What came of it.
struct Verdict {
  std::string violation;  // empty: none
  bool stuck = false;     // only that it did not come to rest
  std::uint64_t events = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t reads = 0;
  std::uint64_t epochs = 0;
  std::uint64_t operations = 0;   // carried through or given up
  std::uint64_t at_children = 0;  // of these
  std::uint64_t queued = 0;       // operations asked for while the shard had another one
  std::uint64_t refused = 0;      // operations that ended as impossible
  std::uint64_t splits = 0;
  std::uint64_t child_commands = 0;
  /// Nodes that died right at a step of an operation: by its kind and what it was about to do, or
  /// had just done.
  std::array<std::array<std::uint64_t, kMoments>, kOperationKinds> losses{};
  std::size_t steps = 0;        // of the script's operation
  bool lost = false;            // its node
  std::string outcome;          // of the last operation
  std::int64_t settled_us = 0;  // after the faults ended
  std::deque<std::string> trace;
};

/// A whole cluster in virtual time: nodes with disks, clocks and a network that fail, a coordinator
/// that is slow or away, clients that retry, and the obligations of the protocol checked after
/// every event.
class World {
public:
  explicit World(const Plan& plan);
  Verdict run();

private:
  /// The life of a shard that was split off, on the same nodes and the same network.
  World(World& parent, const cluster::Configuration& first);

  World& root() { return parent_ == nullptr ? *this : parent_->root(); }
  const World& root() const { return parent_ == nullptr ? *this : parent_->root(); }

  static constexpr std::size_t kSlotsPerSku = engine::kSlotCount / Ledger::kSkus;
  static std::size_t first_sku(const cluster::Configuration& of) {
    return of.first_slot / kSlotsPerSku;
  }

  using Time = std::int64_t;  // true time, microseconds
  using Node = std::uint8_t;  // 0 … nodes_ - 1; NodeId is one more
  static constexpr std::size_t kNodesMax = 5;

  enum class Kind : std::uint8_t {
    message,  // argument: in letters_
    tick,
    synced,                  // the disk finished what it was doing
    request,                 // argument: client; a command reaches a node
    client,                  // argument: client; it has something to do
    read_done,               // argument: in reads_
    configuration_asked,     // at the coordinator
    configuration_answered,  // argument: in answers_
    swap_asked,              // argument: in swaps_
    swap_answered,           // argument: in answers_
    journal_read,            // argument: in reads_of_journal_
    checkpoint_arrived,      // argument: in checkpoints_
    checkpoint_sent,         // argument: node of the receiver
    peer_gone,               // argument: the node that is said to have ended
    operation,               // somebody carries the operation on
    operation_decided,       // argument: in steps_
    loss,                    // argument: how long, in milliseconds
    fault,
    power_cut,
    force,
    operate,
    resume,
    restart,
  };
  struct Occurrence {
    Time at = 0;
    std::uint32_t number = 0;
    Kind kind{};
    Node node = 0;
    std::uint32_t incarnation = 0;
    std::uint32_t argument = 0;

    bool operator<(const Occurrence& other) const {
      return at != other.at ? at > other.at : number > other.number;
    }
  };

  struct Entry {
    engine::Epoch epoch = 0;
    std::uint64_t content = 0;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  struct Disk {
    engine::Epoch epoch = 0;
    engine::Position committed = 0;
    cluster::Mark base;  // the state as it was there; the journal begins behind it
    Ledger state;
    std::vector<cluster::Record> journal;
    std::deque<cluster::Persist> queue;
    std::size_t syncing = 0;  // of the queue
    int slowness = 1;

    engine::Position last() const { return base.position + journal.size(); }
  };
  struct Pending {
    engine::Position position = 0;
    std::uint32_t client = 0;
    StockCommand command;
  };
  struct KeptOperation {
    cluster::Operation operation;
    std::uint64_t revision = 0;
  };
  using Children = std::array<std::optional<cluster::Revised>, Ledger::kSkus>;
  struct Step {
    cluster::step::Transact transact;
    std::string operation;
    std::uint64_t operation_revision = 0;
    std::size_t child = 0;
  };
  struct Host {
    bool up = true;
    bool paused = false;
    std::uint32_t incarnation = 0;
    double rate = 1;
    Time offset = 0;
    Time tick_at = 0;
    std::optional<cluster::Replica> replica;
    Disk disk;
    Ledger ledger;
    /// The log as asked for, synced or not: entry i is position i + 1.
    std::vector<Entry> log;
    std::vector<Pending> pending;
    std::vector<Occurrence> waiting;  // while paused
    std::string late_fork;
    // The coordinator's facts, as its watches last told of them.
    cluster::Revised seen_fact;
    Children seen_children;
    std::vector<KeptOperation> seen_operations;
    std::string began_fork;  // of which operation: remembered only while it runs
    bool was_primary = false;
    bool was_open = false;
  };
  struct Letter {
    Node from = 0;
    Node to = 0;
    cluster::Message message;
  };
  struct Answer {
    std::uint64_t id = 0;
    bool reached = true;
    cluster::Revised revised;
    cluster::Configured configured;
  };
  struct Swap {
    std::uint64_t expected = 0;
    cluster::Configuration to;
    bool answered = false;  // already given up as unknown
  };
  struct Read {
    cluster::ReadPermit permit;
    engine::Position floor = 0;
    engine::Position position = 0;
  };
  struct Checkpoint {
    Node from = 0;
    cluster::Mark at;
    Ledger state;
  };
  struct Client {
    std::uint16_t command = 0;  // 0: nothing under way
    StockCommand wanted;
    Node target = 0;
    Time deadline = 0;
    std::uint32_t attempts = 0;
    bool sent_on = false;  // to a child
  };

  // world.cpp
  void schedule(Time at, Kind kind, Node node, std::uint32_t argument = 0);
  void happen(const Occurrence& what);
  void deliver(const Occurrence& what);
  void feed(Node node, cluster::Event event);
  void carry_out(Node node);
  void arm(Node node);
  cluster::Instant clock(Node node) const;
  void persist(Node node, cluster::Persist persist);
  void start_sync(Node node);
  void synced(Node node);
  static void write(Disk& disk, const cluster::Persist& persist);
  void boot(Node node);
  void crash(Node node);
  void send(Node from, Node to, cluster::Message message);
  void read_journal(Node node, const cluster::ReadJournal& wish);
  void send_checkpoint(Node from, Node to);
  void install(Node node, const Occurrence& what);
  bool all_well() const;
  bool shard_well() const;

  // world_clients.cpp
  void client_acts(std::uint32_t number);
  void request_arrives(Node node, std::uint32_t number);
  void read_done(Node node, const Read& read);
  void acknowledge(Node node, engine::Position position);

  // world_child.cpp
  World& owner_of(std::uint8_t sku);
  void child_takes_over(std::size_t number);
  void open_children(Node node);
  void open(Node node);
  void share_faults();
  void adopt(std::uint32_t number, const Client& client);
  void child_answered(std::uint32_t number, std::uint16_t command);

  // world_coordinator.cpp
  void coordinator_asked(const Occurrence& what);
  void swap_asked(const Occurrence& what);
  void set_configuration(const cluster::Configuration& to);

  // world_operations.cpp
  void new_operation();
  bool choose_split(cluster::Operation& wanted);
  void begin(cluster::Operation wanted);
  void drain_somebody();
  void people_act();
  void script_acts();
  bool scripted() const;
  void cancel(KeptOperation& kept);
  KeptOperation* find_operation(const std::string& id);
  bool any_operation() const;
  void look(Node node);
  void carry_on(Node node);
  void take_step(Node node, const KeptOperation& seen, const cluster::Step& next);
  void end_operation(Node node, const KeptOperation& seen, std::string outcome);
  void decided(const Step& step);
  void check_split(const cluster::Configuration& child);
  void check_owners() const;
  void check_ended(const cluster::Operation& operation);
  void lose_somebody(Node actor, const cluster::Operation& operation, Moment moment);
  bool script_loses(const cluster::Operation& operation, Moment moment);
  void lose(Node node, Time away);

  // world_faults.cpp
  void fault();
  void fault_now();
  void heal();
  void operate();
  void force();
  void set_back(engine::Position position);
  void lose_unsynced(Node node);

  // world_checks.cpp
  void check_persist(Node node, const cluster::Persist& persist);
  void check_commit(Node node, const cluster::Record& record);
  void check_role(Node node);
  void check_acknowledged(Node node, engine::Epoch before, const std::string& when);
  void check_end();
  void check_shard_end();
  void check_members();
  void violated(const std::string& what) const;
  void trace(std::string line) const;
  bool has_on_disk(Node node, engine::Position position, const Entry& entry) const;

  template <class T>
  static std::uint32_t keep(std::vector<T>& pool, T value) {
    pool.push_back(std::move(value));
    return static_cast<std::uint32_t>(pool.size() - 1);
  }

  Plan plan_;
  Random random_;
  World* parent_ = nullptr;  // whose split began this one's life
  Verdict own_verdict_;
  Verdict& verdict_;
  cluster::Limits limits_;
  Time own_now_ = 0;
  Time& now_;
  std::uint32_t next_number_ = 0;
  std::priority_queue<Occurrence> agenda_;
  std::uint8_t nodes_ = 3;
  std::array<Host, kNodesMax> hosts_;
  cluster::Update update_;
  bool healed_ = false;

  // The network.
  double loss_ = 0;
  double duplication_ = 0;
  Time delay_max_ = 1000;
  std::array<std::array<bool, kNodesMax>, kNodesMax> cut_{};
  std::array<std::array<Time, kNodesMax>, kNodesMax> stalled_until_{};
  std::vector<Letter> letters_;
  std::vector<std::uint32_t> free_letters_;

  // The coordinator.
  cluster::Revised fact_;
  std::vector<cluster::Configuration> by_epoch_;  // index: epoch
  bool coordinator_away_ = false;
  Time coordinator_delay_max_ = 5'000;
  std::vector<Answer> answers_;
  std::vector<Swap> swaps_;

  // The shard's operations, kept by the coordinator in the order of their ids.
  std::vector<KeptOperation> operations_;
  std::uint64_t operation_revision_ = 0;                // of the last one kept
  std::optional<std::pair<std::string, Moment>> step_;  // the script's, as it was last taken
  bool script_begun_ = false;
  std::vector<Step> steps_;
  std::size_t number_ = 0;                      // of the shard
  std::shared_ptr<const Ledger::Fork> origin_;  // what it began with, if it was split off
  std::array<std::shared_ptr<const Ledger::Fork>, Ledger::kSkus> forks_;  // as everybody must

  // Of all shards, at the root: the facts of children, by number, and the lives of those that are
  // on their own.
  Children children_;
  std::uint64_t child_revision_ = 0;
  std::array<std::unique_ptr<World>, Ledger::kSkus> worlds_;
  std::vector<World*> shards_;  // this one and all of the others
  std::vector<bool> ended_;     // operations, by id

  // Clients.
  std::vector<Client> clients_;
  std::uint16_t next_command_ = 1;
  std::vector<Read> reads_;
  std::vector<cluster::ReadJournal> wishes_;
  std::vector<Checkpoint> checkpoints_;

  // What must hold for ever.
  std::vector<Entry> truth_;                 // committed by anybody, by position - 1
  std::vector<engine::Epoch> committed_in_;  // the epoch in which that happened first
  std::vector<std::uint64_t> hashes_;        // of the state after that position
  std::vector<int> committer_;               // by epoch; -1: nobody
  std::bitset<Ledger::kCommands> acknowledged_;
  std::bitset<Ledger::kCommands> answers_given_;
  std::array<engine::Epoch, Ledger::kCommands> acknowledged_in_{};
  std::array<engine::Position, Ledger::kCommands> acknowledged_at_{};
  engine::Position floor_ = 0;  // acknowledged or read by anybody
};

}  // namespace souk::test
