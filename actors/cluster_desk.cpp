#include "actors/cluster_desk.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "actors/clock.hpp"
#include "actors/shard_publication.hpp"

namespace souk::actors {

namespace cluster = engine::cluster;
using cluster::NodeId;
using cluster::OperationKind;
using engine::Errc;
using engine::Error;
using engine::Result;
using engine::ShardId;

namespace {

constexpr std::size_t kWaitingMax = 256;

Error invalid(std::string param, std::string detail) {
  return Error{Errc::invalid_value, std::move(detail), std::move(param), {}};
}

std::string waits_for(const cluster::Step& step) {
  if (const auto* wait = std::get_if<cluster::step::Wait>(&step)) return wait->for_what;
  if (const auto* give = std::get_if<cluster::step::Give>(&step)) {
    switch (give->order.kind) {
      case cluster::OrderKind::add_learner:
      case cluster::OrderKind::add_member:
        return "join";
      case cluster::OrderKind::remove:
        return "removal";
      case cluster::OrderKind::hand_over:
        return "leader";
      case cluster::OrderKind::cancel:
        return "cancel";
    }
  }
  if (std::holds_alternative<cluster::step::ProposeSplit>(step)) return "split_record";
  return "coordinator";
}

bool holds(const cluster::Configuration& shard, NodeId node) {
  return shard.is_member(node) || shard.learner(node) != nullptr;
}

bool has_data(const storage::NodeFact& fact) {
  return std::find(fact.roles.begin(), fact.roles.end(), "data") != fact.roles.end();
}

}  // namespace

class ClusterDesk::Clerk {
public:
  explicit Clerk(Parts parts) : parts_{std::move(parts)} {}

  Result<DeskReply> answer(const DeskQuestion& question) {
    return std::visit([this](const auto& asked) { return on(asked); }, question);
  }

private:
  template <class T>
  static Result<DeskReply> reply(T view) {
    return DeskReply{std::move(view)};
  }

  // Reading.

  Result<DeskReply> on(const ReadCluster&) {
    ClusterOverview view;
    view.self = parts_.self;
    const auto status = parts_.coordinator->status();
    view.coordinator = status.kind;
    view.coordinator_reachable = status.reachable;
    const auto known = parts_.configurations();
    view.nodes = nodes(known);
    view.shards = shards(known);
    view.operations = running();
    if (auto proposal = parts_.operations->proposal())
      view.proposals.push_back(std::move(*proposal));
    return reply(std::move(view));
  }

  std::vector<NodeView> nodes(const std::vector<cluster::Revised>& known) {
    const auto now = system_clock().now();
    const auto drained = parts_.operations->drained();
    std::map<NodeId, NodeView> all;
    for (storage::NodeFact& fact : parts_.nodes()) {
      const auto node = storage::node_of(fact.id);
      if (!node) continue;
      NodeView& view = all[*node];
      view.connected = *node == parts_.self || parts_.connected(fact.id);
      if (!view.connected && parts_.last_error) view.last_error = parts_.last_error(fact.id);
      view.fact = std::move(fact);
      view.running = true;
    }
    for (const cluster::Revised& each : known) {
      const cluster::Configuration& shard = each.configuration;
      ++all[shard.primary].leads;
      ++all[shard.primary].holds;
      for (const NodeId node : shard.secondaries) ++all[node].holds;
      for (const cluster::Learner& learner : shard.learners) ++all[learner.node].holds;
    }
    for (const storage::NodeHeat& heat : parts_.operations->heat())
      if (const auto found = all.find(heat.node); found != all.end()) found->second.heat = heat;
    std::vector<NodeView> views;
    for (auto& [node, view] : all) {
      if (!node) continue;
      view.node = node;
      view.self = node == parts_.self;
      view.drained = drained.contains(node);
      Seen& seen = seen_[node];
      if (view.running) {
        if (!std::exchange(seen.running, true)) seen.since = now;
        seen.last = now;
        view.since = seen.since;
      } else {
        seen.running = false;
        // Copies on a node that was never seen are known from the configurations alone.
        if (view.fact.id.empty()) view.fact.id = storage::node_name(node);
      }
      view.last_seen = seen.last;
      views.push_back(std::move(view));
    }
    return views;
  }

