#include <sodium.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>

#include "net/cli/command.hpp"
#include "net/cli/feed_input.hpp"
#include "net/cli/http_client.hpp"
#include "net/cli/import_mapping.hpp"
#include "net/cli/mapping.hpp"
#include "net/cli/output.hpp"
#include "net/http/request.hpp"

namespace souk::net {

namespace {

using engine::Errc;
using engine::Error;

constexpr std::size_t kPieceBytes = 128U << 10U;
constexpr std::uint64_t kErrorsShown = 20;

struct ImportFlags {
  std::string file;
  std::string mapping;
  std::string action = "upsert";
  std::string import_id;
  std::string url;
  bool strict = false;
  bool json = false;
};

/// Lines of products to send, from JSON Lines or through a mapping. next() runs on the sender's
/// thread.
class ProductLines {
public:
  virtual ~ProductLines() = default;
  struct Line {
    std::uint64_t line = 0;  // of the file
    engine::Result<std::string> product;
  };
  virtual std::optional<Line> next() = 0;
  virtual std::uint64_t bytes_read() const = 0;
  virtual std::optional<Error> failure() const { return std::nullopt; }
};

class PlainLines final : public ProductLines {
public:
  explicit PlainLines(std::unique_ptr<FeedInput> input) : input_{std::move(input)} {}

  std::optional<Line> next() override {
    std::string line;
    bool too_long = false;
    while (input_->read_line(line, too_long)) {
      ++line_;
      if (too_long)
        return Line{line_, Error{Errc::too_large, "the line is longer than 16 MiB", {}, {}}};
      if (line.find_first_not_of(" \t") == std::string::npos) continue;
      return Line{line_, std::move(line)};
    }
    return std::nullopt;
  }
  std::uint64_t bytes_read() const override { return input_->bytes_read(); }
  std::optional<Error> failure() const override { return input_->failure(); }

private:
  std::unique_ptr<FeedInput> input_;
  std::uint64_t line_ = 0;
};

class MappedLines final : public ProductLines {
public:
  explicit MappedLines(std::unique_ptr<FeedReader> reader) : reader_{std::move(reader)} {}

  std::optional<Line> next() override {
    auto item = reader_->next();
    if (!item) return std::nullopt;
    return Line{item->line, std::move(item->product)};
  }
  std::uint64_t bytes_read() const override { return reader_->bytes_read(); }

private:
  std::unique_ptr<FeedReader> reader_;
};

engine::Result<std::unique_ptr<ProductLines>> open_lines(const ImportFlags& flags) {
  if (flags.mapping.empty()) {
    auto input = FeedInput::open(flags.file);
    if (!input) return input.error();
    return std::unique_ptr<ProductLines>{std::make_unique<PlainLines>(std::move(*input))};
  }
  auto mapping = load_mapping(flags.mapping);
  if (!mapping) return mapping.error();
  auto reader = FeedReader::open(flags.file, std::move(*mapping));
  if (!reader) return reader.error();
  return std::unique_ptr<ProductLines>{std::make_unique<MappedLines>(std::move(*reader))};
}

/// Names an import by what it would do: the bytes of the file and the mapping, and the action. The
/// same command again then goes on where the first one ended. Empty for a pipe.
std::string import_id_of(const ImportFlags& flags) {
  if (!flags.import_id.empty() || flags.file == "-") return flags.import_id;
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, 16);
  for (const auto& name : {flags.file, flags.mapping}) {
    if (name.empty()) continue;
    std::ifstream in{name, std::ios::binary};
    std::array<char, 1U << 16U> block{};
    while (in.read(block.data(), block.size()) || in.gcount() > 0)
      crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(block.data()),
                                static_cast<unsigned long long>(in.gcount()));
  }
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(flags.action.data()),
                            flags.action.size());
  unsigned char digest[16];
  crypto_generichash_final(&state, digest, sizeof digest);
  char hex[33];
  sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
  return std::string{"file-"} + hex;
}

