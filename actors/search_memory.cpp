#include "actors/search_memory.hpp"

#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include "engine/text/analyzer.hpp"
#include "storage/files.hpp"

namespace souk::actors {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

constexpr std::chrono::hours kHalfLife{7 * 24};
constexpr seconds kSaveEvery{30};
constexpr int kFadesMax = 64;  // nothing is left then

/// When the counts were halved last, in a line before what PastQueries encodes.
std::string with_time(system_clock::time_point faded, const std::string& queries) {
  const auto since = std::chrono::duration_cast<seconds>(faded.time_since_epoch()).count();
  return std::to_string(since) + '\n' + queries;
}

}  // namespace

std::vector<engine::SuggestedQuery> SearchMemory::past(
    const engine::SuggestRequest& request) const {
  if (!request.wants(engine::SuggestionType::query)) return {};
  const std::string beginning = engine::normalize_value(request.q);
  const std::lock_guard lock{mutex_};
  return past_.begin_with(beginning, engine::kSuggestedQueriesMax);
}

void SearchMemory::open(const std::filesystem::path& file, system_clock::time_point now) {
  std::error_code ignored;
  const bool there = std::filesystem::exists(file, ignored);
  const auto text = there ? storage::read_file(file) : engine::Result<std::string>{std::string{}};
  const std::lock_guard lock{mutex_};
  file_ = file;
  faded_ = saved_ = now;
  if (!text) return;
  const std::size_t line = text->find('\n');
  if (line == std::string::npos) return;
  if (!past_.decode(std::string_view{*text}.substr(line + 1))) return;
  const seconds since{std::strtoll(text->c_str(), nullptr, 10)};
  const system_clock::time_point faded{std::chrono::duration_cast<system_clock::duration>(since)};
  // Later than now: the clock was wrong then, or is.
  if (faded <= now) faded_ = faded;
}

void SearchMemory::keep(system_clock::time_point now) {
  {
    const std::lock_guard lock{mutex_};
    if (file_.empty()) return;
    for (int i = 0; now - faded_ >= kHalfLife; ++i) {
      if (i == kFadesMax) faded_ = now - kHalfLife;
      past_.fade();
      faded_ += kHalfLife;
      changed_ = true;
    }
    if (!changed_ || now - saved_ < kSaveEvery) return;
    saved_ = now;
  }
  save();
}

void SearchMemory::save() {
  const std::lock_guard one{saving_};
  std::string text;
  std::filesystem::path file;
  {
    const std::lock_guard lock{mutex_};
    if (file_.empty() || !changed_) return;
    text = with_time(faded_, past_.encode());
    file = file_;
    changed_ = false;
  }
  if (storage::write_file(file, text)) return;
  const std::lock_guard lock{mutex_};
  changed_ = true;
}

}  // namespace souk::actors
