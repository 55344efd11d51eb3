#include "net/config.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "net/log.hpp"
#include "net/openapi.hpp"

namespace souk::net {

using engine::Errc;
using engine::Error;

const std::vector<SettingDoc>& setting_docs() {
  static const std::vector<SettingDoc> docs = {
      {"data", "data folder (souk-data)"},
      {"http", "address of the API, HOST:PORT (127.0.0.1:8080)"},
      {"admin",
       "address for operators: metrics, shards, backups; HOST:PORT or 'off' (127.0.0.1:8081)"},
      {"dev",
       "for trying out: loopback only, keys sk_dev and pk_dev, any CORS origin, operator routes on "
       "the API's address",
       true},
      {"threads", "I/O threads, 1 to 64 (one for two cores)"},
      {"catalog_shards", "at the first start of a data folder only, 1 to 256 (4)"},
      {"order_shards", "at the first start of a data folder only, 1 to 256 (2)"},
      {"coordinator", "who keeps the shard map: 'local' or 'etcd' (local)"},
      {"etcd_endpoints", "URLs of etcd's members, separated by commas"},
      {"etcd_ca", "the authority that etcd's certificates must come from (the system's)"},
      {"etcd_cert", "this node's certificate for etcd, with --etcd-key (none)"},
      {"etcd_key", "the key of --etcd-cert"},
      {"etcd_user", "user of etcd, with --etcd-password-file (none)"},
      {"etcd_password_file", "file with that user's password"},
      {"etcd_prefix", "in front of all names in etcd; one per shop (souk/)"},
      {"node_listen",
       "address for the other nodes of the cluster, HOST:PORT; needs --coordinator etcd (none: the "
       "node is alone)"},
      {"node_advertise", "HOST:PORT under which the others reach it (that of --node-listen)"},
      {"cluster", "name of the cluster; nodes of another one are refused (souk)"},
      {"zone",
       "where the node stands: copies of a shard go to different zones; a node without one counts "
       "as a zone of its own (none)"},
      {"roles", "'data' holds shards, 'gateway' answers the API; separated by commas (both)"},
      {"replicas", "copies of each shard, 1 to 9; the first start of a cluster decides (1)"},
      {"balance",
       "'propose': /v1/cluster says what would make the hottest node cooler; 'act': and it is "
       "done (propose)"},
      {"node_ca", "the authority that the nodes' certificates must come from (none: no TLS)"},
      {"node_cert", "this node's certificate for its peers, with --node-key and --node-ca"},
      {"node_key", "the key of --node-cert"},
      {"cors_origins", "web origins that may call from a browser, separated by commas (none)"},
      {"log_level", "debug, info, warning or error (info)"},
      {"access_log", "log every request", true},
      {"connections_max", "open connections before new ones are refused, 1 to 1000000 (10000)",
       false, true},
      {"in_flight_max", "requests being worked on before others are refused, 1 to 1000000 (4096)",
       false, true},
      {"scheduler_threads", "0 is one per core, up to 256", false, true},
      {"search_workers", "0 is one per core, up to 256", false, true},
      {"shard_queue_max", "commands waiting per shard, 16 to 1000000 (8192)", false, true},
      {"search_queue_max", "queries waiting per node, 16 to 1000000 (1024)", false, true},
      {"materialise_bytes", "journal per shard between two materialisations, 1MiB to 64GiB (64MiB)",
       false, true},
      {"materialise_seconds", "1 to 3600 (10)", false, true},
      {"journal_keep_bytes", "materialised journal kept per shard, 0 to 1TiB (64MiB)", false, true},
      {"balance_seconds",
       "how long a node is too hot before --balance act does something, 5 to 3600 (60)", false,
       true},
      {"left_copies_seconds",
       "how long the data of copies that left this node is kept, 1 to 1000000 (600)", false, true},
      {"free_bytes_min", "free space below which writes are refused, 0 to 1TiB (512MiB)", false,
       true},
      {"sync_journal", "false loses acknowledged writes at a power cut: tests only (true)", false,
       true},
      {"test_payments", "the built-in payment provider with magic tokens (true with --dev)", false,
       true},
  };
  return docs;
}

namespace {

std::string trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string{text.substr(first, text.find_last_not_of(" \t") - first + 1)};
}

std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* array = node.as_array()) {
    std::string joined;
    for (const auto& item : *array) {
      const auto text = item.as_string();
      if (text == nullptr) return std::nullopt;
      if (!joined.empty()) joined += ',';
      joined += text->get();
    }
    return joined;
  }
  return std::nullopt;
}