/// One import under way: sends on one thread, counts answers on another.
class Import {
public:
  Import(std::unique_ptr<ProductLines> lines, std::uint64_t file_bytes)
      : lines_{std::move(lines)}, file_bytes_{file_bytes} {}

  /// The next piece of the request's body.
  bool send(std::string& piece) {
    while (piece.size() < kPieceBytes) {
      auto line = lines_->next();
      if (!line) {
        ended_ = piece.empty();
        break;
      }
      if (!line->product) {
        const auto& error = line->product.error();
        tell(line->line, std::string{engine::to_string(error.code)} + ": " + error.detail +
                             (error.param.empty() ? "" : " [" + error.param + "]"));
        ++unreadable_;
        continue;
      }
      piece += *line->product;
      piece += '\n';
      const std::lock_guard lock{mutex_};
      sent_.push_back(line->line);
    }
    bytes_read_ = lines_->bytes_read();
    return !ended_;
  }

  /// A piece of the reply.
  bool receive(std::string_view piece) {
    rest_ += piece;
    std::size_t from = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', from)) {
      answer(std::string_view{rest_}.substr(from, end - from));
      from = end + 1;
    }
    rest_.erase(0, from);
    const double fraction =
        file_bytes_ == 0 ? -1.0
                         : static_cast<double>(bytes_read_) / static_cast<double>(file_bytes_);
    progress_.update(ok_ + failed_, fraction);
    return true;
  }

  int finish(const engine::Result<HttpReply>& reply, bool json) {
    if (!reply)
      return fail(kExitFailed, reply.error().detail + " after " + std::to_string(ok_) +
                                   " products; the same command again goes on from there");
    if (!reply->ok()) return fail(kExitFailed, describe_problem(*reply));
    if (const auto failure = lines_->failure())
      return fail(kExitFailed, "the file ends too early: " + failure->detail);
    if (summary_.empty()) return fail(kExitFailed, "the node's answer ended too early");
    const auto failed = failed_ + unreadable_.load();
    progress_.finish("imported " + std::to_string(ok_) + " products, " + std::to_string(failed) +
                     " failed");
    if (json || !stdout_is_terminal()) std::printf("%s\n", summary_.c_str());
    JsonDocument document;
    if (const auto read = document.parse(summary_); read) {
      const auto why = cell(document.root(), "summary.error.detail");
      if (!why.empty()) return fail(kExitFailed, "the node stopped reading: " + why);
    }
    return failed == 0 ? kExitOk : kExitFailed;
  }

private:
  void answer(std::string_view line) {
    if (line.empty()) return;
    if (line.find("\"summary\"") != std::string_view::npos && line.starts_with("{\"summary\"")) {
      summary_ = line;
      return;
    }
    std::uint64_t file_line = 0;
    {
      const std::lock_guard lock{mutex_};
      if (!sent_.empty()) {
        file_line = sent_.front();
        sent_.pop_front();
      }
    }
    if (line.find("\"ok\":true") != std::string_view::npos) {
      ++ok_;
      return;
    }
    ++failed_;
    JsonDocument document;
    std::string what{line};
    if (document.parse(line)) {
      const auto root = document.root();
      what = cell(root, "error.code") + ": " + cell(root, "error.detail");
      if (const auto param = cell(root, "error.param"); !param.empty()) what += " [" + param + "]";
    }
    tell(file_line, what);
  }

  void tell(std::uint64_t line, const std::string& what) {
    const auto told = told_.fetch_add(1);
    if (told < kErrorsShown)
      std::fprintf(stderr, "line %llu: %s\n", static_cast<unsigned long long>(line), what.c_str());
    if (told + 1 == kErrorsShown) std::fprintf(stderr, "further errors are only counted\n");
  }

  std::unique_ptr<ProductLines> lines_;
  const std::uint64_t file_bytes_;
  bool ended_ = false;
  std::atomic<std::uint64_t> bytes_read_{0};
  std::atomic<std::uint64_t> unreadable_{0};
  std::atomic<std::uint64_t> told_{0};
  std::mutex mutex_;
  std::deque<std::uint64_t> sent_;  // lines of the file without an answer yet
  std::string rest_;
  std::string summary_;
  std::uint64_t ok_ = 0, failed_ = 0;
  ProgressLine progress_{"imported"};
};

