#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/types/result.hpp"
#include "net/cli/feed_input.hpp"
#include "net/cli/mapping.hpp"

namespace souk::net {

/// One row of a feed with the line it began on.
struct FeedRow {
  std::uint64_t line = 0;
  SourceValue value;
};

/// The product JSON of one row, or of the rows that are variants of one product; nothing if the
/// mapping skips it. The first row gives the product's own fields. Texts and lists are cut to the
/// engine's bounds. Errors: `param` is the product's field, `detail` what is wrong and what to do.
engine::Result<std::optional<std::string>> map_product(const Mapping& mapping,
                                                       const std::vector<FeedRow>& rows);

/// Reads a shop's feed as Souk's products, one at a time. Memory: one row; with `variants.group_by`
/// at most `variants.window` rows (and 64 MB of them) plus 8 bytes per product. Rows of a group
/// need not be adjacent, but a row that comes after its product has left the window is an error.
class FeedReader {
public:
  struct Item {
    std::uint64_t line = 0;  // of the feed, from 1; the first row's for grouped variants
    engine::Result<std::string> product;  // one line of JSON without its end
  };

  /// `path` "-" is standard input; .csv and .tsv names (also .gz) are CSV unless the mapping says
  /// otherwise. Errors: unavailable, malformed_request (no header row).
  static engine::Result<std::unique_ptr<FeedReader>> open(const std::string& path, Mapping mapping);

  /// The next product or error; nothing at the end.
  std::optional<Item> next();

  std::uint64_t rows() const { return rows_; }
  /// Rows left out because the mapping says so (price.missing = "skip").
  std::uint64_t skipped() const { return skipped_; }
  /// Bytes of the file read so far, for progress.
  std::uint64_t bytes_read() const { return input_->bytes_read(); }

private:
  struct Group {
    std::string key;
    std::vector<FeedRow> rows;
  };

  FeedReader(std::unique_ptr<FeedInput> input, Mapping mapping, bool csv);
  engine::Result<void> read_header();
  /// Nothing at the end of the feed. An error carries its line in `line`.
  std::optional<engine::Result<FeedRow>> read_row(std::uint64_t& line);
  engine::Result<FeedRow> read_csv_row(std::uint64_t& line, bool& end);
  std::optional<Item> map(const std::vector<FeedRow>& rows);
  std::optional<Item> collect(FeedRow row);
  std::optional<Item> emit_oldest();

  Mapping mapping_;
  std::unique_ptr<FeedInput> input_;
  std::optional<CsvReader> csv_;
  std::vector<std::string> header_;
  std::uint64_t lines_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t skipped_ = 0;
  bool ended_ = false;
  bool failure_told_ = false;

  std::deque<Group> groups_;  // in the order in which they began
  std::unordered_map<std::string, Group*> open_groups_;
  std::unordered_set<std::uint64_t> done_groups_;  // hashes of keys
  std::size_t held_rows_ = 0;
  std::size_t held_bytes_ = 0;
};

}  // namespace souk::net
