#pragma once

#include <string_view>
#include <vector>

#include "net/router.hpp"

namespace souk::net {

inline constexpr std::string_view kLanguageSchema =
    R"({"type":"string","enum":["en","eu","ca","da","nl","fi","fr","de","hu","id","ga","it","lt","no","pt","ro","ru","es","sv","tr"],"default":"en"})";

/// The parameters of a search for the OpenAPI document.
std::vector<ParamDoc> search_param_docs();

}  // namespace souk::net
