#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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
