#include "storage/segment_store.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <string>

#include "tests/storage/temporary_folder.hpp"

namespace souk::storage {
namespace {

std::map<std::string, std::string> load(const SegmentStore& store) {
  std::map<std::string, std::string> found;
  REQUIRE(store.load([&](const std::string& name, const engine::SharedBytes& bytes) {
    found[name] = bytes.view();
  }));
  return found;
}

TEST_CASE("segment store: gives back whole files of its own shard and keeps only those named") {
  const test::TemporaryFolder folder;
  SegmentStore one{folder.path(), {engine::Service::catalog, 1}};
  SegmentStore two{folder.path(), {engine::Service::catalog, 2}};
  CHECK(load(one).empty());
  CHECK(one.keep_only({}));

  const std::string large(3'000'000, 'x');
  REQUIRE(one.save("seg-1", "bytes"));
  REQUIRE(one.save("seg-2", large));
  REQUIRE(one.save("seg-2", large + "y"));
  REQUIRE(two.save("seg-1", "others"));
  // A crash in the middle of writing leaves a temporary file.
  std::ofstream{folder / "catalog-1/seg-3.tmp"} << "half";

  CHECK(load(one) ==
        std::map<std::string, std::string>{{"seg-1", "bytes"}, {"seg-2", large + "y"}});
  REQUIRE(one.keep_only({"seg-1", "seg-9"}));
  CHECK(load(one) == std::map<std::string, std::string>{{"seg-1", "bytes"}});
  CHECK(!std::filesystem::exists(folder / "catalog-1/seg-3.tmp"));
  CHECK(load(two).size() == 1);
}

TEST_CASE("segment store: what was loaded is the file's own pages, also after it was deleted") {
  const test::TemporaryFolder folder;
  SegmentStore store{folder.path(), {engine::Service::catalog, 1}};
  const std::string large(3'000'000, 'x');
  REQUIRE(store.save("seg-1", large));
  REQUIRE(store.save("seg-2", ""));
  std::map<std::string, engine::SharedBytes> held;
  REQUIRE(store.load(
      [&](const std::string& name, const engine::SharedBytes& bytes) { held[name] = bytes; }));
  std::ifstream maps{"/proc/self/maps"};
  const std::string mapped{std::istreambuf_iterator<char>{maps}, {}};
  CHECK(mapped.find((folder / "catalog-1/seg-1").string()) != std::string::npos);
  REQUIRE(store.keep_only({}));
  CHECK(held.at("seg-1").view() == large);
  CHECK(held.at("seg-2").size() == 0);
}

TEST_CASE("segment store: says when it cannot write") {
  const test::TemporaryFolder folder;
  std::ofstream{folder / "file"} << "in the way";
  SegmentStore store{folder / "file", {engine::Service::catalog, 1}};

  CHECK(store.save("seg-1", "bytes").error().code == engine::Errc::storage_failure);
}

}  // namespace
}  // namespace souk::storage
