#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "net/cli/command.hpp"
#include "net/openapi.hpp"

// jemalloc reads this before main. Two arenas, as memory is made by one thread and freed by another all day, and with
// one arena a thread each keeps its own free pages; these are kept a while longer than the usual ten seconds, so that
// the buffers of the next batch, save or merge need not be cleared by the kernel again.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:2,dirty_decay_ms:30000";

namespace {

/// The chosen command as far as it is one, and the word after it that is none.
struct Words {
  const CLI::App* command;
  std::string unknown;
};

Words read_words(const CLI::App& app, int argc, char** argv) {
  Words words{&app, {}};
  for (int i = 1; i < argc && argv[i][0] != '-'; ++i) {
    const auto commands = words.command->get_subcommands([](const CLI::App*) { return true; });
    if (commands.empty()) break;
    const auto next = std::find_if(commands.begin(), commands.end(), [&](const CLI::App* command) {
      return command->get_name() == argv[i];
    });
    if (next == commands.end()) {
      words.unknown = argv[i];
      break;
    }
    words.command = *next;
  }
  return words;
}

std::string usage_hint(const CLI::App* command) {
  std::string name;
  for (; command != nullptr; command = command->get_parent())
    name = command->get_name() + " " + name;
  return " (see " + name + "--help)";
}

/// In the order that CLI11 wants. Of `--zone=`, whose value is empty, it would take the next
/// argument for the value; of the two words `--zone ""` it does not.
std::vector<std::string> reversed_arguments(int argc, char** argv) {
  std::vector<std::string> arguments;
  for (int i = argc; --i > 0;) {
    std::string_view word{argv[i]};
    if (word.size() > 3 && word.starts_with("--") && word.find('=') == word.size() - 1) {
      word.remove_suffix(1);
      arguments.emplace_back();
    }
    arguments.emplace_back(word);
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace souk::net;
  CLI::App app{"Souk: an order and search engine for shops", "souk"};
  app.set_version_flag("--version", std::string{"souk "} + kVersion);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 data folder refused, 4 address in use.\n"
      "A running node is found by --url or SOUK_URL, its key taken from SOUK_SERVER_KEY.");

  Run run;
  add_serve_command(app, run);
  add_import_command(app, run);
  add_export_command(app, run);
  add_search_command(app, run);
  add_order_command(app, run);
  add_cluster_command(app, run);
  add_shard_command(app, run);
  add_node_command(app, run);
  add_generate_command(app, run);
  add_backup_command(app, run);
  add_restore_command(app, run);
  add_replay_command(app, run);
  add_doctor_command(app, run);
  add_version_command(app, run);

  try {
    app.parse(reversed_arguments(argc, argv));
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help, --version
  } catch (const CLI::ParseError& error) {
    const Words words = read_words(app, argc, argv);
    const std::string hint = usage_hint(words.command);
    if (!words.unknown.empty())
      return fail(kExitUsage, "there is no command '" + words.unknown + "'" + hint);
    return fail(kExitUsage, error.what() + hint);
  }
  return run();
}