/// Takes settings by name, noting every mistake.
class SettingReader {
public:
  SettingReader(const Settings& file, const Settings& flags, std::vector<std::string>& mistakes)
      : file_{file}, flags_{flags}, mistakes_{mistakes} {}

  const Setting* find(const std::string& name) const {
    if (const auto it = flags_.find(name); it != flags_.end()) return &it->second;
    if (const auto it = file_.find(name); it != file_.end()) return &it->second;
    return nullptr;
  }
  void mistake(const Setting& setting, const std::string& what) {
    mistakes_.push_back(setting.origin + " " + what + ", not '" + setting.value + "'");
  }
  template <class Number>
  void number(const char* name, Number& target, std::uint64_t min, std::uint64_t max) {
    const auto* setting = find(name);
    if (setting == nullptr) return;
    std::uint64_t value = 0;
    const auto& text = setting->value;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec == std::errc{} && read.ptr == text.data() + text.size() && value >= min &&
        value <= max)
      target = static_cast<Number>(value);
    else
      mistake(*setting,
              "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  void bytes(const char* name, std::uint64_t& target, std::uint64_t min, std::uint64_t max) {
    const auto* setting = find(name);
    if (setting == nullptr) return;
    const auto value = parse_bytes(setting->value);
    if (value && *value >= min && *value <= max)
      target = *value;
    else
      mistake(*setting, "must be a size such as 64MiB, from " + std::to_string(min) + " to " +
                            std::to_string(max) + " bytes");
  }
  void flag(const char* name, bool& target) {
    const auto* setting = find(name);
    if (setting == nullptr) return;
    if (setting->value == "true" || setting->value == "false")
      target = setting->value == "true";
    else
      mistake(*setting, "must be true or false");
  }
  void address(const char* name, Address& target) {
    const auto* setting = find(name);
    if (setting == nullptr) return;
    if (const auto parsed = parse_address(setting->value))
      target = *parsed;
    else
      mistake(*setting, "must be HOST:PORT");
  }

private:
  const Settings& file_;
  const Settings& flags_;
  std::vector<std::string>& mistakes_;
};

