#pragma once

#include <string>

#include "engine/search/rules.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

/// A rule as Typesense's clients write it: times in seconds, stop words that count where they are
/// named. Members that nobody knows change nothing. Errors: as parse_rule(), said as Typesense says
/// them.
engine::Result<engine::SearchRule> parse_typesense_rule(engine::RuleKind kind, std::string id,
                                                        JsonValue value);
void render_typesense_rule(JsonWriter& json, const engine::SearchRule& rule);

}  // namespace souk::net
