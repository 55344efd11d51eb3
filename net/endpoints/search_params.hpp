#pragma once

#include <string_view>
#include <vector>

#include "net/router.hpp"

namespace souk::net {

inline constexpr std::string_view kLanguageSchema = R"({"$ref":"#/components/schemas/Language"})";

/// The parameters of a search for the OpenAPI document.
std::vector<ParamDoc> search_param_docs();

}  // namespace souk::net
