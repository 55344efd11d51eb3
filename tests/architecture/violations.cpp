#include "violations.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string_view>

namespace souk::test {
namespace {

using Names = std::vector<std::string_view>;

/// What each folder may include of the others; itself always.
const std::map<std::string_view, Names> kArrows = {
    {"engine", {}},
    {"storage", {"engine"}},
    {"actors", {"storage", "engine"}},
    // Types and functions of the engine reach everywhere; the bytes on disk do not reach net.
    {"net", {"actors", "engine"}},
    {"bench", {}},
};

/// Who may include a library, by the prefix of the header; the paths are prefixes too.
struct Library {
  std::string_view header;
  Names users;
};
const std::vector<Library> kLibraries = {
    {"roaring/", {"engine/"}},
    {"libstemmer.h", {"engine/"}},
    {"utf8proc.h", {"engine/"}},
    {"xxhash.h", {"engine/", "storage/", "bench/"}},
    {"rocksdb/", {"storage/database.cpp"}},
    {"google/protobuf/", {"storage/"}},
    {"storage/record.pb.h", {"storage/"}},
    {"storage/wire.pb.h", {"storage/"}},
    {"zstd.h", {"storage/", "net/"}},
    {"caf/", {"actors/"}},
    {"prometheus/", {"actors/"}},
    {"boost/", {"net/", "bench/"}},
    {"openssl/", {"net/", "bench/"}},
    {"sodium.h", {"net/", "bench/"}},
    {"spdlog/", {"net/"}},
    {"fmt/", {"net/", "bench/"}},
    {"toml++/", {"net/", "bench/"}},
    {"toml.hpp", {"net/", "bench/"}},
    {"CLI/", {"net/", "bench/"}},
    {"zlib.h", {"net/", "bench/"}},
    {"simdjson.h", {"net/", "bench/"}},
    {"vips/", {"net/media/"}},
};

/// Standard headers that would let the world into the engine. A mutex or an atomic is no world:
/// they guard what is computed once and read by many.
const std::set<std::string_view> kImpure = {"barrier",    "condition_variable",
                                            "ctime",      "filesystem",
                                            "fstream",    "future",
                                            "iostream",   "istream",
                                            "latch",      "ostream",
                                            "random",     "semaphore",
                                            "stop_token", "syncstream",
                                            "thread",     "time.h",
                                            "cstdio",     "stdio.h",
                                            "csignal",    "locale"};

const std::set<std::string_view> kStandard = {
    "algorithm",     "atomic",        "mutex",           "shared_mutex", "any",
    "array",         "bit",           "bitset",          "cassert",      "cctype",
    "cerrno",        "cfenv",         "cfloat",          "charconv",     "chrono",
    "cinttypes",     "climits",       "cmath",           "compare",      "complex",
    "concepts",      "coroutine",     "cstdarg",         "cstddef",      "cstdint",
    "cstdlib",       "cstring",       "cwchar",          "cwctype",      "deque",
    "exception",     "execution",     "forward_list",    "functional",   "initializer_list",
    "iomanip",       "iosfwd",        "iterator",        "limits",       "list",
    "map",           "memory",        "memory_resource", "new",          "numbers",
    "numeric",       "optional",      "queue",           "ranges",       "ratio",
    "regex",         "set",           "source_location", "span",         "sstream",
    "stack",         "stdexcept",     "streambuf",       "string",       "string_view",
    "system_error",  "tuple",         "type_traits",     "typeindex",    "typeinfo",
    "unordered_map", "unordered_set", "utility",         "valarray",     "variant",
    "vector",        "version"};

std::string_view folder_of(std::string_view path) {
  return path.substr(0, path.find('/'));
}

bool starts_with_any(std::string_view text, const Names& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return text.starts_with(prefix); });
}

bool is_system(std::string_view header) {
  static const std::set<std::string_view> kSystem = {
      "arpa/inet.h",   "dirent.h",      "errno.h",        "fcntl.h",       "grp.h",
      "linux/fs.h",    "netdb.h",       "netinet/in.h",   "netinet/tcp.h", "poll.h",
      "pthread.h",     "pwd.h",         "sched.h",        "signal.h",      "stdlib.h",
      "string.h",      "strings.h",     "sys/epoll.h",    "sys/file.h",    "sys/ioctl.h",
      "sys/mman.h",    "sys/prctl.h",   "sys/resource.h", "sys/socket.h",  "sys/stat.h",
      "sys/statvfs.h", "sys/time.h",    "sys/times.h",    "sys/types.h",   "sys/uio.h",
      "sys/un.h",      "sys/utsname.h", "sys/wait.h",     "syslog.h",      "termios.h",
      "unistd.h",      "malloc.h",      "cpuid.h",        "execinfo.h",    "ucontext.h"};
  return kSystem.contains(header);
}

/// Value headers that hold no state of the world: vector instructions.
bool is_instruction_set(std::string_view header) {
  return header == "immintrin.h" || header == "arm_neon.h";
}

/// Why `path` may not include `header`; empty if it may.
std::string objection(std::string_view path, std::string_view header) {
  const std::string_view folder = folder_of(path);
  for (const Library& library : kLibraries) {
    if (!header.starts_with(library.header)) continue;
    return starts_with_any(path, library.users) ? "" : "that library is known elsewhere only";
  }
  if (kImpure.contains(header))
    return folder == "engine" ? "the engine knows no clock, chance, thread or I/O" : "";
  if (kStandard.contains(header) || is_instruction_set(header)) return "";
  if (is_system(header)) return folder == "engine" ? "the engine knows no operating system" : "";

  // The coordinator is an interface of storage; etcd, known to net, implements it.
  if (path.starts_with("net/etcd/") && header == "storage/coordinator.hpp") return "";
  // bench/micro and bench/peers measure functions and a node in process; the rest of bench speaks
  // HTTP only.
  if ((path.starts_with("bench/micro/") || path.starts_with("bench/peers/")) &&
      (header.starts_with("engine/") || header.starts_with("actors/")))
    return "";
  // It tells by shard for how long nothing was acknowledged: a key's place is part of the contract.
  if ((path.starts_with("bench/workload.") || path.starts_with("bench/owners.")) &&
      header == "engine/types/shard.hpp")
    return "";
  const std::string_view target = folder_of(header);
  if (!kArrows.contains(target)) return "no such folder or library is in the table";
  if (target == folder || starts_with_any(target, kArrows.at(folder))) return "";
  return "no arrow leads there";
}

}  // namespace

std::vector<std::string> violations(const std::vector<SourceFile>& files) {
  static const std::regex kInclude{R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])"};
  std::vector<std::string> found;
  for (const SourceFile& file : files) {
    if (!kArrows.contains(folder_of(file.path))) continue;
    std::istringstream lines{file.text};
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      std::smatch match;
      if (!std::regex_search(line, match, kInclude)) continue;
      const std::string why = objection(file.path, match[1].str());
      if (why.empty()) continue;
      found.push_back(file.path + ":" + std::to_string(number) + " includes " + match[1].str() +
                      ": " + why);
    }
  }
  return found;
}

}  // namespace souk::test
