#include "engine/cluster/configuration.hpp"

#include <algorithm>
#include <cassert>

namespace souk::engine::cluster {

bool Configuration::is_secondary(NodeId node) const {
  return std::find(secondaries.begin(), secondaries.end(), node) != secondaries.end();
}

const Learner* Configuration::learner(NodeId node) const {
  const auto found = std::find_if(learners.begin(), learners.end(),
                                  [&](const Learner& each) { return each.node == node; });
  return found == learners.end() ? nullptr : &*found;
}

Configuration without(const Configuration& from, std::span<const NodeId> nodes, bool as_learners) {
  Configuration to = from;
  ++to.epoch;
  for (const NodeId node : nodes) {
    std::erase(to.secondaries, node);
    if (as_learners) to.learners.push_back({node, true});
  }
  return to;
}

Configuration taken_over(const Configuration& from, NodeId node) {
  Configuration to = from;
  ++to.epoch;
  std::erase(to.secondaries, node);
  std::erase_if(to.learners, [&](const Learner& each) { return each.node == node; });
  to.learners.push_back({from.primary, true});
  to.primary = node;
  return to;
}

Configuration joined(const Configuration& from, NodeId node) {
  assert(from.learner(node) != nullptr);
  Configuration to = without_learner(from, node);
  ++to.epoch;
  to.secondaries.push_back(node);
  return to;
}

Configuration handed_over(const Configuration& from, NodeId node) {
  assert(from.is_secondary(node));
  Configuration to = from;
  ++to.epoch;
  std::replace(to.secondaries.begin(), to.secondaries.end(), node, from.primary);
  to.primary = node;
  return to;
}

Configuration restarted(const Configuration& from) {
  Configuration to = from;
  ++to.epoch;
  return to;
}

Configuration forced(const Configuration& from, NodeId node) {
  Configuration to = from;
  ++to.epoch;
  to.primary = node;
  to.secondaries.clear();
  to.learners.clear();
  return to;
}

Configuration with_learner(const Configuration& from, Learner learner) {
  Configuration to = without_learner(from, learner.node);
  to.learners.push_back(learner);
  return to;
}

Configuration without_learner(const Configuration& from, NodeId node) {
  Configuration to = from;
  std::erase_if(to.learners, [&](const Learner& each) { return each.node == node; });
  return to;
}

}  // namespace souk::engine::cluster
