#include "net/json/json_writer.hpp"

#include <array>

namespace souk::net {

namespace {

// 0: as it is; 'u': as \u00XX; else the letter after the backslash.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = 'u';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  table[0x7F] = 'u';
  return table;
}();

}  // namespace

void JsonWriter::append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t clean = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char escape = kEscapes[static_cast<unsigned char>(text[i])];
    if (escape == 0) continue;
    out.append(text, clean, i - clean);
    clean = i + 1;
    out += '\\';
    out += escape;
    if (escape != 'u') continue;
    constexpr char kHex[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(text[i]);
    out += "00";
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  out.append(text, clean, text.size() - clean);
  out += '"';
}

void JsonWriter::append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  char digits[40];
  if (number == std::trunc(number) && std::fabs(number) < 9.0e15) {
    const auto end =
        std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(number)).ptr;
    out.append(digits, end);
    return;
  }
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

}  // namespace souk::net