void read_node(SettingReader& read, actors::NodeConfig& node) {
  constexpr std::uint64_t kMiB = 1U << 20U;
  constexpr std::uint64_t kTiB = kMiB << 20U;
  node.data = "souk-data";
  if (const auto* data = read.find("data")) {
    node.data = data->value;
    if (data->value.empty()) read.mistake(*data, "must name a folder");
  }
  read.number("catalog_shards", node.catalog_shards, 1, 256);
  read.number("order_shards", node.order_shards, 1, 256);
  read.number("scheduler_threads", node.scheduler_threads, 0, 256);
  read.number("search_workers", node.search_workers, 0, 256);
  read.number("shard_queue_max", node.shard_queue_max, 16, 1'000'000);
  read.number("search_queue_max", node.search_queue_max, 16, 1'000'000);
  read.bytes("materialise_bytes", node.materialise_bytes, kMiB, 65'536 * kMiB);
  read.number("materialise_seconds", node.materialise_seconds, 1, 3600);
  read.bytes("journal_keep_bytes", node.journal_keep_bytes, 0, kTiB);
  read.number("balance_seconds", node.balance_seconds, 5, 3600);
  read.number("left_copies_seconds", node.left_copies_seconds, 1, 1'000'000);
  read.bytes("free_bytes_min", node.free_bytes_min, 0, kTiB);
  read.flag("sync_journal", node.sync_journal);
}

void read_server(SettingReader& read, ServerConfig& server, std::vector<std::string>& mistakes) {
  server.threads = std::clamp(std::thread::hardware_concurrency() / 2, 1U, 16U);
  read.address("http", server.http);
  server.admin = Address{"127.0.0.1", 8081};
  if (const auto* admin = read.find("admin"); admin != nullptr && admin->value == "off")
    server.admin.reset();
  else
    read.address("admin", *server.admin);
  if (server.admin && server.admin->port == server.http.port && server.admin->port != 0 &&
      server.admin->host == server.http.host)
    mistakes.emplace_back("--http and --admin must be two addresses");
  read.number("threads", server.threads, 1, 64);
  read.number("connections_max", server.connections_max, 1, 1'000'000);
  read.number("in_flight_max", server.in_flight_max, 1, 1'000'000);
  read.flag("access_log", server.access_log);
  if (const auto* origins = read.find("cors_origins")) {
    std::istringstream list{origins->value};
    for (std::string origin; std::getline(list, origin, ',');) {
      origin = trim(origin);
      if (origin == "*")
        server.cors.any = true;
      else if (origin.starts_with("http://") || origin.starts_with("https://"))
        server.cors.origins.push_back(origin);
      else
        read.mistake(*origins, "must be origins such as https://shop.example");
    }
  }
}

/// How the node speaks with others.
void read_peers(SettingReader& read, actors::NodeConfig& node, bool coordinated,
                std::vector<std::string>& mistakes) {
  read.number("replicas", node.replicas, 1, 9);
  if (const auto* balance = read.find("balance")) {
    if (balance->value != "act" && balance->value != "propose")
      read.mistake(*balance, "must be propose or act");
    node.balance = balance->value == "act";
  }
  const auto* listen = read.find("node_listen");
  actors::PeersConfig peers;
  peers.version = kVersion;
  const auto text = [&](const char* name) {
    const auto* setting = read.find(name);
    // Manifests leave what does not apply empty.
    if (setting != nullptr && !setting->value.empty() && listen == nullptr)
      mistakes.push_back(setting->origin + " needs --node-listen");
    return setting == nullptr ? std::string{} : setting->value;
  };
  if (auto name = text("cluster"); !name.empty()) peers.cluster = std::move(name);
  peers.zone = text("zone");
  if (const auto* roles = read.find("roles")) {
    peers.roles.clear();
    std::istringstream list{roles->value};
    for (std::string role; std::getline(list, role, ',');) {
      role = trim(role);
      if (role == "data" || role == "gateway")
        peers.roles.push_back(role);
      else
        read.mistake(*roles, "must be of data and gateway");
    }
    if (peers.roles.empty()) read.mistake(*roles, "must name a role");
  }
  const auto ca = text("node_ca");
  const auto cert = text("node_cert");
  const auto key = text("node_key");
  if (cert.empty() != key.empty() || cert.empty() != ca.empty())
    mistakes.emplace_back("--node-ca, --node-cert and --node-key belong together");
  else if (!cert.empty())
    peers.tls = actors::PeerTls{ca, cert, key};
  Address advertised{{}, 0};  // that of --node-listen unless it is given
  if (!text("node_advertise").empty()) read.address("node_advertise", advertised);
  if (listen == nullptr) return;
  if (!coordinated) mistakes.push_back(listen->origin + " needs --coordinator etcd");
  Address address;
  read.address("node_listen", address);
  peers.listen_host = address.host;
  peers.listen_port = address.port;
  peers.advertise_host = advertised.host;
  peers.advertise_port = advertised.port;
  const bool everywhere = address.host == "0.0.0.0" || address.host == "::";
  if (everywhere && advertised.host.empty())
    mistakes.emplace_back("--node-listen on every address needs --node-advertise HOST:PORT");
  node.peers = std::move(peers);
}

/// The first line of a file, without its end. Nothing if it cannot be read.
std::optional<std::string> read_secret(const std::string& file) {
  std::ifstream in{file};
  std::string line;
  if (!std::getline(in, line) && !in.eof()) return std::nullopt;
  if (in.bad() || line.empty()) return std::nullopt;
  if (line.back() == '\r') line.pop_back();
  return line;
}

void read_etcd(SettingReader& read, std::optional<EtcdSettings>& target,
               std::vector<std::string>& mistakes) {
  const auto* coordinator = read.find("coordinator");
  const bool wanted = coordinator != nullptr && coordinator->value == "etcd";
  if (coordinator != nullptr && !wanted && coordinator->value != "local")
    read.mistake(*coordinator, "must be local or etcd");
  EtcdSettings etcd;
  const auto text = [&](const char* name) {
    const auto* setting = read.find(name);
    if (setting != nullptr && !wanted)
      mistakes.push_back(setting->origin + " needs --coordinator etcd");
    return setting == nullptr ? std::string{} : setting->value;
  };
  std::istringstream list{text("etcd_endpoints")};
  for (std::string url; std::getline(list, url, ',');) {
    const auto endpoint = parse_etcd_endpoint(trim(url));
    if (endpoint)
      etcd.endpoints.push_back(*endpoint);
    else
      mistakes.push_back("--etcd-endpoints: " + endpoint.error().detail);
  }
  etcd.ca = text("etcd_ca");
  etcd.cert = text("etcd_cert");
  etcd.key = text("etcd_key");
  etcd.user = text("etcd_user");
  const auto password_file = text("etcd_password_file");
  if (const auto prefix = text("etcd_prefix"); !prefix.empty())
    etcd.prefix = prefix.ends_with('/') ? prefix : prefix + "/";
  if (!wanted) return;
  if (etcd.endpoints.empty()) mistakes.emplace_back("--coordinator etcd needs --etcd-endpoints");
  if (etcd.cert.empty() != etcd.key.empty())
    mistakes.emplace_back("--etcd-cert and --etcd-key belong together");
  if (etcd.user.empty() != password_file.empty())
    mistakes.emplace_back("--etcd-user and --etcd-password-file belong together");
  if (!password_file.empty()) {
    const auto password = read_secret(password_file);
    if (password)
      etcd.password = *password;
    else
      mistakes.push_back("--etcd-password-file: cannot read a password from " + password_file);
  }
  target = std::move(etcd);
}

}  // namespace

