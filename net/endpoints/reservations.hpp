#pragma once

namespace souk::net {

class Router;

// The routes of reservations, one file each.
void add_create_reservation(Router& router);
void add_get_reservation(Router& router);
void add_commit_reservation(Router& router);
void add_release_reservation(Router& router);
void add_extend_reservation(Router& router);
/// The named schemas these routes refer to.
void add_reservation_schemas(Router& router);

}  // namespace souk::net