  std::vector<ShardView> shards(const std::vector<cluster::Revised>& known) {
    std::map<ShardId, PublicationPtr> here;
    for (const PublicationPtr& each : parts_.publications()) here[each->shard] = each;
    std::vector<ShardView> views;
    const auto facts = parts_.nodes();
    const auto runs = [&](NodeId node) {
      return node == parts_.self || std::any_of(facts.begin(), facts.end(),
                                                [name = storage::node_name(node)](
                                                    const auto& fact) { return fact.id == name; });
    };
    for (const cluster::Revised& each : known) {
      ShardView view;
      view.configuration = each.configuration;
      const cluster::Configuration& shard = view.configuration;
      if (shard.status == cluster::ShardStatus::pending)
        view.state = "pending";
      else if (!runs(shard.primary))
        view.state = "no_leader";
      else if (shard.members() < shard.min_in_sync)
        view.state = "too_few_copies";
      else
        view.state = shard.split ? "splitting" : "ok";
      if (const auto copy = here.find(shard.shard); copy != here.end()) {
        const ShardPublication& from = *copy->second;
        view.here = CopyView{from.role,      from.epoch,   NodeId{from.leader}, from.stored,
                             from.committed, from.applied, from.materialised,   from.state_hash};
      }
      views.push_back(std::move(view));
    }
    return views;
  }

  std::vector<OperationView> running() const {
    std::vector<OperationView> views;
    std::vector<ShardId> busy;
    for (const storage::RevisedOperation& each : parts_.operations->running()) {
      OperationView view = view_of(each.operation);
      const ShardId shard = each.operation.shard;
      if (std::find(busy.begin(), busy.end(), shard) != busy.end()) {
        view.state = "queued";
        view.waits_for = "operation";
      }
      busy.push_back(shard);
      views.push_back(std::move(view));
    }
    return views;
  }

  OperationView view_of(const cluster::Operation& operation) const {
    const cluster::Observed observed = parts_.operations->observe(operation);
    return {operation,
            operation.cancelled ? "cancelling" : "running",
            waits_for(cluster::next_step(operation, observed)),
            cluster::stages(operation, observed),
            {}};
  }

  static OperationView view_of(const storage::OperationOutcome& outcome) {
    return {outcome.operation, outcome.outcome, {}, {}, outcome.finished};
  }

  Result<DeskReply> on(const ReadOperations&) {
    OperationsView view{running()};
    auto ended = parts_.operations->outcomes();
    for (auto each = ended.rbegin(); each != ended.rend(); ++each)
      view.operations.push_back(view_of(*each));
    return reply(std::move(view));
  }

  Result<DeskReply> on(const ReadOperation& question) {
    for (OperationView& each : running())
      if (each.operation.id == question.id) return reply(std::move(each));
    const auto outcome = parts_.operations->outcome(question.id);
    if (!outcome) return outcome.error();
    if (*outcome) return reply(view_of(**outcome));
    return Error{Errc::unknown_route,
                 "no operation " + question.id + "; what ended is forgotten after an hour",
                 {},
                 {}};
  }

  Result<DeskReply> on(const ReadShardHeat& question) {
    const auto shard = find_shard(question.shard);
    if (!shard) return shard.error();
    HeatView view{shard->configuration, {}};
    for (const storage::NodeHeat& node : parts_.operations->heat()) {
      for (const storage::ShardHeat& heat : node.shards) {
        if (heat.shard != view.shard.shard) continue;
        HeatView::Copy copy{node.node, node.time, node.seconds, heat};
        view.copies.insert(heat.leads ? view.copies.begin() : view.copies.end(), std::move(copy));
      }
    }
    return reply(std::move(view));
  }

  // Checking names.

  Result<cluster::Revised> find_shard(const std::string& name) const {
    for (cluster::Revised& each : parts_.configurations())
      if (each.configuration.shard.name() == name) return std::move(each);
    return Error{
        Errc::unknown_route, "no shard " + name + "; GET /v1/shards names them all", {}, {}};
  }

  Result<NodeId> find_node(const std::string& name, const char* param) const {
    const auto node = storage::node_of(name);
    if (!node)
      return invalid(param, std::string{param} +
                                " must be a node's id of 16 hexadecimal digits; "
                                "GET /v1/cluster names them");
    return *node;
  }

