// Searches and merges on threads of their own while the owner changes the index: for the thread
// sanitizer above all.
#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "tests/engine/index/index_builders.hpp"

using namespace souk::engine;

namespace {

/// What the owner shows to the searchers.
struct Shown {
  SnapshotPtr snapshot;
  std::size_t products = 0;
  std::size_t sold_out = 0;
};

class Window {
public:
  void show(Shown next) {
    const std::lock_guard lock{mutex_};
    std::swap(shown_, next);
  }
  Shown look() const {
    const std::lock_guard lock{mutex_};
    return shown_;
  }

private:
  mutable std::mutex mutex_;
  Shown shown_;
};

bool agrees(const Shown& shown) {
  Query query;
  query.q = "tee";
  query.per_page = 100;
  const auto page =
      search({&shown.snapshot, 1}, query, Timestamp{1'800'000'000'000'000}, SearchBudget{});
  std::size_t sold_out = 0;
  for (const auto& hit : page.hits) sold_out += hit.in_stock ? 0 : 1;
  return page.found == shown.products && sold_out == shown.sold_out;
}

}  // namespace

TEST_CASE("catalog index: searchers on other threads see one instant while it changes and merges") {
  constexpr int kChanges = 1500;
  constexpr std::size_t kProducts = 60;
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random{seed};
  CatalogIndex index{ShardId{}};
  TestShop shop;
  Window window;
  window.show({index.publish(1), 0, 0});
  std::atomic<bool> done{false};
  std::atomic<std::size_t> searches{0};
  std::atomic<std::size_t> wrong{0};

  std::vector<std::jthread> searchers;
  for (int i = 0; i < 2; ++i) {
    searchers.emplace_back([&] {
      while (!done) {
        if (!agrees(window.look())) ++wrong;
        ++searches;
      }
    });
  }
  std::future<std::shared_ptr<MergedSegment>> merge;
  std::size_t merges = 0;
  std::set<std::string> sold_out;
  for (int i = 0; i < kChanges || searches < 20 || merges == 0; ++i) {
    const auto name = "p" + std::to_string(random() % kProducts);
    const ProductId id{name};
    if (!shop.entries().contains(id) || random() % 3 == 0) {
      shop.put(index, product_of(name, "tee number " + std::to_string(random() % 1000)));
      sold_out.erase(name);
    } else if (random() % 4 == 0) {
      shop.erase(index, id);
      sold_out.erase(name);
    } else {
      const auto units = static_cast<std::int64_t>(random() % 3);
      shop.set_stock(index, Sku{name + "-0"}, units);
      if (units == 0) sold_out.insert(name);
      if (units != 0) sold_out.erase(name);
    }
    const auto snapshot = index.publish(static_cast<Position>(i + 2));
    window.show({snapshot, shop.entries().size(), sold_out.size()});
    if (merge.valid() && merge.wait_for(std::chrono::seconds{0}) == std::future_status::ready) {
      index.install(merge.get());
      ++merges;
    }
    if (!merge.valid()) {
      if (auto next = index.next_merge())
        merge = std::async(std::launch::async, [next] { return run_merge(*next); });
    }
  }
  done = true;
  searchers.clear();

  CHECK(wrong == 0);
  CHECK(merges > 0);
}
