#include "net/endpoints/product_import.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "net/await.hpp"
#include "net/endpoints/pause.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kChunkLinesMax = 512;
constexpr std::size_t kChunkBytesMax = 256U << 10U;
constexpr std::size_t kChunksUnderWayMax = 3;
constexpr milliseconds kChunkDeadline{30'000};
constexpr milliseconds kBackoffMin{5};
constexpr milliseconds kBackoffMax{500};
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // some editors begin a file with it

/// The shard did not look at the line: it may be asked again without harm.
bool was_not_looked_at(const Error& error) {
  return error.code == Errc::overloaded || error.code == Errc::wrong_shard;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

/// Some lines on their way together: their results, and the text of those that were sent, for a
/// second try.
struct ProductImport::Chunk {
  struct Sent {
    std::size_t result = 0;  // its place in `results`
    std::size_t text = 0, text_size = 0;
  };
  Chunk(RequestScope& scope, const ImportOptions& the_options, Executor executor)
      : client{scope.client},
        context{scope.context},
        options{the_options},
        timer{executor, steady_clock::time_point::max()} {}

  actors::Client& client;
  actors::RequestContext context;
  ImportOptions options;
  std::vector<ImportResult> results;
  std::vector<engine::PutProducts::Line> puts;
  std::vector<Sent> sent;  // as puts
  std::string text;
  std::vector<std::uint64_t> names;
  engine::ConsistencyToken token;
  engine::Timestamp now;
  bool done = false;
  Timer timer;  // canceled when done

  Task<void> run();
  /// Files the answers; what is left is to be tried again.
  std::vector<Sent> file(const actors::Reply<actors::ImportReply>& reply, std::vector<Sent> asked,
                         bool last);
  Task<void> wait();
};

std::vector<ProductImport::Chunk::Sent> ProductImport::Chunk::file(
    const actors::Reply<actors::ImportReply>& reply, std::vector<Sent> asked, bool last) {
  token.merge(reply.token);
  std::vector<Sent> again;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    std::optional<Error>& error = results[asked[i].result].error;
    if (!reply.result) {
      error = reply.result.error();
    } else if (i < reply.result->lines.size()) {
      error = reply.result->lines[i].error;
    } else {
      error = Error{Errc::internal, "the line was not answered", "", {}};
    }
    if (error && was_not_looked_at(*error) && !last) again.push_back(asked[i]);
  }
  return again;
}

Task<void> ProductImport::Chunk::run() {
  const auto deadline = steady_clock::now() + kChunkDeadline;
  context.deadline = deadline;
  milliseconds backoff = kBackoffMin;
  std::vector<Sent> asked = std::move(sent);
  while (!asked.empty()) {
    auto reply = co_await await_reply<actors::ImportReply>([&](auto callback) {
      actors::ImportChunk request;
      request.import_id = options.import_id;
      request.lines = std::move(puts);
      client.import_products(context, std::move(request), std::move(callback));
    });
    asked = file(reply, std::move(asked), steady_clock::now() + backoff >= deadline);
    if (asked.empty()) break;
    co_await pause(backoff);
    backoff = std::min(2 * backoff, kBackoffMax);
    puts.clear();
    JsonDocument document;
    for (const Sent& line : asked) {
      const std::string_view line_text = std::string_view{text}.substr(line.text, line.text_size);
      auto put = options.parse(options, results[line.result].line, line_text, now, document);
      if (!put) continue;
      results[line.result].id = put->put.product.id;
      puts.push_back(std::move(put).value());
    }
  }
}

Task<void> ProductImport::Chunk::wait() {
  while (!done) co_await timer.async_wait(kTimerToken);
}

ProductImport::ProductImport(RequestScope& scope, ImportOptions options, Executor executor)
    : scope_{scope},
      options_{std::move(options)},
      start_{steady_clock::now()},
      executor_{executor} {
}

ProductImport::~ProductImport() = default;

engine::Timestamp ProductImport::now() const {
  return scope_.now + std::chrono::duration_cast<engine::Duration>(steady_clock::now() - start_);
}

ProductImport::Chunk& ProductImport::filling() {
  if (!filling_) {
    filling_ = std::make_shared<Chunk>(scope_, options_, executor_);
    filling_->now = now();
  }
  return *filling_;
}

bool ProductImport::has_room() const {
  return sent_.size() < (options_.strict ? 1 : kChunksUnderWayMax);
}

bool ProductImport::add(engine::PutProducts::Line& line, std::string_view text) {
  std::vector<std::uint64_t> names{engine::hash_key(line.put.product.id.str())};
  for (const engine::Variant& variant : line.put.product.variants) {
    names.push_back(engine::hash_key(variant.sku.str()) + 1);
  }
  if (std::any_of(names.begin(), names.end(),
                  [&](std::uint64_t name) { return names_.contains(name); }))
    return false;
  Chunk& chunk = filling();
  names_.insert(names.begin(), names.end());
  chunk.names.insert(chunk.names.end(), names.begin(), names.end());
  chunk.sent.push_back({chunk.results.size(), chunk.text.size(), text.size()});
  chunk.text.append(text);
  chunk.results.push_back({line.line, std::nullopt, line.put.product.id});
  if (options_.keep_text) chunk.results.back().text = text;
  chunk.puts.push_back(std::move(line));
  const bool full = chunk.results.size() >= kChunkLinesMax || chunk.text.size() >= kChunkBytesMax;
  if (full || options_.strict) send();
  return true;
}

void ProductImport::take(const LineSplitter::Line& line) {
  std::string_view text = line.text;
  if (line.number == 1 && text.starts_with(kByteOrderMark))
    text.remove_prefix(kByteOrderMark.size());
  if (line.too_long) {
    const std::string most = std::to_string(kLineBytesMax);
    filling().results.push_back(
        {line.number,
         Error{Errc::too_large, "the line is longer than " + most + " bytes", "", {}}});
  } else if (!is_blank(text)) {
    auto put = options_.parse(options_, line.number, text, filling().now, document_);
    if (!put) {
      filling().results.push_back({line.number, std::move(put).error()});
      if (options_.keep_text) filling().results.back().text = text;
    } else if (!add(*put, text)) {
      held_back_ = std::move(put).value();
      held_text_ = text;
    }
  }
  if (filling_ && (options_.strict || filling_->results.size() >= kChunkLinesMax)) send();
}

void ProductImport::send() {
  if (!filling_ || filling_->results.empty()) return;
  auto chunk = std::exchange(filling_, nullptr);
  sent_.push_back(chunk);
  boost::asio::co_spawn(executor_, chunk->run(), [chunk](const std::exception_ptr& failure) {
    if (failure) {
      for (ImportResult& result : chunk->results)
        result.error = Error{Errc::internal, "the import failed", "", {}};
    }
    chunk->done = true;
    chunk->timer.cancel();
  });
}

Task<engine::Result<void>> ProductImport::read_piece() {
  // While nothing is under way the sender may be waiting for us, or be slow: do not let finished
  // lines lie.
  if (sent_.empty()) send();
  auto piece = co_await scope_.body->read();
  if (!piece) co_return piece.error();
  if (!piece->empty()) {
    lines_.feed(*piece);
    co_return engine::Result<void>{};
  }
  at_end_ = true;
  if (const auto last = lines_.finish()) take(*last);
  co_return engine::Result<void>{};
}

Task<void> ProductImport::fill() {
  while (has_room()) {
    if (held_back_) {
      if (!add(*held_back_, held_text_)) {
        send();
        break;
      }
      held_back_.reset();
    } else if (at_end_) {
      send();
      break;
    } else if (const auto line = lines_.next()) {
      take(*line);
    } else {
      const auto read = co_await read_piece();
      if (read) continue;
      broken_ = read.error();
      at_end_ = true;
    }
  }
}

Task<engine::Result<std::vector<ImportResult>>> ProductImport::next() {
  co_await fill();
  if (sent_.empty() && broken_) co_return *broken_;
  if (sent_.empty()) co_return std::vector<ImportResult>{};
  const auto chunk = sent_.front();
  co_await chunk->wait();
  sent_.pop_front();
  for (const std::uint64_t name : chunk->names) names_.erase(name);
  token_.merge(chunk->token);
  for (const ImportResult& result : chunk->results) ++(result.error ? failed_ : ok_);
  co_return std::move(chunk->results);
}

Task<void> ProductImport::drain() {
  for (const auto& chunk : sent_) co_await chunk->wait();
  sent_.clear();
}

}  // namespace souk::net
