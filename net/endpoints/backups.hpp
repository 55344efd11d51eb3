#pragma once

namespace souk::net {

class Router;
struct Operations;

/// POST /v1/backups, GET /v1/backups/{id}.
void add_backups(Router& router, const Operations& operations);

}  // namespace souk::net
