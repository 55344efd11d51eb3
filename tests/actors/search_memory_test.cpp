#include "actors/search_memory.hpp"

#include <doctest/doctest.h>

#include <string>

#include "storage/files.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Time = std::chrono::system_clock::time_point;

const Time kBegin{std::chrono::duration_cast<Time::duration>(seconds{1'800'000'000})};

std::uint64_t count_of(const actors::SearchMemory& memory, const std::string& query) {
  engine::SuggestRequest request;
  request.q = query;
  for (const engine::SuggestedQuery& each : memory.past(request)) {
    if (each.text == query) return each.count;
  }
  return 0;
}

void ask(actors::SearchMemory& memory, const std::string& query, int times) {
  for (int i = 0; i < times; ++i) memory.remember(query);
}

}  // namespace

TEST_CASE("search memory: past queries outlive their owner, and are written now and then") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "past_queries";
  {
    actors::SearchMemory memory;
    memory.open(file, kBegin);
    ask(memory, "red shoe", 5);
    memory.keep(kBegin + seconds{10});
    CHECK_FALSE(std::filesystem::exists(file));
    memory.keep(kBegin + seconds{31});
    CHECK(std::filesystem::exists(file));
    ask(memory, "red shoe", 1);
    memory.save();
  }
  actors::SearchMemory memory;
  memory.open(file, kBegin + seconds{60});
  CHECK(count_of(memory, "red shoe") == 6);
}

TEST_CASE("search memory: past queries fade by the week, also while nothing runs") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "past_queries";
  {
    actors::SearchMemory memory;
    memory.open(file, kBegin);
    ask(memory, "red shoe", 8);
    memory.keep(kBegin + hours{24 * 6});
    CHECK(count_of(memory, "red shoe") == 8);
    memory.keep(kBegin + hours{24 * 8});
    CHECK(count_of(memory, "red shoe") == 4);
    memory.save();
  }
  actors::SearchMemory memory;
  memory.open(file, kBegin + hours{24 * 15});
  memory.keep(kBegin + hours{24 * 15});
  CHECK(count_of(memory, "red shoe") == 2);
  // A clock that jumped does not stop the node.
  memory.keep(kBegin + hours{24 * 365 * 200});
  CHECK(count_of(memory, "red shoe") == 0);
}

TEST_CASE("search memory: a damaged file is as none, and is written anew") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "past_queries";
  for (const std::string text : {"", "1", "12\nno past queries", "\n\n\n"}) {
    REQUIRE(storage::write_file(file, text));
    actors::SearchMemory memory;
    memory.open(file, kBegin);
    ask(memory, "red shoe", 2);
    memory.save();
    actors::SearchMemory again;
    again.open(file, kBegin);
    CHECK(count_of(again, "red shoe") == 2);
  }
}

}  // namespace souk::test
