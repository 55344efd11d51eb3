#include "net/config.hpp"

#include <doctest/doctest.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace souk::net;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("souk-config-test." + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

Settings flags(std::initializer_list<std::pair<const char*, const char*>> values) {
  Settings settings;
  for (const auto& [name, value] : values) settings[name] = {value, "--" + std::string{name}};
  return settings;
}

}  // namespace

TEST_CASE("config: flags win over the file, the file over the defaults") {
  Folder folder;
  std::ofstream{folder.path / "souk.toml"}
      << "http = \"127.0.0.1:9000\"\nthreads = 3\nfree_bytes_min = \"48MiB\"\n"
         "cors_origins = [\"https://a.example\", \"https://b.example\"]\n";
  const auto file = read_settings_file(folder.path / "souk.toml");
  REQUIRE(file);

  const auto outcome = make_config(*file, flags({{"http", "127.0.0.1:9001"}}));

  CHECK(outcome.mistakes.empty());
  CHECK(outcome.config.server.http.port == 9001);
  CHECK(outcome.config.server.threads == 3);
  CHECK(outcome.config.node.free_bytes_min == 48U << 20U);
  CHECK(outcome.config.server.cors.origins.size() == 2);
  CHECK(outcome.config.server.admin->port == 8081);
  CHECK(outcome.config.node.catalog_shards == 4);
  CHECK(!outcome.config.node.test_payments);
}

TEST_CASE("config: every mistake gets a sentence that names it") {
  const auto outcome = make_config({}, flags({{"http", "nowhere"},
                                              {"threads", "0"},
                                              {"catalog_shards", "many"},
                                              {"log_level", "loud"},
                                              {"cors_origins", "shop"}}));
  REQUIRE(outcome.mistakes.size() == 5);
  for (const auto& mistake : outcome.mistakes) CHECK(mistake.starts_with("--"));
  CHECK(make_config({}, flags({{"dev", "true"}, {"http", "0.0.0.0:8080"}})).mistakes.size() == 1);
  CHECK(make_config({}, flags({{"http", "127.0.0.1:80"}, {"admin", "127.0.0.1:80"}}))
            .mistakes.size() == 1);
  CHECK(make_config({}, flags({{"admin", "off"}})).mistakes.empty());
}

TEST_CASE("config: a file with unknown settings or no TOML is refused") {
  Folder folder;
  std::ofstream{folder.path / "unknown.toml"} << "htttp = \"127.0.0.1:1\"\nport = 7\n";
  std::ofstream{folder.path / "broken.toml"} << "http = \n";
  const auto unknown = read_settings_file(folder.path / "unknown.toml");
  REQUIRE(!unknown);
  CHECK(unknown.error().detail.find("htttp") != std::string::npos);
  CHECK(unknown.error().detail.find("port") != std::string::npos);
  CHECK(!read_settings_file(folder.path / "broken.toml"));
  CHECK(!read_settings_file(folder.path / "absent.toml"));
}

TEST_CASE("config: addresses and sizes") {
  CHECK(parse_address("[::1]:8080")->host == "::1");
  CHECK(parse_address("localhost:0")->port == 0);
  for (const char* bad : {"", ":80", "host", "host:", "host:99999", "host:8o", "::1:80", "[]:80"})
    CHECK(!parse_address(bad));
  CHECK(parse_bytes("512") == 512);
  CHECK(parse_bytes("2 GiB") == 2ULL << 30U);
  for (const char* bad : {"", "GiB", "1GB", "1.5GiB", "-1", "99999999999TiB"})
    CHECK(!parse_bytes(bad));
}

TEST_CASE("keys: made once, kept with mode 0600, known in development, given by the environment") {
  REQUIRE(sodium_init() >= 0);
  Folder folder;
  ServeConfig config;
  config.node.data = folder.path;
  ::unsetenv("SOUK_SERVER_KEY");
  ::unsetenv("SOUK_PUBLIC_KEY");

  const auto first = load_keys(config);
  const auto second = load_keys(config);

  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->server_key == second->server_key);
  CHECK(first->server_key.starts_with("sk_"));
  CHECK(first->public_key.starts_with("pk_"));
  CHECK(first->server_key.size() > 30);
  struct stat info {};
  REQUIRE(::stat((folder.path / "keys.json").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  ::setenv("SOUK_SERVER_KEY", "sk_given", 1);
  CHECK(load_keys(config)->server_key == "sk_given");
  CHECK(load_keys(config)->public_key == first->public_key);
  ::unsetenv("SOUK_SERVER_KEY");
  std::ofstream{folder.path / "keys.json"} << "{";
  CHECK(!load_keys(config));
  config.dev = true;
  CHECK(load_keys(config)->server_key == "sk_dev");
}

TEST_CASE("config: etcd is asked for as a whole or not at all") {
  Folder folder;
  const auto password = (folder.path / "password").string();
  std::ofstream{password} << "secret\n";
  const auto outcome = make_config({}, flags({{"coordinator", "etcd"},
                                              {"etcd_endpoints", "http://a:2379, https://b"},
                                              {"etcd_user", "souk"},
                                              {"etcd_password_file", password.c_str()},
                                              {"etcd_prefix", "shop"}}));
  REQUIRE(outcome.mistakes.empty());
  REQUIRE(outcome.config.etcd);
  CHECK(outcome.config.etcd->endpoints.size() == 2);
  CHECK(outcome.config.etcd->endpoints[1] == EtcdEndpoint{"b", 2379, true});
  CHECK(outcome.config.etcd->password == "secret");
  CHECK(outcome.config.etcd->prefix == "shop/");
  CHECK(!make_config({}, {}).config.etcd);

  CHECK(make_config({}, flags({{"coordinator", "zookeeper"}})).mistakes.size() == 1);
  CHECK(make_config({}, flags({{"coordinator", "etcd"}})).mistakes.size() == 1);
  CHECK(make_config({}, flags({{"etcd_user", "souk"}})).mistakes.size() == 1);
  CHECK(make_config({}, flags({{"coordinator", "etcd"},
                               {"etcd_endpoints", "http://"},
                               {"etcd_cert", "x"},
                               {"etcd_user", "souk"}}))
            .mistakes.size() == 4);
}

TEST_CASE("config: a node's peers reach it where it listens, or where it says") {
  const auto listens = [](std::initializer_list<std::pair<const char*, const char*>> more) {
    Settings settings =
        flags({{"coordinator", "etcd"}, {"etcd_endpoints", "http://127.0.0.1:2379"}});
    for (const auto& [name, setting] : flags(more)) settings[name] = setting;
    return make_config({}, settings);
  };
  const auto plain = listens({{"node_listen", "10.1.2.3:7000"}});
  REQUIRE(plain.config.node.peers);
  CHECK(plain.config.node.peers->listen_host == "10.1.2.3");
  CHECK(plain.config.node.peers->advertise_host.empty());
  CHECK(plain.config.node.peers->advertise_port == 0);

  const auto said = listens({{"node_listen", "0.0.0.0:7000"}, {"node_advertise", "shop-1:7001"}});
  REQUIRE(said.config.node.peers);
  CHECK(said.config.node.peers->advertise_host == "shop-1");
  CHECK(said.config.node.peers->advertise_port == 7001);
  CHECK(said.mistakes.empty());

  CHECK(listens({{"node_listen", "0.0.0.0:7000"}}).mistakes.size() == 1);
}