  /// One that may get a copy of the shard.
  std::optional<Error> refuse_target(const cluster::Configuration& shard, NodeId node,
                                     const char* param) const {
    const std::string name = storage::node_name(node);
    if (holds(shard, node))
      return invalid(param, "node " + name + " holds a copy of " + shard.shard.name() +
                                " already; choose another node");
    const auto facts = parts_.nodes();
    const auto fact =
        std::find_if(facts.begin(), facts.end(), [&](const auto& each) { return each.id == name; });
    if (fact == facts.end())
      return invalid(param, "node " + name +
                                " does not run; start it or choose one of GET "
                                "/v1/cluster");
    if (!has_data(*fact))
      return invalid(param, "node " + name +
                                " has no data role; restart it with --roles data or "
                                "choose another one");
    if (parts_.operations->drained().contains(node))
      return invalid(param, "node " + name + " is drained; take that back with POST /v1/nodes/" +
                                name + ":undrain");
    return {};
  }

  /// Those that may get copies, those that hold the least first.
  std::vector<NodeId> targets() const {
    const auto drained = parts_.operations->drained();
    const auto known = parts_.configurations();
    std::vector<std::pair<std::size_t, NodeId>> ranked;
    for (const storage::NodeFact& fact : parts_.nodes()) {
      const auto node = storage::node_of(fact.id);
      if (!node || !has_data(fact) || drained.contains(*node)) continue;
      const auto held = std::count_if(known.begin(), known.end(), [&](const auto& each) {
        return holds(each.configuration, *node);
      });
      ranked.emplace_back(static_cast<std::size_t>(held), *node);
    }
    std::sort(ranked.begin(), ranked.end());
    std::vector<NodeId> nodes;
    for (const auto& [held, node] : ranked) nodes.push_back(node);
    return nodes;
  }

  // Changing.

  Result<DeskReply> on(const CancelOperation& question) {
    const auto cancelled = parts_.operations->cancel(question.id);
    if (!cancelled) return cancelled.error();
    return reply(view_of(*cancelled));
  }

  Result<DeskReply> on(const BeginOperation& question) {
    auto checked = check(question);
    if (!checked) return checked.error();
    if (question.dry_run) {
      OperationView view = view_of(*checked);
      view.state = "planned";
      return reply(std::move(view));
    }
    auto begun = parts_.operations->begin(std::move(*checked));
    if (!begun) return begun.error();
    return reply(view_of(*begun));
  }

  Result<cluster::Operation> check(const BeginOperation& question) const {
    const auto found = find_shard(question.shard);
    if (!found) return found.error();
    const cluster::Configuration& shard = found->configuration;
    if (shard.status != cluster::ShardStatus::active)
      return invalid({}, question.shard + " is still being split off; wait for that operation");
    cluster::Operation operation;
    operation.kind = question.kind;
    operation.shard = shard.shard;
    operation.read_replica = question.read_replica;
    switch (question.kind) {
      case OperationKind::add_replica:
        return check_add(question, shard, std::move(operation));
      case OperationKind::move:
        return check_move(question, shard, std::move(operation));
      case OperationKind::transfer:
        return check_transfer(question, shard, std::move(operation));
      case OperationKind::remove:
        return check_remove(question, shard, std::move(operation));
      case OperationKind::split:
        return check_split(question, shard, std::move(operation));
    }
    return invalid({}, "unknown operation");
  }

  Result<cluster::Operation> check_add(const BeginOperation& question,
                                       const cluster::Configuration& shard,
                                       cluster::Operation operation) const {
    if (question.to.empty()) {
      for (const NodeId node : targets()) {
        if (holds(shard, node)) continue;
        operation.to = node;
        return operation;
      }
      return invalid("node", "every node with the data role holds a copy of " + question.shard +
                                 "; start another node");
    }
    const auto to = find_node(question.to, "node");
    if (!to) return to.error();
    if (auto refused = refuse_target(shard, *to, "node")) return std::move(*refused);
    operation.to = *to;
    return operation;
  }

  Result<cluster::Operation> check_move(const BeginOperation& question,
                                        const cluster::Configuration& shard,
                                        cluster::Operation operation) const {
    const auto from = find_node(question.from, "from");
    if (!from) return from.error();
    const auto to = find_node(question.to, "to");
    if (!to) return to.error();
    if (!holds(shard, *from)) return holds_none(shard, question.from, "from");
    if (auto refused = refuse_target(shard, *to, "to")) return std::move(*refused);
    operation.from = *from;
    operation.to = *to;
    return operation;
  }

