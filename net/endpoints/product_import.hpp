#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "actors/client.hpp"
#include "engine/types/error.hpp"
#include "net/endpoints/line_splitter.hpp"
#include "net/http/request.hpp"
#include "net/json/json_reader.hpp"
#include "net/request_scope.hpp"
#include "net/task.hpp"

namespace souk::net {

struct ImportOptions;

/// Makes a command of one line.
using ImportLineParser = engine::Result<engine::PutProducts::Line> (*)(const ImportOptions& options,
                                                                       std::uint64_t number,
                                                                       std::string_view text,
                                                                       engine::Timestamp now,
                                                                       JsonDocument& document);

enum class ImportAction : std::uint8_t { create, upsert, update, remove };

/// One line as a command. Without an id a product is given one; under an import_id one that follows
/// from the line, so that repeating the import makes no second product. Errors: those of
/// parse_product() and engine::validate().
engine::Result<engine::PutProducts::Line> parse_import_line(const ImportOptions& options,
                                                            std::uint64_t number,
                                                            std::string_view text,
                                                            engine::Timestamp now,
                                                            JsonDocument& document);

struct ImportOptions {
  ImportAction action = ImportAction::upsert;
  std::string import_id;
  bool strict = false;
  ImportLineParser parse = parse_import_line;
  bool keep_text = false;  // for the results
};

/// What became of one line.
struct ImportResult {
  std::uint64_t line = 0;
  std::optional<engine::Error> error;
  engine::ProductId id = {};  // empty if the line could not be read
  std::string text = {};      // with ImportOptions::keep_text
};

/// Reads a stream of JSON Lines and puts the products, some chunks of lines at a time on their way
/// to the shards, and gives the results in the order of the lines. Reads no further while chunks
/// enough are on their way, so a fast sender is slowed down by TCP. Two lines that speak of one
/// product or SKU never travel together: the later one wins, as in the file. One per request; lives
/// until its last chunk is answered.
class ProductImport {
public:
  static constexpr std::size_t kLineBytesMax = 1U << 20U;

  ProductImport(RequestScope& scope, ImportOptions options, Executor executor);
  ~ProductImport();

  /// The results of the next lines; empty at the end. Errors: of the body (malformed_request,
  /// timed_out, canceled), after the results of all lines that came before.
  Task<engine::Result<std::vector<ImportResult>>> next();
  /// Waits for what is on its way. To be called before the end of its life if next() did not get to
  /// the end.
  Task<void> drain();

  std::uint64_t ok_count() const { return ok_; }
  std::uint64_t failed_count() const { return failed_; }
  /// Covers everything that was done so far.
  const engine::ConsistencyToken& token() const { return token_; }

private:
  struct Chunk;

  /// Reads and sends until enough is on its way, or until the next line must wait for an answer.
  Task<void> fill();
  Task<engine::Result<void>> read_piece();
  void take(const LineSplitter::Line& line);
  /// Puts the line into the chunk being filled; false if it speaks of what a line under way speaks
  /// of.
  bool add(engine::PutProducts::Line& line, std::string_view text);
  Chunk& filling();
  void send();
  bool has_room() const;
  engine::Timestamp now() const;

  RequestScope& scope_;
  const ImportOptions options_;
  const std::chrono::steady_clock::time_point start_;
  Executor executor_;
  LineSplitter lines_{kLineBytesMax};
  JsonDocument document_;
  std::shared_ptr<Chunk> filling_;
  std::deque<std::shared_ptr<Chunk>> sent_;             // oldest first
  std::unordered_set<std::uint64_t> names_;             // hashes of the ids and SKUs under way
  std::optional<engine::PutProducts::Line> held_back_;  // collides with what is under way
  std::string held_text_;
  bool at_end_ = false;
  std::optional<engine::Error> broken_;  // why the body ended too early
  std::uint64_t ok_ = 0, failed_ = 0;
  engine::ConsistencyToken token_;
};

}  // namespace souk::net
