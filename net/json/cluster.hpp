#pragma once

#include "actors/operator_view.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

// What operators see of a cluster, as JSON.

void render_cluster(JsonWriter& json, const actors::ClusterOverview& view);
void render_shard_heat(JsonWriter& json, const actors::HeatView& view);
void render_operation(JsonWriter& json, const actors::OperationView& view);
void render_operations(JsonWriter& json, const actors::OperationsView& view);
void render_drain(JsonWriter& json, const actors::DrainView& view);
/// The members `role`, `epoch`, `leader`, positions and state hash of a copy.
void render_copy(JsonWriter& json, const actors::CopyView& copy);

}  // namespace souk::net
