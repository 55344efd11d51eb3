// Souk's engine as a contestant of a search comparison: one command per line on stdin, one JSON
// line per answer on stdout. A command is words parted by single spaces:
//   build DOCS DIRECTORY SCHEMA   indexes a table of products, leaves the segments in the directory
//   open DIRECTORY                puts the same products over the segments left there
//   run KIND QUERIES SECONDS      CPU and wall microseconds of each query
//   answers KIND QUERIES FILE     what the queries find: query, place, product, score
//   asked QUERIES                 queries as bench/hostile.py writes them, hits read and all
//   quit
// DOCS: id, title, class, category, description, features, brand, price, stock, parted by tabs.
// Kinds: and, or, orcount, filtand, filtor, prefix, typo, and of Souk alone near (and, with the
// words' proximity) and fewer: all words, and any word below 20 hits, all of them counted, as a
// shop asks. Where the question is for the ten
// best only, counting may stop as soon as they are found, as it does in the libraries beside.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/peers/search/asked_query.hpp"
#include "engine/catalog/product_codec.hpp"
#include "engine/index/catalog_index.hpp"
#include "engine/index/saved_segment.hpp"
#include "engine/search/fuzzy_terms.hpp"
#include "engine/search/search.hpp"
#include "engine/search/search_part.hpp"
#include "engine/search/search_round.hpp"
#include "engine/search/search_statistics.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};
constexpr std::size_t kPublishEvery = 10'000;
constexpr std::size_t kColumns = 9;

using Row = std::vector<std::string>;

std::vector<std::string> split(std::string_view line, char separator) {
  std::vector<std::string> parts;
  for (std::size_t at = line.find(separator); at != std::string_view::npos;
       at = line.find(separator)) {
    parts.emplace_back(line.substr(0, at));
    line.remove_prefix(at + 1);
  }
  parts.emplace_back(line);
  return parts;
}

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The first two levels.
std::string category(const std::string& path) {
  const std::size_t first = path.find(" / ");
  if (first == std::string::npos) return path;
  return path.substr(0, path.find(" / ", first + 3));
}

Product product_of(const Row& row) {
  Product product;
  product.id = ProductId{row[0]};
  product.description = row[1] + " " + row[4] + " " + row[5];
  product.brand = row[6];
  product.categories = {category(row[3])};
  Variant variant;
  variant.sku = Sku{row[0]};
  variant.price = {number(row[7]), *Currency::parse("EUR")};
  product.variants.push_back(std::move(variant));
  return product;
}

class Contestant {
public:
  /// Puts the products of the table, into segments of the directory as far as these have them.
  void index(const std::string& table, const std::string& directory = {});
  std::uint64_t save(const std::string& directory);
  std::uint64_t size() const { return snapshot_size(*snapshots_.front()); }
  std::size_t segment_count() const { return index_.segment_count(); }
  SearchPart ask(const Query& query) const;
  SearchPage page(const Query& query) const { return search(snapshots_, query, kNow, {}); }

private:
  void load(const std::string& directory);
  void merge_all(bool settled);

  CatalogIndex index_{ShardId{Service::catalog, 0}};
  std::vector<SnapshotPtr> snapshots_;
};

void Contestant::merge_all(bool settled) {
  while (const auto merge = index_.next_merge(settled)) index_.install(run_merge(*merge));
}

void Contestant::load(const std::string& directory) {
  for (const auto& file : std::filesystem::directory_iterator{directory}) {
    const std::string name = file.path().filename().string();
    if (!name.starts_with("segment-")) continue;
    std::string bytes(file.file_size(), '\0');
    std::ifstream{file.path(), std::ios::binary}.read(bytes.data(),
                                                      static_cast<std::streamsize>(bytes.size()));
    (void)index_.load(name, SharedBytes{std::move(bytes)});  // what is damaged is indexed anew
  }
}

