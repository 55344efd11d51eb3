#include "storage/checkpoint.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "engine/cluster/log.hpp"
#include "storage/files.hpp"
#include "storage/record.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;
using engine::ShardId;
using engine::cluster::Mark;

constexpr std::string_view kMagic = "SKCP";
constexpr unsigned char kVersion = 1;
constexpr unsigned char kEnd = 0xFF;
constexpr std::size_t kHeadBytes = 4 + 1 + 1 + 2 + 8 + 8;
constexpr std::size_t kTailBytes = 1 + 8;

constexpr std::array kStateTables{Table::products,
                                  Table::skus,
                                  Table::claims,
                                  Table::holds,
                                  Table::reservations,
                                  Table::answers,
                                  Table::imports,
                                  Table::ledger,
                                  Table::orders,
                                  Table::orders_by_time,
                                  Table::orders_by_customer,
                                  Table::materialised};

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

class Checksum {
public:
  Checksum() : state_{XXH3_createState()} { XXH3_64bits_reset(state_); }
  ~Checksum() { XXH3_freeState(state_); }
  Checksum(const Checksum&) = delete;
  Checksum& operator=(const Checksum&) = delete;
  void add(std::string_view bytes) { XXH3_64bits_update(state_, bytes.data(), bytes.size()); }
  std::uint64_t value() const { return XXH3_64bits_digest(state_); }

private:
  XXH3_state_t* state_;
};

std::string head_of(ShardId shard, Mark at) {
  std::string head{kMagic};
  head.push_back(static_cast<char>(kVersion));
  head.push_back(static_cast<char>(shard.service));
  put_number(head, shard.number);
  put_number(head, at.position);
  put_number(head, at.epoch);
  return head;
}

Error damaged(const char* what) {
  return Error{Errc::corrupt_record, std::string{"a checkpoint "} + what};
}

}  // namespace

struct CheckpointSource::Content {
  std::unique_ptr<Database::View> view;
  ShardId shard;
  Mark at;
  bool begun = false;
  bool ended = false;
  std::size_t table = 0;                           // in kStateTables
  std::unique_ptr<Database::View::Cursor> cursor;  // in that table; after `view`, which it needs
  Checksum checksum;
};

CheckpointSource::CheckpointSource(std::unique_ptr<Content> content)
    : content_{std::move(content)} {
}
CheckpointSource::~CheckpointSource() = default;

Mark CheckpointSource::at() const {
  return content_->at;
}

Result<std::unique_ptr<CheckpointSource>> CheckpointSource::open(const Database& database,
                                                                 const Journal& journal,
                                                                 ShardId shard) {
  auto content = std::make_unique<Content>();
  content->view = database.read_view();
  content->shard = shard;
  std::optional<Result<Materialised>> found;
  const std::string key = shard_key(shard);
  const auto scanned = content->view->scan(Table::materialised, key, after_prefix(key),
                                           [&](std::string_view at, std::string_view value) {
                                             if (at != key) return true;
                                             found = decode_materialised(at, value);
                                             return false;
                                           });
  if (!scanned) return scanned.error();
  if (!found) return Error{Errc::unavailable, shard.name() + ": nothing is materialised"};
  if (!*found) return found->error();
  const engine::Position position = (*found)->position;
  const auto part = journal.read_from(shard, position + 1, 1);
  if (!part) return part.error();
  if (part->trimmed || part->prev.position != position) {
    return Error{Errc::unavailable,
                 shard.name() + ": the journal does not reach back to what is materialised"};
  }
  content->at = part->prev;
  return std::unique_ptr<CheckpointSource>{new CheckpointSource{std::move(content)}};
}

