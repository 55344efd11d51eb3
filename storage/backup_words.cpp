#include "storage/backup_words.hpp"

#include <utility>

#include "storage/cluster_facts.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;
using engine::ShardId;

constexpr std::uint8_t kVersion = 1;

template <class Number>
void put(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xFFU));
}
void put_shard(std::string& out, ShardId shard) {
  put(out, static_cast<std::uint8_t>(shard.service));
  put(out, shard.number);
}

/// Takes from the front; whatever is taken after the end is zero, and the end is remembered.
class Reader {
public:
  explicit Reader(std::string_view bytes) : left_{bytes} {}

  template <class Number>
  Number number() {
    const std::string_view bytes = text(sizeof(Number));
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      number |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return static_cast<Number>(number);
  }
  std::string_view text(std::size_t size) {
    if (size > left_.size()) {
      broken_ = true;
      left_ = {};
      return {};
    }
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  ShardId shard() {
    const auto service = number<std::uint8_t>();
    broken_ = broken_ || service < 1 || service > 2;
    return {static_cast<engine::Service>(service), number<std::uint16_t>()};
  }
  std::string_view rest() { return text(left_.size()); }
  bool broken() const { return broken_; }
  bool ended() const { return left_.empty(); }
  void refuse() { broken_ = true; }

private:
  std::string_view left_;
  bool broken_ = false;
};

Error damaged() {
  return Error{Errc::corrupt_record, "a message about a backup is damaged", {}, {}};
}
Result<void> check_version(Reader& in) {
  const auto version = in.number<std::uint8_t>();
  if (in.broken() || version == 0) return damaged();
  if (version > kVersion) {
    return Error{Errc::newer_format,
                 "a message about a backup is of a version that this program cannot read",
                 {},
                 {}};
  }
  return {};
}

}  // namespace

std::string encode_backup_ask(const BackupAsk& ask) {
  std::string out;
  put(out, kVersion);
  put(out, static_cast<std::uint8_t>(ask.step));
  put(out, ask.run);
  put(out, ask.offset);
  put(out, ask.milliseconds);
  put(out, static_cast<std::uint8_t>(ask.part));
  put(out, static_cast<std::uint16_t>(ask.shards.size()));
  for (const ShardId shard : ask.shards) put_shard(out, shard);
  return out;
}

std::string encode_backup_told(const BackupTold& told) {
  std::string out;
  put(out, kVersion);
  put(out, static_cast<std::uint8_t>(told.last ? 1 : 0));
  put(out, static_cast<std::uint16_t>(told.cuts.size()));
  for (const BackupCutTold& cut : told.cuts) {
    put_shard(out, cut.shard);
    put(out, cut.state);
    put(out, cut.position);
    put(out, cut.state_hash);
    const std::string configuration =
        cut.configuration.primary ? encode_configuration(cut.configuration) : std::string{};
    put(out, static_cast<std::uint32_t>(configuration.size()));
    out += configuration;
  }
  out += told.bytes;
  return out;
}

Result<BackupAsk> decode_backup_ask(std::string_view bytes) {
  Reader in{bytes};
  if (const auto known = check_version(in); !known) return known.error();
  BackupAsk ask;
  const auto step = in.number<std::uint8_t>();
  ask.step = static_cast<BackupStep>(step);
  ask.run = in.number<std::uint64_t>();
  ask.offset = in.number<std::uint64_t>();
  ask.milliseconds = in.number<std::uint32_t>();
  const auto part = in.number<std::uint8_t>();
  ask.part = static_cast<BackupPart>(part);
  const auto count = in.number<std::uint16_t>();
  for (std::size_t i = 0; i < count && !in.broken(); ++i) ask.shards.push_back(in.shard());
  if (in.broken() || !in.ended() || step < 1 || step > 5 || part < 1 || part > 2) return damaged();
  return ask;
}

Result<BackupTold> decode_backup_told(std::string_view bytes) {
  Reader in{bytes};
  if (const auto known = check_version(in); !known) return known.error();
  BackupTold told;
  const auto last = in.number<std::uint8_t>();
  if (last > 1) in.refuse();
  told.last = last == 1;
  const auto count = in.number<std::uint16_t>();
  for (std::size_t i = 0; i < count && !in.broken(); ++i) {
    BackupCutTold cut;
    cut.shard = in.shard();
    cut.state = in.number<engine::Position>();
    cut.position = in.number<engine::Position>();
    cut.state_hash = in.number<std::uint64_t>();
    const std::string_view configuration = in.text(in.number<std::uint32_t>());
    if (in.broken()) break;
    if (!configuration.empty()) {
      auto decoded = decode_configuration(configuration_name(cut.shard), configuration);
      if (!decoded) return decoded.error();
      cut.configuration = std::move(*decoded);
    }
    told.cuts.push_back(std::move(cut));
  }
  if (in.broken()) return damaged();
  told.bytes = in.rest();
  return told;
}

}  // namespace souk::storage