engine::Result<Settings> read_settings_file(const std::filesystem::path& file) {
  const auto name = file.string();
  auto parsed = toml::parse_file(file.string());
  if (!parsed) {
    std::ostringstream detail;
    detail << name << ": " << parsed.error().description();
    if (parsed.error().source().begin.line > 0)
      detail << " (line " << parsed.error().source().begin.line << ")";
    return Error{Errc::invalid_value, detail.str(), {}, {}};
  }
  Error mistakes{Errc::invalid_value, {}, {}, {}};
  Settings settings;
  for (const auto& [key, node] : parsed.table()) {
    const std::string setting{key.str()};
    const auto& docs = setting_docs();
    const bool known = std::any_of(docs.begin(), docs.end(),
                                   [&](const SettingDoc& doc) { return doc.name == setting; });
    const auto text = text_of(node);
    std::string mistake;
    if (!known)
      mistake = name + ": there is no setting '" + setting + "'";
    else if (!text)
      mistake = name + ": " + setting + " has the wrong type";
    else
      settings[setting] = {*text, name + ": " + setting};
    if (!mistake.empty()) mistakes.detail += (mistakes.detail.empty() ? "" : "; ") + mistake;
  }
  if (!mistakes.detail.empty()) return mistakes;
  return settings;
}

ConfigOutcome make_config(const Settings& file, const Settings& flags) {
  ConfigOutcome outcome;
  auto& config = outcome.config;
  SettingReader read{file, flags, outcome.mistakes};
  read.flag("dev", config.dev);
  read_node(read, config.node);
  read_server(read, config.server, outcome.mistakes);
  read_etcd(read, config.etcd, outcome.mistakes);
  read_peers(read, config.node, config.etcd.has_value(), outcome.mistakes);
  config.node.test_payments = config.dev;
  read.flag("test_payments", config.node.test_payments);
  if (const auto* level = read.find("log_level")) {
    config.log_level = level->value;
    if (!set_log_level(level->value)) read.mistake(*level, "must be debug, info, warning or error");
  }
  if (config.dev) {
    config.server.cors.any = true;
    config.server.admin_on_public = true;
    if (!is_loopback(config.server.http.host) ||
        (config.server.admin && !is_loopback(config.server.admin->host)))
      outcome.mistakes.emplace_back(
          "--dev listens on loopback only (its keys are known to everyone): give an address such "
          "as "
          "127.0.0.1:8080, or leave --dev out");
  }
  return outcome;
}

std::optional<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.front() == '[' && host.back() == ']' && host.size() > 2)
    host = host.substr(1, host.size() - 2);
  else if (host.find_first_of(":[]") != std::string_view::npos)
    return std::nullopt;
  Address address;
  address.host = host;
  const auto read = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (read.ec != std::errc{} || read.ptr != port.data() + port.size()) return std::nullopt;
  return address;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{}) return std::nullopt;
  const auto unit = trim(text.substr(static_cast<std::size_t>(read.ptr - text.data())));
  unsigned shift = 0;
  if (unit == "KiB")
    shift = 10;
  else if (unit == "MiB")
    shift = 20;
  else if (unit == "GiB")
    shift = 30;
  else if (unit == "TiB")
    shift = 40;
  else if (!unit.empty() && unit != "B")
    return std::nullopt;
  if (value > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
  return value << shift;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace souk::net
