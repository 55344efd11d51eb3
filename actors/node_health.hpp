#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

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

  /// The process has to end; the first reason stays.
  void fail(std::string why) {
    const std::lock_guard lock{mutex_};
    if (!failed.exchange(true)) why_ = std::move(why);
  }
  /// Why it failed; empty while it has not.
  std::string why() const {
    const std::lock_guard lock{mutex_};
    return why_;
  }

private:
  mutable std::mutex mutex_;
  std::string why_;
};
using HealthPtr = std::shared_ptr<NodeHealth>;

}  // namespace souk::actors
