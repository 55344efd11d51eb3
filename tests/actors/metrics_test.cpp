#include "actors/metrics.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tests/storage/temporary_folder.hpp"

using namespace souk;
using namespace souk::actors;

namespace {

void use_everything(Metrics& metrics) {
  const engine::ShardId catalog{engine::Service::catalog, 0};
  const engine::ShardId orders{engine::Service::orders, 1};
  metrics.route("GET", "/v1/products/{id}").begin();
  metrics.route("GET", "/v1/products/{id}").end(200, 0.002);
  metrics.shard(catalog).decided(7, 900);
  metrics.shard(catalog).published(0.0003);
  metrics.shard(catalog).shed();
  metrics.shard(catalog).wrote_segments(600, 0);
  metrics.shard(catalog).wrote_segments(100, 650);
  metrics.shard(orders).materialised(0.2);
  metrics.journal().synced(3, 5000, 0.004);
  metrics.checkout("placed", 0.01);
  metrics.search("complete", 0.001);
  Metrics::Sources sources;
  const std::vector<PublicationPtr> shards = {std::make_shared<ShardPublication>(catalog, 10),
                                              std::make_shared<ShardPublication>(orders, 10)};
  sources.shards = [shards] { return shards; };
  sources.database_property = [](const std::string&) { return std::uint64_t{1}; };
  metrics.set_sources(std::move(sources));
}

}  // namespace

TEST_CASE("metrics: what was counted is in the text") {
  Metrics metrics;
  use_everything(metrics);

  const std::string text = metrics.render();

  CHECK(text.find("souk_http_requests_total{method=\"GET\",route=\"/v1/products/"
                  "{id}\",status=\"200\"} 1") != std::string::npos);
  CHECK(text.find("souk_http_in_flight{method=\"GET\",route=\"/v1/products/{id}\"} 0") !=
        std::string::npos);
  CHECK(text.find("souk_journal_written_bytes_total 5000") != std::string::npos);
  CHECK(text.find("souk_shard_segment_built_bytes_total{shard=\"catalog-0\"} 700") !=
        std::string::npos);
  CHECK(text.find("souk_shard_segment_merged_bytes_total{shard=\"catalog-0\"} 650") !=
        std::string::npos);
  CHECK(text.find("souk_shard_applied_position{shard=\"orders-1\"} 0") != std::string::npos);
  CHECK(text.find("process_resident_memory_bytes") != std::string::npos);
}

TEST_CASE("metrics: promtool finds nothing to complain about") {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    MESSAGE("skipped: promtool is not installed");
    return;
  }
  Metrics metrics;
  use_everything(metrics);
  const test::TemporaryFolder folder;
  std::ofstream{folder / "metrics"} << metrics.render();

  const std::string command = "promtool check metrics < " + (folder / "metrics").string() + " > " +
                              (folder / "complaints").string() + " 2>&1";
  const int code = std::system(command.c_str());

  std::ifstream complaints{folder / "complaints"};
  const std::string said{std::istreambuf_iterator<char>{complaints}, {}};
  CHECK_MESSAGE(code == 0, said);
  CHECK(said.empty());
}
