#include "net/cli/source_value.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <limits>
#include <memory>
#include <system_error>

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;

/// Receives the events of Boost.JSON's parser and builds the tree.
struct TreeHandler {
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  using Failure = boost::system::error_code;
  using View = boost::json::string_view;

  SourceValue root;
  std::vector<SourceValue> open;
  std::vector<std::string> keys;
  std::string part;

  void add(SourceValue value) {
    if (open.empty()) {
      root = std::move(value);
    } else if (open.back().kind == SourceValue::Kind::list) {
      open.back().items.push_back(std::move(value));
    } else {
      open.back().members.emplace_back(std::move(keys.back()), std::move(value));
      keys.pop_back();
    }
  }
  bool add_scalar(SourceValue::Kind kind, std::string text) {
    SourceValue value;
    value.kind = kind;
    value.text = std::move(text);
    add(std::move(value));
    return true;
  }
  bool begin(SourceValue::Kind kind) {
    open.emplace_back().kind = kind;
    return true;
  }
  bool end() {
    auto value = std::move(open.back());
    open.pop_back();
    add(std::move(value));
    return true;
  }
  std::string whole(View last) {
    std::string text = std::move(part);
    part.clear();
    text.append(last.data(), last.size());
    return text;
  }
  bool more(View text) {
    part.append(text.data(), text.size());
    return true;
  }

  bool on_document_begin(Failure&) { return true; }
  bool on_document_end(Failure&) { return true; }
  bool on_object_begin(Failure&) { return begin(SourceValue::Kind::object); }
  bool on_object_end(std::size_t, Failure&) { return end(); }
  bool on_array_begin(Failure&) { return begin(SourceValue::Kind::list); }
  bool on_array_end(std::size_t, Failure&) { return end(); }
  bool on_key_part(View text, std::size_t, Failure&) { return more(text); }
  bool on_key(View text, std::size_t, Failure&) {
    keys.push_back(whole(text));
    return true;
  }
  bool on_string_part(View text, std::size_t, Failure&) { return more(text); }
  bool on_string(View text, std::size_t, Failure&) {
    return add_scalar(SourceValue::Kind::text, whole(text));
  }
  bool on_number_part(View text, Failure&) { return more(text); }
  bool on_int64(std::int64_t, View text, Failure&) {
    return add_scalar(SourceValue::Kind::number, whole(text));
  }
  bool on_uint64(std::uint64_t, View text, Failure&) {
    return add_scalar(SourceValue::Kind::number, whole(text));
  }
  bool on_double(double, View text, Failure&) {
    return add_scalar(SourceValue::Kind::number, whole(text));
  }
  bool on_bool(bool value, Failure&) {
    return add_scalar(SourceValue::Kind::boolean, value ? "true" : "false");
  }
  bool on_null(Failure&) {
    add({});
    return true;
  }
  bool on_comment_part(View, Failure&) { return true; }
  bool on_comment(View, Failure&) { return true; }
};

void find_from(const SourceValue& value, const std::vector<std::string>& steps, std::size_t step,
               std::vector<const SourceValue*>& found) {
  if (step == steps.size()) {
    found.push_back(&value);
    return;
  }
  const auto& name = steps[step];
  if (value.kind == SourceValue::Kind::object) {
    if (name == "*") {
      for (const auto& [key, child] : value.members) find_from(child, steps, step + 1, found);
    } else if (const auto* child = value.member(name); child != nullptr) {
      find_from(*child, steps, step + 1, found);
    }
    return;
  }
  if (value.kind != SourceValue::Kind::list) return;
  if (name == "*") {
    for (const auto& child : value.items) find_from(child, steps, step + 1, found);
    return;
  }
  std::size_t index = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (failure == std::errc{} && end == name.data() + name.size() && index < value.items.size()) {
    find_from(value.items[index], steps, step + 1, found);
  }
}

}  // namespace

const SourceValue* SourceValue::member(std::string_view name) const {
  for (const auto& [key, value] : members) {
    if (key == name) return &value;
  }
  return nullptr;
}

engine::Result<SourceValue> parse_source_json(std::string_view json) {
  boost::json::parse_options options;
  options.max_depth = 64;
  boost::json::basic_parser<TreeHandler> parser{options};
  boost::system::error_code failure;
  const auto read = parser.write_some(false, json.data(), json.size(), failure);
  if (!failure && read < json.size() &&
      json.find_first_not_of(" \t\r\n", read) != std::string_view::npos) {
    failure = boost::json::make_error_code(boost::json::error::extra_data);
  }
  if (failure) {
    return Error{Errc::malformed_request,
                 "not JSON: " + failure.message() + " at byte " + std::to_string(read),
                 {},
                 {}};
  }
  return std::move(parser.handler().root);
}

SourcePath::SourcePath(std::string_view path) : text{path} {
  for (;;) {
    const auto dot = path.find('.');
    steps.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return;
    path.remove_prefix(dot + 1);
  }
}

void SourcePath::find(const SourceValue& row, std::vector<const SourceValue*>& found) const {
  if (steps.size() > 1) {
    if (const auto* whole = row.member(text); whole != nullptr) {
      found.push_back(whole);
      return;
    }
  }
  find_from(row, steps, 0, found);
}

}  // namespace souk::net
