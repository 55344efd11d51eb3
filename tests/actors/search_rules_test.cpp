#include "actors/search_rules.hpp"

#include <doctest/doctest.h>

#include "storage/coordinator_store.hpp"
#include "storage/search_rules.hpp"
#include "tests/storage/temporary_folder.hpp"
#include "tests/support/eventually.hpp"

using namespace souk;
using namespace souk::actors;
using namespace souk::test;
using engine::Errc;
using engine::RuleKind;
using engine::SearchRule;

namespace {

struct Facts {
  TemporaryFolder folder;
  std::unique_ptr<storage::Database> database =
      storage::Database::open(folder / "data", {}).value();
  std::shared_ptr<storage::CoordinatorStore> store =
      std::make_shared<storage::CoordinatorStore>(*database);
};

SearchRule synonym(std::string id, std::string a, std::string b) {
  return engine::Synonym{std::move(id), "", {std::move(a), std::move(b)}, {}};
}

std::vector<std::string> rewrites(const SearchRules& rules, const std::string& q) {
  engine::Query query;
  query.q = q;
  engine::Analyzer analyzer;
  REQUIRE(rules.current()->apply(query, engine::Timestamp{0}, analyzer));
  for (std::string& text : query.rewrites) {
    std::erase(text, ' ');
  }
  return query.rewrites;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("search rules: what one node writes, every node applies, and so does one that starts") {
  Facts facts;
  SearchRules one{facts.store};
  SearchRules two{facts.store};
  CHECK(one.current()->empty());

  const auto first = one.put(synonym("tv", "tv", "television"), std::nullopt);
  REQUIRE(first);
  CHECK(rewrites(one, "tv") == Texts{"television"});
  CHECK(eventually([&] { return rewrites(two, "tv") == Texts{"television"}; }));
  CHECK(two.find(RuleKind::synonym, "tv")->revision == *first);

  // Changed through the other under the revision that was read.
  const auto second = two.put(synonym("tv", "tv", "telly"), *first);
  REQUIRE(second);
  CHECK(one.put(synonym("tv", "tv", "tube"), *first).error().code == Errc::version_mismatch);
  CHECK(eventually([&] { return rewrites(one, "tv") == Texts{"telly"}; }));

  SearchRules three{facts.store};
  CHECK(rewrites(three, "tv") == Texts{"telly"});

  REQUIRE(three.erase(RuleKind::synonym, "tv", std::nullopt));
  CHECK(three.current()->empty());
  CHECK(eventually([&] { return one.current()->empty() && two.current()->empty(); }));
  CHECK(!one.find(RuleKind::synonym, "tv"));
}

TEST_CASE("search rules: they are listed by id, kind by kind") {
  Facts facts;
  SearchRules rules{facts.store};
  for (const char* id : {"b", "a", "c", "a-1"}) REQUIRE(rules.put(synonym(id, "x", "y"), {}));
  REQUIRE(rules.put(engine::StopWords{"en", {"the"}, true, {}}, {}));

  const auto ids = [&](RuleKind kind, const char* after, std::size_t limit) {
    Texts listed;
    for (const RevisedRule& each : rules.list(kind, after, limit))
      listed.push_back(engine::id_of(each.rule));
    return listed;
  };
  CHECK(ids(RuleKind::synonym, "", 10) == Texts{"a", "a-1", "b", "c"});
  CHECK(ids(RuleKind::synonym, "a", 2) == Texts{"a-1", "b"});
  CHECK(ids(RuleKind::stop_words, "", 10) == Texts{"en"});
  CHECK(ids(RuleKind::curation, "", 10).empty());
}

TEST_CASE("search rules: one that cannot be read is done without") {
  Facts facts;
  storage::Coordinator::Transaction damage;
  damage.writes.push_back({storage::rule_name(RuleKind::synonym, "bad"), "nonsense", 0});
  REQUIRE(facts.store->commit(damage, storage::Coordinator::patience()));
  SearchRules rules{facts.store};
  REQUIRE(rules.put(synonym("tv", "tv", "television"), std::nullopt));

  CHECK(rewrites(rules, "tv") == Texts{"television"});
  CHECK(!rules.find(RuleKind::synonym, "bad"));
}
