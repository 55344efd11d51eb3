#include "net/json/json_writer.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <random>
#include <string>

using namespace souk::net;

namespace {

/// One character after the other, by the rules of RFC 8259.
std::string slow_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const std::string_view named = "\bb\ff\nn\rr\tt\"\"\\\\";
    const auto found = named.find(c);
    if (found != std::string_view::npos && found % 2 == 0) {
      out += '\\';
      out += named[found + 1];
    } else if (byte < 0x20 || byte == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

TEST_CASE("json writer: strings of every length and byte are escaped as one character at a time") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 40, ' ');
    // Mostly plain, so that whole words are; the rest any byte.
    for (char& c : text) {
      c = static_cast<char>(random() % 12 == 0 ? random() % 256 : 'a' + random() % 26);
    }
    std::string written;
    JsonWriter::append_string(written, text);
    REQUIRE(written == slow_string(text));
  }
}