void Contestant::index(const std::string& table, const std::string& directory) {
  index_ = CatalogIndex{ShardId{Service::catalog, 0}};
  const bool loaded = !directory.empty();
  if (loaded) load(directory);
  std::ifstream in{table};
  Position position = 0;
  for (std::string line; std::getline(in, line);) {
    const Row row = split(line, '\t');
    if (row.size() < kColumns) continue;
    const Product product = product_of(row);
    ProductEntry entry;
    entry.id = product.id;
    entry.version = entry.content_version = 1;
    entry.document = std::make_shared<const std::string>(encode_document(product));
    entry.skus.push_back(product.variants.front().sku);
    SkuEntry sku;
    sku.terms = {product.variants.front().sku, product.variants.front().price, 0};
    sku.product = product.id;
    sku.stock.on_hand = Quantity{number(row[8])};
    const SkuEntry* skus[] = {&sku};
    index_.put(entry, skus);
    if (++position % kPublishEvery == 0 && !loaded) {
      index_.publish(position);
      merge_all(false);
    }
  }
  index_.publish(position);
  merge_all(true);  // as a shard does when the import is over
  snapshots_ = {index_.publish(position)};
}

/// Bytes of all segments; those that the engine thinks worth it are written.
std::uint64_t Contestant::save(const std::string& directory) {
  std::filesystem::create_directories(directory);
  for (const auto& file : std::filesystem::directory_iterator{directory}) {
    if (file.path().filename().string().starts_with("segment-")) std::filesystem::remove(file);
  }
  std::uint64_t bytes = 0;
  for (const SegmentView& view : snapshots_.front()->segments())
    bytes += view.segment->bytes().size();
  for (const SavedSegment& saved : index_.take_unsaved())
    std::ofstream{directory + "/" + saved.name} << saved.bytes.view();
  return bytes;
}

/// The ids of the ten best, as every contestant gives: documents of hits are not read.
SearchPart Contestant::ask(const Query& query) const {
  const SearchBudget budget;
  const QueryPlan words = plan_words(query);
  SearchStatistics statistics = collect_statistics(snapshots_, words);
  QueryPlan plan = plan_query(words, statistics);
  PartSearch search{snapshots_, query, plan, kNow, budget};
  std::optional<SearchRound> round = first_hopeful(query, plan, first_round(plan));
  while (round) {
    while (needs_spellings(plan, *round)) {
      statistics.spelling = collect_spellings(snapshots_, plan, round->spelling);
      plan = plan_query(words, statistics);
      round = first_hopeful(query, plan, *round);
    }
    search.run(*round);
    round = next_round(query, plan, *round, search.found(), search.cutoff());
  }
  return search.part(true);
}

/// Nothing for a kind of query that there is not.
std::optional<Query> query_of(const std::string& kind, const Row& row) {
  Query query;
  query.q = row[1];
  query.query_by = {{"description", 1, kind == "prefix"}};
  query.highlight = false;
  query.drop_tokens_threshold = query.typo_tokens_threshold = 0;
  query.split_join_tokens = SplitJoin::off;
  if (kind == "fewer") {
    query.drop_tokens_threshold = 20;
    query.token_dropping = TokenDropping::any_word;
    return query;
  }
  query.proximity = kind == "near";  // the libraries beside count words only
  const bool any = kind == "or" || kind == "orcount" || kind == "filtor";
  if (any) query.match = WordMatch::any;
  if (kind != "orcount") query.count_limit = 1;
  query.sort_by = {{"_text_match", SortOrder::descending}};
  if (kind == "and" || kind == "near" || kind == "or" || kind == "orcount") return query;
  if (kind == "prefix") {
    query.q += " " + row[2];
    return query;
  }
  if (kind == "typo") {
    // The words without the marks of those that may be misspelled; every word of five letters may.
    query.q = row[2];
    query.num_typos = 1;
    query.min_len_1typo = 5;
    query.typo_tokens_threshold = 1;
    return query;
  }
  if (kind != "filtand" && kind != "filtor") return std::nullopt;
  auto filter = parse_filter("price:[" + row[2] + ".." + row[3] + "]");
  if (!filter) return std::nullopt;
  query.filter = *filter;
  query.facet_by = {{"brand", {}}, {"categories", {}}};
  return query;
}

std::vector<Row> load_rows(const std::string& file) {
  std::vector<Row> rows;
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) rows.push_back(split(line, '\t'));
  return rows;
}

