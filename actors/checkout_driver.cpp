#include "actors/checkout_driver.hpp"

#include <array>
#include <cstdio>

namespace souk::actors {
namespace {

constexpr std::size_t kNodeEnd = 1 + 8;
constexpr std::size_t kTagSize = kNodeEnd + 6;

}  // namespace

std::string driver_tag(engine::cluster::NodeId node, std::uint32_t run) {
  std::array<char, kTagSize + 1> text{};
  std::snprintf(text.data(), text.size(), ":%08x%06x", static_cast<std::uint32_t>(node.value),
                run & 0xFFFFFFU);
  return text.data();
}

engine::HoldId driven_by(const engine::HoldId& hold, std::string_view tag) {
  if (tag.empty()) return hold;
  return engine::HoldId{hold.str() + std::string{tag}};
}

std::string_view driver_of(const engine::HoldId& hold) {
  const std::string_view text = hold.str();
  const std::size_t at = text.rfind(':');
  if (at == std::string_view::npos || text.size() < at + kTagSize) return {};
  return text.substr(at, kTagSize);
}

bool driver_was_restarted(const engine::HoldId& hold, const std::vector<storage::NodeFact>& nodes) {
  const std::string_view tag = driver_of(hold);
  if (tag.empty()) return false;
  bool other_run = false;
  for (const storage::NodeFact& node : nodes) {
    if (node.run == tag) return false;
    if (node.run.size() == kTagSize && node.run.compare(0, kNodeEnd, tag, 0, kNodeEnd) == 0)
      other_run = true;
  }
  return other_run;
}

}  // namespace souk::actors
