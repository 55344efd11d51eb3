#include "storage/search_rules.hpp"

#include <doctest/doctest.h>

#include "storage/coordinator_store.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::test {
namespace {

using namespace storage;
using engine::Errc;
using engine::RuleKind;
using engine::SearchRule;

engine::Curation full_curation() {
  engine::Curation made;
  made.id = "c";
  made.query = "shoes";
  made.match = engine::CurationMatch::contains;
  made.rule_filter_by = "brand:=Acme";
  made.tags = {"web"};
  made.includes = {{"p1", 1}, {"p2", 7}};
  made.excludes = {"p3"};
  made.boosts = {{"in_stock:true", 150}};
  made.filter_by = "price:<1000";
  made.sort_by = "price:asc";
  made.replace_query = "sneakers";
  made.remove_matched_tokens = true;
  made.filter_curated_hits = false;
  made.enabled = false;
  made.stop_processing = false;
  made.effective_from = engine::Timestamp{5};
  made.effective_to = engine::Timestamp{9};
  made.redirect = "/shoes";
  made.metadata = "{}";
  return made;
}

}  // namespace

TEST_CASE("search rules: they are read as they were written") {
  const std::pair<SearchRule, const char*> rules[] = {
      {engine::Synonym{"s", "root", {"a", "b"}, "en"}, "rules/synonyms/s"},
      {engine::StopWords{"w", {"the", "of"}, false, "en"}, "rules/stopwords/w"},
      {full_curation(), "rules/curations/c"}};
  for (const auto& [rule, name] : rules) {
    CHECK(rule_name(engine::kind_of(rule), engine::id_of(rule)) == name);
    const auto again = decode_rule(name, encode_rule(rule));
    REQUIRE(again);
    CHECK(*again == rule);
  }
}

TEST_CASE("search rules: one under another's name, or damaged, is refused") {
  const std::string value = encode_rule(engine::Synonym{"s", "", {"a", "b"}, {}});
  CHECK_FALSE(decode_rule("rules/synonyms/t", value));
  std::string damaged = value;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  CHECK_FALSE(decode_rule("rules/synonyms/s", damaged));
  const std::string empty = encode_rule(engine::Synonym{"s", "", {}, {}});
  CHECK(decode_rule("rules/synonyms/s", empty).error().code == Errc::newer_format);
}

TEST_CASE("search rules: they change under the revision that was read") {
  const TemporaryFolder folder;
  const auto database = Database::open(folder / "data", {}).value();
  CoordinatorStore coordinator{*database};
  const auto patience = Coordinator::patience();
  const SearchRule rule = engine::Synonym{"s", "", {"a", "b"}, {}};

  const auto first = put_rule(coordinator, rule, 0, patience);
  REQUIRE(first);
  CHECK(put_rule(coordinator, rule, 0, patience).error().code == Errc::version_mismatch);
  const auto second = put_rule(coordinator, rule, *first, patience);
  REQUIRE(second);
  CHECK(erase_rule(coordinator, RuleKind::synonym, "s", *first, patience).error().code ==
        Errc::version_mismatch);
  CHECK(put_rule(coordinator, rule, std::nullopt, patience));
  CHECK(coordinator.read(kRulesPrefix, patience)->facts.size() == 1);
  CHECK(erase_rule(coordinator, RuleKind::synonym, "s", std::nullopt, patience));
  CHECK(coordinator.read(kRulesPrefix, patience)->facts.empty());
}

TEST_CASE("search rules: a backup keeps them, and refuses what is damaged") {
  const TemporaryFolder folder;
  const auto database = Database::open(folder / "data", {}).value();
  const auto other = Database::open(folder / "other", {}).value();
  CoordinatorStore coordinator{*database};
  CoordinatorStore restored{*other};
  const auto patience = Coordinator::patience();
  CHECK(keep_rules(coordinator, patience)->empty());
  REQUIRE(restore_rules(restored, ""));

  for (int i = 0; i < 200; ++i)
    REQUIRE(put_rule(coordinator, engine::Synonym{"s" + std::to_string(i), "", {"a", "b"}, {}}, 0,
                     patience));
  REQUIRE(put_rule(coordinator, full_curation(), 0, patience));
  const std::string kept = keep_rules(coordinator, patience).value();
  REQUIRE(restore_rules(restored, kept));
  CHECK(keep_rules(restored, patience).value() == kept);

  for (const std::string& damaged :
       {kept.substr(0, kept.size() - 1), "x" + kept, kept + "rules/x 1\n", kept + "other/x 11\n"})
    CHECK(restore_rules(restored, damaged).error().code == Errc::corrupt_record);
}

}  // namespace souk::test
