#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/types/result.hpp"

namespace souk::net {

/// Longest line of a feed and longest row of a CSV file.
inline constexpr std::size_t kFeedRowBytesMax = 16U * 1024 * 1024;

/// The bytes of a feed, gzip or plain whatever its name, read in blocks.
class FeedInput {
public:
  /// `path` "-" is standard input. Errors: unavailable.
  static engine::Result<std::unique_ptr<FeedInput>> open(const std::string& path);
  ~FeedInput();
  FeedInput(const FeedInput&) = delete;
  FeedInput& operator=(const FeedInput&) = delete;

  /// The next byte, or -1 at the end or at a failure.
  int get() { return at_ < size_ || fill() ? static_cast<unsigned char>(buffer_[at_++]) : -1; }
  /// The byte get() would give.
  int peek() { return at_ < size_ || fill() ? static_cast<unsigned char>(buffer_[at_]) : -1; }
  /// Why reading ended early: a truncated or damaged file.
  const std::optional<engine::Error>& failure() const { return failure_; }
  /// Bytes of the file (compressed, if it is) read so far, for progress.
  std::uint64_t bytes_read() const;

  /// A line without its end ("\n" or "\r\n"); false at the end. What is longer than
  /// kFeedRowBytesMax is dropped and `too_long` set.
  bool read_line(std::string& line, bool& too_long);

private:
  explicit FeedInput(void* file);
  bool fill();

  void* file_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  std::optional<engine::Error> failure_;
};

/// Reads CSV as of RFC 4180: fields may be quoted and then hold separators, doubled quotes and line
/// ends.
class CsvReader {
public:
  CsvReader(FeedInput& input, char separator) : input_{input}, separator_{separator} {}

  /// The next row; false at the end. Empty lines are passed over. Errors: malformed_request (a
  /// quote that does not close or is followed by text, a row that is too long); reading goes on
  /// with the next line.
  engine::Result<bool> read(std::vector<std::string>& fields);
  /// Line of the file on which the last row began, from 1.
  std::uint64_t line() const { return row_line_; }

private:
  int get();

  FeedInput& input_;
  char separator_;
  std::uint64_t line_ = 1;
  std::uint64_t row_line_ = 0;
};

}  // namespace souk::net
