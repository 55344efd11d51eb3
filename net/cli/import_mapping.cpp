#include "net/cli/import_mapping.hpp"

#include <algorithm>

#include "engine/text/character.hpp"
#include "engine/types/id.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;

constexpr std::size_t kHeldBytesMax = 64U * 1024 * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::size_t bytes_of(const SourceValue& value) {
  std::size_t bytes = sizeof value + value.text.size();
  for (const auto& item : value.items) bytes += bytes_of(item);
  for (const auto& [name, member] : value.members) bytes += name.size() + bytes_of(member);
  return bytes;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      text.remove_prefix(1);
      continue;
    }
    const auto character = engine::read_character(text);
    if (character.codepoint < 0) return false;
    text.remove_prefix(character.bytes);
  }
  return true;
}

std::vector<FeedRow> alone(FeedRow row) {
  std::vector<FeedRow> rows;
  rows.push_back(std::move(row));
  return rows;
}

bool names_csv(std::string path) {
  if (path.ends_with(".gz")) path.resize(path.size() - 3);
  return path.ends_with(".csv") || path.ends_with(".tsv");
}

}  // namespace

Result<std::unique_ptr<FeedReader>> FeedReader::open(const std::string& path, Mapping mapping) {
  auto input = FeedInput::open(path);
  if (!input) return input.error();
  const bool csv = mapping.format == Mapping::Format::csv ||
                   (mapping.format == Mapping::Format::by_name && names_csv(path));
  if (csv && mapping.separator == ',' && (path.ends_with(".tsv") || path.ends_with(".tsv.gz")))
    mapping.separator = '\t';
  std::unique_ptr<FeedReader> reader{new FeedReader{std::move(*input), std::move(mapping), csv}};
  if (csv) {
    const auto header = reader->read_header();
    if (!header) return header.error();
  }
  return reader;
}

FeedReader::FeedReader(std::unique_ptr<FeedInput> input, Mapping mapping, bool csv)
    : mapping_{std::move(mapping)}, input_{std::move(input)} {
  if (csv) csv_.emplace(*input_, mapping_.separator);
}

Result<void> FeedReader::read_header() {
  const auto read = csv_->read(header_);
  if (!read) return read.error();
  if (!*read)
    return Error{
        Errc::malformed_request, "the feed is empty; its first row must name the columns", {}, {}};
  if (header_.front().starts_with(kByteOrderMark)) header_.front().erase(0, kByteOrderMark.size());
  for (const auto& name : header_) {
    if (!is_utf8(name)) {
      return Error{Errc::malformed_request,
                   "the header is not UTF-8; convert the feed first (iconv -t UTF-8)",
                   {},
                   {}};
    }
  }
  return {};
}

Result<FeedRow> FeedReader::read_csv_row(std::uint64_t& line, bool& end) {
  std::vector<std::string> fields;
  const auto read = csv_->read(fields);
  line = csv_->line();
  end = read && !*read;
  if (!read) return read.error();
  FeedRow row;
  if (end) return row;
  row.line = line;
  row.value.kind = SourceValue::Kind::object;
  if (fields.size() > header_.size()) {
    return Error{Errc::malformed_request,
                 std::to_string(fields.size()) + " fields under " + std::to_string(header_.size()) +
                     " columns; quote fields that hold the separator",
                 {},
                 {}};
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].empty()) continue;
    if (!is_utf8(fields[i])) {
      return Error{
          Errc::malformed_request,
          "column " + header_[i] + " is not UTF-8; convert the feed first (iconv -t UTF-8)",
          {},
          {}};
    }
    SourceValue value;
    value.kind = SourceValue::Kind::text;
    value.text = std::move(fields[i]);
    row.value.members.emplace_back(header_[i], std::move(value));
  }
  return row;
}

std::optional<Result<FeedRow>> FeedReader::read_row(std::uint64_t& line) {
  if (csv_) {
    bool end = false;
    auto row = read_csv_row(line, end);
    if (end) return std::nullopt;
    return row;
  }
  std::string text;
  bool too_long = false;
  while (input_->read_line(text, too_long)) {
    line = ++lines_;
    if (too_long) return Error{Errc::too_large, "the line is longer than 16 MiB", {}, {}};
    if (line == 1 && text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
    if (text.find_first_not_of(" \t") == std::string::npos) continue;
    auto value = parse_source_json(text);
    if (!value) return value.error();
    if (value->kind != SourceValue::Kind::object) {
      return Error{Errc::malformed_request, "a line must be one JSON object", {}, {}};
    }
    return FeedRow{line, std::move(*value)};
  }
  return std::nullopt;
}

std::optional<FeedReader::Item> FeedReader::next() {
  while (!ended_) {
    std::uint64_t line = 0;
    auto row = read_row(line);
    if (!row) {
      ended_ = true;
      break;
    }
    // A file that breaks off leaves half a row behind: the failure itself is told below.
    if (input_->failure()) {
      ended_ = true;
      break;
    }
    ++rows_;
    if (!*row) return Item{line, std::move(row->error())};
    auto item = mapping_.group_by ? collect(std::move(**row)) : map(alone(std::move(**row)));
    if (item) return item;
  }
  while (!groups_.empty()) {
    if (auto item = emit_oldest()) return item;
  }
  if (input_->failure() && !failure_told_) {
    failure_told_ = true;
    return Item{csv_ ? csv_->line() : lines_ + 1, *input_->failure()};
  }
  return std::nullopt;
}

std::optional<FeedReader::Item> FeedReader::map(const std::vector<FeedRow>& rows) {
  auto product = map_product(mapping_, rows);
  const auto line = rows.front().line;
  if (!product) return Item{line, std::move(product.error())};
  if (!*product) {
    skipped_ += rows.size();
    return std::nullopt;
  }
  return Item{line, std::move(**product)};
}

std::optional<FeedReader::Item> FeedReader::collect(FeedRow row) {
  const auto line = row.line;
  std::string key;
  for (const auto& path : mapping_.group_by->from) {
    std::vector<const SourceValue*> found;
    path.find(row.value, found);
    for (const auto* value : found) {
      if (key.empty() && value->is_scalar()) key = value->text;
    }
  }
  if (key.empty()) {
    // A product without variants of its own.
    return map(alone(std::move(row)));
  }
  if (done_groups_.contains(engine::hash_key(key))) {
    return Item{line, Error{Errc::invalid_value,
                            "the product " + key +
                                " has left the window of rows already; sort the feed by it or "
                                "raise variants.window",
                            "variants.group_by",
                            {}}};
  }
  auto& group = open_groups_[key];
  if (group == nullptr) group = &groups_.emplace_back(Group{key, {}});
  ++held_rows_;
  held_bytes_ += bytes_of(row.value);
  group->rows.push_back(std::move(row));
  if (held_rows_ > mapping_.window_rows || held_bytes_ > kHeldBytesMax) return emit_oldest();
  return std::nullopt;
}

std::optional<FeedReader::Item> FeedReader::emit_oldest() {
  const auto group = std::move(groups_.front());
  groups_.pop_front();
  open_groups_.erase(group.key);
  done_groups_.insert(engine::hash_key(group.key));
  held_rows_ -= group.rows.size();
  for (const auto& row : group.rows) held_bytes_ -= bytes_of(row.value);
  return map(group.rows);
}

}  // namespace souk::net
