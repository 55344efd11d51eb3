#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>

#include "net/cli/command.hpp"
#include "net/cli/generate.hpp"
#include "net/cli/output.hpp"

namespace souk::net {

namespace {

struct GenerateFlags {
  std::uint64_t products = 1000;
  std::uint64_t seed = 1;
  std::string file;
};

int run_generate(const GenerateFlags& flags) {
  std::ofstream file;
  const bool to_file = !flags.file.empty() && flags.file != "-";
  if (to_file) {
    file.open(flags.file, std::ios::binary | std::ios::trunc);
    if (!file) return fail(kExitFailed, "cannot write " + flags.file);
  }
  std::ios::sync_with_stdio(false);
  std::ostream& out = to_file ? file : std::cout;
  ProgressLine progress{"generated"};
  generate(out, flags.products, flags.seed, [&](std::uint64_t done) {
    if (to_file)
      progress.update(done, static_cast<double>(done) / static_cast<double>(flags.products));
  });
  out.flush();
  if (!out)
    return fail(kExitFailed, "cannot write " + (to_file ? flags.file : std::string{"to stdout"}));
  return kExitOk;
}

}  // namespace

void add_generate_command(CLI::App& app, Run& run) {
  auto flags = std::make_shared<GenerateFlags>();
  auto* command = app.add_subcommand("generate", "Make up a catalog: same seed, same bytes");
  command->add_option("--products", flags->products, "how many (1000)")
      ->check(CLI::Range(0.0, 1e9));  // a sign would wrap around
  command->add_option("--seed", flags->seed, "any number (1)");
  command->add_option("-o,--output", flags->file, "a file instead of stdout");
  command->callback([flags, &run] { run = [flags] { return run_generate(*flags); }; });
}

}  // namespace souk::net
