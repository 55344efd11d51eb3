// The claim of the whole system: what a search shows equals the shard's state at the position its
// reply names. A checker that knows nothing of the engine's apply or index reads the journal and
// computes every page again from the events.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "actors/client.hpp"
#include "actors/node.hpp"
#include "engine/search/filter.hpp"
#include "storage/database.hpp"
#include "storage/journal.hpp"

using namespace souk;
using namespace souk::actors;
using engine::Position;
using engine::ShardId;
using std::chrono::steady_clock;

namespace {

constexpr int kProducts = 200;
constexpr int kChangesPerSecond = 500;
constexpr std::chrono::seconds kRun{3};
const engine::Currency kEur = *engine::Currency::parse("EUR");

/// A client with its own thread's task queue; ask() waits for the answer.
class Asker {
public:
  explicit Asker(Node& node)
      : client_{node, [this](Client::Task task) {
                  const std::lock_guard lock{mutex_};
                  tasks_.push_back(std::move(task));
                  ready_.notify_one();
                }} {}

  template <class T, class Call>
  Reply<T> ask(Call call) {
    std::optional<Reply<T>> answer;
    call(client_, RequestContext{steady_clock::now() + std::chrono::seconds{20}, {}, "req_test"},
         [&](Reply<T> reply) { answer = std::move(reply); });
    while (!answer) {
      std::deque<Client::Task> tasks;
      {
        std::unique_lock lock{mutex_};
        ready_.wait_for(lock, std::chrono::milliseconds{5}, [&] { return !tasks_.empty(); });
        tasks.swap(tasks_);
      }
      for (Client::Task& task : tasks) task();
      client_.sweep(steady_clock::now());
    }
    return std::move(*answer);
  }

private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Client::Task> tasks_;
  Client client_;
};

std::string product_name(int number) {
  return "tee-" + std::to_string(number);
}
std::string brand_of(int number) {
  return "Brand " + std::to_string(number % 7);
}
int variant_count(int number) {
  return 1 + number % 3;
}
const char* size_of_variant(int variant) {
  return variant == 0 ? "S" : variant == 1 ? "M" : "L";
}
engine::Sku sku_of(int number, int variant) {
  return engine::Sku{product_name(number) + "-" + size_of_variant(variant)};
}

engine::Product product_of(int number, const std::vector<std::int64_t>& prices, bool with_stock) {
  engine::Product product;
  product.id = engine::ProductId{product_name(number)};
  product.title = "Plain shirt " + std::to_string(number);
  product.brand = brand_of(number);
  for (int v = 0; v < variant_count(number); ++v) {
    engine::Variant variant;
    variant.sku = sku_of(number, v);
    variant.options = {{"size", size_of_variant(v)}};
    variant.price = {prices[static_cast<std::size_t>(v)], kEur};
    if (with_stock) variant.stock = engine::Quantity{(number + v) % 4};
    product.variants.push_back(std::move(variant));
  }
  return product;
}

struct VariantState {
  std::int64_t price = 0;
  std::int64_t available = 0;
};

/// One filter, as text for the node and as a function for the checker.
struct FilterCase {
  const char* text;
  bool (*matches)(const std::string& brand, const std::string& size, const VariantState& variant);
};
constexpr FilterCase kFilters[] = {
    {"", [](const std::string&, const std::string&, const VariantState&) { return true; }},
    {"in_stock:true",
     [](const std::string&, const std::string&, const VariantState& v) { return v.available > 0; }},
    {"price:<1500",
     [](const std::string&, const std::string&, const VariantState& v) { return v.price < 1500; }},
    {"in_stock:true && price:[1200..1800]",
     [](const std::string&, const std::string&, const VariantState& v) {
       return v.available > 0 && v.price >= 1200 && v.price <= 1800;
     }},
    {"attributes.size:=S && in_stock:true",
     [](const std::string&, const std::string& size, const VariantState& v) {
       return size == "S" && v.available > 0;
     }},
    {"brand:=`Brand 3` || (price:>1700 && in_stock:false)",
     [](const std::string& brand, const std::string&, const VariantState& v) {
       return brand == "Brand 3" || (v.price > 1700 && v.available <= 0);
     }},
};

struct Observation {
  std::size_t filter = 0;
  engine::SearchPage page;
};

/// Price and available units of every SKU after each position, straight from the journal's events.
class History {
public:
  void read(const std::filesystem::path& data, const engine::ShardMap& map) {
    auto database = storage::Database::open(data, {});
    REQUIRE_MESSAGE(database, (database ? "" : database.error().detail));
    storage::Journal journal{**database};
    for (const ShardId shard : map.shards_of(engine::Service::catalog)) {
      const auto marks = journal.watermarks(shard);
      REQUIRE(marks);
      const auto read =
          journal.read(shard, 0, marks->stored, [&](const storage::JournalEntry& entry) {
            const auto record = storage::decode_catalog_record(entry.bytes);
            REQUIRE(record);
            for (const engine::CatalogEvent& event : record->events) note(record->position, event);
            return true;
          });
      REQUIRE(read);
    }
  }

