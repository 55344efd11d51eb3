#include "storage/backup_journal.hpp"

#include <xxhash.h>

#include <array>
#include <fstream>
#include <memory>
#include <utility>

#include "storage/files.hpp"
#include "storage/record.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Error;
using engine::Position;
using engine::Result;
using engine::ShardId;
using engine::cluster::Record;

constexpr std::string_view kMagic = "SKJR";
constexpr unsigned char kVersion = 1;
constexpr std::size_t kHeadBytes = 4 + 1 + 1 + 2 + 8 + 8;
constexpr std::size_t kRecordHeadBytes = 8 + 8 + 4 + 4;

template <class Number>
void put_number(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xFFU));
}

template <class Number>
Number get_number(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    number |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return static_cast<Number>(number);
}

XXH3_state_t* state_of(void* checksum) {
  return static_cast<XXH3_state_t*>(checksum);
}

Error damaged(const std::filesystem::path& file) {
  return Error{Errc::corrupt_record, "journal file " + file.string() + " is damaged", {}, {}};
}

}  // namespace

JournalSource::JournalSource(const Journal& journal, ShardId shard, Position after, Position upto)
    : journal_{journal}, shard_{shard}, upto_{upto}, after_{after}, checksum_{XXH3_createState()} {
  XXH3_64bits_reset(state_of(checksum_));
}

JournalSource::~JournalSource() {
  XXH3_freeState(state_of(checksum_));
}

Result<void> JournalSource::next(std::string& into, std::size_t bytes_max) {
  if (ended_) return {};
  const std::size_t begin = into.size();
  if (!std::exchange(begun_, true)) {
    into += kMagic;
    into.push_back(static_cast<char>(kVersion));
    into.push_back(static_cast<char>(shard_.service));
    put_number(into, shard_.number);
    put_number(into, after_);
    put_number(into, upto_);
  }
  while (after_ < upto_ && into.size() - begin < bytes_max) {
    auto part = journal_.read_from(shard_, after_ + 1, bytes_max);
    if (!part) return part.error();
    if (part->trimmed || part->records.empty()) {
      return Error{Errc::unavailable, shard_.name() + ": the journal begins later by now", {}, {}};
    }
    for (const Record& record : part->records) {
      if (record.position > upto_) break;
      put_number(into, record.position);
      put_number(into, record.epoch);
      put_number(into, record.crc);
      put_number(into, static_cast<std::uint32_t>(record.payload->size()));
      into += *record.payload;
      after_ = record.position;
    }
  }
  XXH3_64bits_update(state_of(checksum_), into.data() + begin, into.size() - begin);
  if (after_ >= upto_) {
    put_number(into, XXH3_64bits_digest(state_of(checksum_)));
    ended_ = true;
  }
  return {};
}

Result<JournalSpan> verify_journal_file(const std::filesystem::path& file, ShardId shard) {
  std::error_code failed;
  const std::uint64_t bytes = std::filesystem::file_size(file, failed);
  if (failed || bytes < kHeadBytes + 8) return damaged(file);
  std::ifstream in{file, std::ios::binary};
  std::string head(kHeadBytes, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  const std::string_view view{head};
  if (!in || !view.starts_with(kMagic)) return damaged(file);
  if (static_cast<unsigned char>(view[4]) != kVersion) {
    return Error{Errc::newer_format,
                 "journal file " + file.string() + " is of a version that this program cannot read",
                 {},
                 {}};
  }
  const ShardId of{static_cast<engine::Service>(view[5]),
                   get_number<std::uint16_t>(view.substr(6))};
  if (of != shard) {
    return Error{Errc::invalid_value,
                 "journal file " + file.string() + " is of " + of.name() + ", not " + shard.name(),
                 {},
                 {}};
  }
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> sum{XXH3_createState(),
                                                                            XXH3_freeState};
  XXH3_64bits_reset(sum.get());
  XXH3_64bits_update(sum.get(), head.data(), head.size());
  std::string piece(1U << 20U, '\0');
  for (std::uint64_t left = bytes - kHeadBytes - 8; left > 0;) {
    const auto want = static_cast<std::streamsize>(std::min<std::uint64_t>(left, piece.size()));
    in.read(piece.data(), want);
    if (in.gcount() != want) return damaged(file);
    XXH3_64bits_update(sum.get(), piece.data(), static_cast<std::size_t>(want));
    left -= static_cast<std::uint64_t>(want);
  }
  std::string tail(8, '\0');
  in.read(tail.data(), 8);
  if (!in || get_number<std::uint64_t>(tail) != XXH3_64bits_digest(sum.get())) return damaged(file);
  return JournalSpan{get_number<Position>(view.substr(8)), get_number<Position>(view.substr(16))};
}

Result<void> read_journal_file(const std::filesystem::path& file,
                               const std::function<Result<void>(Record)>& visit) {
  std::ifstream in{file, std::ios::binary};
  std::string head(kHeadBytes, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (!in) return damaged(file);
  Position at = get_number<Position>(std::string_view{head}.substr(8));
  const auto upto = get_number<Position>(std::string_view{head}.substr(16));
  while (at < upto) {
    std::array<char, kRecordHeadBytes> bytes{};
    in.read(bytes.data(), bytes.size());
    if (!in) return damaged(file);
    const std::string_view view{bytes.data(), bytes.size()};
    Record record;
    record.position = get_number<Position>(view);
    record.epoch = get_number<engine::Epoch>(view.substr(8));
    record.crc = get_number<std::uint32_t>(view.substr(16));
    const auto length = get_number<std::uint32_t>(view.substr(20));
    if (record.position != at + 1 || length > kPayloadMax) return damaged(file);
    std::string payload(length, '\0');
    in.read(payload.data(), static_cast<std::streamsize>(length));
    if (!in || payload_checksum(payload) != record.crc) return damaged(file);
    record.payload = std::make_shared<const std::string>(std::move(payload));
    at = record.position;
    if (const auto visited = visit(std::move(record)); !visited) return visited;
  }
  return {};
}

}  // namespace souk::storage