int run_import(const ImportFlags& flags) {
  auto lines = open_lines(flags);
  if (!lines) return fail(kExitUsage, lines.error().detail);
  auto client = client_of(flags.url);
  if (!client) return fail(kExitUsage, client.error().detail);
  client->set_timeout(std::chrono::seconds{120});

  std::string target = "/v1/products:import?action=" + percent_encode(flags.action);
  if (flags.strict) target += "&strict=true";
  if (const auto id = import_id_of(flags); !id.empty())
    target += "&import_id=" + percent_encode(id);

  std::error_code unknown;
  const auto size = flags.file == "-" ? 0 : std::filesystem::file_size(flags.file, unknown);
  Import import{std::move(*lines), unknown ? 0 : size};
  const auto reply = client->stream(
      "POST", target, {{"Content-Type", "application/x-ndjson"}},
      [&import](std::string& piece) { return import.send(piece); },
      [&import](std::string_view piece) { return import.receive(piece); });
  return import.finish(reply, flags.json);
}

struct ExportFlags {
  std::string url;
  std::string filter_by;
  std::string file;
};

int run_export(const ExportFlags& flags) {
  auto client = client_of(flags.url);
  if (!client) return fail(kExitUsage, client.error().detail);
  std::FILE* out = stdout;
  const bool to_file = !flags.file.empty() && flags.file != "-";
  if (to_file) out = std::fopen(flags.file.c_str(), "wb");
  if (out == nullptr) return fail(kExitFailed, "cannot write " + flags.file);
  std::string target = "/v1/products:export";
  if (!flags.filter_by.empty()) target += "?filter_by=" + percent_encode(flags.filter_by);
  bool written = true;
  const auto reply = client->fetch(target, [&](std::string_view piece) {
    written = std::fwrite(piece.data(), 1, piece.size(), out) == piece.size();
    return written;
  });
  written = std::fflush(out) == 0 && written;
  if (to_file) std::fclose(out);
  if (!reply) return fail(kExitFailed, reply.error().detail);
  if (!reply->ok()) return fail(kExitFailed, describe_problem(*reply));
  if (!written) return fail(kExitFailed, "cannot write the output");
  return kExitOk;
}

}  // namespace

void add_import_command(CLI::App& app, Run& run) {
  auto flags = std::make_shared<ImportFlags>();
  auto* command = app.add_subcommand(
      "import", "Put products into the catalog from JSON Lines or any shop's feed");
  command->add_option("file", flags->file, "JSON Lines (also .gz), CSV with a mapping; - is stdin")
      ->required();
  command->add_option("--mapping", flags->mapping,
                      "TOML file that maps the feed's fields to Souk's");
  command->add_option("--action", flags->action, "create, upsert, update or delete (upsert)")
      ->check(CLI::IsMember({"create", "upsert", "update", "delete"}));
  command->add_option("--import-id", flags->import_id,
                      "name of the import: the same name again goes on where it ended (made from "
                      "the file's bytes)");
  command->add_flag("--strict", flags->strict, "stop at the first line that is refused");
  command->add_option("--url", flags->url,
                      "the node (SOUK_URL, http://127.0.0.1:8080); key: SOUK_SERVER_KEY");
  command->add_flag("--json", flags->json, "print the summary as JSON");
  command->callback([flags, &run] { run = [flags] { return run_import(*flags); }; });
}

void add_export_command(CLI::App& app, Run& run) {
  auto flags = std::make_shared<ExportFlags>();
  auto* command = app.add_subcommand("export", "Write the catalog as JSON Lines");
  command->add_option("-o,--output", flags->file, "a file instead of stdout");
  command->add_option("--filter-by", flags->filter_by, "only products that match");
  command->add_option("--url", flags->url,
                      "the node (SOUK_URL, http://127.0.0.1:8080); key: SOUK_SERVER_KEY");
  command->callback([flags, &run] { run = [flags] { return run_export(*flags); }; });
}

}  // namespace souk::net