  std::optional<VariantState> at(const engine::Sku& sku, Position position) const {
    const auto found = states_.find(sku);
    if (found == states_.end()) return std::nullopt;
    const auto after = found->second.upper_bound(position);
    if (after == found->second.begin()) return std::nullopt;
    return std::prev(after)->second;
  }

private:
  void note(Position position, const engine::CatalogEvent& event) {
    if (const auto* put = std::get_if<engine::ProductPut>(&event)) {
      for (const engine::SkuTerms& terms : put->terms)
        latest(terms.sku, position).price = terms.price.minor_units;
    } else if (const auto* change = std::get_if<engine::StockChanged>(&event)) {
      latest(change->sku, position).available += change->delta.units();
    }
  }

  VariantState& latest(const engine::Sku& sku, Position position) {
    auto& states = states_[sku];
    const VariantState last = states.empty() ? VariantState{} : states.rbegin()->second;
    return states.try_emplace(position, last).first->second;
  }

  std::map<engine::Sku, std::map<Position, VariantState>> states_;
};

/// How many things on the page differ from the state at its positions, shifted back by `lag` (0:
/// the truth).
int differences(const Observation& seen, const History& history, const engine::ShardMap& map,
                Position lag) {
  std::map<ShardId, Position> positions;
  for (const engine::ShardPosition& p : seen.page.positions)
    positions[p.shard] = p.position > lag ? p.position - lag : 1;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>>
      expected;  // id: cheapest price, available
  std::map<std::string, std::uint64_t> brands;
  std::map<std::string, std::uint64_t> sizes;
  for (int number = 0; number < kProducts; ++number) {
    const ShardId shard =
        map.shard_of(engine::Service::catalog, engine::slot_of(product_name(number)));
    std::optional<std::pair<std::int64_t, std::int64_t>> product;
    for (int v = 0; v < variant_count(number); ++v) {
      const auto state = history.at(sku_of(number, v), positions[shard]);
      if (!state || !kFilters[seen.filter].matches(brand_of(number), size_of_variant(v), *state))
        continue;
      if (!product) product = {state->price, 0};
      product->first = std::min(product->first, state->price);
      product->second += state->available;
      ++sizes[size_of_variant(v)];
    }
    if (!product) continue;
    expected[product_name(number)] = *product;
    ++brands[brand_of(number)];
  }
  int wrong = seen.page.found == expected.size() ? 0 : 1;
  for (const engine::Hit& hit : seen.page.hits) {
    const auto truth = expected.find(hit.id.str());
    if (truth == expected.end() || truth->second.first != hit.price.minor_units ||
        truth->second.second != hit.available.units() ||
        hit.in_stock != (truth->second.second > 0)) {
      ++wrong;
    }
  }
  if (seen.page.hits.size() != expected.size()) ++wrong;
  for (const engine::Facet& facet : seen.page.facets) {
    std::map<std::string, std::uint64_t> counts;
    for (const engine::FacetCount& count : facet.counts) counts[count.value] = count.count;
    if (counts != (facet.field == "brand" ? brands : sizes)) ++wrong;
  }
  return wrong;
}

}  // namespace

