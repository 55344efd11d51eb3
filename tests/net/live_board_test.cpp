#include "net/live_board.hpp"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "actors/publication_bell.hpp"

namespace souk::net {
namespace {

engine::ConsistencyToken at(engine::Position position,
                            engine::Service service = engine::Service::catalog) {
  engine::ConsistencyToken token;
  token.raise({{service, 0}, position});
  return token;
}

}  // namespace

TEST_CASE("live board: wakes a listener once until it looks") {
  const auto board = std::make_shared<LiveBoard>();
  board->saw(at(1));
  int woken = 0;
  auto listener = board->listen("key", [&] { ++woken; });
  REQUIRE(listener);
  CHECK_FALSE((*listener)->changed());

  board->saw(at(2));
  board->saw(at(3));
  CHECK(woken == 1);
  CHECK((*listener)->take());
  CHECK_FALSE((*listener)->take());
  board->saw(at(3));
  board->saw(at(2));
  board->saw(at(9, engine::Service::orders));
  CHECK(woken == 1);
  board->saw(at(4));
  CHECK(woken == 2);
  CHECK(board->seen().position_of({engine::Service::catalog, 0}) == 4);
}

TEST_CASE("live board: takes so many listeners, of one key fewer, and forgets those that left") {
  const auto board = std::make_shared<LiveBoard>(LiveLimits{3, 2});
  const auto listen = [&](const std::string& key) { return board->listen(key, [] {}); };
  auto first = listen("a");
  auto second = listen("a");
  const auto third = listen("a");
  REQUIRE_FALSE(third);
  CHECK(third.error().code == engine::Errc::overloaded);
  const auto other = listen("b");
  REQUIRE(other);
  CHECK_FALSE(listen("c"));
  CHECK(board->refused == 2);

  first->reset();
  CHECK(board->listening() == 2);
  CHECK(listen("a"));
}

TEST_CASE("live board: one listener watches; who lets go or leaves wakes another") {
  const auto board = std::make_shared<LiveBoard>();
  int woken = 0;
  auto first = board->listen("key", [] {});
  auto second = board->listen("key", [&] { ++woken; });
  CHECK(board->watches(**first));
  CHECK(board->watches(**first));
  CHECK_FALSE(board->watches(**second));

  board->let_go(**first);
  CHECK(woken == 1);
  CHECK(board->watches(**first));
  first->reset();
  CHECK(woken == 2);
  CHECK(board->watches(**second));
}

TEST_CASE("live board: who publishes wakes all who listen, once until they look") {
  const auto board = std::make_shared<LiveBoard>();
  CHECK(board->hooks());
  CHECK_FALSE(board->hooks());
  actors::PublicationBell bell;
  bell.ring({{engine::Service::catalog, 0}, 1});  // nobody hears
  bell.on_ring([weak = std::weak_ptr{board}](engine::ShardPosition position) {
    if (const auto told = weak.lock()) told->saw(position);
  });
  int woken = 0;
  auto listener = board->listen("key", [&] { ++woken; });
  bell.ring({{engine::Service::catalog, 1}, 5});
  bell.ring({{engine::Service::catalog, 1}, 6});
  CHECK(woken == 1);
  CHECK(board->seen().position_of({engine::Service::catalog, 1}) == 6);
  CHECK((*listener)->take());
  bell.ring({{engine::Service::catalog, 1}, 6});
  bell.ring({{engine::Service::orders, 1}, 7});
  CHECK(woken == 1);
  bell.ring({{engine::Service::catalog, 1}, 7});
  CHECK(woken == 2);
}

TEST_CASE("live board: the more listen, the longer each rests after a search") {
  using std::chrono::milliseconds;
  const auto board = std::make_shared<LiveBoard>();
  std::vector<std::shared_ptr<LiveListener>> listeners;
  const auto join = [&] { listeners.push_back(std::move(*board->listen("key", [] {}))); };
  join();
  CHECK(board->rest_after(milliseconds{1}) == milliseconds{20});
  for (int i = 0; i < 99; ++i) join();
  CHECK(board->rest_after(milliseconds{1}) == milliseconds{500});
}

TEST_CASE("live board: listeners come and go while it is told") {
  const auto board = std::make_shared<LiveBoard>();
  std::thread publisher{[&] {
    for (engine::Position i = 1; i < 20'000; ++i) board->saw(at(i));
  }};
  for (int i = 0; i < 2'000; ++i) {
    auto listener = board->listen("key", [] {});
    REQUIRE(listener);
    (*listener)->take();
  }
  publisher.join();
  CHECK(board->listening() == 0);
}

}  // namespace souk::net
