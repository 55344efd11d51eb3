#pragma once

#include <vector>

#include "net/router.hpp"

namespace souk::net {

/// The parameters of a search for the OpenAPI document.
std::vector<ParamDoc> search_param_docs();

}  // namespace souk::net
