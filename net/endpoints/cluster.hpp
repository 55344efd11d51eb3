#pragma once

namespace souk::net {

class Router;
struct Operations;

// The routes of operators about a cluster: who runs, who holds what, and changing that.

/// GET /v1/cluster, GET /v1/shards/{id}/heat, GET /v1/operations, GET|DELETE /v1/operations/{id}.
void add_cluster_reads(Router& router, const Operations& operations);
/// POST /v1/shards/{id}:add_replica, ... and /v1/nodes/{id}:drain.
void add_cluster_changes(Router& router, const Operations& operations);
/// The named schemas these routes refer to.
void add_cluster_schemas(Router& router);

}  // namespace souk::net
