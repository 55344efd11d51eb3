// Builds an index in process and times queries on it: souk-index-bench [PRODUCTS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "engine/catalog/product_codec.hpp"
#include "engine/index/catalog_index.hpp"
#include "engine/search/search.hpp"
#include "engine/types/shard.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};
constexpr std::size_t kShards = 4;

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Words by a Zipf-like law over a made vocabulary.
class Words {
public:
  explicit Words(std::uint32_t seed) : random_{seed} {
    for (int i = 0; i < 60'000; ++i) {
      std::string word;
      for (std::uint32_t rest = static_cast<std::uint32_t>(i) * 2'654'435'761U;
           word.size() < 4 + rest % 6; rest /= 3) {
        word.push_back(static_cast<char>('a' + (rest ^ static_cast<std::uint32_t>(i)) % 26));
        word.push_back("aeiou"[rest % 5]);
      }
      words_.push_back(word);
    }
  }
  const std::string& one() {
    const double u = std::uniform_real_distribution<double>{0, 1}(random_);
    return words_[static_cast<std::size_t>(static_cast<double>(words_.size() - 1) * u * u * u * u)];
  }
  std::string some(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : " ") + one();
    return text;
  }
  std::size_t below(std::size_t limit) { return random_() % limit; }

private:
  std::mt19937 random_;
  std::vector<std::string> words_;
};