  static Error holds_none(const cluster::Configuration& shard, const std::string& node,
                          const char* param) {
    return invalid(param, "node " + node + " holds no copy of " + shard.shard.name() +
                              "; GET /v1/cluster shows who does");
  }

  Result<cluster::Operation> check_transfer(const BeginOperation& question,
                                            const cluster::Configuration& shard,
                                            cluster::Operation operation) const {
    const auto to = find_node(question.to, "to");
    if (!to) return to.error();
    if (*to == shard.primary)
      return invalid("to", "node " + question.to + " leads " + question.shard + " already");
    if (!shard.is_secondary(*to))
      return invalid("to", "node " + question.to + " is no secondary of " + question.shard +
                               "; give it a copy with :add_replica first");
    operation.from = shard.primary;
    operation.to = *to;
    return operation;
  }

  Result<cluster::Operation> check_remove(const BeginOperation& question,
                                          const cluster::Configuration& shard,
                                          cluster::Operation operation) const {
    const auto from = find_node(question.from, "node");
    if (!from) return from.error();
    if (!holds(shard, *from)) return holds_none(shard, question.from, "node");
    if (shard.is_member(*from) && shard.members() == 1)
      return invalid("node", "the only copy of " + question.shard +
                                 " cannot be removed; :add_replica on another node first");
    if (shard.is_member(*from) && shard.members() <= shard.min_in_sync)
      return invalid("node", question.shard + " takes writes with " +
                                 std::to_string(shard.min_in_sync) +
                                 " copies at least; :add_replica on another node first");
    operation.from = *from;
    return operation;
  }

  Result<cluster::Operation> check_split(const BeginOperation& question,
                                         const cluster::Configuration& shard,
                                         cluster::Operation operation) const {
    if (!parts_.operations->can_split() && !question.dry_run)
      return Error{Errc::not_implemented, "splits are not built in this version", {}, {}};
    if (shard.first_slot == shard.last_slot)
      return invalid({}, question.shard + " has one slot only: it cannot be split further");
    if (shard.split) return invalid({}, question.shard + " is being split already");
    operation.slot = question.slot.value_or(middle_of(shard));
    if (operation.slot <= shard.first_slot || operation.slot > shard.last_slot)
      return invalid("slot", "slot must be from " + std::to_string(shard.first_slot + 1) + " to " +
                                 std::to_string(shard.last_slot));
    std::uint32_t number = 0;
    const auto taken = [&](ShardId each) {
      if (each.service == shard.shard.service) number = std::max(number, each.number + 1U);
    };
    for (const cluster::Revised& each : parts_.configurations()) taken(each.configuration.shard);
    for (const storage::RevisedOperation& each : parts_.operations->running())
      if (each.operation.kind == OperationKind::split) taken(each.operation.child);
    operation.child = {shard.shard.service, static_cast<std::uint16_t>(number)};
    return operation;
  }

  engine::Slot middle_of(const cluster::Configuration& shard) const {
    std::vector<cluster::SlotLoad> known;
    double total = 0;
    for (const storage::NodeHeat& node : parts_.operations->heat()) {
      for (const storage::ShardHeat& heat : node.shards) {
        if (heat.shard != shard.shard || !heat.leads) continue;
        total = heat.keys_total;
        for (const storage::ShardHeat::Key& key : heat.keys)
          if (key.slot) known.push_back({*key.slot, key.per_second});
      }
    }
    return cluster::split_slot(shard.first_slot, shard.last_slot, known, total);
  }

  Result<DeskReply> on(const PutRule& question) {
    const auto revision = parts_.rules->put(question.rule, question.expected);
    if (!revision) return revision.error();
    return reply(RuleChange{*revision});
  }

  Result<DeskReply> on(const EraseRule& question) {
    const auto revision = parts_.rules->erase(question.kind, question.id, question.expected);
    if (!revision) return revision.error();
    return reply(RuleChange{*revision});
  }

