#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "net/cli/command.hpp"
#include "net/cli/http_client.hpp"
#include "net/cli/output.hpp"
#include "net/http/request.hpp"
#include "net/json/json_writer.hpp"

// The commands of operators about a cluster: cluster, shard, node.

namespace souk::net {

namespace {

constexpr std::chrono::milliseconds kLookEvery{200};

struct Flags {
  std::string url;
  bool json = false;
};

void add_common(CLI::App& command, Flags& flags) {
  command.add_option("--url", flags.url,
                     "any node (SOUK_URL, http://127.0.0.1:8080); key: SOUK_SERVER_KEY");
  command.add_flag("--json", flags.json, "print the reply as it is");
}

int get(const Flags& flags, const std::string& target, void (*table)(const JsonValue&)) {
  auto client = client_of(flags.url);
  if (!client) return fail(kExitUsage, client.error().detail);
  return print_reply(client->request("GET", target), flags.json, table);
}

template <class Visit>
void each(const JsonValue& object, std::string_view name, const Visit& visit) {
  if (const auto list = object.find(name); list && list->is_array())
    for (const JsonValue item : *list) visit(item);
}

std::string slots(const JsonValue& shard) {
  return cell(shard, "first_slot") + "-" + cell(shard, "last_slot");
}

std::string joined(const JsonValue& object, std::string_view name, std::string_view member = {}) {
  std::string text;
  each(object, name, [&](const JsonValue& item) {
    text += text.empty() ? "" : " ";
    text += member.empty() ? std::string{item.as_string()} : cell(item, member);
  });
  return text;
}

void print_operations(const JsonValue& holder, std::string_view name) {
  Table table{{"OPERATION", "KIND", "SHARD", "FROM", "TO", "STATE", "WAITS FOR"}};
  bool any = false;
  each(holder, name, [&](const JsonValue& operation) {
    any = true;
    table.add({cell(operation, "id"), cell(operation, "kind"), cell(operation, "shard"),
               cell(operation, "from"), cell(operation, "to"), cell(operation, "state"),
               cell(operation, "waits_for")});
  });
  if (!any) return;
  std::printf("\n");
  table.print();
}

void print_proposals(const JsonValue& cluster) {
  each(cluster, "proposals", [](const JsonValue& proposal) {
    std::printf("proposed: %s of %s from %s to %s (load %s, mean %s, then %s)\n",
                cell(proposal, "kind").c_str(), cell(proposal, "shard").c_str(),
                cell(proposal, "from").c_str(), cell(proposal, "to").c_str(),
                cell(proposal, "load").c_str(), cell(proposal, "mean").c_str(),
                cell(proposal, "load_after").c_str());
  });
}

/// Each of those counts as a zone of its own, wherever it stands: if others have one, somebody
/// forgot it, and copies that lie apart may stand side by side.
void print_missing_zones(const JsonValue& cluster) {
  std::string without;
  bool any = false;
  each(cluster, "nodes", [&](const JsonValue& node) {
    if (!cell(node, "zone").empty())
      any = true;
    else if (cell(node, "state") == "running")
      without += (without.empty() ? "" : ", ") + cell(node, "id");
  });
  if (any && !without.empty())
    std::printf("without a zone, each taken for a zone of its own: %s; give all nodes --zone\n",
                without.c_str());
}

void print_cluster(const JsonValue& cluster) {
  Table nodes{
      {"NODE", "ADDRESS", "ZONE", "STATE", "CONNECTED", "LEADS", "HOLDS", "CPU", "VERSION"}};
  each(cluster, "nodes", [&](const JsonValue& node) {
    nodes.add({cell(node, "id") + (cell(node, "self") == "yes" ? "*" : ""), cell(node, "address"),
               cell(node, "zone"), cell(node, "state"), cell(node, "connected"),
               cell(node, "leads"), cell(node, "holds"), cell(node, "cpu"), cell(node, "version")});
  });
  nodes.print();
  each(cluster, "nodes", [](const JsonValue& node) {
    if (const auto why = cell(node, "last_error"); !why.empty())
      std::printf("%s is not connected: %s\n", cell(node, "id").c_str(), why.c_str());
  });
  print_missing_zones(cluster);
  std::printf("\n");
  Table shards{{"SHARD", "SLOTS", "EPOCH", "STATE", "PRIMARY", "SECONDARIES", "LEARNERS"}};
  each(cluster, "shards", [&](const JsonValue& shard) {
    shards.add({cell(shard, "id"), slots(shard), cell(shard, "epoch"), cell(shard, "state"),
                cell(shard, "primary"), joined(shard, "secondaries"),
                joined(shard, "learners", "node")});
  });
  shards.print();
  print_operations(cluster, "operations");
  print_proposals(cluster);
}

void print_shards(const JsonValue& list) {
  Table table{{"SHARD", "SLOTS", "ROLE", "EPOCH", "POSITION", "MATERIALISED", "PRODUCTS", "SKUS",
               "ORDERS", "HOLDS", "SEGMENTS", "QUEUE"}};
  each(list, "data", [&](const JsonValue& shard) {
    table.add({cell(shard, "id"), slots(shard), cell(shard, "here.role"), cell(shard, "here.epoch"),
               cell(shard, "positions.applied"), cell(shard, "positions.materialised"),
               cell(shard, "products"), cell(shard, "skus"), cell(shard, "orders"),
               cell(shard, "holds"), cell(shard, "segments"), cell(shard, "queue_depth")});
  });
  table.print();
}

void print_operation_list(const JsonValue& list) {
  print_operations(list, "data");
}

void print_operation(const JsonValue& operation) {
  std::printf("%s %s of %s: %s", cell(operation, "id").c_str(), cell(operation, "kind").c_str(),
              cell(operation, "shard").c_str(), cell(operation, "state").c_str());
  if (const auto waits = cell(operation, "waits_for"); !waits.empty())
    std::printf(", waits for %s", waits.c_str());
  std::printf("\n");
  each(operation, "steps", [](const JsonValue& step) {
    std::printf("  [%c] %s %s\n", cell(step, "done") == "yes" ? 'x' : ' ',
                cell(step, "step").c_str(), cell(step, "node").c_str());
  });
}

// Heat.

void add_heat_row(Table& table, const JsonValue& heat) {
  each(heat, "copies", [&](const JsonValue& copy) {
    table.add({cell(heat, "id"), cell(copy, "node"), cell(copy, "leads"),
               cell(copy, "commands_per_second"), cell(copy, "records_per_second"),
               cell(copy, "bytes_per_second"), cell(copy, "mean_batch"), cell(copy, "queue_depth"),
               cell(copy, "cpu"), cell(copy, "replicated_bytes_per_second")});
  });
}

Table heat_table() {
  return Table{{"SHARD", "NODE", "LEADS", "COMMANDS/S", "RECORDS/S", "BYTES/S", "BATCH", "QUEUE",
                "CPU", "REPLICATED/S"}};
}

void print_heat(const JsonValue& heat) {
  Table table = heat_table();
  add_heat_row(table, heat);
  table.print();
  Table keys{{"KEY", "WRITES/S", "AT MOST LESS"}};
  bool any = false;
  each(heat, "copies", [&](const JsonValue& copy) {
    if (cell(copy, "leads") != "yes") return;
    each(copy, "keys", [&](const JsonValue& key) {
      any = true;
      keys.add({cell(key, "key"), cell(key, "per_second"), cell(key, "error")});
    });
  });
  if (!any) return;
  std::printf("\n");
  keys.print();
}

std::vector<std::string> shard_names(HttpClient& client) {
  std::vector<std::string> names;
  const auto reply = client.request("GET", "/v1/cluster");
  JsonDocument document;
  if (!reply || !reply->ok() || !document.parse(reply->body)) return names;
  each(document.root(), "shards",
       [&](const JsonValue& shard) { names.push_back(cell(shard, "id")); });
  return names;
}

int all_heat(const Flags& flags) {
  auto client = client_of(flags.url);
  if (!client) return fail(kExitUsage, client.error().detail);
  const bool json = flags.json || !stdout_is_terminal();
  Table table = heat_table();
  std::string list;
  for (const std::string& name : shard_names(*client)) {
    const auto reply = client->request("GET", "/v1/shards/" + name + "/heat");
    if (!reply) return fail(kExitFailed, reply.error().detail);
    if (!reply->ok()) return fail(kExitFailed, describe_problem(*reply));
    list += (list.empty() ? "" : ",") + reply->body;
    JsonDocument document;
    if (document.parse(reply->body)) add_heat_row(table, document.root());
  }
  if (json)
    std::printf("{\"data\":[%s]}\n", list.c_str());
  else
    table.print();
  return kExitOk;
}

// Changing.

struct ChangeFlags : Flags {
  std::string subject;  // a shard or a node
  std::string node, from, to;
  std::optional<std::uint32_t> slot;
  bool read_replica = false;
  bool dry_run = false;
  bool no_wait = false;
};

std::string body_of(const ChangeFlags& flags) {
  std::string body;
  JsonWriter json{body};
  json.begin_object();
  if (!flags.node.empty()) json.field("node", flags.node);
  if (!flags.from.empty()) json.field("from", flags.from);
  if (!flags.to.empty()) json.field("to", flags.to);
  if (flags.slot) json.field("slot", *flags.slot);
  if (flags.read_replica) json.field("read_replica", true);
  if (flags.dry_run) json.field("dry_run", true);
  json.end_object();
  return body;
}

bool is_over(std::string_view state) {
  return state != "running" && state != "queued" && state != "cancelling";
}

/// Looks until the operation is over; its last reply.
engine::Result<HttpReply> wait_for(HttpClient& client, const std::string& id) {
  ProgressLine progress{id};
  int failures = 0;
  for (std::uint64_t looks = 0;; ++looks) {
    auto reply = client.request("GET", "/v1/operations/" + percent_encode(id));
    JsonDocument document;
    if (reply && reply->ok() && document.parse(reply->body)) {
      failures = 0;
      const auto state = cell(document.root(), "state");
      if (is_over(state)) {
        progress.finish(id + " " + state);
        return reply;
      }
      std::uint64_t steps = 0;
      std::uint64_t done = 0;
      each(document.root(), "steps", [&](const JsonValue& step) {
        ++steps;
        done += cell(step, "done") == "yes" ? 1 : 0;
      });
      progress.update(done,
                      steps == 0 ? -1 : static_cast<double>(done) / static_cast<double>(steps));
    } else if (++failures > 50) {
      return reply;  // the node is gone: another one knows
    }
    std::this_thread::sleep_for(kLookEvery);
  }
}

int change(const ChangeFlags& flags, const std::string& target) {
  auto client = client_of(flags.url);
  if (!client) return fail(kExitUsage, client.error().detail);
  auto reply =
      client->request("POST", target, body_of(flags), {{"Content-Type", "application/json"}});
  JsonDocument document;
  if (reply && reply->status == 202 && !flags.no_wait && document.parse(reply->body)) {
    const auto id = cell(document.root(), "id");
    reply = wait_for(*client, id);
    if (reply && reply->ok() && document.parse(reply->body)) {
      if (const auto state = cell(document.root(), "state"); state != "done")
        return fail(kExitFailed, id + " ended: " + state);
    }
  }
  return print_reply(reply, flags.json, print_operation);
}

int drain_node(const ChangeFlags& flags) {
  auto client = client_of(flags.url);
  if (!client) return fail(kExitUsage, client.error().detail);
  const auto reply =
      client->request("POST", "/v1/nodes/" + percent_encode(flags.subject) + ":drain",
                      body_of(flags), {{"Content-Type", "application/json"}});
  JsonDocument document;
  if (reply && reply->status == 202 && !flags.no_wait && document.parse(reply->body)) {
    std::vector<std::string> ids;
    each(document.root(), "operations",
         [&](const JsonValue& operation) { ids.push_back(cell(operation, "id")); });
    for (const std::string& id : ids) {
      const auto ended = wait_for(*client, id);
      JsonDocument outcome;
      if (!ended) return fail(kExitFailed, ended.error().detail);
      if (!ended->ok() || !outcome.parse(ended->body))
        return fail(kExitFailed, describe_problem(*ended));
      if (const auto state = cell(outcome.root(), "state"); state != "done")
        return fail(kExitFailed, id + " ended: " + state);
    }
  }
  return print_reply(reply, flags.json, [](const JsonValue& drained) {
    print_operations(drained, "operations");
    const auto stays = joined(drained, "stays");
    if (!stays.empty()) std::printf("no other node can take the copies of: %s\n", stays.c_str());
  });
}

std::shared_ptr<ChangeFlags> add_change(CLI::App& parent, CLI::App*& command, const char* name,
                                        const char* help, const char* subject) {
  auto flags = std::make_shared<ChangeFlags>();
  command = parent.add_subcommand(name, help);
  add_common(*command, *flags);
  command->add_option(subject, flags->subject, "as `souk cluster` names it")->required();
  command->add_flag("--dry-run", flags->dry_run, "say what would happen");
  command->add_flag("--no-wait", flags->no_wait, "begin and return");
  return flags;
}

void add_shard_changes(CLI::App& shard, Run& run) {
  const auto add = [&](const char* name, const char* verb, const char* help) {
    CLI::App* command = nullptr;
    auto flags = add_change(shard, command, name, help, "shard");
    command->callback([flags, verb, &run] {
      run = [flags, verb] {
        return change(*flags, "/v1/shards/" + percent_encode(flags->subject) + ":" + verb);
      };
    });
    return std::pair{command, flags};
  };
  {
    auto [command, flags] = add("add-replica", "add_replica", "Give a node a copy of a shard");
    command->add_option("--node", flags->node, "which; else the one that holds the least");
    command->add_flag("--read-replica", flags->read_replica, "serves searches, is not counted");
  }
  {
    auto [command, flags] = add("remove-replica", "remove_replica", "Take a node's copy away");
    command->add_option("--node", flags->node, "whose")->required();
  }
  {
    auto [command, flags] = add("move", "move", "Move a copy from one node to another");
    command->add_option("--from", flags->from, "a node that holds a copy")->required();
    command->add_option("--to", flags->to, "a node that holds none")->required();
  }
  {
    auto [command, flags] = add("transfer-leader", "transfer_leader", "Have another copy lead");
    command->add_option("--to", flags->to, "a node that holds a copy")->required();
  }
  {
    auto [command, flags] = add("split", "split", "Split a shard in two");
    command->add_option("--slot", flags->slot, "first slot of the new one; else half of the load");
  }
}

int balance(const Flags& flags, bool dry_run) {
  auto client = client_of(flags.url);
  if (!client) return fail(kExitUsage, client.error().detail);
  const auto reply = client->request("GET", "/v1/cluster");
  if (!reply) return fail(kExitFailed, reply.error().detail);
  if (!reply->ok()) return fail(kExitFailed, describe_problem(*reply));
  JsonDocument document;
  if (!document.parse(reply->body)) return fail(kExitFailed, "the reply is no JSON");
  std::optional<std::pair<ChangeFlags, std::string>> first;
  each(document.root(), "proposals", [&](const JsonValue& proposal) {
    if (first) return;
    const bool moves = cell(proposal, "kind") == "move";
    ChangeFlags wanted;
    wanted.url = flags.url;
    wanted.json = flags.json;
    wanted.to = cell(proposal, "to");
    if (moves) wanted.from = cell(proposal, "from");
    first.emplace(std::move(wanted),
                  "/v1/shards/" + cell(proposal, "shard") + (moves ? ":move" : ":transfer_leader"));
  });
  if (!first) {
    std::printf("nothing to balance\n");
    return kExitOk;
  }
  print_proposals(document.root());
  return dry_run ? kExitOk : change(first->first, first->second);
}

}  // namespace

void add_cluster_command(CLI::App& app, Run& run) {
  auto flags = std::make_shared<Flags>();
  auto* command = app.add_subcommand("cluster", "Nodes, shards and operations");
  command->require_subcommand(0, 1);
  add_common(*command, *flags);
  command->callback([command, flags, &run] {
    if (command->get_subcommands().empty())
      run = [flags] { return get(*flags, "/v1/cluster", print_cluster); };
  });
  auto* operations = command->add_subcommand("operations", "What runs, and what ended lately");
  add_common(*operations, *flags);
  operations->callback([flags, &run] {
    run = [flags] { return get(*flags, "/v1/operations", print_operation_list); };
  });
  auto id = std::make_shared<std::string>();
  auto* cancel = command->add_subcommand("cancel", "Turn an operation back");
  add_common(*cancel, *flags);
  cancel->add_option("operation", *id, "op_...")->required();
  cancel->callback([flags, id, &run] {
    run = [flags, id] {
      auto client = client_of(flags->url);
      if (!client) return fail(kExitUsage, client.error().detail);
      return print_reply(client->request("DELETE", "/v1/operations/" + percent_encode(*id)),
                         flags->json, print_operation);
    };
  });
  auto dry_run = std::make_shared<bool>(false);
  auto* balancing = command->add_subcommand("balance", "Do the one change that helps most");
  add_common(*balancing, *flags);
  balancing->add_flag("--dry-run", *dry_run, "say what would happen");
  balancing->callback(
      [flags, dry_run, &run] { run = [flags, dry_run] { return balance(*flags, *dry_run); }; });
}

void add_shard_command(CLI::App& app, Run& run) {
  auto flags = std::make_shared<Flags>();
  auto* command = app.add_subcommand("shard", "Look at shards and change who holds them");
  command->require_subcommand(1);
  auto* list = command->add_subcommand("list", "All shards, by their leaders");
  add_common(*list, *flags);
  list->callback(
      [flags, &run] { run = [flags] { return get(*flags, "/v1/shards", print_shards); }; });

  struct HeatFlags : Flags {
    std::string shard;
    bool watch = false;
  };
  auto heat = std::make_shared<HeatFlags>();
  auto* heating = command->add_subcommand("heat", "What shards do, over the last ten seconds");
  add_common(*heating, *heat);
  heating->add_option("shard", heat->shard, "one, with its hottest keys; else all");
  heating->add_flag("--watch", heat->watch, "again every two seconds");
  heating->callback([heat, &run] {
    run = [heat] {
      for (;;) {
        if (heat->watch && stdout_is_terminal()) std::printf("\033[H\033[2J");
        const int code =
            heat->shard.empty()
                ? all_heat(*heat)
                : get(*heat, "/v1/shards/" + percent_encode(heat->shard) + "/heat", print_heat);
        std::fflush(stdout);
        if (code != kExitOk || !heat->watch) return code;
        std::this_thread::sleep_for(std::chrono::seconds{2});
      }
    };
  });
  add_shard_changes(*command, run);
}

void add_node_command(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("node", "Take a node out of work");
  command->require_subcommand(1);
  CLI::App* drain = nullptr;
  auto flags = add_change(*command, drain, "drain", "Move everything off a node", "node");
  drain->callback([flags, &run] { run = [flags] { return drain_node(*flags); }; });
}

}  // namespace souk::net
