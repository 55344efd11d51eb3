#pragma once

#include <string>

#include "actors/search_rules.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

/// A rule of searches from its JSON, checked with engine::validate_rule(). An `id` in it must be
/// the one given. Errors: those of ObjectReader and of validate_rule(), with the member's name.
engine::Result<engine::SearchRule> parse_rule(engine::RuleKind kind, std::string id,
                                              JsonValue value);

/// What parse_rule() reads; nothing that is as it is by default, but for `enabled` and its like.
void render_rule(JsonWriter& json, const engine::SearchRule& rule);

/// The strings of a list; what is none is reported.
std::vector<std::string> rule_texts(ObjectReader& reader, std::string_view name,
                                    JsonErrors& errors);

}  // namespace souk::net
