#pragma once

#include <atomic>
#include <memory>

namespace souk::actors {

/// What everyone on the node may know about its fitness. Set by the journal writer, the housekeeper
/// and the node.
struct NodeHealth {
  std::atomic<bool> recovering{true};
  std::atomic<bool> failed{
      false};  // the journal failed or an actor died: the process should end (crash-only)
  std::atomic<bool> disk_full{
      false};  // below the free-space watermark: writes are refused, reads go on
  std::atomic<bool> stopping{false};
};
using HealthPtr = std::shared_ptr<NodeHealth>;

}  // namespace souk::actors
