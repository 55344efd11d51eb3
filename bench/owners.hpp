#pragma once

#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/target.hpp"
#include "engine/types/shard.hpp"

namespace souk::bench {

/// Which node leads the products of a slot: the map of the cluster, for a client that goes to the
/// owner at once and spares the gateway's hop. It may be old: every node answers everything.
class Owners {
public:
  /// Asks each node for its name, and for the map. A node that does not answer is nobody's owner.
  explicit Owners(const Target& target);
  /// `endpoints[i]` is the node called `names[i]`.
  explicit Owners(const std::vector<std::string>& names);

  /// Reads the answer of GET /v1/cluster; what is no such answer changes nothing.
  void learn(const boost::json::value& cluster);
  /// The endpoint that leads the slot's products; kAnyEndpoint: not known.
  std::size_t of(engine::Slot slot) const;

private:
  struct Range {
    engine::Slot last = 0;
    std::size_t endpoint = kAnyEndpoint;
  };
  std::map<std::string, std::size_t> endpoints_;  // by name
  std::map<engine::Slot, Range> ranges_;          // by first slot
};

/// Which catalog shard holds a product, by what GET /v1/cluster told.
class ProductPlaces {
public:
  explicit ProductPlaces(const boost::json::value& cluster);
  /// The number of its shard; nothing: no shard was named for its slot.
  std::optional<std::uint32_t> shard_of(std::string_view product) const;

private:
  struct Range {
    engine::Slot last = 0;
    std::uint32_t shard = 0;
  };
  std::map<engine::Slot, Range> ranges_;  // by first slot
};

}  // namespace souk::bench
