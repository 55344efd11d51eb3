#include "net/cli/feed_input.hpp"

#include <unistd.h>
#include <zlib.h>

#include <cstring>

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;

constexpr std::size_t kBlockBytes = 256 * 1024;

gzFile gz(void* file) {
  return static_cast<gzFile>(file);
}

}  // namespace

engine::Result<std::unique_ptr<FeedInput>> FeedInput::open(const std::string& path) {
  gzFile file = nullptr;
  if (path == "-") {
    const int descriptor = ::dup(STDIN_FILENO);
    if (descriptor >= 0) file = gzdopen(descriptor, "rb");
  } else {
    file = gzopen(path.c_str(), "rb");
  }
  if (file == nullptr) return Error{Errc::unavailable, "cannot read the feed " + path, {}, {}};
  gzbuffer(file, kBlockBytes);
  return std::unique_ptr<FeedInput>{new FeedInput{file}};
}

FeedInput::FeedInput(void* file) : file_{file}, buffer_(kBlockBytes) {
}

FeedInput::~FeedInput() {
  gzclose_r(gz(file_));
}

std::uint64_t FeedInput::bytes_read() const {
  const auto offset = gzoffset(gz(file_));
  return offset < 0 ? 0 : static_cast<std::uint64_t>(offset);
}

bool FeedInput::fill() {
  if (failure_) return false;
  const int read = gzread(gz(file_), buffer_.data(), static_cast<unsigned>(buffer_.size()));
  at_ = 0;
  size_ = read > 0 ? static_cast<std::size_t>(read) : 0;
  if (size_ > 0) return true;
  int code = Z_OK;
  const char* message = gzerror(gz(file_), &code);
  if (code == Z_BUF_ERROR) {
    failure_ = Error{
        Errc::malformed_request, "the compressed feed ends in the middle; fetch it again", {}, {}};
  } else if (code != Z_OK && code != Z_STREAM_END) {
    failure_ =
        Error{Errc::malformed_request, "the feed cannot be read: " + std::string{message}, {}, {}};
  }
  return false;
}

bool FeedInput::read_line(std::string& line, bool& too_long) {
  line.clear();
  too_long = false;
  bool any = false;
  while (at_ < size_ || fill()) {
    any = true;
    const char* begin = buffer_.data() + at_;
    const auto* end = static_cast<const char*>(std::memchr(begin, '\n', size_ - at_));
    const auto count = end == nullptr ? size_ - at_ : static_cast<std::size_t>(end - begin);
    if (line.size() + count > kFeedRowBytesMax) too_long = true;
    if (!too_long) line.append(begin, count);
    at_ += count + (end == nullptr ? 0 : 1);
    if (end == nullptr) continue;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return true;
  }
  return any;
}

int CsvReader::get() {
  const int c = input_.get();
  if (c == '\n') ++line_;
  return c;
}

engine::Result<bool> CsvReader::read(std::vector<std::string>& fields) {
  fields.clear();
  while (input_.peek() == '\n' || input_.peek() == '\r') get();
  row_line_ = line_;
  if (input_.peek() == -1) return false;

  std::optional<Error> mistake;
  const auto note = [&](const char* what) {
    if (!mistake) mistake = Error{Errc::malformed_request, what, {}, {}};
  };
  std::string field;
  std::size_t bytes = 0;
  bool quoted = false;  // inside quotes
  bool closed = false;  // behind the closing quote
  for (;;) {
    const int c = get();
    if (c == -1) {
      if (quoted) note("a quote is not closed before the end of the file");
      break;
    }
    if (quoted) {
      if (c == '"' && input_.peek() == '"') {
        get();
      } else if (c == '"') {
        quoted = false;
        closed = true;
        continue;
      }
    } else if (c == separator_) {
      fields.push_back(std::move(field));
      field.clear();
      closed = false;
      continue;
    } else if (c == '\n') {
      break;
    } else if (c == '\r' && (input_.peek() == '\n' || input_.peek() == -1)) {
      continue;
    } else if (c == '"' && field.empty() && !closed) {
      quoted = true;
      continue;
    } else if (closed) {
      note("text follows a closing quote; quotes inside of a field are doubled");
    }
    if (++bytes > kFeedRowBytesMax) {
      note("the row is longer than 16 MiB; is a quote missing?");
      if (quoted) quoted = false;
      field.clear();
    } else {
      field.push_back(static_cast<char>(c));
    }
  }
  fields.push_back(std::move(field));
  if (mistake) return *mistake;
  return true;
}

}  // namespace souk::net
