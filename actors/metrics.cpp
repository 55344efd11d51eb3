#include "actors/metrics.hpp"

#include <dirent.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace souk::actors {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;
using Labels = std::map<std::string, std::string>;
using Buckets = Histogram::BucketBoundaries;

const Buckets kSeconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                       0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0,  10.0};
const Buckets kCounts{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192};
const Buckets kBytes{256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216};

Family<Counter>& counters(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Gauge>& gauges(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
Family<Histogram>& histograms(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

struct Families {
  explicit Families(Registry& r)
      : http_requests{counters(r, "souk_http_requests_total", "HTTP requests answered.")},
        http_seconds{histograms(r, "souk_http_request_seconds",
                                "Time from the request's head to the end of its answer.")},
        http_in_flight{gauges(r, "souk_http_in_flight", "HTTP requests being worked on.")},
        batch_commands{histograms(r, "souk_shard_batch_commands",
                                  "Commands decided into one journal record.")},
        queue_wait{histograms(r, "souk_queue_wait_seconds",
                              "How long the first of a record's commands waited in the shard's "
                              "queue until it was decided.")},
        batch_bytes{histograms(r, "souk_shard_batch_bytes", "Size of one journal record.")},
        publish_seconds{
            histograms(r, "souk_shard_publish_seconds",
                       "Time to apply committed records and to publish the search snapshot.")},
        materialise_seconds{histograms(r, "souk_shard_materialise_seconds",
                                       "Time to write a shard's changes to its tables.")},
        merge_seconds{
            histograms(r, "souk_shard_merge_seconds", "Time to merge some index segments.")},
        segment_built{counters(r, "souk_shard_segment_built_bytes_total",
                               "Bytes of index segments made of products.")},
        segment_merged{counters(r, "souk_shard_segment_merged_bytes_total",
                                "Bytes of index segments made out of other segments.")},
        shed{counters(r, "souk_shard_shed_total",
                      "Commands refused unread: queue full, backlog, or deadline passed.")},
        sync_seconds{histograms(r, "souk_journal_sync_seconds",
                                "Time of one synced journal write of all shards.")},
        sync_records{
            histograms(r, "souk_journal_batch_records", "Records merged into one synced write.")},
        journal_bytes{counters(r, "souk_journal_written_bytes_total", "Journal bytes written.")},
        checkout_seconds{histograms(r, "souk_checkout_seconds",
                                    "Time of a checkout until its answer, by outcome.")},
        search_seconds{histograms(r, "souk_search_seconds",
                                  "Time of a search inside the node, by outcome.")} {}

  Family<Counter>& http_requests;
  Family<Histogram>& http_seconds;
  Family<Gauge>& http_in_flight;
  Family<Histogram>& batch_commands;
  Family<Histogram>& queue_wait;
  Family<Histogram>& batch_bytes;
  Family<Histogram>& publish_seconds;
  Family<Histogram>& materialise_seconds;
  Family<Histogram>& merge_seconds;
  Family<Counter>& segment_built;
  Family<Counter>& segment_merged;
  Family<Counter>& shed;
  Family<Histogram>& sync_seconds;
  Family<Histogram>& sync_records;
  Family<Counter>& journal_bytes;
  Family<Histogram>& checkout_seconds;
  Family<Histogram>& search_seconds;
};

class RouteMetrics final : public Metrics::Route {
public:
  RouteMetrics(Families& families, const Labels& labels)
      : requests_{families.http_requests},
        labels_{labels},
        seconds_{families.http_seconds.Add(labels, kSeconds)},
        in_flight_{families.http_in_flight.Add(labels)} {}

  void begin() override { in_flight_.Increment(); }
  void end(int status, double seconds) override {
    in_flight_.Decrement();
    seconds_.Observe(seconds);
    counter_of(status).Increment();
  }

private:
  Counter& counter_of(int status) {
    const std::size_t place = status >= 100 && status < 600 ? static_cast<std::size_t>(status) : 0;
    Counter* counter = by_status_[place].load(std::memory_order_acquire);
    if (!counter) {
      Labels labels = labels_;
      labels["status"] = std::to_string(place);
      counter = &requests_.Add(labels);  // the same object for the same labels
      by_status_[place].store(counter, std::memory_order_release);
    }
    return *counter;
  }

  Family<Counter>& requests_;
  const Labels labels_;
  Histogram& seconds_;
  Gauge& in_flight_;
  std::array<std::atomic<Counter*>, 600> by_status_{};
};

class ShardMetrics final : public Metrics::Shard {
public:
  ShardMetrics(Families& families, const Labels& labels)
      : commands_{families.batch_commands.Add(labels, kCounts)},
        wait_{families.queue_wait.Add(labels, kSeconds)},
        bytes_{families.batch_bytes.Add(labels, kBytes)},
        publish_{families.publish_seconds.Add(labels, kSeconds)},
        materialise_{families.materialise_seconds.Add(labels, kSeconds)},
        merge_{families.merge_seconds.Add(labels, kSeconds)},
        built_{families.segment_built.Add(labels)},
        merged_{families.segment_merged.Add(labels)},
        shed_{families.shed.Add(labels)} {}

  void decided(std::size_t commands, std::size_t bytes) override {
    commands_.Observe(static_cast<double>(commands));
    bytes_.Observe(static_cast<double>(bytes));
  }
  void waited(double seconds) override { wait_.Observe(seconds); }
  void published(double seconds) override { publish_.Observe(seconds); }
  void materialised(double seconds) override { materialise_.Observe(seconds); }
  void merged(double seconds) override { merge_.Observe(seconds); }
  void wrote_segments(std::uint64_t built_bytes, std::uint64_t merged_bytes) override {
    built_.Increment(static_cast<double>(built_bytes));
    merged_.Increment(static_cast<double>(merged_bytes));
  }
  void shed() override { shed_.Increment(); }

private:
  Histogram& commands_;
  Histogram& wait_;
  Histogram& bytes_;
  Histogram& publish_;
  Histogram& materialise_;
  Histogram& merge_;
  Counter& built_;
  Counter& merged_;
  Counter& shed_;
};

class JournalMetrics final : public Metrics::Journal {
public:
  explicit JournalMetrics(Families& families)
      : seconds_{families.sync_seconds.Add({}, kSeconds)},
        records_{families.sync_records.Add({}, kCounts)},
        bytes_{families.journal_bytes.Add({})} {}

  void synced(std::size_t records, std::size_t bytes, double seconds) override {
    seconds_.Observe(seconds);
    records_.Observe(static_cast<double>(records));
    bytes_.Increment(static_cast<double>(bytes));
  }

private:
  Histogram& seconds_;
  Histogram& records_;
  Counter& bytes_;
};

/// Gauges that are read from their owners when somebody asks.
struct Pulled {
  explicit Pulled(Registry& r)
      : queue{gauges(r, "souk_shard_queue_depth", "Commands sent to the shard, not yet answered.")},
        stored{gauges(r, "souk_shard_stored_position", "Last journal position on this disk.")},
        committed{gauges(r, "souk_shard_committed_position",
                         "Last journal position on every member's disk.")},
        applied{gauges(r, "souk_shard_applied_position", "Last journal position in the state.")},
        materialised{gauges(r, "souk_shard_materialised_position",
                            "Journal position of the state in the tables.")},
        state_hash{gauges(r, "souk_shard_state_hash",
                          "Low 52 bits of the state's hash: equal on copies at one position.")},
        products{gauges(r, "souk_shard_products", "Products of the shard.")},
        skus{gauges(r, "souk_shard_skus", "SKUs of the shard.")},
        holds{gauges(r, "souk_shard_holds", "Holds of the shard, finished ones included.")},
        orders{gauges(r, "souk_shard_unfinished_checkouts", "Checkouts begun and not over.")},
        segments{gauges(r, "souk_shard_segments", "Index segments of the shard.")},
        index_bytes{gauges(r, "souk_shard_index_bytes", "Memory of the shard's index.")},
        memtable{gauges(r, "souk_rocksdb_memtable_bytes", "Memory of all memory tables.").Add({})},
        block_cache{
            gauges(r, "souk_rocksdb_block_cache_bytes", "Memory of cached blocks.").Add({})},
        pending{gauges(r, "souk_rocksdb_pending_compaction_bytes",
                       "Estimated bytes that compaction still has to rewrite.")
                    .Add({})},
        write_stopped{
            gauges(r, "souk_rocksdb_write_stopped", "1 while RocksDB stops writes.").Add({})},
        delayed_rate{gauges(r, "souk_rocksdb_delayed_write_bytes_per_second",
                            "Rate writes are slowed down to, 0 when they are not.")
                         .Add({})},
        sst{gauges(r, "souk_rocksdb_live_files_bytes", "Size of live table files.").Add({})},
        free{gauges(r, "souk_disk_free_bytes", "Free space where the data folder is.").Add({})},
        disk_full{
            gauges(r, "souk_disk_full", "1 while writes are refused for lack of space.").Add({})},
        actors{gauges(r, "souk_actors_running", "Actors alive on this node.").Add({})},
        memory{gauges(r, "process_resident_memory_bytes", "Resident memory size.").Add({})},
        files{gauges(r, "process_open_fds", "Open file descriptors.").Add({})},
        cpu{counters(r, "process_cpu_seconds_total", "User and system CPU time spent.").Add({})} {}

  void pull(const Metrics::Sources& sources);
  void pull_process();

  Family<Gauge>&queue, &stored, &committed, &applied, &materialised, &state_hash, &products, &skus,
      &holds, &orders, &segments, &index_bytes;
  Gauge &memtable, &block_cache, &pending, &write_stopped, &delayed_rate, &sst, &free, &disk_full,
      &actors, &memory, &files;
  Counter& cpu;
};

void Pulled::pull(const Metrics::Sources& sources) {
  for (const PublicationPtr& shard : sources.shards()) {
    const Labels labels{{"shard", shard->shard.name()}};
    const auto set = [&](Family<Gauge>& family, std::uint64_t value) {
      family.Add(labels).Set(static_cast<double>(value));
    };
    set(queue, shard->queued());
    set(stored, shard->stored);
    set(committed, shard->committed);
    set(applied, shard->applied);
    set(materialised, shard->materialised);
    set(state_hash, shard->state_hash & ((std::uint64_t{1} << 52U) - 1));
    if (shard->shard.service == engine::Service::orders) {
      set(orders, shard->orders);
      continue;
    }
    set(products, shard->products);
    set(skus, shard->skus);
    set(holds, shard->holds);
    set(segments, shard->segments);
    set(index_bytes, shard->index_bytes);
  }
  if (sources.database_property) {
    const auto set = [&](Gauge& gauge, const char* property) {
      gauge.Set(static_cast<double>(sources.database_property(property)));
    };
    set(memtable, "rocksdb.cur-size-all-mem-tables");
    set(block_cache, "rocksdb.block-cache-usage");
    set(pending, "rocksdb.estimate-pending-compaction-bytes");
    set(write_stopped, "rocksdb.is-write-stopped");
    set(delayed_rate, "rocksdb.actual-delayed-write-rate");
    set(sst, "rocksdb.live-sst-files-size");
  }
  if (sources.free_bytes) free.Set(static_cast<double>(sources.free_bytes()));
  if (sources.disk_full) disk_full.Set(sources.disk_full() ? 1 : 0);
  if (sources.actors_running) actors.Set(static_cast<double>(sources.actors_running()));
}

void Pulled::pull_process() {
  if (FILE* statm = std::fopen("/proc/self/statm", "r")) {
    unsigned long total = 0;
    unsigned long resident = 0;
    if (std::fscanf(statm, "%lu %lu", &total, &resident) == 2) {
      memory.Set(static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)));
    }
    std::fclose(statm);
  }
  if (DIR* folder = opendir("/proc/self/fd")) {
    double count = 0;
    while (readdir(folder)) ++count;
    closedir(folder);
    files.Set(count - 3);  // ".", ".." and the descriptor of this very listing
  }
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    const double spent = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    if (spent > cpu.Value()) cpu.Increment(spent - cpu.Value());
  }
}

}  // namespace

