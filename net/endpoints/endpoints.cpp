#include "net/endpoints/endpoints.hpp"

#include "net/router.hpp"

namespace souk::net {

void add_endpoints(Router& /*router*/) {
}

}  // namespace souk::net
