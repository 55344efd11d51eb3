#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include "net/cli/command.hpp"
#include "net/cli/http_client.hpp"
#include "net/cli/output.hpp"
#include "net/http/request.hpp"
#include "net/json/json_writer.hpp"

// souk backup: a running cluster into a folder of one of its nodes.

namespace souk::net {

namespace {

constexpr std::chrono::milliseconds kLookEvery{200};
constexpr int kFailuresMax = 50;

struct BackupFlags {
  std::string url;
  std::string folder;
  bool json = false;
  bool no_wait = false;
};

void print_backup(const JsonValue& backup) {
  std::printf("%s: %s shards, %s bytes in %s; writes waited %s ms\n", cell(backup, "id").c_str(),
              cell(backup, "shards").c_str(), cell(backup, "bytes").c_str(),
              cell(backup, "folder").c_str(), cell(backup, "held_ms").c_str());
}

/// Looks until it is over; its last reply.
engine::Result<HttpReply> wait_for(HttpClient& client, const std::string& id) {
  ProgressLine progress{"backup"};
  for (int failures = 0;;) {
    auto reply = client.request("GET", "/v1/backups/" + percent_encode(id));
    JsonDocument document;
    if (reply && reply->ok() && document.parse(reply->body)) {
      failures = 0;
      const JsonValue backup = document.root();
      const auto state = cell(backup, "state");
      if (state == "done" || state == "failed") {
        progress.finish(id + " " + state);
        return reply;
      }
      const auto shards = std::strtod(cell(backup, "shards").c_str(), nullptr);
      const auto done = std::strtod(cell(backup, "shards_done").c_str(), nullptr);
      progress.update(std::strtoull(cell(backup, "bytes").c_str(), nullptr, 10),
                      shards > 0 ? done / shards : -1);
    } else if (++failures > kFailuresMax || (reply && !reply->ok())) {
      return reply;  // the node that wrote it is gone, and the backup with it
    }
    std::this_thread::sleep_for(kLookEvery);
  }
}

int run_backup(const BackupFlags& flags) {
  auto client = client_of(flags.url);
  if (!client) return fail(kExitUsage, client.error().detail);
  std::string body;
  JsonWriter{body}
      .begin_object()
      .field("folder", std::filesystem::absolute(flags.folder).lexically_normal().string())
      .end_object();
  auto reply = client->request("POST", "/v1/backups", body, {{"Content-Type", "application/json"}});
  JsonDocument document;
  if (reply && reply->status == 202 && !flags.no_wait && document.parse(reply->body)) {
    reply = wait_for(*client, cell(document.root(), "id"));
    if (reply && reply->ok() && document.parse(reply->body) &&
        cell(document.root(), "state") != "done") {
      return fail(kExitFailed, "the backup failed: " + cell(document.root(), "error"));
    }
  }
  return print_reply(reply, flags.json, print_backup);
}

}  // namespace

void add_backup_command(CLI::App& app, Run& run) {
  auto flags = std::make_shared<BackupFlags>();
  auto* command = app.add_subcommand(
      "backup", "Have a running node write a consistent copy of the whole cluster");
  command->add_option("--url", flags->url,
                      "any node (SOUK_URL, http://127.0.0.1:8080); key: SOUK_SERVER_KEY");
  command->add_flag("--json", flags->json, "print the reply as it is");
  command->add_flag("--no-wait", flags->no_wait, "begin and return");
  command->add_option("folder,-o,--output", flags->folder, "a new folder on that node")->required();
  command->callback([flags, &run] { run = [flags] { return run_backup(*flags); }; });
}

}  // namespace souk::net
