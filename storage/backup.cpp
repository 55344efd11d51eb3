#include "storage/backup.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/types/id.hpp"
#include "storage/files.hpp"

// The manifest is text, one line per file in order of the names, everything before the last line
// under its checksum:
//
//   souk backup 1
//   <xxh3_64 of the content, 16 hex digits> <bytes> <path below the backup>
//   …
//   end <xxh3_64 of all lines above, 16 hex digits>
namespace souk::storage {
namespace {

namespace fs = std::filesystem;
using engine::Errc;
using engine::Error;
using engine::Result;

constexpr int kManifestVersion = 1;
constexpr std::string_view kManifestPrefix = "souk backup ";
constexpr const char* kManifest = "manifest";

Error failure(Errc code, std::string detail) {
  return Error{code, std::move(detail)};
}
Error failure(const std::string& what, const fs::path& path, const std::error_code& reason) {
  const bool full = reason == std::errc::no_space_on_device;
  return failure(full ? Errc::disk_full : Errc::storage_failure,
                 what + " " + path.string() + ": " + reason.message());
}

std::string hex(std::uint64_t number) {
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; number >>= 4U) text[i] = "0123456789abcdef"[number & 0xFU];
  return text;
}

/// Every regular file below a folder, as sorted relative paths; folders are appended to `folders`
/// if it is given.
Result<std::vector<std::string>> files_below(const fs::path& folder,
                                             std::vector<fs::path>* folders = nullptr) {
  std::vector<std::string> files;
  std::error_code failed;
  for (fs::recursive_directory_iterator at{folder, failed}, end; !failed && at != end;
       at.increment(failed)) {
    if (at->is_directory()) {
      if (folders != nullptr) folders->push_back(at->path());
    } else {
      files.push_back(at->path().lexically_relative(folder).generic_string());
    }
  }
  if (failed) return failure("cannot list", folder, failed);
  std::sort(files.begin(), files.end());
  return files;
}

struct ManifestLine {
  std::uint64_t hash = 0;
  std::uint64_t bytes = 0;
  std::string path;
};

template <class Number>
bool parse_number(std::string_view text, Number& out, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool parse_line(std::string_view text, ManifestLine& line) {
  if (text.size() < 20 || text[16] != ' ' || !parse_number(text.substr(0, 16), line.hash, 16))
    return false;
  text.remove_prefix(17);
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || !parse_number(text.substr(0, space), line.bytes, 10))
    return false;
  line.path = text.substr(space + 1);
  const fs::path path{line.path};
  return !line.path.empty() && path.is_relative() &&
         std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

Result<std::vector<ManifestLine>> read_manifest(const fs::path& backup) {
  const Result<std::string> text = read_file(backup / kManifest);
  if (!text)
    return failure(Errc::invalid_value,
                   backup.string() + " is not a Souk backup: " + text.error().detail);
  const Error damaged =
      failure(Errc::corrupt_record, "the manifest of backup " + backup.string() + " is damaged");

  const std::size_t last = text->rfind("\nend ");
  if (!text->starts_with(kManifestPrefix) || last == std::string::npos) return damaged;
  const std::string_view body = std::string_view{*text}.substr(0, last + 1);
  if (std::string_view{*text}.substr(last + 1) != "end " + hex(engine::hash_key(body)) + "\n")
    return damaged;

  std::vector<ManifestLine> lines;
  std::size_t at = 0;
  for (std::size_t end = body.find('\n'); end != std::string_view::npos;
       at = end + 1, end = body.find('\n', at)) {
    const std::string_view line = body.substr(at, end - at);
    if (at != 0) {
      if (!parse_line(line, lines.emplace_back())) return damaged;
      continue;
    }
    int version = 0;
    if (!parse_number(line.substr(kManifestPrefix.size()), version, 10) || version < 1)
      return damaged;
    if (version > kManifestVersion) {
      return failure(Errc::newer_format,
                     "backup " + backup.string() + " was written by a newer Souk");
    }
  }
  return lines;
}

Result<BackupSize> write_manifest(const fs::path& folder) {
  const Result<std::vector<std::string>> files = files_below(folder);
  if (!files) return files.error();
  BackupSize size;
  std::string text = std::string{kManifestPrefix} + std::to_string(kManifestVersion) + "\n";
  for (const std::string& file : *files) {
    const Result<std::uint64_t> hash = hash_file(folder / file);
    if (!hash) return hash.error();
    std::error_code failed;
    const std::uint64_t bytes = fs::file_size(folder / file, failed);
    if (failed) return failure("cannot read", folder / file, failed);
    text += hex(*hash) + " " + std::to_string(bytes) + " " + file + "\n";
    ++size.files;
    size.bytes += bytes;
  }
  text += "end " + hex(engine::hash_key(text)) + "\n";
  const Result<void> written = write_file(folder / kManifest, text);
  if (!written) return written.error();
  return size;
}

/// Links every file below `from` to the same place below `to`. A file that is deleted meanwhile is
/// left out.
Result<void> link_all(const fs::path& from, const fs::path& to) {
  std::error_code ignored;
  if (!fs::exists(from, ignored)) return {};
  const Result<std::vector<std::string>> files = files_below(from);
  if (!files) return files.error();
  for (const std::string& file : *files) {
    if (file.ends_with(kTemporarySuffix)) continue;
    const Result<void> made = create_folder((to / file).parent_path());
    if (!made) return made.error();
    const Result<void> linked = link_or_copy(from / file, to / file);
    if (!linked && fs::exists(from / file, ignored)) return linked.error();
  }
  return {};
}

Result<void> sync_all(const fs::path& folder) {
  std::vector<fs::path> folders{folder};
  const Result<std::vector<std::string>> files = files_below(folder, &folders);
  if (!files) return files.error();
  for (const std::string& file : *files) {
    const Result<void> synced = sync_file(folder / file);
    if (!synced) return synced.error();
  }
  for (const fs::path& each : folders) {
    const Result<void> synced = sync_folder(each);
    if (!synced) return synced.error();
  }
  return {};
}

/// An empty folder beside `target` to build it in. Errors: invalid_value if the target has
/// something in it.
Result<fs::path> begin_folder(const fs::path& target) {
  std::error_code failed;
  if (fs::exists(target, failed) && !fs::is_empty(target, failed)) {
    return failure(Errc::invalid_value, target.string() + " exists and is not empty");
  }
  if (failed) return failure("cannot look into", target, failed);
  const fs::path folder = target.string() + ".partial";
  fs::remove_all(folder, failed);
  if (failed) return failure("cannot remove", folder, failed);
  const Result<void> made = create_folder(folder);
  if (!made) return made.error();
  return folder;
}

Result<void> finish_folder(const fs::path& folder, const fs::path& target) {
  const Result<void> synced = sync_all(folder);
  if (!synced) return synced.error();
  std::error_code failed;
  fs::rename(folder, target, failed);
  if (failed) return failure("cannot rename to", target, failed);
  return sync_folder(target.parent_path());
}

fs::path without_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

Result<BackupSize> backup(Database& database, const fs::path& segments, const fs::path& wanted) {
  const fs::path target = without_slash(wanted);
  const Result<fs::path> folder = begin_folder(target);
  if (!folder) return folder.error();
  const Result<void> copied = database.checkpoint(*folder);
  if (!copied) return copied.error();
  const Result<void> linked = link_all(segments, *folder / "segments");
  if (!linked) return linked.error();
  const Result<BackupSize> size = write_manifest(*folder);
  if (!size) return size.error();
  const Result<void> finished = finish_folder(*folder, target);
  if (!finished) return finished.error();
  return size;
}

Result<BackupSize> verify_backup(const fs::path& backup) {
  const Result<std::vector<ManifestLine>> lines = read_manifest(backup);
  if (!lines) return lines.error();
  BackupSize size;
  for (const ManifestLine& line : *lines) {
    const fs::path file = backup / line.path;
    std::error_code failed;
    const std::uint64_t bytes = fs::file_size(file, failed);
    if (failed)
      return failure(Errc::corrupt_record, "backup file " + file.string() + " is missing");
    const Result<std::uint64_t> hash = hash_file(file);
    if (!hash) return hash.error();
    if (bytes != line.bytes || *hash != line.hash) {
      return failure(Errc::corrupt_record, "backup file " + file.string() + " is damaged");
    }
    ++size.files;
    size.bytes += bytes;
  }
  return size;
}

Result<BackupSize> restore(const fs::path& backup, const fs::path& wanted) {
  const fs::path target = without_slash(wanted);
  const Result<BackupSize> size = verify_backup(backup);
  if (!size) return size.error();
  const Result<std::vector<ManifestLine>> lines = read_manifest(backup);
  if (!lines) return lines.error();
  const Result<fs::path> folder = begin_folder(target);
  if (!folder) return folder.error();
  for (const ManifestLine& line : *lines) {
    const fs::path to = *folder / line.path;
    const Result<void> made = create_folder(to.parent_path());
    if (!made) return made.error();
    std::error_code failed;
    fs::copy_file(backup / line.path, to, failed);
    if (failed) return failure("cannot copy to", to, failed);
  }
  const Result<void> finished = finish_folder(*folder, target);
  if (!finished) return finished.error();
  return size;
}

}  // namespace souk::storage
