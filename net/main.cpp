#include <CLI/CLI.hpp>
#include <cstdio>

#include "net/cli/command.hpp"
#include "net/openapi.hpp"

// jemalloc reads this before main. Two arenas, as memory is made by one thread and freed by another all day, and with
// one arena a thread each keeps its own free pages; these are kept a while longer than the usual ten seconds, so that
// the buffers of the next batch, save or merge need not be cleared by the kernel again.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:2,dirty_decay_ms:30000";

int main(int argc, char** argv) {
  using namespace souk::net;
  CLI::App app{"Souk: an order and search engine for shops", "souk"};
  app.set_version_flag("--version", std::string{"souk "} + kVersion);
  app.require_subcommand(1);

  Run run;
  add_serve_command(app, run);
  add_import_command(app, run);
  add_export_command(app, run);
  add_search_command(app, run);
  add_order_command(app, run);
  add_shard_command(app, run);
  add_generate_command(app, run);
  add_backup_command(app, run);
  add_restore_command(app, run);
  add_replay_command(app, run);
  add_doctor_command(app, run);
  add_version_command(app, run);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help, --version
  } catch (const CLI::ParseError& error) {
    return fail(kExitUsage, std::string{error.what()} + " (see souk --help)");
  }
  return run();
}