TEST_CASE(
    "search: every hit and facet count equals the state at the position of its token, while stock "
    "and prices change") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  const auto folder =
      std::filesystem::temp_directory_path() / ("souk-truth-" + std::to_string(seed));
  NodeConfig config;
  config.data = folder;
  config.journal_keep_bytes = std::uint64_t{1} << 40U;
  config.materialise_seconds = 1;
  config.free_bytes_min = 0;
  engine::ShardMap map;
  std::vector<Observation> observations;
  std::atomic<int> changes{0};
  {
    auto node = Node::start(config);
    REQUIRE_MESSAGE(node, (node ? "" : node.error().detail));
    map = (*node)->shard_map();
    {
      Asker asker{**node};
      for (int number = 0; number < kProducts; ++number) {
        engine::PutProduct put;
        put.product =
            product_of(number, {1000 + number * 5, 1100 + number * 5, 1200 + number * 5}, true);
        put.now = engine::Timestamp{1'700'000'000'000'000};
        const auto reply =
            asker.ask<ProductPutReply>([&](Client& client, const RequestContext& context,
                                           auto done) { client.put_product(context, put, done); });
        REQUIRE(reply.result);
      }
    }
    std::atomic<bool> over{false};
    std::mutex observations_mutex;
    std::vector<std::thread> threads;
    for (unsigned writer = 0; writer < 2; ++writer) {
      threads.emplace_back([&, writer] {
        Asker asker{**node};
        std::mt19937_64 random{seed + writer};
        auto next = steady_clock::now();
        for (int i = 0; !over; ++i) {
          const int number = static_cast<int>(random() % kProducts);
          const auto now = engine::Timestamp{1'700'000'000'000'000 + i};
          if (random() % 10 < 7) {
            engine::AdjustStock adjust;
            adjust.sku = sku_of(
                number, static_cast<int>(random() % static_cast<unsigned>(variant_count(number))));
            adjust.delta = engine::Quantity{random() % 2 == 0 ? 1 : -1};
            adjust.reason = "count";
            adjust.idempotency = {"key-" + std::to_string(writer) + "-" + std::to_string(i), 1,
                                  "req"};
            adjust.now = now;
            const auto reply = asker.ask<engine::SkuEntry>(
                [&](Client& client, const RequestContext& context, auto done) {
                  client.adjust_stock(context, adjust, done);
                });
            if (reply.result) ++changes;
          } else {
            engine::PutProduct put;
            std::vector<std::int64_t> prices;
            for (int v = 0; v < 3; ++v)
              prices.push_back(1000 + static_cast<std::int64_t>(random() % 1000));
            put.product = product_of(number, prices, false);
            put.now = now;
            const auto reply = asker.ask<ProductPutReply>(
                [&](Client& client, const RequestContext& context, auto done) {
                  client.put_product(context, put, done);
                });
            if (reply.result) ++changes;
          }
          next += std::chrono::microseconds{2'000'000 / kChangesPerSecond};
          std::this_thread::sleep_until(next);
        }
      });
    }
    for (unsigned reader = 0; reader < 2; ++reader) {
      threads.emplace_back([&, reader] {
        Asker asker{**node};
        std::mt19937_64 random{seed + 100 + reader};
        std::vector<Observation> seen;
        while (!over) {
          const std::size_t filter = random() % std::size(kFilters);
          engine::Query query;
          query.q = random() % 2 == 0 ? "*" : "shirt";
          query.filter = *engine::parse_filter(kFilters[filter].text);
          query.facet_by = {{"brand", {}}, {"attributes.size", {}}};
          query.per_page = 250;
          query.highlight = false;
          auto reply = asker.ask<engine::SearchPage>(
              [&](Client& client, const RequestContext& context, auto done) {
                client.search(context, query, {.require_full_coverage = true}, done);
              });
          if (reply.result) seen.push_back({filter, std::move(*reply.result)});
          std::this_thread::sleep_for(std::chrono::milliseconds{2});
        }
        const std::lock_guard lock{observations_mutex};
        std::move(seen.begin(), seen.end(), std::back_inserter(observations));
      });
    }
    std::this_thread::sleep_for(kRun);
    over = true;
    for (std::thread& thread : threads) thread.join();
    (*node)->stop(std::chrono::seconds{20});
  }
  History history;
  history.read(folder, map);

  int wrong = 0;
  int stale = 0;
  for (const Observation& seen : observations) {
    wrong += differences(seen, history, map, 0);
    stale += differences(seen, history, map, 3);
  }

  MESSAGE(observations.size() << " searches, " << changes.load() << " changes in " << kRun.count()
                              << " s");
  CHECK(changes > 300);
  CHECK(observations.size() > 100);
  CHECK(wrong == 0);
  // The control: three positions earlier the pages are not true, so the checker does see
  // differences.
  CHECK(stale > 0);
  std::filesystem::remove_all(folder);
}
