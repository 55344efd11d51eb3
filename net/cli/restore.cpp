#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <map>
#include <memory>

#include "actors/maintenance.hpp"
#include "net/cli/command.hpp"
#include "net/cli/output.hpp"
#include "net/config.hpp"
#include "net/json/json_writer.hpp"

// souk restore: a new cluster, of any number of nodes, out of a backup.

namespace souk::net {

namespace {

/// The settings of `souk serve` that say where a node's data and its coordinator are.
constexpr std::array kSettings{"data",        "etcd_endpoints",     "etcd_ca",
                               "etcd_cert",   "etcd_key",           "etcd_user",
                               "etcd_prefix", "etcd_password_file", "replicas"};

struct RestoreFlags {
  std::string backup;
  std::string config_file;
  std::string etcd;
  bool json = false;
  std::map<std::string, std::string> values;
};

std::string flag_name(std::string_view setting) {
  std::string name = "--" + std::string{setting};
  for (char& c : name)
    if (c == '_') c = '-';
  return name;
}

int exit_code_of(const engine::Error& error) {
  using engine::Errc;
  const bool folder = error.code == Errc::storage_failure || error.code == Errc::newer_format ||
                      error.code == Errc::disk_full || error.code == Errc::invalid_value ||
                      error.code == Errc::corrupt_record;
  return folder ? kExitDataRefused : kExitFailed;
}

void print_restored(const actors::RestoredBackup& restored, const std::string& data, bool json) {
  const std::string& node = restored.node;
  if (!json) {
    std::printf(
        "restored %zu shards, %llu bytes into %s: node %s\n", restored.manifest.shards.size(),
        static_cast<unsigned long long>(restored.manifest.size.bytes), data.c_str(), node.c_str());
    return;
  }
  std::string out;
  JsonWriter writer{out};
  writer.begin_object().field("data", data).field("node", node);
  writer.field("bytes", restored.manifest.size.bytes).key("shards").begin_array();
  for (const auto& cut : restored.manifest.shards) {
    char hash[24];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(cut.state_hash));
    writer.begin_object().field("id", cut.shard.shard.name()).field("position", cut.position);
    writer.field("state_hash", std::string{hash}).end_object();
  }
  writer.end_array().end_object();
  std::printf("%s\n", out.c_str());
}

int run_restore(const CLI::App& command, const RestoreFlags& flags) {
  Settings file;
  if (!flags.config_file.empty()) {
    auto read = read_settings_file(flags.config_file);
    if (!read) return fail(kExitUsage, read.error().detail);
    file = std::move(*read);
  }
  Settings given;
  for (const char* name : kSettings) {
    if (command.count(flag_name(name)) == 0) continue;
    given[name] = {flags.values.at(name), flag_name(name)};
    if (std::string_view{name} == "etcd_endpoints")
      given["coordinator"] = {"etcd", "--etcd-endpoints"};
  }
  if (!flags.etcd.empty()) {
    given["coordinator"] = {"etcd", "--etcd"};
    given["etcd_endpoints"] = {flags.etcd, "--etcd"};
  }
  const auto outcome = make_config(file, given);
  if (!outcome.mistakes.empty()) {
    std::string all;
    for (const auto& mistake : outcome.mistakes) all += (all.empty() ? "" : "; ") + mistake;
    return fail(kExitUsage, all);
  }
  const ServeConfig& config = outcome.config;
  actors::RestoreTarget target;
  target.data = config.node.data;
  target.replicas = config.node.replicas;
  if (config.etcd) {
    auto coordinator = make_etcd_coordinator(*config.etcd);
    if (!coordinator) return fail(kExitUsage, coordinator.error().detail);
    target.coordinator = std::move(*coordinator);
  }
  ProgressLine progress{"restore"};
  const auto restored =
      actors::restore_backup(flags.backup, target, [&](double fraction, const std::string&) {
        progress.update(static_cast<std::uint64_t>(fraction * 100), fraction);
      });
  if (!restored)
    return fail(exit_code_of(restored.error()), "cannot restore: " + restored.error().detail);
  progress.finish("restored");
  print_restored(*restored, config.node.data.string(), flags.json || !stdout_is_terminal());
  return kExitOk;
}

}  // namespace

void add_restore_command(CLI::App& app, Run& run) {
  auto flags = std::make_shared<RestoreFlags>();
  auto* command = app.add_subcommand(
      "restore", "Make the first node of a new cluster, or a node alone, out of a backup");
  command->add_option("backup", flags->backup, "folder written by souk backup")->required();
  for (const SettingDoc& doc : setting_docs()) {
    for (const char* name : kSettings) {
      if (doc.name != name) continue;
      command->add_option(flag_name(name), flags->values[name], std::string{doc.help});
    }
  }
  command->add_option("--config", flags->config_file, "the settings file of souk serve; flags win");
  command->add_option("--etcd", flags->etcd, "short for --etcd-endpoints");
  command->add_flag("--json", flags->json, "print JSON");
  command->callback(
      [command, flags, &run] { run = [command, flags] { return run_restore(*command, *flags); }; });
}

}  // namespace souk::net
