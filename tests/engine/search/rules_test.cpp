#include "engine/search/rules.hpp"

#include <doctest/doctest.h>

#include "engine/search/filter.hpp"
#include "engine/search/rules_apply.hpp"

namespace souk::test {
namespace {

using namespace engine;

constexpr Timestamp kNoon{1'000'000};

Synonym synonym(std::string id, std::string root, std::vector<std::string> texts) {
  return {std::move(id), std::move(root), std::move(texts), {}};
}

RuleSet rules_of(std::vector<SearchRule> rules) {
  std::vector<PreparedRulePtr> prepared;
  for (SearchRule& rule : rules) {
    REQUIRE(validate_rule(rule));
    prepared.push_back(prepare_rule(std::move(rule)));
  }
  return RuleSet{std::move(prepared)};
}

Query query_of(std::string q) {
  Query query;
  query.q = std::move(q);
  return query;
}

/// The words of each wording that may match instead.
std::vector<std::string> wordings(const std::vector<std::string>& rewrites) {
  Analyzer analyzer;
  std::vector<std::string> all;
  for (const std::string& rewrite : rewrites) {
    std::string& text = all.emplace_back();
    for (const Word& word : analyzer.words(rewrite)) {
      if (!text.empty()) text += ' ';
      text += word.exact;
    }
  }
  return all;
}

using Texts = std::vector<std::string>;

Query applied(const RuleSet& rules, Query query, Timestamp now = kNoon) {
  Analyzer analyzer;
  REQUIRE(rules.apply(query, now, analyzer));
  return query;
}

Texts rewrites(const RuleSet& rules, const std::string& q) {
  return wordings(applied(rules, query_of(q)).rewrites);
}

Curation curation(std::string id, std::string query) {
  Curation made;
  made.id = std::move(id);
  made.query = std::move(query);
  made.includes = {{"p1", 1}};
  return made;
}

/// "" if it is valid.
std::string refused(const SearchRule& rule) {
  const auto valid = validate_rule(rule);
  return valid ? std::string{} : valid.error().param;
}

}  // namespace

TEST_CASE("synonyms: each wording stands for all others") {
  const RuleSet rules = rules_of({synonym("s", "", {"tv", "television", "flat screen"})});

  CHECK(rewrites(rules, "samsung tv") == Texts{"samsung television", "samsung flat screen"});
  CHECK(rewrites(rules, "flat screens 4k") == Texts{"tv 4k", "television 4k"});
  CHECK(rewrites(rules, "flat").empty());
  CHECK(rewrites(rules, "radio").empty());
  CHECK(applied(rules, query_of("samsung tv")).q == "samsung tv");
}

TEST_CASE("synonyms: a root is not found by who writes a synonym") {
  const RuleSet rules = rules_of({synonym("s", "smart phone", {"iphone", "android"})});

  CHECK(rewrites(rules, "Smart Phone case") == Texts{"iphone case", "android case"});
  CHECK(rewrites(rules, "iphone").empty());
}

TEST_CASE("synonyms: several words are replaced alone and together") {
  const RuleSet rules =
      rules_of({synonym("a", "", {"tv", "television"}), synonym("b", "", {"mount", "bracket"})});

  CHECK(rewrites(rules, "tv mount") ==
        Texts{"television mount", "tv bracket", "television bracket"});
}

TEST_CASE("synonyms: what replaced a word is not replaced again") {
  const RuleSet rules =
      rules_of({synonym("a", "phone", {"smart phone"}), synonym("b", "smart phone", {"handset"})});

  CHECK(rewrites(rules, "phone") == Texts{"smart phone"});
}

TEST_CASE("synonyms: there are never more wordings than a query may have") {
  std::vector<SearchRule> many;
  for (int i = 0; i < 12; ++i) {
    const std::string word = "word" + std::string(1, static_cast<char>('a' + i));
    many.push_back(synonym("s" + std::to_string(i), "", {word, word + "x", word + "y"}));
  }
  std::string q;
  for (int i = 0; i < 12; ++i) q += "word" + std::string(1, static_cast<char>('a' + i)) + ' ';

  const Query query = applied(rules_of(std::move(many)), query_of(q));
  CHECK(query.rewrites.size() == 32);
  CHECK(validate_query(query));
}

TEST_CASE("synonyms: phrases and exclusions are left alone") {
  const RuleSet rules = rules_of({synonym("s", "", {"tv", "television"})});

  CHECK(rewrites(rules, "\"tv stand\" -tv").empty());
  CHECK(rewrites(rules, "\"tv stand\" tv") == Texts{"television"});
}

TEST_CASE("synonyms: a search may do without") {
  const RuleSet rules = rules_of({synonym("s", "", {"tv", "television"})});
  Query query = query_of("tv");
  query.rules.synonyms = false;

  CHECK(applied(rules, query).rewrites.empty());
}

TEST_CASE("stop words: they are looked for only if a query has no others") {
  const RuleSet rules = rules_of({StopWords{"en", {"the", "of"}, true, {}}});

  CHECK(wordings({applied(rules, query_of("The king of soul")).q}) == Texts{"king soul"});
  CHECK(applied(rules, query_of("the of")).q == "the of");
  CHECK(applied(rules, query_of("*")).q == "*");
  CHECK(wordings({applied(rules, query_of("soul \"lord of the rings\" of -the")).q}) ==
        Texts{"soul lord of the rings the"});
  CHECK(applied(rules, query_of("\"the who\" the -of \"the band\"")).q ==
        "\"the who\" \"the band\" -of");
}

TEST_CASE("stop words: a set that is not always in force is named by a search") {
  const RuleSet rules = rules_of({StopWords{"en", {"the"}, false, {}}});
  Query query = query_of("the king");
  CHECK(applied(rules, query).q == "the king");

  query.rules.stop_words = "en";
  CHECK(wordings({applied(rules, query).q}) == Texts{"king"});

  Analyzer analyzer;
  query.rules.stop_words = "de";
  const auto unknown = rules.apply(query, kNoon, analyzer);
  REQUIRE(!unknown);
  CHECK(unknown.error().param == "stopwords");
}

TEST_CASE("stop words: synonyms see them, their wordings lose them") {
  const RuleSet rules = rules_of({synonym("s", "bag of chips", {"crisps of the day"}),
                                  StopWords{"en", {"of", "the"}, true, {}}});

  CHECK(rewrites(rules, "bag of chips") == Texts{"crisps day"});
}

TEST_CASE("curations: exact means all words, contains some next to each other") {
  Curation some = curation("b", "Running Shoes");
  some.match = CurationMatch::contains;
  const RuleSet exact = rules_of({curation("a", "Running Shoes")});
  const RuleSet contains = rules_of({some});
  const auto holds = [](const RuleSet& rules, const char* q) {
    return !applied(rules, query_of(q)).pinned_hits.empty();
  };

  CHECK(holds(exact, " running  shoes "));
  CHECK_FALSE(holds(exact, "red running shoes"));
  CHECK(holds(contains, "red running shoes 42"));
  CHECK_FALSE(holds(contains, "running red shoes"));
  CHECK(holds(rules_of({curation("c", "*")}), ""));
  CHECK_FALSE(holds(rules_of({curation("c", "*")}), "shoes"));
}

TEST_CASE("curations: they begin and expire") {
  Curation sale = curation("sale", "shoes");
  sale.effective_from = Timestamp{10};
  sale.effective_to = Timestamp{20};
  const RuleSet rules = rules_of({sale});
  const auto pins = [&](std::int64_t now) {
    return applied(rules, query_of("shoes"), Timestamp{now}).pinned_hits.size();
  };

  CHECK(pins(9) == 0);
  CHECK(pins(10) == 1);
  CHECK(pins(19) == 1);
  CHECK(pins(20) == 0);
}

TEST_CASE("curations: one that is switched off is kept and does nothing") {
  Curation made = curation("c", "shoes");
  made.enabled = false;
  CHECK(applied(rules_of({made}), query_of("shoes")).pinned_hits.empty());
}

TEST_CASE("curations: the first one ends it, unless it says otherwise") {
  Curation first = curation("1", "shoes");
  Curation second = curation("2", "shoes");
  second.includes = {{"p2", 1}};
  CHECK(applied(rules_of({second, first}), query_of("shoes")).pinned_hits ==
        std::vector<PinnedHit>{{"p1", 1}});

  first.stop_processing = false;
  CHECK(applied(rules_of({second, first}), query_of("shoes")).pinned_hits ==
        std::vector<PinnedHit>{{"p1", 1}, {"p2", 1}});
}

TEST_CASE("curations: a rule may ask for a filter and for a tag") {
  Curation made = curation("1", "");
  made.rule_filter_by = "brand:=Acme && in_stock:true";
  made.tags = {"mobile", "web"};
  const RuleSet rules = rules_of({made});
  Query query = query_of("anything");
  query.rules.filter_by = "brand:=Acme&&in_stock:true";
  CHECK(applied(rules, query).pinned_hits.empty());

  query.rules.tags = {"web"};
  CHECK(applied(rules, query).pinned_hits.size() == 1);
  query.rules.filter_by = "brand:=Acme";
  CHECK(applied(rules, query).pinned_hits.empty());
}

TEST_CASE("curations: what they change in a query") {
  Curation made = curation("1", "cheap shoes");
  made.match = CurationMatch::contains;
  made.includes = {{"p9", 3}, {"p1", 1}, {"p2", 2}};
  made.excludes = {"p2", "p3"};
  made.filter_by = "price:<1000";
  made.sort_by = "price:asc";
  made.boosts = {{"brand:=Acme", 150}};
  made.remove_matched_tokens = true;
  made.redirect = "/sale";
  made.metadata = R"({"banner":"sale"})";
  const RuleSet rules = rules_of({made});
  Query query = query_of("red cheap shoes");
  query.filter = parse_filter("in_stock:true").value();
  query.pinned_hits = {{"p9", 1}};

  Analyzer analyzer;
  const auto ruling = rules.apply(query, kNoon, analyzer);
  REQUIRE(ruling);
  CHECK(ruling->curations == Texts{"1"});
  CHECK(ruling->redirect == "/sale");
  CHECK(ruling->metadata == R"({"banner":"sale"})");
  CHECK(wordings({query.q}) == Texts{"red"});
  CHECK(query.pinned_hits == std::vector<PinnedHit>{{"p9", 1}, {"p1", 1}});
  CHECK(query.hidden_hits == Texts{"p2", "p3"});
  CHECK(render_filter(query.filter) ==
        render_filter(parse_filter("in_stock:true && price:<1000").value()));
  REQUIRE(query.sort_by.size() == 1);
  CHECK(query.sort_by.front().field == "price");
  REQUIRE(query.boosts.size() == 1);
  CHECK(query.boosts.front().percent == 150);
}

TEST_CASE("curations: a query may be replaced, and of one that is removed whole all is shown") {
  Curation replaced = curation("1", "sneker");
  replaced.replace_query = "sneaker";
  CHECK(applied(rules_of({replaced, synonym("s", "", {"sneaker", "trainer"})}), query_of("sneker"))
            .rewrites.size() == 1);

  Curation removed = curation("1", "acme");
  removed.filter_by = "brand:=Acme";
  removed.remove_matched_tokens = true;
  CHECK(applied(rules_of({removed}), query_of("acme")).q == "*");

  Query without = query_of("acme");
  without.rules.curations = false;
  CHECK(applied(rules_of({removed}), without).q == "acme");
}

TEST_CASE("rules: what cannot be applied is refused, and the member is named") {
  CHECK(refused(synonym("a b", "", {"x", "y"})) == "id");
  CHECK(refused(synonym("s", "", {})) == "synonyms");
  CHECK(refused(synonym("s", "", {"tv"})) == "synonyms");
  CHECK(refused(synonym("s", "root", {"tv", "!"})) == "synonyms[1]");
  CHECK(refused(synonym("s", "?", {"tv"})) == "root");
  CHECK(refused(StopWords{"s", {}, true, {}}) == "stopwords");
  CHECK(refused(StopWords{"s", {"the", "of the"}, true, {}}) == "stopwords[1]");
  CHECK(refused(curation("c", "")) == "rule");
  CHECK(refused(curation("c", "{brand} shoes")) == "rule.query");
  Curation made = curation("c", "shoes");
  CHECK(refused(made).empty());
  made.includes = {{"p1", 0}};
  CHECK(refused(made) == "includes[0].position");
  made.includes = {};
  CHECK(refused(made) == "includes");
  made.excludes = {"p1", "p 2"};
  CHECK(refused(made) == "excludes[1].id");
  made.excludes = {};
  made.boosts = {{"nonsense", 100}};
  CHECK(refused(made) == "boosts[0].filter_by");
  made.boosts = {};
  made.filter_by = "price:";
  CHECK(refused(made) == "filter_by");
  made.filter_by = "price:>1";
  made.sort_by = "colour:up";
  CHECK(refused(made) == "sort_by");
  made.sort_by = "";
  made.effective_from = made.effective_to = Timestamp{5};
  CHECK(refused(made) == "effective_to");
}

}  // namespace souk::test
