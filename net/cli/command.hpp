#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace souk::net {

/// Exit codes of every command.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitDataRefused = 3,
  kExitAddressInUse = 4,
};

/// What the chosen subcommand does; returns the exit code.
using Run = std::function<int()>;

// Each adds one subcommand; when it is chosen, `run` is set.
void add_serve_command(CLI::App& app, Run& run);
void add_import_command(CLI::App& app, Run& run);
void add_export_command(CLI::App& app, Run& run);
void add_search_command(CLI::App& app, Run& run);
void add_generate_command(CLI::App& app, Run& run);
void add_order_command(CLI::App& app, Run& run);
void add_cluster_command(CLI::App& app, Run& run);
void add_shard_command(CLI::App& app, Run& run);
void add_node_command(CLI::App& app, Run& run);
void add_backup_command(CLI::App& app, Run& run);
void add_restore_command(CLI::App& app, Run& run);
void add_replay_command(CLI::App& app, Run& run);
void add_doctor_command(CLI::App& app, Run& run);
void add_version_command(CLI::App& app, Run& run);

/// One line on stderr, "souk: ..."; gives the code back.
int fail(int code, const std::string& message);

}  // namespace souk::net
