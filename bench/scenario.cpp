#include "bench/scenario.hpp"

#include <toml++/toml.h>

#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>

namespace souk::bench {
namespace {

Scenario built_in(const std::string& name) {
  Scenario s;
  s.name = name;
  if (name == "search") {
    s.search = 1;
    s.facets = {"brand", "categories"};
  } else if (name == "as-you-type") {
    s.as_you_type = 1;
  } else if (name == "checkout") {
    s.checkout = 1;
  } else if (name == "flash-sale") {
    s.checkout = 1;
    s.skus = 1;
    s.units_per_sku = 10'000;
    s.lines_max = 1;
    s.quantity_max = 1;
    s.attempts = 50'000;
    s.warmup_seconds = 0;
  } else if (name == "mixed") {
    s.search = 0.6;
    s.as_you_type = 0.2;
    s.checkout = 0.15;
    s.stock_change = 0.05;
    s.filtered = 0.3;
    s.facets = {"brand"};
  } else if (name == "visible") {
    s.visible = 1;
    s.connections = 8;
    s.rate = 200;
  } else if (name == "http") {
    s.trivial = 1;
  } else {
    throw std::runtime_error("no scenario \"" + name +
                             "\": give a .toml file or one of search, as-you-type, checkout, "
                             "flash-sale, mixed, visible, http");
  }
  return s;
}

using Setter = std::function<void(const toml::node&, const std::string&)>;

[[noreturn]] void refuse(const std::string& key, const std::string& wanted) {
  throw std::runtime_error("scenario: `" + key + "` must be " + wanted);
}

template <class Number>
Setter number(Number& field, double lowest) {
  return [&field, lowest](const toml::node& node, const std::string& key) {
    const auto value = node.value<double>();
    if (!value || *value < lowest) refuse(key, "a number of at least " + std::to_string(lowest));
    field = static_cast<Number>(*value);
  };
}

}  // namespace

std::vector<std::string> built_in_scenarios() {
  return {"search", "as-you-type", "checkout", "flash-sale", "mixed", "visible", "http"};
}

Scenario load_scenario(const std::string& name_or_path) {
  if (!std::filesystem::exists(name_or_path)) return built_in(name_or_path);
  toml::table table;
  try {
    table = toml::parse_file(name_or_path);
  } catch (const toml::parse_error& error) {
    throw std::runtime_error(name_or_path + ": " + std::string{error.description()});
  }
  Scenario s;
  s.name = std::filesystem::path{name_or_path}.stem().string();
  if (const auto base = table["base"].value<std::string>()) s = built_in(*base);
  const std::map<std::string, Setter> setters{
      {"base", [](const toml::node&, const std::string&) {}},
      {"name", [&](const toml::node& node, const std::string&) { s.name = node.value_or(s.name); }},
      {"seed", number(s.seed, 0)},
      {"warmup_seconds", number(s.warmup_seconds, 0)},
      {"seconds", number(s.seconds, 0.1)},
      {"connections", number(s.connections, 1)},
      {"rate", number(s.rate, 0)},
      {"timeout_seconds", number(s.timeout_seconds, 0.01)},
      {"retry_seconds", number(s.retry_seconds, 0)},
      {"try_seconds", number(s.try_seconds, 0.01)},
      {"direct",
       [&](const toml::node& node, const std::string& key) {
         const auto value = node.value<bool>();
         if (!value) refuse(key, "true or false");
         s.direct = *value;
       }},
      {"search", number(s.search, 0)},
      {"as_you_type", number(s.as_you_type, 0)},
      {"checkout", number(s.checkout, 0)},
      {"stock_change", number(s.stock_change, 0)},
      {"visible", number(s.visible, 0)},
      {"trivial", number(s.trivial, 0)},
      {"per_page", number(s.per_page, 0)},
      {"filtered", number(s.filtered, 0)},
      {"skus", number(s.skus, 1)},
      {"units_per_sku", number(s.units_per_sku, 0)},
      {"zipf", number(s.zipf, 0)},
      {"lines_min", number(s.lines_min, 1)},
      {"lines_max", number(s.lines_max, 1)},
      {"quantity_max", number(s.quantity_max, 1)},
      {"repeats", number(s.repeats, 0)},
      {"catalog_shards", number(s.catalog_shards, 1)},
      {"order_shards", number(s.order_shards, 1)},
      {"attempts", number(s.attempts, 0)},
      {"facets",
       [&](const toml::node& node, const std::string& key) {
         const toml::array* list = node.as_array();
         if (list == nullptr) refuse(key, "a list of field names");
         s.facets.clear();
         for (const toml::node& item : *list) s.facets.push_back(item.value_or(std::string{}));
       }},
  };
  for (const auto& [key, node] : table) {
    const std::string name{key.str()};
    const auto setter = setters.find(name);
    if (setter == setters.end())
      throw std::runtime_error(name_or_path + ": unknown key `" + name + "`");
    setter->second(node, name);
  }
  return s;
}

}  // namespace souk::bench