Product product_of(std::size_t number, Words& words) {
  Product product;
  char id[32];
  std::snprintf(id, sizeof id, "p%08zu", number);
  product.id = ProductId{id};
  product.title = words.some(8);
  product.description = words.some(60);
  product.brand = "Brand " + std::to_string(words.below(160));
  product.categories = {"Level " + std::to_string(words.below(12)) + " > Part " +
                        std::to_string(words.below(40))};
  product.attributes = {{"color", "Color " + std::to_string(words.below(12))},
                        {"weight", static_cast<double>(words.below(900))}};
  product.rating = static_cast<double>(words.below(50)) / 10;
  product.popularity = static_cast<std::int64_t>(words.below(10'000));
  for (std::size_t i = 0; i < 1 + words.below(3); ++i) {
    product.variants.push_back(
        {Sku{product.id.str() + "-" + std::to_string(i)},
         {{"size", std::string(1, "SML"[i % 3])}},
         {static_cast<std::int64_t>(100 + words.below(90'000)), *Currency::parse("EUR")},
         0,
         Quantity{static_cast<std::int64_t>(words.below(9))}});
  }
  return product;
}

void time_query(const char* name, std::span<const SnapshotPtr> snapshots,
                std::vector<Query> queries) {
  std::vector<double> times;
  std::uint64_t found = 0;
  for (int round = 0; round < 3; ++round) {
    for (const Query& query : queries) {
      const double begin = cpu_seconds();
      found += search(snapshots, query, kNow, {}).found;
      times.push_back((cpu_seconds() - begin) * 1e6);
    }
  }
  std::sort(times.begin(), times.end());
  double sum = 0;
  for (const double time : times) sum += time;
  std::printf("%-28s mean %9.1f us  p50 %9.1f  p99 %9.1f  found %llu\n", name,
              sum / static_cast<double>(times.size()), times[times.size() / 2],
              times[times.size() * 99 / 100],
              static_cast<unsigned long long>(found / times.size()));
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::stoul(argv[1]) : 20'000;
  Words words{1};
  std::vector<CatalogIndex> indexes;
  for (std::size_t i = 0; i < kShards; ++i)
    indexes.emplace_back(ShardId{Service::catalog, static_cast<std::uint16_t>(i)});
  double put_cpu = 0;
  double merge_cpu = 0;
  double publish_worst = 0;
  double install_worst = 0;
  std::size_t text_bytes = 0;
  SkuEntry one_sku;
  for (std::size_t i = 0; i < count; ++i) {
    const Product product = product_of(i, words);
    ProductEntry entry;
    entry.id = product.id;
    entry.version = entry.content_version = 1;
    entry.document = std::make_shared<const std::string>(encode_document(product));
    text_bytes += entry.document->size();
    std::vector<SkuEntry> skus;
    for (const Variant& variant : product.variants) {
      entry.skus.push_back(variant.sku);
      SkuEntry sku;
      sku.terms = {variant.sku, variant.price, 0};
      sku.product = product.id;
      sku.stock.on_hand = *variant.stock;
      skus.push_back(sku);
    }
    one_sku = skus[0];
    std::vector<const SkuEntry*> pointers;
    for (const auto& sku : skus) pointers.push_back(&sku);
    const double begin = cpu_seconds();
    CatalogIndex& index = indexes[slot_of(entry.id.str()) % kShards];
    index.put(entry, pointers);
    if (i % 1000 == 999 || i + 1 == count) {
      for (CatalogIndex& each : indexes) {
        const double start = cpu_seconds();
        each.publish(i);
        publish_worst = std::max(publish_worst, cpu_seconds() - start);
      }
      put_cpu += cpu_seconds() - begin;
      for (CatalogIndex& each : indexes) {
        const double start = cpu_seconds();
        if (const auto merge = each.next_merge()) {
          const auto merged = run_merge(*merge);
          const double installing = cpu_seconds();
          each.install(merged);
          install_worst = std::max(install_worst, cpu_seconds() - installing);
        }
        merge_cpu += cpu_seconds() - start;
      }
    } else {
      put_cpu += cpu_seconds() - begin;
    }
  }
  std::vector<SnapshotPtr> snapshots;
  std::size_t segments = 0;
  std::uint64_t bytes = 0;
  for (CatalogIndex& index : indexes) {
    snapshots.push_back(index.publish(count));
    segments += index.segment_count();
    bytes += index.memory_bytes();
  }
  const auto docs = static_cast<double>(count);
  std::printf(
      "%zu products, %.0f bytes each: index %.1f us + merge %.1f us per product, %zu segments, "
      "%.0f bytes per product, "
      "worst publish %.1f ms, worst install %.1f ms\n",
      count, static_cast<double>(text_bytes) / docs, put_cpu / docs * 1e6, merge_cpu / docs * 1e6,
      segments, static_cast<double>(bytes) / docs, publish_worst * 1e3, install_worst * 1e3);

  Query all;
  all.facet_by = {{"brand", {}}, {"categories", {}}};
  time_query("* + 2 facets", snapshots, std::vector<Query>(5, all));
  Query priced = all;
  priced.filter = *parse_filter("price:[1000..20000] && in_stock:true");
  time_query("* + price, stock + 2 facets", snapshots, std::vector<Query>(5, priced));
  std::vector<Query> one;
  std::vector<Query> two;
  std::vector<Query> prefix;
  std::vector<Query> filtered;
  for (int i = 0; i < 60; ++i) {
    Query query;
    for (const auto& field : default_query_fields())
      query.query_by.push_back({field.name, field.weight, false});
    query.highlight = false;
    query.q = words.one();
    one.push_back(query);
    query.q += " " + words.one();
    two.push_back(query);
    query.facet_by = all.facet_by;
    query.filter = priced.filter;
    filtered.push_back(query);
    Query typed;
    typed.q = words.one().substr(0, 3);
    prefix.push_back(typed);
  }
  time_query("one word", snapshots, one);
  time_query("two words", snapshots, two);
  time_query("two words + filter + facets", snapshots, filtered);
  time_query("prefix, highlights", snapshots, prefix);

  const double begin = cpu_seconds();
  constexpr int kChanges = 20'000;
  for (int i = 0; i < kChanges; ++i) {
    one_sku.stock.on_hand = Quantity{i};
    CatalogIndex& index = indexes[slot_of(one_sku.product.str()) % kShards];
    index.set_sku(one_sku);
    index.publish(static_cast<Position>(i));
  }
  std::printf("stock change + publish: %.2f us\n", (cpu_seconds() - begin) / kChanges * 1e6);
}