  Result<DeskReply> on(const DrainNode& question) {
    const auto node = find_node(question.node, "id");
    const auto facts = parts_.nodes();
    const auto known = parts_.configurations();
    const bool exists =
        node && (std::any_of(facts.begin(), facts.end(),
                             [&](const auto& each) { return each.id == question.node; }) ||
                 std::any_of(known.begin(), known.end(),
                             [&](const auto& each) { return holds(each.configuration, *node); }));
    if (!exists)
      return Error{
          Errc::unknown_route, "no node " + question.node + "; GET /v1/cluster names them", {}, {}};
    DrainView view{*node, question.dry_run, {}, {}};
    if (question.undo) {
      if (const auto done = parts_.operations->set_drained(*node, false); !done)
        return done.error();
      return reply(std::move(view));
    }
    // First the mark, so that nobody gives it copies meanwhile.
    if (!question.dry_run) {
      if (const auto done = parts_.operations->set_drained(*node, true); !done) return done.error();
    }
    for (cluster::Operation& operation : wanted_for_drain(*node, known, view.stays)) {
      if (question.dry_run) {
        view.operations.push_back(view_of(operation));
        view.operations.back().state = "planned";
        continue;
      }
      auto begun = parts_.operations->begin(std::move(operation));
      if (!begun) return begun.error();
      view.operations.push_back(view_of(*begun));
    }
    return reply(std::move(view));
  }

  /// Copies move to other nodes; where none is left, the leadership alone goes to a secondary, and
  /// the copy stays for when the node comes back.
  std::vector<cluster::Operation> wanted_for_drain(NodeId node,
                                                   const std::vector<cluster::Revised>& known,
                                                   std::vector<ShardId>& stays) const {
    std::vector<cluster::Configuration> shards;
    for (const cluster::Revised& each : known) {
      const ShardId shard = each.configuration.shard;
      if (holds(each.configuration, node) && !being_moved(shard, node))
        shards.push_back(each.configuration);
    }
    auto wanted = cluster::drain(node, shards, targets());
    for (cluster::Operation& each : wanted) each.id.clear();
    for (const cluster::Configuration& shard : shards) {
      const bool moves = std::any_of(wanted.begin(), wanted.end(),
                                     [&](const auto& each) { return each.shard == shard.shard; });
      if (moves) continue;
      stays.push_back(shard.shard);
      if (shard.primary != node || shard.secondaries.empty()) continue;
      cluster::Operation transfer;
      transfer.kind = OperationKind::transfer;
      transfer.shard = shard.shard;
      transfer.from = node;
      transfer.to = shard.secondaries.front();
      wanted.push_back(std::move(transfer));
    }
    return wanted;
  }

  bool being_moved(ShardId shard, NodeId from) const {
    const auto running = parts_.operations->running();
    return std::any_of(running.begin(), running.end(), [&](const auto& each) {
      return each.operation.shard == shard && each.operation.from == from &&
             !each.operation.cancelled;
    });
  }

  struct Seen {
    bool running = false;
    std::optional<engine::Timestamp> since;
    std::optional<engine::Timestamp> last;
  };

  const Parts parts_;
  std::map<NodeId, Seen> seen_;
};

ClusterDesk::ClusterDesk(Parts parts)
    : clerk_{std::make_unique<Clerk>(std::move(parts))},
      thread_{[this](const std::stop_token& stop) { work(stop); }} {
}

ClusterDesk::~ClusterDesk() {
  stop();
}

void ClusterDesk::stop() {
  thread_ = {};
  const std::lock_guard lock{mutex_};
  stopped_ = true;
  for (const auto& ticket : waiting_)
    ticket->answer(Error{Errc::unavailable, "the node is stopping", {}, {}});
  waiting_.clear();
}

std::shared_ptr<DeskTicket> ClusterDesk::ask(DeskQuestion question) {
  auto ticket = std::make_shared<DeskTicket>(std::move(question));
  {
    const std::lock_guard lock{mutex_};
    if (stopped_)
      ticket->answer(Error{Errc::unavailable, "the node is stopping", {}, {}});
    else if (waiting_.size() >= kWaitingMax)
      ticket->answer(Error{Errc::overloaded, "too many operators ask at once", {}, {}});
    else
      waiting_.push_back(ticket);
  }
  wake_.notify_one();
  return ticket;
}

void ClusterDesk::work(const std::stop_token& stop) {
  for (;;) {
    std::shared_ptr<DeskTicket> ticket;
    {
      std::unique_lock lock{mutex_};
      if (!wake_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
      ticket = std::move(waiting_.front());
      waiting_.pop_front();
    }
    ticket->answer(clerk_->answer(ticket->question));
    if (stop.stop_requested()) return;
  }
}

}  // namespace souk::actors
