#include "actors/search_rules.hpp"

#include <utility>

#include "storage/search_rules.hpp"

namespace souk::actors {

using engine::PreparedRulePtr;
using engine::Result;
using engine::RuleKind;
using storage::Coordinator;

namespace {

/// Null: it was written by a newer version, or is damaged; searches do without.
PreparedRulePtr read_rule(const std::string& name, const std::string& value) {
  auto rule = storage::decode_rule(name, value);
  return rule ? engine::prepare_rule(std::move(*rule)) : nullptr;
}

}  // namespace

SearchRules::SearchRules(std::shared_ptr<Coordinator> coordinator)
    : coordinator_{std::move(coordinator)}, current_{std::make_shared<engine::RuleSet>()} {
  std::uint64_t after = 0;
  if (const auto listing = coordinator_->read(storage::kRulesPrefix, Coordinator::patience())) {
    for (const Coordinator::NamedFact& each : listing->facts)
      note(each.name, read_rule(each.name, each.fact.value), each.fact.revision);
    after = listing->revision;
  }
  watch_ = coordinator_->watch(storage::kRulesPrefix, after,
                               [this](const Coordinator::WatchEvent& event) { on_event(event); });
}

SearchRules::~SearchRules() {
  stop();
}

void SearchRules::stop() {
  watch_ = nullptr;
}

void SearchRules::note(const std::string& name, PreparedRulePtr prepared, std::uint64_t revision) {
  Known& known = known_[name];
  if (revision < known.revision) return;
  known = {std::move(prepared), revision};
  current_ = nullptr;
}

void SearchRules::on_event(const Coordinator::WatchEvent& event) {
  std::vector<PreparedRulePtr> rules;
  for (const Coordinator::Change& change : event.changes)
    rules.push_back(change.value ? read_rule(change.name, *change.value) : nullptr);
  const std::lock_guard lock{mutex_};
  if (event.complete) {
    // What was written here since is newer than what the event tells.
    std::erase_if(known_, [&](const auto& each) { return each.second.revision <= event.revision; });
    current_ = nullptr;
  }
  for (std::size_t i = 0; i < rules.size(); ++i)
    note(event.changes[i].name, std::move(rules[i]), event.changes[i].revision);
  std::erase_if(known_, [&](const auto& each) {
    return each.second.prepared == nullptr && each.second.revision <= event.revision;
  });
}

engine::RuleSetPtr SearchRules::current() const {
  const std::lock_guard lock{mutex_};
  if (!current_) {
    std::vector<PreparedRulePtr> rules;
    for (const auto& [name, known] : known_) {
      if (known.prepared) rules.push_back(known.prepared);
    }
    current_ = std::make_shared<engine::RuleSet>(std::move(rules));
  }
  return current_;
}

std::optional<RevisedRule> SearchRules::find(RuleKind kind, std::string_view id) const {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(storage::rule_name(kind, id));
  if (found == known_.end() || !found->second.prepared) return std::nullopt;
  return RevisedRule{found->second.prepared->rule, found->second.revision};
}

std::vector<RevisedRule> SearchRules::list(RuleKind kind, std::string_view after,
                                           std::size_t limit) const {
  std::vector<RevisedRule> rules;
  const std::string prefix = storage::rule_name(kind, "");
  const std::lock_guard lock{mutex_};
  for (auto each = known_.upper_bound(storage::rule_name(kind, after));
       each != known_.end() && each->first.starts_with(prefix) && rules.size() < limit; ++each) {
    if (each->second.prepared)
      rules.push_back({each->second.prepared->rule, each->second.revision});
  }
  return rules;
}

Result<std::uint64_t> SearchRules::put(const engine::SearchRule& rule,
                                       std::optional<std::uint64_t> expected) {
  const RuleKind kind = engine::kind_of(rule);
  if (!find(kind, engine::id_of(rule)) &&
      list(kind, "", engine::kRulesMax).size() >= engine::kRulesMax) {
    return engine::Error{engine::Errc::too_many,
                         "at most " + std::to_string(engine::kRulesMax) + " rules of a kind",
                         {},
                         {}};
  }
  const auto revision = storage::put_rule(*coordinator_, rule, expected, Coordinator::patience());
  if (!revision) return revision.error();
  auto prepared = engine::prepare_rule(rule);
  const std::lock_guard lock{mutex_};
  note(storage::rule_name(kind, engine::id_of(rule)), std::move(prepared), *revision);
  return *revision;
}

Result<std::uint64_t> SearchRules::erase(RuleKind kind, std::string_view id,
                                         std::optional<std::uint64_t> expected) {
  const auto revision =
      storage::erase_rule(*coordinator_, kind, id, expected, Coordinator::patience());
  if (!revision) return revision.error();
  const std::lock_guard lock{mutex_};
  note(storage::rule_name(kind, id), nullptr, *revision);
  return *revision;
}

}  // namespace souk::actors
