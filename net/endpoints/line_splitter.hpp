#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace souk::net {

/// Cuts a stream of pieces into lines, counted from 1. A line that is too long is skipped without
/// being kept.
class LineSplitter {
public:
  explicit LineSplitter(std::size_t bytes_max) : bytes_max_{bytes_max} {}

  struct Line {
    std::uint64_t number = 0;
    std::string_view text;  // without its end; valid until the next call
    bool too_long = false;  // then `text` is empty
  };

  /// The next piece of the stream. Pre: next() has said that there is no line left.
  void feed(std::string_view piece);
  /// The next whole line, if there is one.
  std::optional<Line> next();
  /// At the end of the stream: the last line, if it has no end.
  std::optional<Line> finish();

private:
  void keep(std::string_view part);
  Line make(std::string_view text);

  std::size_t bytes_max_;
  std::string_view piece_;
  std::string begun_;  // the beginning of a line whose end is not there yet
  bool clear_begun_ = false;
  bool too_long_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace souk::net
