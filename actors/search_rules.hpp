#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/search/rules_apply.hpp"
#include "storage/coordinator.hpp"

namespace souk::actors {

/// A rule as this node knows it. The revision is its version.
struct RevisedRule {
  engine::SearchRule rule;
  std::uint64_t revision = 0;
};

/// The rules of searches as this node knows them: those of the coordinator, moments later. What is
/// changed here is in force here at once. Thread-safe.
class SearchRules {
public:
  /// Reads all rules; if the coordinator cannot be asked now, they come when it can.
  explicit SearchRules(std::shared_ptr<storage::Coordinator> coordinator);
  ~SearchRules();
  /// Ends the watch. Idempotent.
  void stop();

  engine::RuleSetPtr current() const;
  std::optional<RevisedRule> find(engine::RuleKind kind, std::string_view id) const;
  /// By id, at most `limit` behind `after`.
  std::vector<RevisedRule> list(engine::RuleKind kind, std::string_view after,
                                std::size_t limit) const;

  // Each blocks at most some seconds; `expected`: only if the rule has this revision (0: if there
  // is none). Returns the new revision. Errors: as Coordinator::commit.

  /// Errors: also too_many. Pre: validate_rule().
  engine::Result<std::uint64_t> put(const engine::SearchRule& rule,
                                    std::optional<std::uint64_t> expected);
  engine::Result<std::uint64_t> erase(engine::RuleKind kind, std::string_view id,
                                      std::optional<std::uint64_t> expected);

private:
  /// No rule: it was erased, and what is older than that is no news.
  struct Known {
    engine::PreparedRulePtr prepared;
    std::uint64_t revision = 0;
  };

  void on_event(const storage::Coordinator::WatchEvent& event);
  void note(const std::string& name, engine::PreparedRulePtr prepared, std::uint64_t revision);

  const std::shared_ptr<storage::Coordinator> coordinator_;
  mutable std::mutex mutex_;
  std::map<std::string, Known, std::less<>> known_;  // by the names of the facts
  mutable engine::RuleSetPtr current_;               // null: known_ has changed since
  std::unique_ptr<storage::Coordinator::Watch> watch_;
};

}  // namespace souk::actors