Result<void> CheckpointSource::next(std::string& into, std::size_t bytes_max) {
  Content& content = *content_;
  if (content.ended) return {};
  const std::size_t begin = into.size();
  if (!std::exchange(content.begun, true)) into += head_of(content.shard, content.at);
  const std::string key = shard_key(content.shard);
  while (content.table < kStateTables.size() && into.size() - begin < bytes_max) {
    const Table table = kStateTables[content.table];
    if (!content.cursor) content.cursor = content.view->walk(table, key, after_prefix(key));
    Database::View::Cursor& at = *content.cursor;
    for (; at.valid() && into.size() - begin < bytes_max; at.next()) {
      into.push_back(static_cast<char>(table));
      put_number(into, static_cast<std::uint32_t>(at.key().size()));
      into += at.key();
      put_number(into, static_cast<std::uint32_t>(at.value().size()));
      into += at.value();
    }
    if (at.valid()) break;
    if (const auto read = at.status(); !read) return read;
    content.cursor.reset();
    ++content.table;
  }
  if (content.table == kStateTables.size()) {
    into.push_back(static_cast<char>(kEnd));
    content.checksum.add(std::string_view{into}.substr(begin));
    put_number(into, content.checksum.value());
    content.ended = true;
  } else {
    content.checksum.add(std::string_view{into}.substr(begin));
  }
  return {};
}

struct CheckpointStaging::Content {
  std::filesystem::path file;
  ShardId shard;
  std::ofstream out;
  std::uint64_t bytes = 0;
  std::optional<Mark> at;
};

CheckpointStaging::CheckpointStaging(std::unique_ptr<Content> content)
    : content_{std::move(content)} {
}

CheckpointStaging::~CheckpointStaging() {
  content_->out.close();
  std::error_code ignored;
  std::filesystem::remove(content_->file, ignored);
}

Result<std::unique_ptr<CheckpointStaging>> CheckpointStaging::create(
    const std::filesystem::path& folder, ShardId shard) {
  const auto made = create_folder(folder);
  if (!made) return made.error();
  auto content = std::make_unique<Content>();
  // Two nodes may bring one of the same shard at once.
  static std::atomic<std::uint64_t> serial{0};
  content->file = folder / (shard.name() + "." + std::to_string(++serial));
  content->shard = shard;
  content->out.open(content->file, std::ios::binary | std::ios::trunc);
  if (!content->out) return file_error("cannot write", content->file);
  return std::unique_ptr<CheckpointStaging>{new CheckpointStaging{std::move(content)}};
}

std::uint64_t CheckpointStaging::bytes() const {
  return content_->bytes;
}

Result<void> CheckpointStaging::append(std::string_view part) {
  content_->out.write(part.data(), static_cast<std::streamsize>(part.size()));
  if (!content_->out) return file_error("cannot write", content_->file);
  content_->bytes += part.size();
  return {};
}

Result<Mark> CheckpointStaging::finish() {
  Content& content = *content_;
  content.out.close();
  if (content.out.fail()) return file_error("cannot write", content.file);
  if (const auto synced = sync_file(content.file); !synced) return synced.error();
  const Result<Mark> at = verify_checkpoint(content.file, content.shard);
  if (at) content.at = *at;
  return at;
}

Mark CheckpointStaging::at() const {
  assert(content_->at);
  return *content_->at;
}

Result<bool> CheckpointStaging::takes_place(const Journal& journal) const {
  const Mark mark = at();
  const auto marks = journal.watermarks(content_->shard);
  if (!marks) return marks.error();
  engine::Epoch there = 0;
  if (mark.position > marks->committed && mark.position <= marks->stored) {
    const auto read = journal.read(content_->shard, mark.position - 1, mark.position,
                                   [&](const JournalEntry& entry) {
                                     there = entry.epoch;
                                     return true;
                                   });
    if (!read) return read.error();
  }
  return engine::cluster::takes_place(mark, marks->committed, there);
}

Result<void> CheckpointStaging::install(Database& database, Journal& journal) {
  assert(content_->at);
  return install_checkpoint(content_->file, content_->shard, *content_->at, database, journal);
}

