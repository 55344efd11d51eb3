#include "engine/state/table.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>

#include "engine/state/flat_index.hpp"
#include "engine/state/hash.hpp"
#include "engine/state/name_pool.hpp"
#include "engine/state/overlay.hpp"

namespace souk::engine {
namespace {

struct Number {
  std::int64_t value = 0;
};

std::uint64_t hash_entry(const std::string& key, const Number& number) {
  return StateHasher{}.add(key).add(number.value).value();
}

using Numbers = Table<std::string, Number>;

TEST_CASE("table: the hash depends on the content, not on the way there") {
  Numbers a;
  Numbers b;
  a.put("x", {1});
  a.put("y", {2});
  a.modify("x", [](Number& number) { number.value = 3; });
  a.put("z", {9});
  a.erase("z");
  b.put("y", {2});
  b.put("x", {3});

  CHECK(a.hash() == b.hash());
  b.erase("x");
  CHECK(a.hash() != b.hash());
  b.erase("y");
  CHECK(b.hash() == 0);
}

TEST_CASE("table: what comes and goes between two saves is never written") {
  Numbers table;
  table.put("kept", {1});
  table.put("brief", {2});
  table.erase("brief");
  int changed = 0;
  int erased = 0;
  const auto take = [&] {
    changed = erased = 0;
    table.take_dirty([&](const std::string&, const Number&) { ++changed; },
                     [&](const std::string&) { ++erased; });
  };

  take();
  CHECK(changed == 1);
  CHECK(erased == 0);
  table.erase("kept");
  table.put("kept", {5});
  take();
  CHECK(changed == 1);
  CHECK(erased == 0);
  table.erase("kept");
  take();
  CHECK(erased == 1);
}

TEST_CASE("overlay: shows the newest write and its position until that is settled") {
  Numbers table;
  table.put("a", {1});
  Overlay<std::string, Number> overlay{table};
  overlay.set_position(1);
  overlay.modify("a", [](Number& number) { ++number.value; });
  overlay.put("b", {7});
  overlay.set_position(2);
  overlay.modify("a", [](Number& number) { ++number.value; });

  std::uint64_t seen = 0;
  CHECK(overlay.find("a", seen)->value == 3);
  CHECK(seen == 2);
  seen = 0;
  CHECK(overlay.find("b", seen)->value == 7);
  CHECK(seen == 1);
  CHECK(table.find("a")->value == 1);

  overlay.settle(1);
  CHECK(overlay.find("a")->value == 3);
  CHECK(overlay.find("b") == nullptr);
  overlay.settle(2);
  CHECK(overlay.empty());
}

TEST_CASE("overlay: random writes over several positions equal plain maps") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    Numbers table;
    Overlay<std::string, Number> overlay{table};
    struct Write {
      std::uint64_t position;
      std::string key;
      std::optional<std::int64_t> value;
    };
    std::deque<Write> pending;
    std::map<std::string, std::int64_t> expected;
    std::uint64_t position = 0;
    for (int round = 0; round < 2'000; ++round) {
      overlay.set_position(++position);
      for (auto writes = random() % 4; writes > 0; --writes) {
        const std::string key(1, static_cast<char>('a' + random() % 12));
        std::optional<std::int64_t> value;
        if (random() % 3 != 0) value = static_cast<std::int64_t>(random() % 100);
        pending.push_back({position, key, value});
        if (value) {
          overlay.put(key, {*value});
          expected[key] = *value;
        } else {
          overlay.erase(key);
          expected.erase(key);
        }
      }
      const std::uint64_t settled = position - random() % 5 % (position + 1);
      while (!pending.empty() && pending.front().position <= settled) {
        const Write& write = pending.front();
        if (write.value) {
          table.put(write.key, {*write.value});
        } else {
          table.erase(write.key);
        }
        pending.pop_front();
      }
      overlay.settle(settled);
      for (char c = 'a'; c < 'm'; ++c) {
        const std::string key(1, c);
        const Number* found = overlay.find(key);
        REQUIRE((found != nullptr) == expected.contains(key));
        if (found != nullptr) REQUIRE(found->value == expected[key]);
      }
    }
  }
}

// A value that names itself: the table keeps no second copy of the key.
struct Named {
  Sku sku;
  std::int64_t value = 0;
};

const Sku& key_of(const Named& named) {
  return named.sku;
}

std::uint64_t hash_entry(const Sku&, const Named& named) {
  return StateHasher{}.add(named.sku).add(named.value).value();
}

static_assert(NamesItself<Sku, Named> && !NamesItself<std::string, Number>);

