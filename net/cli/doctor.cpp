#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "net/cli/command.hpp"
#include "net/cli/http_client.hpp"
#include "net/cli/output.hpp"
#include "net/json/json_writer.hpp"
#include "net/openapi.hpp"

namespace souk::net {

namespace {

namespace fs = std::filesystem;

struct DoctorFlags {
  std::string data = "souk-data";
  std::string url;
  bool json = false;
};

struct Finding {
  std::string check;
  bool ok = true;
  std::string what;
};

constexpr std::uint64_t kFreeBytesMin = 512U << 20U;

// Where a folder that is not there yet would be made.
fs::path existing_part(fs::path folder) {
  std::error_code error;
  folder = fs::absolute(folder, error);
  while (!folder.empty() && !fs::exists(folder, error) && folder.has_parent_path() &&
         folder != folder.parent_path())
    folder = folder.parent_path();
  return folder;
}

Finding check_folder(const DoctorFlags& flags) {
  std::error_code error;
  const fs::path folder{flags.data};
  if (fs::exists(folder, error) && !fs::is_directory(folder, error))
    return {"data folder", false, flags.data + " is not a folder"};
  const auto part = existing_part(folder);
  if (::access(part.c_str(), W_OK) != 0)
    return {"data folder", false, part.string() + " is not writable"};
  return {"data folder", true,
          fs::exists(folder, error) ? flags.data + " is there and writable"
                                    : flags.data + " will be made at the first start"};
}

Finding check_space(const DoctorFlags& flags) {
  std::error_code error;
  const auto space = fs::space(existing_part(flags.data), error);
  if (error) return {"free space", false, error.message()};
  const auto text = std::to_string(space.available >> 20U) + " MiB free";
  if (space.available < kFreeBytesMin)
    return {"free space", false, text + ": writes are refused below 512 MiB"};
  return {"free space", true, text};
}

// The journal waits for the disk once per group of commands: its speed is the latency of every
// write.
Finding check_sync(const DoctorFlags& flags) {
  const auto file = existing_part(flags.data) / (".souk-doctor-" + std::to_string(::getpid()));
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return {"fsync", false, "cannot write " + file.string()};
  std::vector<double> times;
  const std::string block(4096, 'x');
  bool written = true;
  for (int i = 0; i < 20 && written; ++i) {
    const auto started = std::chrono::steady_clock::now();
    written = ::write(fd, block.data(), block.size()) == static_cast<ssize_t>(block.size()) &&
              ::fdatasync(fd) == 0;
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started)
            .count());
  }
  ::close(fd);
  ::unlink(file.c_str());
  if (!written) return {"fsync", false, "writing failed"};
  std::sort(times.begin(), times.end());
  char text[96];
  std::snprintf(text, sizeof text, "median %.2f ms, slowest of 20 %.2f ms", times[times.size() / 2],
                times.back());
  return {"fsync", times[times.size() / 2] < 50, text};
}

bool port_is_taken(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool taken = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
  ::close(fd);
  return taken;
}

void check_node(const DoctorFlags& flags, std::vector<Finding>& findings) {
  auto client = client_of(flags.url);
  if (!client) {
    findings.push_back({"node", false, client.error().detail});
    return;
  }
  client->set_timeout(std::chrono::seconds{5});
  const auto ready = client->request("GET", "/readyz?verbose");
  if (!ready) {
    findings.push_back({"node", true, "none is running (" + ready.error().detail + ")"});
    for (const auto port : {std::uint16_t{8080}, std::uint16_t{8081}})
      findings.push_back({"port " + std::to_string(port), !port_is_taken(port),
                          port_is_taken(port) ? "taken by another program" : "free"});
    return;
  }
  JsonDocument document;
  if (!ready->ok() || !document.parse(ready->body)) {
    findings.push_back({"node", false, describe_problem(*ready)});
    return;
  }
  const auto writes = cell(document.root(), "checks.writes");
  findings.push_back(
      {"node", true, "ready, " + cell(document.root(), "checks.shards") + " shards"});
  findings.push_back({"writes", writes == "ok", writes == "ok" ? "taken" : "refused: " + writes});
  if (const auto version = client->request("GET", "/version");
      version && document.parse(version->body)) {
    const auto running = cell(document.root(), "version");
    findings.push_back({"version", running == kVersion,
                        "the node runs " + running + ", this program is " + kVersion});
  }
}

int run_doctor(const DoctorFlags& flags) {
  std::vector<Finding> findings = {check_folder(flags), check_space(flags)};
  if (findings[0].ok) findings.push_back(check_sync(flags));
  check_node(flags, findings);
  const bool all = std::all_of(findings.begin(), findings.end(),
                               [](const Finding& finding) { return finding.ok; });
  if (flags.json || !stdout_is_terminal()) {
    std::string out;
    JsonWriter json{out};
    json.begin_object().field("ok", all).key("checks").begin_array();
    for (const auto& finding : findings)
      json.begin_object()
          .field("check", finding.check)
          .field("ok", finding.ok)
          .field("detail", finding.what)
          .end_object();
    json.end_array().end_object();
    std::printf("%s\n", out.c_str());
  } else {
    Table table{{"CHECK", "", "FOUND"}};
    for (const auto& finding : findings)
      table.add({finding.check, finding.ok ? "ok" : "BAD", finding.what});
    table.print();
  }
  return all ? kExitOk : kExitFailed;
}

}  // namespace

void add_doctor_command(CLI::App& app, Run& run) {
  auto flags = std::make_shared<DoctorFlags>();
  auto* command = app.add_subcommand("doctor", "Look for what would keep a node from working well");
  command->add_option("--data", flags->data, "the data folder (souk-data)");
  command->add_option("--url", flags->url, "the node (SOUK_URL, http://127.0.0.1:8080)");
  command->add_flag("--json", flags->json, "print JSON");
  command->callback([flags, &run] { run = [flags] { return run_doctor(*flags); }; });
}

}  // namespace souk::net
