#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/types/result.hpp"

namespace souk::net {

enum class Encoding : std::uint8_t { identity, gzip, zstd };
/// The Content-Encoding token: "gzip".
std::string_view to_string(Encoding encoding);

/// Smaller bodies are sent as they are.
inline constexpr std::size_t kCompressBytesMin = 1024;

/// What the client likes best of what we speak: zstd before gzip at equal quality; `q=0` excludes.
Encoding choose_encoding(std::string_view accept_encoding);

/// Compresses at the lowest level into `out` (replaced). False if it did not get smaller. Keeps one
/// context per thread.
bool compress(Encoding encoding, std::string_view body, std::string& out);

/// Compresses a body that is made piece by piece. What a piece made can be read by the receiver at
/// once.
class StreamPacker {
public:
  /// Pre: not identity.
  explicit StreamPacker(Encoding encoding);
  ~StreamPacker();
  StreamPacker(const StreamPacker&) = delete;
  StreamPacker& operator=(const StreamPacker&) = delete;

  /// Appends the packed piece.
  void pack(std::string_view piece, std::string& out);
  /// Appends the end of the stream; nothing may follow.
  void finish(std::string& out);

private:
  struct Content;
  void run(std::string_view piece, bool last, std::string& out);
  std::unique_ptr<Content> content_;
};

/// What a Content-Encoding header names; nothing if it is none of ours.
std::optional<Encoding> parse_encoding(std::string_view content_encoding);

/// Decompresses a zstd stream piece by piece.
class ZstdReader {
public:
  ZstdReader();
  ~ZstdReader();
  ZstdReader(const ZstdReader&) = delete;
  ZstdReader& operator=(const ZstdReader&) = delete;

  /// As GzipReader's.
  engine::Result<void> decode(std::string_view piece, std::string& out);
  bool complete() const;

private:
  struct Content;
  std::unique_ptr<Content> content_;
};

/// Decompresses a gzip stream piece by piece.
class GzipReader {
public:
  GzipReader();
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  /// Appends what the piece decodes to. Errors: malformed_request.
  engine::Result<void> decode(std::string_view piece, std::string& out);
  /// True once the last member ended: a body that ends earlier was cut.
  bool complete() const;

private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace souk::net
