#include "net/cli/command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "net/openapi.hpp"

namespace souk::net {

int fail(int code, const std::string& message) {
  std::string line = "souk: " + message;
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::fprintf(stderr, "%s\n", line.c_str());
  return code;
}

void add_version_command(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("version", "Print the version");
  command->callback([&run] {
    run = [] {
      std::printf("souk %s\n", kVersion);
      return static_cast<int>(kExitOk);
    };
  });
}

}  // namespace souk::net
