#include <sodium.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "actors/failpoint.hpp"
#include "actors/node.hpp"
#include "net/cli/command.hpp"
#include "net/config.hpp"
#include "net/endpoints/endpoints.hpp"
#include "net/endpoints/operations.hpp"
#include "net/endpoints/storefront.hpp"
#include "net/log.hpp"
#include "net/openapi.hpp"
#include "net/server.hpp"

namespace souk::net {

namespace {

constexpr std::chrono::milliseconds kDrainMax{20'000};

/// Waits for SIGTERM and SIGINT on a thread of its own. The first one asks for a graceful end, or
/// ends a start at once (a node may die at any instant); the second one ends the process at once.
class Signals {
public:
  Signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    // Before any other thread exists, so that all inherit it.
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::thread{[this] { watch(); }}.detach();
  }
  void now_serving() { serving_ = true; }
  /// False after `time` without a signal.
  bool wait(std::chrono::milliseconds time) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, time, [this] { return asked_; });
  }

private:
  void watch() {
    for (int count = 1;; ++count) {
      int signal = 0;
      sigwait(&set_, &signal);
      if (count > 1) std::_Exit(kExitFailed);
      if (!serving_) std::_Exit(kExitOk);
      const std::lock_guard lock{mutex_};
      asked_ = true;
      changed_.notify_all();
    }
  }

  sigset_t set_{};
  std::atomic<bool> serving_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
};

std::string url_of(const Address& address, std::uint16_t port) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(port);
}

void announce(const ServeConfig& config, const Server& server, const NodeKeys& keys) {
  std::printf("souk %s serves %s", kVersion,
              url_of(config.server.http, server.http_port()).c_str());
  if (config.server.admin)
    std::printf(", operators at %s", url_of(*config.server.admin, server.admin_port()).c_str());
  if (config.dev)
    std::printf("\nkeys: %s (server), %s (storefront)\n", keys.server_key.c_str(),
                keys.public_key.c_str());
  else
    std::printf("\n");
  std::fflush(stdout);
}

int serve(const ServeConfig& config) {
  // The watcher outlives this function's frame when a second signal comes late.
  static auto* signals = new Signals;
  if (sodium_init() < 0) return fail(kExitFailed, "libsodium cannot be used");
  if (const char* spec = std::getenv("SOUK_FAILPOINTS");
      spec != nullptr && *spec != 0 && config.dev) {
    if (const auto armed = actors::arm_failpoints(spec); !armed)
      return fail(kExitUsage, "SOUK_FAILPOINTS: " + armed.error().detail);
    log(LogLevel::warning, "failpoints are armed", {{"spec", std::string_view{spec}}});
  }

  Storefront storefront;
  Router router;
  Operations operations;
  add_operations(router, operations);
  add_endpoints(router);
  add_storefront(router, storefront);
  operations.openapi = render_openapi(router);

  auto bound = Server::bind(config.server, router);
  if (!bound) return fail(kExitAddressInUse, bound.error().detail);
  auto& server = **bound;
  operations.draining = [&server] { return server.draining(); };

  const auto starting = std::chrono::steady_clock::now();
  auto logged = starting;
  actors::NodeConfig node_config = config.node;
  if (config.etcd) {
    auto coordinator = make_etcd_coordinator(*config.etcd);
    if (!coordinator) return fail(kExitUsage, coordinator.error().detail);
    node_config.coordinator = std::move(*coordinator);
  }
  // The broken build of the power-cut test: acknowledges what only the page cache has.
  if (actors::failpoint("journal.unsynced")) node_config.sync_journal = false;
  auto node = actors::Node::start(node_config, [&logged](double fraction, const std::string& what) {
    // A start of a second says nothing, a long one how far it is.
    if (std::chrono::steady_clock::now() - logged < std::chrono::seconds{1}) return;
    logged = std::chrono::steady_clock::now();
    log(LogLevel::info, "starting", {{"what", std::string_view{what}}, {"fraction", fraction}});
  });
  if (!node && node.error().detail.starts_with(actors::kNoShardMap))
    return fail(kExitFailed, "cannot start: " + node.error().detail);
  if (!node)
    return fail(kExitDataRefused, "cannot use the data folder " + config.node.data.string() + ": " +
                                      node.error().detail);
  const auto keys = load_keys(config);
  if (!keys) return fail(kExitDataRefused, keys.error().detail);

  storefront.open(keys->public_key);
  operations.node = node->get();
  if (const auto started = server.start(node->get(), Keys{keys->server_key, keys->public_key});
      !started)
    return fail(kExitAddressInUse, started.error().detail);
  signals->now_serving();
  announce(config, server, *keys);
  log(LogLevel::info, "ready",
      {{"http_port", std::int64_t{server.http_port()}},
       {"admin_port", std::int64_t{server.admin_port()}},
       {"version", std::string_view{kVersion}}});

  bool healthy = true;
  while (healthy && !signals->wait(std::chrono::milliseconds{200})) healthy = (*node)->healthy();
  if (healthy)
    log(LogLevel::info, "draining");
  else
    log(LogLevel::error, "the node failed", {{"why", std::string_view{(*node)->why_unhealthy()}}});
  const bool drained = server.drain(healthy ? kDrainMax : std::chrono::milliseconds{0});
  server.stop();
  operations.node = nullptr;
  (*node)->stop(kDrainMax);
  log(LogLevel::info, "stopped", {{"drained", std::int64_t{drained ? 1 : 0}}});
  return healthy ? kExitOk : kExitFailed;
}

std::string flag_name(std::string_view setting) {
  std::string name = "--" + std::string{setting};
  for (char& c : name)
    if (c == '_') c = '-';
  return name;
}

struct ServeFlags {
  std::map<std::string, std::string> values;
  std::map<std::string, bool> switches;
  std::string config_file;
  std::string etcd;
};

int run_serve(const CLI::App& command, const ServeFlags& flags) {
  Settings file;
  if (!flags.config_file.empty()) {
    auto read = read_settings_file(flags.config_file);
    if (!read) return fail(kExitUsage, read.error().detail);
    file = std::move(*read);
  }
  Settings given;
  for (const auto& doc : setting_docs()) {
    const std::string name{doc.name};
    if (doc.file_only || command.count(flag_name(name)) == 0) continue;
    given[name] = {doc.is_switch ? "true" : flags.values.at(name), flag_name(name)};
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
  return serve(outcome.config);
}

}  // namespace

void add_serve_command(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("serve", "Run a node: the shop's API over HTTP");
  auto flags = std::make_shared<ServeFlags>();
  for (const auto& doc : setting_docs()) {
    if (doc.file_only) continue;
    const std::string name{doc.name};
    if (doc.is_switch)
      command->add_flag(flag_name(name), flags->switches[name], std::string{doc.help});
    else
      command->add_option(flag_name(name), flags->values[name], std::string{doc.help});
  }
  command->add_option("--config", flags->config_file,
                      "TOML file with the same settings (free_bytes_min = \"1GiB\"); flags win");
  command->add_option("--etcd", flags->etcd, "short for --coordinator etcd --etcd-endpoints URLS");
  command->callback(
      [command, flags, &run] { run = [command, flags] { return run_serve(*command, *flags); }; });
}

}  // namespace souk::net
