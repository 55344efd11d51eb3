#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "violations.hpp"

namespace souk::test {
namespace {

namespace fs = std::filesystem;

std::vector<SourceFile> tree() {
  const fs::path root{SOUK_SOURCE_DIR};
  std::vector<SourceFile> files;
  for (const char* folder : {"engine", "storage", "actors", "net", "bench"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& file : fs::recursive_directory_iterator{root / folder}) {
      const std::string extension = file.path().extension().string();
      if (extension != ".hpp" && extension != ".cpp" && extension != ".h" && extension != ".cc")
        continue;
      std::ifstream in{file.path(), std::ios::binary};
      files.push_back({file.path().lexically_relative(root).generic_string(),
                       {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}}});
    }
  }
  return files;
}

TEST_CASE("architecture: every include follows the arrows and the library table") {
  const std::vector<SourceFile> files = tree();
  REQUIRE(files.size() > 50);

  for (const std::string& violation : violations(files)) FAIL_CHECK(violation);
}

TEST_CASE("architecture: a file of more than 450 lines wants a second name") {
  for (const SourceFile& file : tree()) {
    const auto lines = std::count(file.text.begin(), file.text.end(), '\n');
    WARN_MESSAGE(lines <= 450, (file.path + " has " + std::to_string(lines) + " lines"));
  }
}

TEST_CASE("architecture: the check sees includes that are wrong") {
  const auto wrong = [](const std::string& path, const std::string& include) {
    return violations({{path, "// fine\n#include <string>\n" + include + "\n"}}).size() == 1;
  };

  // against the arrows
  CHECK(wrong("engine/a.cpp", "#include \"storage/journal.hpp\""));
  CHECK(wrong("storage/a.cpp", "#include \"actors/node.hpp\""));
  CHECK(wrong("actors/a.hpp", "#include \"net/server.hpp\""));
  CHECK(wrong("net/endpoints/a.cpp", "#include \"storage/journal.hpp\""));
  CHECK(wrong("net/a.cpp", "#include \"storage/coordinator.hpp\""));
  CHECK(wrong("net/etcd/a.cpp", "#include \"storage/database.hpp\""));
  CHECK(wrong("bench/a.cpp", "#include \"engine/types/id.hpp\""));
  // a library out of its folder, or out of its file
  CHECK(wrong("storage/journal.cpp", "#include <rocksdb/db.h>"));
  CHECK(wrong("storage/database.hpp", "#include <rocksdb/db.h>"));
  CHECK(wrong("actors/a.cpp", "#include <google/protobuf/message.h>"));
  CHECK(wrong("actors/a.cpp", "#include \"storage/record.pb.h\""));
  CHECK(wrong("net/a.cpp", "#include <caf/all.hpp>"));
  CHECK(wrong("net/a.cpp", "#include <prometheus/counter.h>"));
  CHECK(wrong("actors/a.cpp", "#include <boost/asio.hpp>"));
  CHECK(wrong("engine/a.cpp", "#include <boost/json.hpp>"));
  CHECK(wrong("net/images.cpp", "  #  include <vips/vips8>"));
  CHECK(wrong("net/a.cpp", "#include <unheard_of/library.h>"));
  // the world in the engine
  CHECK(wrong("engine/index/a.cpp", "#include <thread>"));
  CHECK(wrong("engine/index/a.cpp", "#include <random>"));
  CHECK(wrong("engine/index/a.cpp", "#include <iostream>"));
  CHECK(wrong("engine/index/a.cpp", "#include <filesystem>"));
  CHECK(wrong("engine/index/a.cpp", "#include <unistd.h>"));

  // and lets pass what is right
  CHECK(!wrong("net/media/images.cpp", "#include <vips/vips8>"));
  CHECK(!wrong("net/etcd/a.cpp", "#include \"storage/coordinator.hpp\""));
  CHECK(!wrong("storage/database.cpp", "#include <rocksdb/db.h>"));
  CHECK(!wrong("net/a.cpp", "#include \"engine/types/id.hpp\""));
  CHECK(!wrong("engine/a.cpp", "#include <roaring/roaring.h>"));
  CHECK(!wrong("engine/a.cpp", "// #include <thread>"));
}

}  // namespace
}  // namespace souk::test
