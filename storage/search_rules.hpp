#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/search/rules.hpp"
#include "storage/coordinator.hpp"

// The rules of searches with the coordinator: `rules/<kind>/<id>`, one fact each.
namespace souk::storage {

inline constexpr std::string_view kRulesPrefix = "rules/";
std::string rule_name(engine::RuleKind kind, std::string_view id);
std::string encode_rule(const engine::SearchRule& rule);
/// `name`: of the fact. What comes out is valid. Errors: corrupt_record, newer_format.
engine::Result<engine::SearchRule> decode_rule(std::string_view name, std::string_view value);

/// Writes a rule in place of the one with its kind and id, if there is one; only if that has still
/// the revision `expected`, if one is given (0: there is none). Errors: as Coordinator::commit.
engine::Result<Coordinator::Revision> put_rule(Coordinator& coordinator,
                                               const engine::SearchRule& rule,
                                               std::optional<Coordinator::Revision> expected,
                                               Coordinator::Deadline deadline);
engine::Result<Coordinator::Revision> erase_rule(Coordinator& coordinator, engine::RuleKind kind,
                                                 std::string_view id,
                                                 std::optional<Coordinator::Revision> expected,
                                                 Coordinator::Deadline deadline);

/// All rules as a text for a backup; empty without any. Errors: those of Coordinator::read.
engine::Result<std::string> keep_rules(const Coordinator& coordinator,
                                       Coordinator::Deadline deadline);
/// Writes what was kept over what there is. Errors: corrupt_record, those of Coordinator::commit;
/// then some may have been written.
engine::Result<void> restore_rules(Coordinator& coordinator, std::string_view kept);

}  // namespace souk::storage