TEST_CASE("table: holds what a map holds, whatever comes and goes") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  Table<Sku, Named> table;
  Overlay<Sku, Named> overlay{table};
  std::map<Sku, std::int64_t> model;
  std::map<Sku, std::int64_t> stored;
  std::map<Sku, const Named*> places;

  for (int step = 0; step < 40'000; ++step) {
    const Sku sku{"sku-" + std::to_string(random() % 700)};
    const auto known = model.find(sku);
    const std::uint64_t choice = random() % 100;
    if (choice < 45) {
      const auto value = static_cast<std::int64_t>(random() % 1000);
      const Named* place = &table.put(sku, {sku, value});
      if (known != model.end()) REQUIRE(place == places[sku]);
      places[sku] = place;
      model[sku] = value;
    } else if (choice < 60 && known != model.end()) {
      table.modify(sku, [](Named& named) { ++named.value; });
      ++known->second;
    } else if (choice < 98) {
      table.erase(sku);
      model.erase(sku);
    } else {
      table.take_dirty([&](const Sku& key, const Named& named) { stored[key] = named.value; },
                       [&](const Sku& key) { REQUIRE(stored.erase(key) == 1); });
      REQUIRE(stored == model);
    }
    const Sku asked{"sku-" + std::to_string(random() % 700)};
    const auto expected = model.find(asked);
    const Named* found = table.find(asked);
    REQUIRE((found != nullptr) == (expected != model.end()));
    if (found != nullptr) REQUIRE(found->value == expected->second);
    REQUIRE(overlay.find(asked) == found);
    REQUIRE(table.size() == model.size());
  }

  std::map<Sku, std::int64_t> visited;
  table.for_each([&](const Sku& key, const Named& named) { visited[key] = named.value; });
  CHECK(visited == model);
  // Another way to the same content: another numbering, the same hash.
  Table<Sku, Named> other;
  for (auto entry = model.rbegin(); entry != model.rend(); ++entry)
    other.load(entry->first, {entry->first, entry->second});
  CHECK(other.hash() == table.hash());
}

TEST_CASE("table: an entry is written with its host until it changes without it") {
  Table<Sku, Named> table;
  const Sku a{"a"};
  const Sku b{"b"};
  const auto hosted = [&] {
    int count = 0;
    for (const Sku& sku : {a, b}) table.take_hosted(sku, [&](const Named&) { ++count; });
    return count;
  };
  const auto taken = [&] {
    int count = 0;
    table.take_dirty([&](const Sku&, const Named&) { ++count; }, [&](const Sku&) { count += 10; });
    return count;
  };
  table.put(a, {a, 1});
  table.put(b, {b, 2});

  CHECK(hosted() == 2);
  CHECK(taken() == 0);
  table.modify(a, [](Named& named) { named.value = 3; });
  CHECK(taken() == 1);
  // The host is written again: `a` has a row of its own now.
  CHECK(hosted() == 1);
  table.erase(b);
  CHECK(taken() == 0);
  table.erase(a);
  CHECK(taken() == 10);
}

TEST_CASE("table: a row of its own replaces what was loaded with the host") {
  Table<Sku, Named> table;
  Table<Sku, Named> expected;
  const Sku a{"a"};
  expected.put(a, {a, 2});

  table.load_hosted(a, {a, 1});
  table.load(a, {a, 2});

  CHECK(table.find(a)->value == 2);
  CHECK(table.hash() == expected.hash());
  table.erase(a);
  CHECK(table.is_erased(a));
}

TEST_CASE("flat index: tells keys with equal hashes apart and closes gaps") {
  FlatIndex index;
  // All in one long run: the upper halves are nearly equal.
  const auto hash_of_number = [](std::uint32_t number) {
    return std::uint64_t{number / 4} << 32U | number;
  };
  const auto is = [](std::uint32_t wanted) {
    return [wanted](std::uint32_t number) { return number == wanted; };
  };
  for (std::uint32_t number = 0; number < 200; ++number)
    index.insert(hash_of_number(number), number);
  for (std::uint32_t number = 0; number < 200; number += 3)
    index.erase(hash_of_number(number), number);

  for (std::uint32_t number = 0; number < 200; ++number) {
    const std::uint32_t expected = number % 3 == 0 ? FlatIndex::kNone : number;
    CHECK(index.find(hash_of_number(number), is(number)) == expected);
  }
}

TEST_CASE("name pool: equal names end up with one text") {
  NamePool pool;
  Sku a{"A-LONG-NAME-OF-A-SKU"};
  Sku b{"A-LONG-NAME-OF-A-SKU"};
  Sku other{"ANOTHER"};
  REQUIRE(&a.str() != &b.str());

  pool.share(a);
  pool.share(other);
  pool.share(b);

  CHECK(&a.str() == &b.str());
  CHECK(b == Sku{"A-LONG-NAME-OF-A-SKU"});
  CHECK(other.str() == "ANOTHER");
}

}  // namespace
}  // namespace souk::engine