struct Metrics::Content {
  Content() : registry{std::make_shared<Registry>()}, families{*registry}, pulled{*registry} {}

  std::shared_ptr<Registry> registry;
  Families families;
  Pulled pulled;
  std::mutex mutex;  // guards what follows, and pulling
  Sources sources;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<RouteMetrics>> routes;
  std::map<engine::ShardId, std::unique_ptr<ShardMetrics>> shards;
  std::unique_ptr<JournalMetrics> journal;
};

Metrics::Metrics() : content_{std::make_unique<Content>()} {
}
Metrics::~Metrics() = default;

Metrics::Route& Metrics::route(const std::string& method, const std::string& route) {
  const std::lock_guard lock{content_->mutex};
  auto& found = content_->routes[{method, route}];
  if (!found) {
    found = std::make_unique<RouteMetrics>(content_->families,
                                           Labels{{"method", method}, {"route", route}});
  }
  return *found;
}

Metrics::Shard& Metrics::shard(engine::ShardId id) {
  const std::lock_guard lock{content_->mutex};
  auto& found = content_->shards[id];
  if (!found) {
    found = std::make_unique<ShardMetrics>(content_->families, Labels{{"shard", id.name()}});
  }
  return *found;
}

Metrics::Journal& Metrics::journal() {
  const std::lock_guard lock{content_->mutex};
  if (!content_->journal) content_->journal = std::make_unique<JournalMetrics>(content_->families);
  return *content_->journal;
}

void Metrics::checkout(std::string_view outcome, double seconds) {
  content_->families.checkout_seconds.Add({{"outcome", std::string{outcome}}}, kSeconds)
      .Observe(seconds);
}

void Metrics::search(std::string_view outcome, double seconds) {
  content_->families.search_seconds.Add({{"outcome", std::string{outcome}}}, kSeconds)
      .Observe(seconds);
}

void Metrics::set_sources(Sources sources) {
  const std::lock_guard lock{content_->mutex};
  content_->sources = std::move(sources);
}

void Metrics::forget_sources() {
  set_sources({});
}

std::string Metrics::render() const {
  {
    const std::lock_guard lock{content_->mutex};
    content_->pulled.pull(content_->sources);
    content_->pulled.pull_process();
  }
  return prometheus::TextSerializer{}.Serialize(content_->registry->Collect());
}

}  // namespace souk::actors
