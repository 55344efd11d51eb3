#include "net/endpoints/line_splitter.hpp"

#include <doctest/doctest.h>

#include <random>
#include <vector>

namespace souk::net {
namespace {

struct Cut {
  std::uint64_t number;
  std::string text;
  bool too_long;

  friend bool operator==(const Cut&, const Cut&) = default;
};

std::vector<Cut> cut(const std::vector<std::string>& pieces, std::size_t bytes_max) {
  LineSplitter splitter{bytes_max};
  std::vector<Cut> lines;
  for (const std::string& piece : pieces) {
    splitter.feed(piece);
    while (const auto line = splitter.next())
      lines.push_back({line->number, std::string{line->text}, line->too_long});
  }
  if (const auto line = splitter.finish())
    lines.push_back({line->number, std::string{line->text}, line->too_long});
  return lines;
}

}  // namespace

TEST_CASE(
    "line splitter: numbers lines, blank ones included, and takes a last line without an end") {
  CHECK(cut({"a\n\nb\r\nc"}, 10) ==
        std::vector<Cut>{{1, "a", false}, {2, "", false}, {3, "b", false}, {4, "c", false}});
  CHECK(cut({"a\n"}, 10) == std::vector<Cut>{{1, "a", false}});
  CHECK(cut({}, 10).empty());
}

TEST_CASE("line splitter: a line that is too long is skipped, the next one is not") {
  CHECK(cut({"12345\n123456\n1"}, 5) ==
        std::vector<Cut>{{1, "12345", false}, {2, "", true}, {3, "1", false}});
  CHECK(cut({"123", "45", "6", "7\nab\n"}, 5) == std::vector<Cut>{{1, "", true}, {2, "ab", false}});
  CHECK(cut({"123456"}, 5) == std::vector<Cut>{{1, "", true}});
}

TEST_CASE("line splitter: where the stream is cut makes no difference") {
  std::mt19937 random{11};
  for (int run = 0; run < 300; ++run) {
    std::string text;
    for (std::size_t i = random() % 80; i > 0; --i) text += "ab\n\r"[random() % 4];
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 7;
      pieces.push_back(text.substr(at, size));
      at += size;
    }
    CAPTURE(text);
    CHECK(cut(pieces, 6) == cut({text}, 6));
  }
}

}  // namespace souk::net