void run(const Contestant& contestant, const std::string& kind, const std::string& file,
         double seconds) {
  std::string wall;
  std::string cpu;
  std::uint64_t hits = 0;
  std::size_t count = 0;
  const double begin = seconds_of(CLOCK_MONOTONIC);
  double end = begin;
  for (const Row& row : load_rows(file)) {
    const double wall_begin = seconds_of(CLOCK_MONOTONIC);
    const double cpu_begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    const auto query = query_of(kind, row);
    if (!query) {
      std::printf("{\"error\":\"not offered\"}\n");
      return;
    }
    const SearchPart part = contestant.ask(*query);
    hits += kind.starts_with("filt") || kind == "orcount" ? part.found : part.hits.size();
    const double cpu_end = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    end = seconds_of(CLOCK_MONOTONIC);
    const char* comma = count++ == 0 ? "" : ",";
    wall += comma + std::to_string(static_cast<long>((end - wall_begin) * 1e6));
    cpu += comma + std::to_string(static_cast<long>((cpu_end - cpu_begin) * 1e6));
    if (end - begin > seconds) break;
  }
  std::printf("{\"n\":%zu,\"wall_s\":%.6f,\"hits\":%llu,\"us\":[%s],\"cus\":[%s]}\n", count,
              end - begin, static_cast<unsigned long long>(hits), wall.c_str(), cpu.c_str());
}

void write_answers(const Contestant& contestant, const std::string& kind, const std::string& file,
                   const std::string& target) {
  std::ofstream out{target};
  for (const Row& row : load_rows(file)) {
    const auto query = query_of(kind, row);
    if (!query) break;
    const SearchPart part = contestant.ask(*query);
    for (std::size_t i = 0; i < part.hits.size(); ++i)
      out << row[0] << '\t' << i + 1 << '\t' << part.hits[i].id.str() << '\t'
          << part.hits[i].text_match << '\n';
  }
  std::printf("{\"ok\":1}\n");
}

/// CPU of each query, and whether its answer is partial.
void run_asked(const Contestant& contestant, const std::string& file) {
  std::string answers;
  for (const Row& row : load_rows(file)) {
    const auto query = souk::bench::asked_query(row);
    answers += (answers.empty() ? "{\"name\":\"" : ",{\"name\":\"") + row[0] + "\",";
    if (!query) {
      std::string detail = query.error().detail;
      std::replace(detail.begin(), detail.end(), '"', '\'');
      answers += "\"refused\":\"" + detail + "\"}";
      continue;
    }
    const double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    const SearchPage page = contestant.page(*query);
    const double end = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    answers += "\"ms\":" + std::to_string((end - begin) * 1e3) +
               ",\"found\":" + std::to_string(page.found) +
               ",\"partial\":" + (page.cutoff ? "true}" : "false}");
  }
  std::printf("[%s]\n", answers.c_str());
}

}  // namespace

int main() {
  Contestant contestant;
  for (std::string line; std::getline(std::cin, line) && line != "quit"; std::fflush(stdout)) {
    const Row words = split(line, ' ');
    if (words[0] == "build" && words.size() >= 3) {
      const double begin = seconds_of(CLOCK_MONOTONIC);
      contestant.index(words[1]);
      const std::uint64_t bytes = contestant.save(words[2]);
      std::ofstream{words[2] + "/table"} << words[1];
      std::printf("{\"build_s\":%.3f,\"merge_s\":0,\"bytes\":%llu,\"segments\":%zu}\n",
                  seconds_of(CLOCK_MONOTONIC) - begin, static_cast<unsigned long long>(bytes),
                  contestant.segment_count());
    } else if (words[0] == "open" && words.size() == 2) {
      std::string table;
      std::getline(std::ifstream{words[1] + "/table"}, table);
      contestant.index(table, words[1]);
      std::printf("{\"docs\":%llu,\"segments\":%zu}\n",
                  static_cast<unsigned long long>(contestant.size()), contestant.segment_count());
    } else if (words[0] == "run" && words.size() == 4) {
      run(contestant, words[1], words[2], std::stod(words[3]));
    } else if (words[0] == "answers" && words.size() == 4) {
      write_answers(contestant, words[1], words[2], words[3]);
    } else if (words[0] == "asked" && words.size() == 2) {
      run_asked(contestant, words[1]);
    } else {
      std::printf("{\"error\":\"unknown command\"}\n");
    }
  }
  std::printf("{\"ok\":1}\n");
}
