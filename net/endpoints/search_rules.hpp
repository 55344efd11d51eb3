#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/search_rules.hpp"
#include "engine/types/result.hpp"
#include "net/endpoints/operations.hpp"
#include "net/request_scope.hpp"
#include "net/task.hpp"

namespace souk::net {

/// GET, PUT, DELETE /v1/synonyms/{id}, /v1/stopwords/{id}, /v1/curations/{id}, and their lists.
void add_search_rules(Router& router, const Operations& operations);
/// The same rules as Typesense's clients write them: /collections/{name}/synonyms[/{id}],
/// /collections/{name}/overrides[/{id}], /stopwords[/{id}].
void add_typesense_rules(Router& router, const Operations& operations);

/// The rules this node knows, to read. Errors: unavailable while it starts.
engine::Result<const actors::SearchRules*> rules_of(const Operations& operations);
/// Writes a rule; the new revision. Errors: those of actors::SearchRules::put(), and of ask_desk().
Task<engine::Result<std::uint64_t>> put_rule(RequestScope& scope, const Operations& operations,
                                             engine::SearchRule rule,
                                             std::optional<std::uint64_t> expected);
Task<engine::Result<std::uint64_t>> erase_rule(RequestScope& scope, const Operations& operations,
                                               engine::RuleKind kind, std::string id,
                                               std::optional<std::uint64_t> expected);

}  // namespace souk::net
