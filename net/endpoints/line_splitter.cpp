#include "net/endpoints/line_splitter.hpp"

#include <cassert>

namespace souk::net {

void LineSplitter::feed(std::string_view piece) {
  assert(piece_.empty());
  piece_ = piece;
}

std::optional<LineSplitter::Line> LineSplitter::next() {
  if (clear_begun_) begun_.clear();
  clear_begun_ = false;
  const auto end = piece_.find('\n');
  const std::string_view part = piece_.substr(0, end);
  if (end == std::string_view::npos) {
    keep(part);
    piece_ = {};
    return std::nullopt;
  }
  piece_.remove_prefix(end + 1);
  if (begun_.empty() && !too_long_ && part.size() <= bytes_max_) return make(part);
  keep(part);
  return make(begun_);
}

std::optional<LineSplitter::Line> LineSplitter::finish() {
  if (clear_begun_) begun_.clear();
  clear_begun_ = false;
  if (begun_.empty() && !too_long_) return std::nullopt;
  return make(begun_);
}

void LineSplitter::keep(std::string_view part) {
  if (too_long_) return;
  too_long_ = begun_.size() + part.size() > bytes_max_;
  if (too_long_) {
    begun_.clear();
    begun_.shrink_to_fit();
  } else {
    begun_.append(part);
  }
}

LineSplitter::Line LineSplitter::make(std::string_view text) {
  Line line{++number_, text, too_long_};
  if (line.text.ends_with('\r')) line.text.remove_suffix(1);
  too_long_ = false;
  clear_begun_ = true;
  return line;
}

}  // namespace souk::net
