#include <boost/json/basic_parser_impl.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>

#include "net/json/json_reader.hpp"

namespace souk::net {

using engine::Errc;
using engine::Error;

/// Fills a JsonDocument from the events of Boost.JSON's parser.
struct JsonBuilder {
  static constexpr std::size_t max_object_size = std::size_t{1} << 24U;
  static constexpr std::size_t max_array_size = std::size_t{1} << 24U;
  static constexpr std::size_t max_key_size = std::size_t{1} << 16U;
  static constexpr std::size_t max_string_size = std::size_t{1} << 30U;
  using Code = boost::json::error_code;
  using Text = boost::json::string_view;

  JsonDocument* document = nullptr;
  std::vector<std::uint32_t> open;  // containers around the next value
  std::string part;                 // of a string, key or number that comes in pieces
  std::uint32_t key = 0, key_size = 0;
  std::optional<Error> refusal;

  JsonDocument::Node& push(JsonKind kind) {
    JsonDocument::Node node;
    node.kind = kind;
    node.key = key;
    node.key_size = key_size;
    key_size = 0;
    const auto index = static_cast<std::uint32_t>(document->nodes_.size());
    if (!open.empty()) {
      node.parent = open.back();
      ++document->nodes_[open.back()].size;
    }
    node.end = index + 1;
    document->nodes_.push_back(node);
    return document->nodes_.back();
  }
  std::uint32_t keep(Text piece) {
    const auto offset = static_cast<std::uint32_t>(document->text_.size());
    document->text_ += part;
    document->text_.append(piece.data(), piece.size());
    part.clear();
    return offset;
  }
  bool refuse(std::string detail, std::string param, Code& error) {
    refusal = Error{Errc::malformed_request, std::move(detail), std::move(param), {}};
    error = boost::json::make_error_code(boost::json::error::exception);
    return false;
  }
  void close() {
    document->nodes_[open.back()].end = static_cast<std::uint32_t>(document->nodes_.size());
    open.pop_back();
  }
  bool check_duplicates(Code& error);

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_array_begin(Code&) {
    push(JsonKind::array);
    open.push_back(static_cast<std::uint32_t>(document->nodes_.size() - 1));
    return true;
  }
  bool on_array_end(std::size_t, Code&) {
    close();
    return true;
  }
  bool on_object_begin(Code&) {
    push(JsonKind::object);
    open.push_back(static_cast<std::uint32_t>(document->nodes_.size() - 1));
    return true;
  }
  bool on_object_end(std::size_t, Code& error) {
    if (!check_duplicates(error)) return false;
    close();
    return true;
  }
  bool on_string_part(Text text, std::size_t, Code&) {
    part.append(text.data(), text.size());
    return true;
  }
  bool on_string(Text text, std::size_t total, Code&) {
    const auto offset = keep(text);
    auto& node = push(JsonKind::string);
    node.text = offset;
    node.size = static_cast<std::uint32_t>(total);
    return true;
  }
  bool on_key_part(Text text, std::size_t, Code&) {
    part.append(text.data(), text.size());
    return true;
  }
  bool on_key(Text text, std::size_t total, Code&) {
    key = keep(text);
    key_size = static_cast<std::uint32_t>(total);
    return true;
  }
  bool on_number_part(Text text, Code&) {
    part.append(text.data(), text.size());
    return true;
  }
  bool on_int64(std::int64_t value, Text, Code&) {
    part.clear();
    push(JsonKind::integer).integer = value;
    return true;
  }
  bool on_uint64(std::uint64_t value, Text, Code&) {
    part.clear();
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      push(JsonKind::integer).integer = static_cast<std::int64_t>(value);
    else
      push(JsonKind::unsigned_integer).unsigned_integer = value;
    return true;
  }
  bool on_double(double, Text text, Code& error) {
    // Read again from the text: Boost.JSON's own conversion may be off by the last bit.
    part.append(text.data(), text.size());
    double value = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), value);
    part.clear();
    if (read.ec != std::errc{} || !std::isfinite(value)) {
      push(JsonKind::number);
      const JsonValue at{document, static_cast<std::uint32_t>(document->nodes_.size() - 1)};
      return refuse("the number is out of range", at.path(), error);
    }
    push(JsonKind::number).number = value;
    return true;
  }
  bool on_bool(bool value, Code&) {
    push(JsonKind::boolean).boolean = value;
    return true;
  }
  bool on_null(Code&) {
    push(JsonKind::null);
    return true;
  }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }
};

// Small objects are compared pairwise; large ones sorted, so that a hostile body costs n log n.
bool JsonBuilder::check_duplicates(Code& error) {
  const auto object = open.back();
  const auto& nodes = document->nodes_;
  std::vector<std::pair<std::string_view, std::uint32_t>> sorted;
  const auto count = nodes[object].size;
  const auto name = [&](std::uint32_t node) {
    return std::string_view{document->text_}.substr(nodes[node].key, nodes[node].key_size);
  };
  const auto duplicate = [&](std::uint32_t node) {
    const JsonValue at{document, node};
    return refuse("the object names the same member twice", at.path(), error);
  };
  const auto past = static_cast<std::uint32_t>(nodes.size());
  if (count <= 16) {
    for (auto a = object + 1; a < past; a = nodes[a].end)
      for (auto b = nodes[a].end; b < past; b = nodes[b].end)
        if (nodes[a].key_size == nodes[b].key_size && name(a) == name(b)) return duplicate(b);
    return true;
  }
  sorted.reserve(count);
  for (auto a = object + 1; a < past; a = nodes[a].end) sorted.emplace_back(name(a), a);
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i].first == sorted[i - 1].first) return duplicate(sorted[i].second);
  return true;
}

namespace {

using Parser = boost::json::basic_parser<JsonBuilder>;

std::string describe(const boost::json::error_code& error, std::size_t at) {
  using Fault = boost::json::error;
  if (error == Fault::too_deep) return "the JSON is nested deeper than 32 levels";
  if (error == Fault::incomplete) return "the JSON ends too early";
  if (error == Fault::extra_data)
    return "there is something after the JSON value at byte " + std::to_string(at);
  if (error == Fault::exponent_overflow)
    return "a number is out of range at byte " + std::to_string(at);
  return "not valid JSON at byte " + std::to_string(at) + ": " + error.message();
}

}  // namespace

JsonDocument::JsonDocument() = default;
JsonDocument::~JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;

engine::Result<void> JsonDocument::parse(std::string_view text) {
  // The parser and its stacks are kept per thread: a body of a few hundred bytes then allocates
  // nothing.
  thread_local Parser parser{[] {
    boost::json::parse_options options;
    options.max_depth = kDepthMax;
    return options;
  }()};
  nodes_.clear();
  text_.clear();
  parser.reset();
  auto& builder = parser.handler();
  builder.document = this;
  builder.open.clear();
  builder.part.clear();
  builder.key_size = 0;
  builder.refusal.reset();

  boost::json::error_code error;
  const auto used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) {
    const auto rest = text.find_first_not_of(" \t\r\n", used);
    if (rest != std::string_view::npos)
      error = boost::json::make_error_code(boost::json::error::extra_data);
  }
  if (!error) return {};
  if (builder.refusal) return *builder.refusal;
  return Error{Errc::malformed_request, describe(error, used), {}, {}};
}

}  // namespace souk::net
