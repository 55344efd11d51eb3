#include "storage/segment_store.hpp"

#include <algorithm>
#include <cassert>
#include <system_error>

#include "engine/types/id.hpp"
#include "storage/files.hpp"

namespace souk::storage {
namespace {

namespace fs = std::filesystem;
using engine::Result;

/// Names of the regular files of a folder, sorted; none if there is no such folder.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator at{folder, failed}, end; !failed && at != end; at.increment(failed)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored)) names.push_back(at->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<void> SegmentStore::save(const std::string& name, std::string_view bytes) {
  assert(engine::is_valid_id(name) && name.front() != '.' && !name.ends_with(kTemporarySuffix));
  const Result<void> made = create_folder(folder_);
  if (!made) return made.error();
  return write_file(folder_ / name, bytes);
}

Result<void> SegmentStore::load(
    const std::function<void(const std::string&, engine::SharedBytes)>& visit) const {
  for (const std::string& name : names_in(folder_)) {
    if (name.ends_with(kTemporarySuffix)) continue;
    Result<engine::SharedBytes> bytes = map_file(folder_ / name);
    if (bytes) visit(name, std::move(*bytes));
  }
  return {};
}

Result<void> SegmentStore::keep_only(const std::vector<std::string>& names) {
  for (const std::string& name : names_in(folder_)) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::error_code failed;
    fs::remove(folder_ / name, failed);
    if (failed) {
      return engine::Error{engine::Errc::storage_failure,
                           "cannot remove " + (folder_ / name).string() + ": " + failed.message(),
                           {},
                           {}};
    }
  }
  return {};
}

}  // namespace souk::storage