Result<Mark> verify_checkpoint(const std::filesystem::path& file, ShardId wanted) {
  std::error_code failed;
  const std::uint64_t size = std::filesystem::file_size(file, failed);
  if (failed || size < kHeadBytes + kTailBytes) return damaged("ends early");
  std::ifstream in{file, std::ios::binary};
  std::string head(kHeadBytes, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (!in) return file_error("cannot read", file);
  const std::string_view bytes{head};
  if (!bytes.starts_with(kMagic)) return damaged("does not begin as one");
  if (static_cast<unsigned char>(bytes[4]) != kVersion)
    return Error{Errc::newer_format, "a checkpoint is of a version that this program cannot read"};
  const ShardId shard{static_cast<engine::Service>(bytes[5]),
                      get_number<std::uint16_t>(bytes.substr(6))};
  if (shard != wanted)
    return Error{Errc::invalid_value,
                 "a checkpoint of " + shard.name() + " came for " + wanted.name()};
  Checksum checksum;
  checksum.add(head);
  std::string piece(1U << 20U, '\0');
  for (std::uint64_t left = size - kHeadBytes - 8; left > 0;) {
    const auto want = static_cast<std::streamsize>(std::min<std::uint64_t>(left, piece.size()));
    in.read(piece.data(), want);
    if (in.gcount() != want) return file_error("cannot read", file);
    checksum.add({piece.data(), static_cast<std::size_t>(want)});
    left -= static_cast<std::uint64_t>(want);
  }
  std::string tail(8, '\0');
  in.read(tail.data(), 8);
  if (!in || get_number<std::uint64_t>(tail) != checksum.value())
    return damaged("does not match its checksum");
  return Mark{get_number<std::uint64_t>(bytes.substr(8)),
              get_number<std::uint64_t>(bytes.substr(16))};
}

Result<void> install_checkpoint(const std::filesystem::path& file, ShardId shard, Mark at,
                                Database& database, Journal& journal) {
  if (const auto begun = journal.begin_install(shard, at); !begun) return begun;
  Batch batch{database};
  const std::string prefix = shard_key(shard);
  for (const Table table : kStateTables) batch.erase_range(table, prefix, after_prefix(prefix));

  std::ifstream in{file, std::ios::binary};
  in.seekg(static_cast<std::streamoff>(kHeadBytes));
  std::string key;
  std::string value;
  const auto text = [&](std::string& into) {
    std::array<char, 4> length{};
    in.read(length.data(), 4);
    if (!in) return false;
    into.resize(get_number<std::uint32_t>({length.data(), 4}));
    in.read(into.data(), static_cast<std::streamsize>(into.size()));
    return bool{in};
  };
  for (int table = in.get(); table != kEnd; table = in.get()) {
    const bool known = std::find(kStateTables.begin(), kStateTables.end(),
                                 static_cast<Table>(table)) != kStateTables.end();
    if (!in || !known || !text(key) || !text(value) || !key.starts_with(prefix))
      return damaged("holds a row that no shard has");
    batch.put(static_cast<Table>(table), key, value);
  }
  if (const auto written = database.write(batch, Durability::unlogged); !written) return written;
  if (const auto flushed = database.flush(); !flushed) return flushed;
  return journal.install_base(shard, at);
}

Result<void> forget_copy(ShardId shard, Database& database, Journal& journal) {
  // The records first: state without its journal is an older copy, a journal without the state that
  // its beginning is in would be none.
  if (const auto forgotten = journal.forget(shard); !forgotten) return forgotten;
  Batch batch{database};
  const std::string prefix = shard_key(shard);
  for (const Table table : kStateTables) batch.erase_range(table, prefix, after_prefix(prefix));
  if (const auto written = database.write(batch, Durability::unlogged); !written) return written;
  if (const auto flushed = database.flush(); !flushed) return flushed;
  for (const Table table : kStateTables) database.reclaim(table, prefix, after_prefix(prefix));
  return {};
}

Result<bool> has_copy(ShardId shard, const Database& database, Journal& journal) {
  const auto first = journal.first(shard);
  if (!first) return first.error();
  if (*first != 0) return true;
  const auto state = database.get(Table::materialised, shard_key(shard));
  if (!state) return state.error();
  return state->has_value();
}

}  // namespace souk::storage
