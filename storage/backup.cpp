#include "storage/backup.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/types/id.hpp"
#include "storage/backup_journal.hpp"
#include "storage/checkpoint.hpp"
#include "storage/cluster_facts.hpp"
#include "storage/files.hpp"

namespace souk::storage {
namespace {

namespace fs = std::filesystem;
using engine::Errc;
using engine::Error;
using engine::Position;
using engine::Result;
using engine::ShardId;

constexpr int kManifestVersion = 2;
constexpr std::string_view kManifestPrefix = "souk backup ";
constexpr const char* kManifest = "manifest";
constexpr const char* kRules = "rules";
constexpr std::size_t kRecordsAtOnce = 4U << 20U;

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

struct FileLine {
  std::uint64_t hash = 0;
  std::uint64_t bytes = 0;
  std::string name;
};
struct Manifest {
  BackupManifest told;
  std::vector<FileLine> files;
};

template <class Number>
bool parse_number(std::string_view text, Number& out, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

/// The words of a line, one space between two.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t space = line.find(' ');
    words.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return words;
    line.remove_prefix(space + 1);
  }
}

bool parse_shard(const std::vector<std::string_view>& words, ShardCut& cut) {
  if (words.size() != 8) return false;
  const auto shard = shard_named(words[1]);
  if (!shard) return false;
  cut.shard.shard = *shard;
  return parse_number(words[2], cut.shard.first_slot, 10) &&
         parse_number(words[3], cut.shard.last_slot, 10) &&
         parse_number(words[4], cut.shard.map_version, 10) &&
         parse_number(words[5], cut.shard.epoch, 10) && parse_number(words[6], cut.position, 10) &&
         words[7].size() == 16 && parse_number(words[7], cut.state_hash, 16);
}

bool parse_file(const std::vector<std::string_view>& words, FileLine& file) {
  if (words.size() != 4 || words[1].size() != 16) return false;
  file.name = words[3];
  return parse_number(words[1], file.hash, 16) && parse_number(words[2], file.bytes, 10) &&
         !file.name.empty() && file.name.find('/') == std::string::npos && file.name != "..";
}

bool parse_line(std::string_view line, Manifest& manifest) {
  const auto words = words_of(line);
  if (words.front() == "time" && words.size() == 2) {
    std::int64_t time = 0;
    if (!parse_number(words[1], time, 10)) return false;
    manifest.told.time = engine::Timestamp{time};
    return true;
  }
  if (words.front() == "shard") return parse_shard(words, manifest.told.shards.emplace_back());
  if (words.front() == "file") return parse_file(words, manifest.files.emplace_back());
  return false;
}

Result<void> check_version(const fs::path& backup, std::string_view line) {
  int version = 0;
  if (!parse_number(line.substr(kManifestPrefix.size()), version, 10) || version < 1)
    return failure(Errc::corrupt_record, (backup / kManifest).string() + " is damaged");
  if (version > kManifestVersion) {
    return failure(Errc::newer_format, "backup " + backup.string() +
                                           " was written by a newer Souk (format " +
                                           std::to_string(version) + ", this program reads " +
                                           std::to_string(kManifestVersion) + ")");
  }
  if (version < kManifestVersion) {
    return failure(Errc::invalid_value,
                   "backup " + backup.string() +
                       " is the copy of one node that an older Souk made (format 1); restore it "
                       "with that version and back up again");
  }
  return {};
}

Result<Manifest> read_manifest(const fs::path& backup) {
  const Result<std::string> text = read_file(backup / kManifest);
  if (!text) {
    return failure(Errc::invalid_value, backup.string() +
                                            " is no finished backup: it has no manifest (" +
                                            text.error().detail + ")");
  }
  const Error damaged =
      failure(Errc::corrupt_record, (backup / kManifest).string() + " is damaged");
  if (!text->starts_with(kManifestPrefix)) return damaged;
  // The version first: of what is newer nothing else is known.
  const std::string_view first = std::string_view{*text}.substr(0, text->find('\n'));
  if (const auto known = check_version(backup, first); !known) return known.error();
  const std::size_t last = text->rfind("\nend ");
  if (last == std::string::npos) return damaged;
  const std::string_view body = std::string_view{*text}.substr(0, last + 1);
  if (std::string_view{*text}.substr(last + 1) != "end " + hex(engine::hash_key(body)) + "\n")
    return damaged;
  Manifest manifest;
  std::size_t at = first.size() + 1;
  for (std::size_t end = body.find('\n', at); end != std::string_view::npos;
       at = end + 1, end = body.find('\n', at)) {
    if (!parse_line(body.substr(at, end - at), manifest)) return damaged;
  }
  std::vector<engine::cluster::Configuration> shards;
  for (const ShardCut& cut : manifest.told.shards) shards.push_back(cut.shard);
  if (const auto map = map_of(shards); !map) return damaged;
  return manifest;
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

fs::path without_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

std::string state_name(ShardId shard) {
  return shard.name() + ".state";
}
std::string journal_name(ShardId shard) {
  return shard.name() + ".journal";
}

/// Where the state in a backup's folder stands; nothing of it was there: position 0.
Result<engine::cluster::Mark> state_in(const fs::path& folder, ShardId shard) {
  std::error_code failed;
  const fs::path file = folder / state_name(shard);
  if (!fs::exists(file, failed)) return engine::cluster::Mark{};
  return verify_checkpoint(file, shard);
}

/// The two files of a shard make one story that ends at the cut.
Result<engine::cluster::Mark> check_shard(const fs::path& folder, const ShardCut& cut) {
  const ShardId shard = cut.shard.shard;
  const auto state = state_in(folder, shard);
  if (!state) {
    return failure(state.error().code,
                   (folder / state_name(shard)).string() + ": " + state.error().detail);
  }
  const auto span = verify_journal_file(folder / journal_name(shard), shard);
  if (!span) return span.error();
  if (span->after != state->position || span->upto != cut.position) {
    return failure(Errc::corrupt_record, (folder / journal_name(shard)).string() +
                                             " does not go from position " +
                                             std::to_string(state->position) + " to the cut at " +
                                             std::to_string(cut.position));
  }
  return state;
}

}  // namespace

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

BackupWriter::BackupWriter(fs::path target, fs::path folder)
    : target_{std::move(target)}, folder_{std::move(folder)} {
}
BackupWriter::BackupWriter(BackupWriter&& other) noexcept
    : target_{std::move(other.target_)}, folder_{std::exchange(other.folder_, {})} {
}

BackupWriter::~BackupWriter() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

Result<BackupWriter> BackupWriter::begin(const fs::path& wanted) {
  fs::path target = without_slash(wanted);
  auto folder = begin_folder(target);
  if (!folder) return folder.error();
  return BackupWriter{std::move(target), std::move(*folder)};
}

fs::path BackupWriter::state_file(ShardId shard) const {
  return folder_ / state_name(shard);
}
fs::path BackupWriter::journal_file(ShardId shard) const {
  return folder_ / journal_name(shard);
}
fs::path BackupWriter::rules_file() const {
  return folder_ / kRules;
}

Result<BackupSize> BackupWriter::finish(engine::Timestamp time,
                                        const std::vector<ShardCut>& shards) {
  BackupSize size;
  std::string text = std::string{kManifestPrefix} + std::to_string(kManifestVersion) + "\ntime " +
                     std::to_string(time.microseconds()) + "\n";
  std::string files;
  const auto add_file = [&](const std::string& name) -> Result<void> {
    std::error_code failed;
    if (!fs::exists(folder_ / name, failed)) return {};
    const Result<std::uint64_t> hash = hash_file(folder_ / name);
    if (!hash) return hash.error();
    const std::uint64_t bytes = fs::file_size(folder_ / name, failed);
    if (failed) return failure("cannot read", folder_ / name, failed);
    files += "file " + hex(*hash) + " " + std::to_string(bytes) + " " + name + "\n";
    ++size.files;
    size.bytes += bytes;
    return {};
  };
  for (const ShardCut& cut : shards) {
    if (const auto checked = check_shard(folder_, cut); !checked) return checked.error();
    const auto& shard = cut.shard;
    text += "shard " + shard.shard.name() + " " + std::to_string(shard.first_slot) + " " +
            std::to_string(shard.last_slot) + " " + std::to_string(shard.map_version) + " " +
            std::to_string(shard.epoch) + " " + std::to_string(cut.position) + " " +
            hex(cut.state_hash) + "\n";
    for (const std::string& name : {state_name(shard.shard), journal_name(shard.shard)}) {
      if (const auto added = add_file(name); !added) return added.error();
    }
  }
  if (const auto added = add_file(kRules); !added) return added.error();
  text += files;
  text += "end " + hex(engine::hash_key(text)) + "\n";
  if (const auto written = write_file(folder_ / kManifest, text); !written) return written.error();
  if (const auto finished = finish_folder(folder_, target_); !finished) return finished.error();
  folder_.clear();
  return size;
}

Result<BackupManifest> verify_backup(const fs::path& wanted) {
  const fs::path backup = without_slash(wanted);
  Result<Manifest> manifest = read_manifest(backup);
  if (!manifest) return manifest.error();
  BackupSize& size = manifest->told.size;
  for (const FileLine& line : manifest->files) {
    const fs::path file = backup / line.name;
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
  return std::move(manifest->told);
}

Result<std::string> rules_in(const fs::path& wanted) {
  const fs::path file = without_slash(wanted) / kRules;
  std::error_code failed;
  if (!fs::exists(file, failed)) return std::string{};
  return read_file(file);
}

Result<void> restore_shard(const fs::path& backup, const ShardCut& cut, Database& database,
                           Journal& journal) {
  const ShardId shard = cut.shard.shard;
  const auto state = check_shard(backup, cut);
  if (!state) return state.error();
  if (const auto empty = journal.recovered(shard); !empty) return empty.error();
  if (state->position > 0) {
    const auto installed =
        install_checkpoint(backup / state_name(shard), shard, *state, database, journal);
    if (!installed) return installed;
  }
  JournalWrite write;
  write.shard = shard;
  std::size_t bytes = 0;
  const auto put = [&]() -> Result<void> {
    write.epoch = cut.shard.epoch;
    // Everything up to the cut was committed by the cluster it comes from.
    write.committed = write.records.empty() ? state->position : write.records.back().position;
    const auto written = journal.write({&write, 1}, Durability::synced);
    write.records.clear();
    bytes = 0;
    return written;
  };
  const auto read = read_journal_file(backup / journal_name(shard),
                                      [&](engine::cluster::Record record) -> Result<void> {
                                        bytes += record.size();
                                        write.records.push_back(std::move(record));
                                        return bytes < kRecordsAtOnce ? Result<void>{} : put();
                                      });
  if (!read) return read;
  return write.records.empty() ? Result<void>{} : put();
}

}  // namespace souk::storage
