#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "engine/types/shard.hpp"

namespace souk::test {

/// A seed's generator: small, fast, the same on every build.
class Random {
public:
  explicit Random(std::uint64_t seed) : state_{seed * 0x9e3779b97f4a7c15ULL + 0x1234567} {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  /// Uniform in [0, below).
  std::uint64_t below(std::uint64_t below) { return next() % below; }
  /// Uniform in [from, to].
  std::int64_t between(std::int64_t from, std::int64_t to) {
    return from + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(to - from + 1)));
  }
  bool chance(double probability) {
    return static_cast<double>(next() >> 11U) * 0x1p-53 < probability;
  }

private:
  std::uint64_t state_;
};

inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = (a ^ (b * 0x9e3779b97f4a7c15ULL)) + 0x7f4a7c15;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

/// One command of the simulated shop: units of one SKU added or (negative) reserved, once per id.
struct StockCommand {
  std::uint16_t id = 0;
  std::uint8_t sku = 0;
  std::int8_t units = 0;
};

/// The state machine that is replicated: what it holds after a position must be the same
/// everywhere.
struct Ledger {
  static constexpr std::size_t kSkus = 4;
  static constexpr std::size_t kCommands = 1024;

  engine::Position position = 0;
  std::array<int, kSkus> stock{10, 10, 10, 10};
  std::bitset<kCommands> seen;
  std::bitset<kCommands> accepted;
  std::uint64_t hash = 0;
  /// What a child began with, and where its SKUs left this shard.
  struct Fork {
    engine::Position at = 0;
    std::uint64_t hash = 0;
    std::array<int, kSkus> stock{};
    std::bitset<kCommands> seen;
    std::bitset<kCommands> accepted;
    std::uint8_t last_sku = 0;
  };
  std::array<std::shared_ptr<const Fork>, kSkus> forks;  // by the child's first SKU
  std::uint8_t last_sku = kSkus - 1;                     // what is behind it went to children
  bool keeps_moved = false;                              // a planted bug

  bool moved(std::uint8_t sku) const { return sku > last_sku && !keeps_moved; }

  void apply(engine::Position at, std::string_view payload) {
    position = at;
    if (is_split(payload)) return split(static_cast<std::uint8_t>(payload.back()));
    for (std::size_t i = 0; i + sizeof(StockCommand) <= payload.size(); i += sizeof(StockCommand)) {
      StockCommand command;
      std::memcpy(&command, payload.data() + i, sizeof command);
      apply(command);
    }
  }

  static std::string split_from(std::uint8_t first_sku) {
    return std::string{kSplit} + static_cast<char>(first_sku);
  }
  static bool is_split(std::string_view payload) { return payload.starts_with(kSplit); }

private:
  static constexpr std::string_view kSplit = "split!";

  /// Every replica forks its state at the position of the record, once.
  void split(std::uint8_t first_sku) {
    if (first_sku > last_sku) return;
    std::uint64_t sum = mix(hash, position);
    for (std::size_t sku = first_sku; sku <= last_sku; ++sku)
      sum = mix(sum, static_cast<std::uint64_t>(stock[sku]));
    forks[first_sku] =
        std::make_shared<const Fork>(Fork{position, sum, stock, seen, accepted, last_sku});
    last_sku = static_cast<std::uint8_t>(first_sku - 1);
    hash += sum;
  }
  void apply(const StockCommand& command) {
    if (seen[command.id] || moved(command.sku)) return;
    seen.set(command.id);
    const bool fits = stock[command.sku] + command.units >= 0;
    if (fits) {
      accepted.set(command.id);
      hash -= mix(command.sku + 7000U, static_cast<std::uint64_t>(stock[command.sku]));
      stock[command.sku] += command.units;
      hash += mix(command.sku + 7000U, static_cast<std::uint64_t>(stock[command.sku]));
    }
    hash += mix(command.id, fits ? 2 : 1);
  }
};

inline std::shared_ptr<const std::string> payload_of(StockCommand command) {
  std::string bytes(sizeof command, '\0');
  std::memcpy(bytes.data(), &command, sizeof command);
  return std::make_shared<const std::string>(std::move(bytes));
}

}  // namespace souk::test
