#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "net/config.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

using engine::Errc;
using engine::Error;

namespace {

std::string random_key(const char* prefix) {
  unsigned char bytes[24];
  randombytes_buf(bytes, sizeof bytes);
  char text[64];
  sodium_bin2base64(text, sizeof text, bytes, sizeof bytes,
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return std::string{prefix} + text;
}

engine::Result<NodeKeys> read_keys(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::ostringstream text;
  text << in.rdbuf();
  const auto damaged = [&file](std::string detail) {
    return Error{
        Errc::invalid_value, file.string() + " cannot be used: " + std::move(detail), {}, {}};
  };
  if (!in) return damaged("it cannot be read");
  JsonDocument document;
  if (const auto parsed = document.parse(text.str()); !parsed)
    return damaged(parsed.error().detail);
  JsonErrors errors;
  ObjectReader object{document.root(), errors};
  NodeKeys keys{std::string{object.required_string("server_key", 256)},
                std::string{object.required_string("public_key", 256)}};
  if (errors.any()) return damaged(errors.error().detail);
  return keys;
}

engine::Result<void> write_keys(const std::filesystem::path& file, const NodeKeys& keys) {
  std::string text;
  JsonWriter{text}
      .begin_object()
      .field("server_key", keys.server_key)
      .field("public_key", keys.public_key)
      .end_object();
  text += '\n';
  const auto failed = [&file] {
    return Error{Errc::storage_failure,
                 "cannot write " + file.string() + ": " + std::strerror(errno),
                 {},
                 {}};
  };
  const auto temporary = file.string() + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed();
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(temporary.c_str(), file.c_str()) != 0) return failed();
  return {};
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

}  // namespace

engine::Result<NodeKeys> load_keys(const ServeConfig& config) {
  if (config.dev) return NodeKeys{"sk_dev", "pk_dev"};
  NodeKeys keys{environment("SOUK_SERVER_KEY"), environment("SOUK_PUBLIC_KEY")};
  if (!keys.server_key.empty() && !keys.public_key.empty()) return keys;

  const auto file = config.node.data / "keys.json";
  std::error_code ignored;
  NodeKeys stored;
  if (std::filesystem::exists(file, ignored)) {
    auto read = read_keys(file);
    if (!read) return read.error();
    stored = std::move(*read);
  } else {
    stored = {random_key("sk_"), random_key("pk_")};
    if (const auto written = write_keys(file, stored); !written) return written.error();
  }
  if (keys.server_key.empty()) keys.server_key = stored.server_key;
  if (keys.public_key.empty()) keys.public_key = stored.public_key;
  return keys;
}

}  // namespace souk::net
