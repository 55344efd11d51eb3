#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actors/operations.hpp"
#include "actors/operator_view.hpp"
#include "actors/search_rules.hpp"

namespace souk::actors {

/// Answers what operators ask, one after the other on a thread of its own: it waits for the
/// coordinator.
class ClusterDesk {
public:
  struct Parts {
    Operations* operations = nullptr;
    SearchRules* rules = nullptr;
    std::shared_ptr<storage::Coordinator> coordinator;
    engine::cluster::NodeId self;
    std::function<std::vector<engine::cluster::Revised>()> configurations;
    std::function<std::vector<storage::NodeFact>()> nodes;
    std::function<bool(const std::string& node)> connected;
    std::function<std::string(const std::string& node)> last_error;  // may be empty
    std::function<std::vector<PublicationPtr>()> publications;
  };

  explicit ClusterDesk(Parts parts);
  ~ClusterDesk();
  /// Answers what is being answered and refuses the rest. Idempotent.
  void stop();

  std::shared_ptr<DeskTicket> ask(DeskQuestion question);

private:
  class Clerk;  // knows the answers
  void work(const std::stop_token& stop);

  std::unique_ptr<Clerk> clerk_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::shared_ptr<DeskTicket>> waiting_;
  bool stopped_ = false;
  std::jthread thread_;  // last: uses all of the above
};

}  // namespace souk::actors
