#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/node.hpp"
#include "engine/types/result.hpp"
#include "net/etcd/etcd_settings.hpp"
#include "net/server_context.hpp"

namespace souk::net {

/// Everything `souk serve` needs to know, validated.
struct ServeConfig {
  actors::NodeConfig node;
  ServerConfig server;
  std::optional<EtcdSettings> etcd;  // none: the node is its own coordinator
  bool dev = false;
  std::string log_level = "info";
};

/// One setting as text, and where it came from ("--http", "souk.toml: http").
struct Setting {
  std::string value;
  std::string origin;
};
/// By the name of the setting ("http", "free_bytes_min"); several values are joined by ','.
using Settings = std::map<std::string, Setting>;

/// A setting that exists: its name and what it means. Flags and file share the names
/// (`free_bytes_min` is
/// `--free-bytes-min`); `file_only` ones have no flag.
struct SettingDoc {
  std::string_view name;
  std::string_view help;
  bool is_switch = false;
  bool file_only = false;
};
const std::vector<SettingDoc>& setting_docs();

/// Reads a TOML file into settings. Errors: invalid_value, with one sentence per mistake in the
/// items' params.
engine::Result<Settings> read_settings_file(const std::filesystem::path& file);

/// One ServeConfig out of flags over file over defaults, or every mistake as a sentence.
struct ConfigOutcome {
  ServeConfig config;
  std::vector<std::string> mistakes;
};
ConfigOutcome make_config(const Settings& file, const Settings& flags);

/// "127.0.0.1:8080", "[::1]:8080", "localhost:80". Nothing if it is no address.
std::optional<Address> parse_address(std::string_view text);
/// "48MiB", "1GiB", "512", "64KiB". Nothing if it is no size.
std::optional<std::uint64_t> parse_bytes(std::string_view text);
/// Whether only this machine can reach the host.
bool is_loopback(std::string_view host);

/// The two keys of a node, and how they came to be.
struct NodeKeys {
  std::string server_key;
  std::string public_key;
};
/// --dev: sk_dev and pk_dev. Else SOUK_SERVER_KEY and SOUK_PUBLIC_KEY; else DATA/keys.json, made
/// with mode 0600 if it is not there. Errors: storage_failure, invalid_value (the file is damaged).
engine::Result<NodeKeys> load_keys(const ServeConfig& config);

}  // namespace souk::net
