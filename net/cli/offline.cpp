#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "actors/maintenance.hpp"
#include "net/cli/command.hpp"
#include "net/cli/output.hpp"
#include "net/json/json_writer.hpp"

// The commands that work on a data folder whose node does not run: replay; restore.cpp has another.

namespace souk::net {

namespace {

struct OfflineFlags {
  std::string data = "souk-data";
  bool json = false;
};

int exit_code_of(const engine::Error& error) {
  using engine::Errc;
  const bool folder = error.code == Errc::storage_failure || error.code == Errc::newer_format ||
                      error.code == Errc::disk_full || error.code == Errc::invalid_value;
  return folder ? kExitDataRefused : kExitFailed;
}

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

int run_replay(const OfflineFlags& flags) {
  const auto shards = actors::replay_journals(flags.data);
  if (!shards) return fail(exit_code_of(shards.error()), "cannot replay: " + shards.error().detail);
  bool equal = true;
  for (const auto& shard : *shards) equal = equal && !shard.differs();
  if (flags.json || !stdout_is_terminal()) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("equal", equal).key("shards").begin_array();
    for (const auto& shard : *shards) {
      json.begin_object().field("id", shard.shard.name()).field("position", shard.position);
      json.field("state_hash", hex(shard.state_hash));
      if (shard.from_first_record)
        json.field("replayed_hash", hex(shard.replayed_hash)).field("equal", !shard.differs());
      else
        json.null_field("replayed_hash");
      json.end_object();
    }
    json.end_array().end_object();
    std::printf("%s\n", out.c_str());
  } else {
    Table table{{"SHARD", "POSITION", "STATE", "REPLAYED", ""}};
    for (const auto& shard : *shards)
      table.add({shard.shard.name(), std::to_string(shard.position), hex(shard.state_hash),
                 shard.from_first_record ? hex(shard.replayed_hash) : "trimmed",
                 shard.differs() ? "DIFFERS" : "ok"});
    table.print();
  }
  return equal ? kExitOk : fail(kExitFailed, "the state differs from a replay of the journal");
}

}  // namespace

void add_replay_command(CLI::App& app, Run& run) {
  auto flags = std::make_shared<OfflineFlags>();
  auto* command = app.add_subcommand(
      "replay", "Rebuild the state of a stopped node from its journal and compare");
  command->add_option("--data", flags->data, "the data folder (souk-data)");
  command->add_flag("--json", flags->json, "print JSON");
  command->callback([flags, &run] { run = [flags] { return run_replay(*flags); }; });
}

}  // namespace souk::net
