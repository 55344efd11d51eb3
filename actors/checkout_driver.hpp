#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cluster/peer.hpp"
#include "engine/types/id.hpp"
#include "storage/coordinator_nodes.hpp"

namespace souk::actors {

/// Which run of which node's program drives an attempt of a checkout: the end of its hold's id
/// says so. Another node need not wait for a driver of which it is certain that it is gone.

/// ":", 8 hexadecimal digits of the node and 6 of this run of its program (`run` is random).
std::string driver_tag(engine::cluster::NodeId node, std::uint32_t run);
/// The hold of an attempt that `tag` drives; the same hold if `tag` is empty.
engine::HoldId driven_by(const engine::HoldId& hold, std::string_view tag);
/// The tag of who drives the attempt; empty: it has none.
std::string_view driver_of(const engine::HoldId& hold);
/// True if the hold's driver ran on a node that has been started again since: `nodes` has the tags
/// of the runs that are in the coordinator now. A node that is not among them may still run, cut
/// off from the coordinator.
bool driver_was_restarted(const engine::HoldId& hold, const std::vector<storage::NodeFact>& nodes);

}  // namespace souk::actors
