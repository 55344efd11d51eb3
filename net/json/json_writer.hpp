#pragma once

#include <cassert>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace souk::net {

/// Appends JSON to a string; keeps no state but the string itself: a comma is due unless the last
/// character opens something. Strings must be UTF-8. One writer writes one value (make a new one
/// per line of JSON Lines).
class JsonWriter {
public:
  explicit JsonWriter(std::string& out) : out_{out}, start_{out.size()} {}

  JsonWriter& begin_object() {
    comma();
    out_ += '{';
    return *this;
  }
  JsonWriter& end_object() {
    out_ += '}';
    return *this;
  }
  JsonWriter& begin_array() {
    comma();
    out_ += '[';
    return *this;
  }
  JsonWriter& end_array() {
    out_ += ']';
    return *this;
  }
  JsonWriter& key(std::string_view name) {
    comma();
    append_string(out_, name);
    out_ += ':';
    return *this;
  }

  JsonWriter& string(std::string_view text) {
    comma();
    append_string(out_, text);
    return *this;
  }
  JsonWriter& integer(std::int64_t number) {
    comma();
    append_integer(number);
    return *this;
  }
  JsonWriter& unsigned_integer(std::uint64_t number) {
    comma();
    append_integer(number);
    return *this;
  }
  /// Shortest text that reads back as the same number; whole numbers without a point; null if not
  /// finite.
  JsonWriter& number(double number) {
    comma();
    append_number(out_, number);
    return *this;
  }
  JsonWriter& boolean(bool value) {
    comma();
    out_ += value ? "true" : "false";
    return *this;
  }
  JsonWriter& null() {
    comma();
    out_ += "null";
    return *this;
  }
  /// JSON made elsewhere.
  JsonWriter& raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
  }

  JsonWriter& field(std::string_view name, std::string_view text) { return key(name).string(text); }
  JsonWriter& field(std::string_view name, const char* text) { return key(name).string(text); }
  JsonWriter& field(std::string_view name, const std::string& text) {
    return key(name).string(text);
  }
  JsonWriter& field(std::string_view name, bool value) { return key(name).boolean(value); }
  JsonWriter& field(std::string_view name, int value) { return key(name).integer(value); }
  JsonWriter& field(std::string_view name, std::int64_t value) { return key(name).integer(value); }
  JsonWriter& field(std::string_view name, std::uint32_t value) {
    return key(name).unsigned_integer(value);
  }
  JsonWriter& field(std::string_view name, std::uint64_t value) {
    return key(name).unsigned_integer(value);
  }
  JsonWriter& field(std::string_view name, double value) { return key(name).number(value); }
  JsonWriter& null_field(std::string_view name) { return key(name).null(); }
  JsonWriter& raw_field(std::string_view name, std::string_view json) {
    return key(name).raw(json);
  }

  std::string& out() { return out_; }

  /// Appends the text as a quoted, escaped JSON string.
  static void append_string(std::string& out, std::string_view text);
  static void append_number(std::string& out, double number);

private:
  void comma() {
    if (out_.size() == start_) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_ += ',';
  }
  template <class Integer>
  void append_integer(Integer number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out_.append(digits, end);
  }

  std::string& out_;
  std::size_t start_;
};

}  // namespace souk::net
