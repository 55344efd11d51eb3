#include "bench/change_book.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <utility>

namespace souk::bench {
namespace {

constexpr std::size_t kExamplesMax = 10;

std::string in_words(const std::vector<Level>& levels) {
  std::string text;
  for (const Level& level : levels)
    text += fmt::format("{}{} at {}", text.empty() ? "" : ", ", level.available, level.price);
  return text;
}

/// Whether a product of these levels is shown as the hit shows it.
bool shows(const SeenHit& hit, const std::vector<Level>& levels) {
  Level wanted;
  std::vector<bool> matched;
  bool any = false;
  for (const Level& level : levels) {
    const bool matches = !hit.filter || hit.filter->matches(level);
    matched.push_back(matches);
    if (!matches) continue;
    wanted.available += level.available;
    wanted.price = any ? std::min(wanted.price, level.price) : level.price;
    any = true;
  }
  return any && wanted == hit.shown && levels == hit.levels && matched == hit.matched;
}

}  // namespace

std::uint32_t ChangeBook::add(std::string id, std::vector<Level> levels) {
  products_.push_back({std::move(id), std::move(levels), {}, {}, false, false});
  return static_cast<std::uint32_t>(products_.size() - 1);
}

const Level& ChangeBook::latest(std::uint32_t product, std::size_t variant) const {
  const Product& known = products_[product];
  const auto last = std::find_if(known.changes.rbegin(), known.changes.rend(),
                                 [&](const Change& one) { return one.variant == variant; });
  return last != known.changes.rend() ? last->after : known.before[variant];
}

bool ChangeBook::is_free(std::uint32_t product) const {
  return !products_[product].open && !products_[product].unknown;
}

void ChangeBook::begin(std::uint32_t product) {
  products_[product].open = true;
}

void ChangeBook::acknowledge(std::uint32_t product, Place place, std::size_t variant, Level after) {
  ++acknowledged_;
  products_[product].changes.push_back({place, variant, after});
  settle(products_[product]);
}

void ChangeBook::refuse(std::uint32_t product) {
  settle(products_[product]);
}

void ChangeBook::give_up(std::uint32_t product) {
  Product& known = products_[product];
  known.unknown = true;
  dropped_ += known.waiting.size();
  known.waiting.clear();
}

void ChangeBook::settle(Product& product) {
  product.open = false;
  for (const SeenHit& hit : std::exchange(product.waiting, {})) check(product, hit);
}

void ChangeBook::see(const SeenHit& hit) {
  Product& product = products_[hit.product];
  if (product.unknown) {
    ++dropped_;
  } else if (product.open) {
    product.waiting.push_back(hit);
  } else {
    check(product, hit);
  }
}

std::uint64_t ChangeBook::not_judged() const {
  std::uint64_t open = dropped_;
  for (const Product& product : products_) open += product.waiting.size();
  return open;
}

void ChangeBook::check(const Product& product, const SeenHit& hit) {
  ++checked_;
  if (!product.changes.empty() && product.changes.front().place.at <= hit.position)
    ++checked_changed_;
  const Position position = hit.position > stale_ ? hit.position - stale_ : 0;
  std::vector<Level> levels = product.before;
  const Change* open = nullptr;
  for (const Change& change : product.changes) {
    if (change.place.at <= position) {
      levels[change.variant] = change.after;
    } else if (change.place.after < position) {
      open = &change;
    }
  }
  if (shows(hit, levels)) return;
  if (open != nullptr) {
    std::vector<Level> then = levels;
    then[open->variant] = open->after;
    if (shows(hit, then)) return;
  }
  ++mismatches_;
  if (examples_.size() >= kExamplesMax) return;
  examples_.push_back(fmt::format(
      "{} at position {}: shown {} at {} ({}), the acknowledged changes make it {}{}", product.id,
      hit.position, hit.shown.available, hit.shown.price, in_words(hit.levels), in_words(levels),
      hit.filter
          ? fmt::format(", asked for in stock at {} to {}", hit.filter->low, hit.filter->high)
          : ""));
}

std::map<std::uint32_t, Position> positions_in(std::string_view token) {
  std::array<unsigned char, 192> raw{};
  std::size_t size = 0;
  if (sodium_base642bin(raw.data(), raw.size(), token.data(), token.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      size == 0 || raw[0] != 1)
    return {};
  std::vector<std::uint64_t> numbers;
  std::uint64_t number = 0;
  unsigned shift = 0;
  for (std::size_t i = 1; i < size; ++i) {
    number |= std::uint64_t{raw[i] & 0x7fU} << shift;
    shift += 7;
    if ((raw[i] & 0x80U) != 0 && shift < 64) continue;
    numbers.push_back(number);
    number = 0;
    shift = 0;
  }
  // Numbers of shards carry the service in their two lowest bits; 1 is the catalog.
  std::map<std::uint32_t, Position> positions;
  for (std::size_t i = 0; i + 1 < numbers.size(); i += 2) {
    if ((numbers[i] & 3U) == 1)
      positions.emplace(static_cast<std::uint32_t>(numbers[i] >> 2U), numbers[i + 1]);
  }
  return positions;
}

}  // namespace souk::bench
