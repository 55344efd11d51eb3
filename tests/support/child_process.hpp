#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

extern char** environ;  // NOLINT(readability-redundant-declaration): not in every unistd.h

namespace souk::test {

/// A port of 127.0.0.1 that was free just now.
inline std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  assert(bound);
  ::close(fd);
  return ntohs(address.sin_port);
}

/// A program that runs beside the test; killed with this object, and with the test if that dies.
class ChildProcess {
public:
  ChildProcess() = default;
  /// Output goes to the end of `log`.
  ChildProcess(std::vector<std::string> command, const std::filesystem::path& log) {
    std::vector<std::string> words = {"setpriv", "--pdeathsig", "KILL"};
    for (auto& word : command) words.push_back(std::move(word));
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    const int failed =
        ::posix_spawnp(&pid_, arguments[0], &files, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) pid_ = 0;
  }
  ~ChildProcess() { end(SIGKILL); }
  ChildProcess(ChildProcess&& other) noexcept : pid_{std::exchange(other.pid_, 0)} {}
  ChildProcess& operator=(ChildProcess&& other) noexcept {
    end(SIGKILL);
    pid_ = std::exchange(other.pid_, 0);
    return *this;
  }

  pid_t pid() const { return pid_; }
  bool started() const { return pid_ > 0; }
  void signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
  }
  /// Stops it; it stands still when this returns.
  void pause() const {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGSTOP);
    int status = 0;
    while (::waitpid(pid_, &status, WUNTRACED) < 0 && errno == EINTR) {
    }
  }
  /// Ends it and waits for it; its exit status as of waitpid.
  int end(int number) {
    if (pid_ <= 0) return 0;
    ::kill(pid_, number);
    return wait();
  }
  int wait() {
    int status = 0;
    if (pid_ > 0) ::waitpid(std::exchange(pid_, 0), &status, 0);
    return status;
  }

private:
  pid_t pid_ = 0;
};

/// Runs a command to its end; true if it said success.
inline bool run_command(std::vector<std::string> command, const std::filesystem::path& log) {
  return ChildProcess{std::move(command), log}.wait() == 0;
}

}  // namespace souk::test
