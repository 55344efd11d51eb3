#include "net/http/compression.hpp"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <optional>

namespace souk::net {

namespace {

struct Deflater {
  z_stream stream{};
  Deflater() {
    // 15 + 16: gzip framing.
    [[maybe_unused]] const int made =
        deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    assert(made == Z_OK);
  }
  ~Deflater() { deflateEnd(&stream); }
};

struct ZstdContext {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ~ZstdContext() { ZSTD_freeCCtx(context); }
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "0.8" -> 800; a weight that cannot be read counts as 0.
int quality(std::string_view params) {
  while (!params.empty()) {
    const auto end = params.find(';');
    const auto param = trim(params.substr(0, end));
    params = end == std::string_view::npos ? std::string_view{} : params.substr(end + 1);
    if (param.size() < 3 || (param[0] != 'q' && param[0] != 'Q') || param[1] != '=') continue;
    const std::string value{param.substr(2)};
    return static_cast<int>(std::strtod(value.c_str(), nullptr) * 1000);
  }
  return 1000;
}

}  // namespace

std::string_view to_string(Encoding encoding) {
  switch (encoding) {
    case Encoding::identity:
      return "identity";
    case Encoding::gzip:
      return "gzip";
    case Encoding::zstd:
      return "zstd";
  }
  return "identity";
}

Encoding choose_encoding(std::string_view accept) {
  int gzip = -1;
  int zstd = -1;
  int any = 0;
  while (!accept.empty()) {
    const auto end = accept.find(',');
    const auto item = accept.substr(0, end);
    accept = end == std::string_view::npos ? std::string_view{} : accept.substr(end + 1);
    const auto semicolon = item.find(';');
    const auto name = trim(item.substr(0, semicolon));
    const int weight =
        semicolon == std::string_view::npos ? 1000 : quality(item.substr(semicolon + 1));
    if (name == "gzip" || name == "x-gzip") gzip = weight;
    if (name == "zstd") zstd = weight;
    if (name == "*") any = weight;
  }
  if (gzip < 0) gzip = any;
  if (zstd < 0) zstd = any;
  if (zstd > 0 && zstd >= gzip) return Encoding::zstd;
  return gzip > 0 ? Encoding::gzip : Encoding::identity;
}

bool compress(Encoding encoding, std::string_view body, std::string& out) {
  if (encoding == Encoding::zstd) {
    thread_local ZstdContext zstd;
    out.resize(ZSTD_compressBound(body.size()));
    const auto size =
        ZSTD_compressCCtx(zstd.context, out.data(), out.size(), body.data(), body.size(), 1);
    if (ZSTD_isError(size) != 0 || size >= body.size()) return false;
    out.resize(size);
    return true;
  }
  if (encoding == Encoding::gzip) {
    thread_local Deflater deflater;
    auto& stream = deflater.stream;
    deflateReset(&stream);
    out.resize(body.size());
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
    stream.avail_in = static_cast<uInt>(body.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    // Not finished in as many bytes as the body has: not worth sending.
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) return false;
    out.resize(std::min<std::size_t>(stream.total_out, out.size()));
    return true;
  }
  return false;
}

struct StreamPacker::Content {
  std::optional<Deflater> gzip;
  std::optional<ZstdContext> zstd;
};

StreamPacker::StreamPacker(Encoding encoding) : content_{std::make_unique<Content>()} {
  assert(encoding != Encoding::identity);
  if (encoding == Encoding::gzip) {
    content_->gzip.emplace();
  } else {
    content_->zstd.emplace();
    ZSTD_CCtx_setParameter(content_->zstd->context, ZSTD_c_compressionLevel, 1);
  }
}

StreamPacker::~StreamPacker() = default;

void StreamPacker::pack(std::string_view piece, std::string& out) {
  if (!piece.empty()) run(piece, false, out);
}

void StreamPacker::finish(std::string& out) {
  run({}, true, out);
}

void StreamPacker::run(std::string_view piece, bool last, std::string& out) {
  constexpr std::size_t kRoom = 16U << 10U;
  if (content_->gzip) {
    z_stream& stream = content_->gzip->stream;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream.avail_in = static_cast<uInt>(piece.size());
    do {
      const auto size = out.size();
      out.resize(size + kRoom);
      stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
      stream.avail_out = kRoom;
      deflate(&stream, last ? Z_FINISH : Z_SYNC_FLUSH);
      out.resize(size + kRoom - stream.avail_out);
    } while (stream.avail_out == 0);
    return;
  }
  ZSTD_inBuffer in{piece.data(), piece.size(), 0};
  std::size_t left = 0;
  do {
    const auto size = out.size();
    out.resize(size + kRoom);
    ZSTD_outBuffer room{out.data() + size, kRoom, 0};
    left =
        ZSTD_compressStream2(content_->zstd->context, &room, &in, last ? ZSTD_e_end : ZSTD_e_flush);
    assert(ZSTD_isError(left) == 0);
    out.resize(size + room.pos);
  } while (left != 0);
}

std::optional<Encoding> parse_encoding(std::string_view content_encoding) {
  if (content_encoding.empty() || content_encoding == "identity") return Encoding::identity;
  if (content_encoding == "gzip" || content_encoding == "x-gzip") return Encoding::gzip;
  if (content_encoding == "zstd") return Encoding::zstd;
  return std::nullopt;
}

struct ZstdReader::Content {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  bool ended = false;  // after a frame; another may follow
  ~Content() { ZSTD_freeDCtx(context); }
};

ZstdReader::ZstdReader() : content_{std::make_unique<Content>()} {
  // A client must not make us remember more than this of its stream.
  ZSTD_DCtx_setParameter(content_->context, ZSTD_d_windowLogMax, 23);
}

ZstdReader::~ZstdReader() = default;

engine::Result<void> ZstdReader::decode(std::string_view piece, std::string& out) {
  ZSTD_inBuffer in{piece.data(), piece.size(), 0};
  char buffer[64U << 10U];
  bool full = false;
  while (in.pos < in.size || full) {
    ZSTD_outBuffer room{buffer, sizeof buffer, 0};
    const auto left = ZSTD_decompressStream(content_->context, &room, &in);
    if (ZSTD_isError(left) != 0)
      return engine::Error{engine::Errc::malformed_request, "the body is not valid zstd", {}, {}};
    out.append(buffer, room.pos);
    full = room.pos == room.size && left != 0;
    content_->ended = left == 0;
  }
  return {};
}

bool ZstdReader::complete() const {
  return content_->ended;
}

struct GzipReader::Content {
  z_stream stream{};
  bool ended = false;  // after a member's trailer; another member may follow
};

GzipReader::GzipReader() : content_{std::make_unique<Content>()} {
  [[maybe_unused]] const int made = inflateInit2(&content_->stream, 15 + 16);
  assert(made == Z_OK);
}

GzipReader::~GzipReader() {
  inflateEnd(&content_->stream);
}

engine::Result<void> GzipReader::decode(std::string_view piece, std::string& out) {
  auto& stream = content_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  stream.avail_in = static_cast<uInt>(piece.size());
  char buffer[64U << 10U];
  while (stream.avail_in > 0) {
    if (content_->ended) {
      inflateReset(&stream);
      content_->ended = false;
    }
    do {
      stream.next_out = reinterpret_cast<Bytef*>(buffer);
      stream.avail_out = sizeof buffer;
      const int result = inflate(&stream, Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return engine::Error{engine::Errc::malformed_request, "the body is not valid gzip", {}, {}};
      out.append(buffer, sizeof buffer - stream.avail_out);
      if (result == Z_STREAM_END) {
        content_->ended = true;
        break;
      }
    } while (stream.avail_out == 0);
    if (!content_->ended) break;
  }
  return {};
}

bool GzipReader::complete() const {
  return content_->ended;
}

}  // namespace souk::net
