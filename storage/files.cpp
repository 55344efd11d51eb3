#include "storage/files.hpp"

#define XXH_INLINE_ALL
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace souk::storage {
namespace {

namespace fs = std::filesystem;
using engine::Errc;
using engine::Error;
using engine::Result;

class Descriptor {
public:
  Descriptor(const fs::path& path, int flags)
      : descriptor_{::open(path.c_str(), flags | O_CLOEXEC, 0644)} {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

private:
  int descriptor_;
};

Result<void> write_all(const Descriptor& file, const fs::path& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("cannot write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

/// Calls `take` with consecutive pieces of a file.
template <class Take>
Result<void> read_pieces(const fs::path& path, Take take) {
  const Descriptor file{path, O_RDONLY};
  if (!file.open()) return file_error("cannot open", path);
  std::vector<char> piece(1U << 20U);
  for (;;) {
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error("cannot read", path);
    if (count == 0) return {};
    const Result<void> taken =
        take(std::string_view{piece.data(), static_cast<std::size_t>(count)});
    if (!taken) return taken.error();
  }
}

}  // namespace

Error file_error(std::string_view what, const fs::path& path) {
  const int reason = errno;
  const Errc code = reason == ENOSPC || reason == EDQUOT ? Errc::disk_full : Errc::storage_failure;
  return Error{
      code,
      std::string{what} + " " + path.string() + ": " + std::generic_category().message(reason),
      {},
      {}};
}

Result<void> create_folder(const fs::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return {};
    return Error{Errc::storage_failure, folder.string() + " is not a folder", {}, {}};
  }
  const fs::path parent = folder.has_parent_path() ? folder.parent_path() : fs::path{"."};
  if (parent != folder) {
    const Result<void> made = create_folder(parent);
    if (!made) return made.error();
  }
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
    return file_error("cannot create folder", folder);
  return sync_folder(parent);
}

Result<void> write_file(const fs::path& file, std::string_view bytes) {
  const fs::path temporary = file.string() + std::string{kTemporarySuffix};
  {
    const Descriptor out{temporary, O_WRONLY | O_CREAT | O_TRUNC};
    if (!out.open()) return file_error("cannot create", temporary);
    const Result<void> written = write_all(out, temporary, bytes);
    if (!written) return written.error();
    if (::fsync(out.get()) != 0) return file_error("cannot sync", temporary);
  }
  if (::rename(temporary.c_str(), file.c_str()) != 0) return file_error("cannot rename to", file);
  return sync_folder(file.parent_path());
}

Result<std::string> read_file(const fs::path& file) {
  std::string bytes;
  const Result<void> read = read_pieces(file, [&](std::string_view piece) -> Result<void> {
    bytes.append(piece);
    return {};
  });
  if (!read) return read.error();
  return bytes;
}

Result<engine::SharedBytes> map_file(const fs::path& file) {
  const Descriptor opened{file, O_RDONLY};
  if (!opened.open()) return file_error("cannot open", file);
  struct stat facts {};
  if (::fstat(opened.get(), &facts) != 0) return file_error("cannot look at", file);
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size == 0) return engine::SharedBytes{};
  void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, opened.get(), 0);
  if (bytes == MAP_FAILED) return file_error("cannot map", file);
  std::shared_ptr<const void> owner{
      bytes, [size](const void* mapped) { ::munmap(const_cast<void*>(mapped), size); }};
  return engine::SharedBytes{std::move(owner), {static_cast<const char*>(bytes), size}};
}

Result<void> sync_file(const fs::path& file) {
  const Descriptor opened{file, O_RDONLY};
  if (!opened.open()) return file_error("cannot open", file);
  if (::fsync(opened.get()) != 0) return file_error("cannot sync", file);
  return {};
}

Result<void> sync_folder(const fs::path& folder) {
  return sync_file(folder.empty() ? fs::path{"."} : folder);
}

Result<void> link_or_copy(const fs::path& from, const fs::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return sync_file(to);
  const Descriptor out{to, O_WRONLY | O_CREAT | O_EXCL};
  if (!out.open()) return file_error("cannot create", to);
  const Result<void> copied =
      read_pieces(from, [&](std::string_view piece) { return write_all(out, to, piece); });
  if (!copied) return copied.error();
  if (::fsync(out.get()) != 0) return file_error("cannot sync", to);
  return {};
}

Result<std::uint64_t> hash_file(const fs::path& file) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  const Result<void> read = read_pieces(file, [&](std::string_view piece) -> Result<void> {
    XXH3_64bits_update(&state, piece.data(), piece.size());
    return {};
  });
  if (!read) return read.error();
  return std::uint64_t{XXH3_64bits_digest(&state)};
}

}  // namespace souk::storage
