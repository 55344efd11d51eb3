#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace souk::bench {

/// A place in the journal of one catalog shard.
using Position = std::uint64_t;

/// What one variant costs and how many units of it can be bought.
struct Level {
  std::int64_t price = 0;  // minor units
  std::int64_t available = 0;

  friend bool operator==(const Level&, const Level&) = default;
};

/// Where a change lies in its shard's journal: above `after`, and not above `at`. One of a batch is
/// known no closer than what was known when it was sent and what the batch's answer names.
struct Place {
  Position after = 0;
  Position at = 0;

  static Place exactly(Position position) { return {position - 1, position}; }
};

/// The filter a search carried, as far as it depends on levels: `in_stock:true &&
/// price:[low..high]`.
struct LevelFilter {
  std::int64_t low = 0;
  std::int64_t high = 0;

  bool matches(const Level& level) const {
    return level.available > 0 && level.price >= low && level.price <= high;
  }
};

/// A hit as an answer showed it, and the position of its shard that the answer named.
struct SeenHit {
  std::uint32_t product = 0;
  Position position = 0;
  std::optional<LevelFilter> filter;
  Level shown;                // of the whole hit: the cheapest that matches, the sum of these
  std::vector<Level> levels;  // of its variants, in the product's order
  std::vector<bool> matched;  // which of them the answer says match
};

/// The journal of what was acknowledged, kept by who sent the changes, and what searches showed
/// held against it: each hit must be the state after exactly the changes whose position is not
/// above the answer's. A hit of a product with a change under way waits until that is answered;
/// where an outcome stays unknown, hits of the product are not judged any more.
class ChangeBook {
public:
  /// `stale`: compares with the state so many positions earlier, as a shop would show that searches
  /// an old copy. For the control: a checker that sees nothing wrong there sees nothing.
  explicit ChangeBook(Position stale = 0) : stale_{stale} {}

  /// Its number: 0, 1, … in the order they are added.
  std::uint32_t add(std::string id, std::vector<Level> levels);
  std::size_t size() const { return products_.size(); }
  /// As of the last acknowledged change.
  const Level& latest(std::uint32_t product, std::size_t variant) const;

  /// Whether a change may begin: none is under way, and none was left unknown.
  bool is_free(std::uint32_t product) const;
  void begin(std::uint32_t product);
  void acknowledge(std::uint32_t product, Place place, std::size_t variant, Level after);
  void refuse(std::uint32_t product);
  void give_up(std::uint32_t product);

  void see(const SeenHit& hit);

  std::uint64_t acknowledged() const { return acknowledged_; }
  std::uint64_t checked() const { return checked_; }
  /// Of these, hits of products that had been changed before: the others would be right in any
  /// copy.
  std::uint64_t checked_changed() const { return checked_changed_; }
  std::uint64_t mismatches() const { return mismatches_; }
  /// Not judged, because the outcome of a change is unknown or still open.
  std::uint64_t not_judged() const;
  const std::vector<std::string>& examples() const { return examples_; }

private:
  struct Change {
    Place place;
    std::size_t variant;
    Level after;
  };
  struct Product {
    std::string id;
    std::vector<Level> before;
    std::vector<Change> changes;
    std::vector<SeenHit> waiting;
    bool open = false;
    bool unknown = false;
  };
  void settle(Product& product);
  void check(const Product& product, const SeenHit& hit);

  Position stale_;
  std::vector<Product> products_;
  std::uint64_t acknowledged_ = 0, checked_ = 0, checked_changed_ = 0, mismatches_ = 0,
                dropped_ = 0;
  std::vector<std::string> examples_;  // a few mismatches, in words
};

/// The positions of catalog shards that a consistency token names, by the shards' numbers; empty
/// when it cannot be read.
std::map<std::uint32_t, Position> positions_in(std::string_view token);

}  // namespace souk::bench
