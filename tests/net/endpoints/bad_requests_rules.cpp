#include "tests/net/endpoints/bad_requests.hpp"

namespace souk::test {

Table bad_rules() {
  const auto synonym = [](std::string body, int status, std::string code, std::string param) {
    return BadRequest{"PUT",  "/v1/synonyms/s", std::move(body),
                      status, std::move(code),  std::move(param)};
  };
  const auto stops = [](std::string body, int status, std::string code, std::string param) {
    return BadRequest{"PUT",  "/v1/stopwords/s", std::move(body),
                      status, std::move(code),   std::move(param)};
  };
  const auto curation = [](const std::string& members, int status, std::string code,
                           std::string param) {
    return BadRequest{"PUT",  "/v1/curations/c", R"({"rule":{"query":"tee"},)" + members + "}",
                      status, std::move(code),   std::move(param)};
  };
  const auto rule = [](const std::string& body, int status, std::string code, std::string param) {
    return BadRequest{"PUT",  "/v1/curations/c", R"({"excludes":[{"id":"tee"}],)" + body + "}",
                      status, std::move(code),   std::move(param)};
  };
  const std::string long_text(1025, 'x');
  return {
      {"GET", "/v1/synonyms/nope", "", 404, "unknown_route", ""},
      {"DELETE", "/v1/curations/nope", "", 404, "unknown_route", ""},
      {"GET", "/v1/stopwords/a%20b", "", 422, "invalid_value", "id"},
      {"PUT", "/v1/synonyms/a%20b", R"({"synonyms":["a","b"]})", 422, "invalid_value", "id"},
      {"GET", "/v1/synonyms?limit=251", "", 422, "invalid_value", "limit"},
      {"GET", "/v1/synonyms?nonsense=1", "", 422, "unknown_field", "nonsense"},
      {"PUT",
       "/v1/synonyms/s",
       R"({"synonyms":["a","b"]})",
       412,
       "version_mismatch",
       "If-Match",
       {{"If-Match", "\"v7\""}}},
      {"PUT",
       "/v1/synonyms/s",
       R"({"synonyms":["a","b"]})",
       412,
       "version_mismatch",
       "If-Match",
       {{"If-Match", "*"}}},
      {"PUT",
       "/v1/synonyms/s",
       R"({"synonyms":["a","b"]})",
       400,
       "malformed_request",
       "If-Match",
       {{"If-Match", "seven"}}},
      synonym("[]", 400, "malformed_request", ""),
      synonym("{}", 422, "missing_field", "synonyms"),
      synonym(R"({"synonyms":"tv"})", 400, "malformed_request", "synonyms"),
      synonym(R"({"synonyms":["tv",7]})", 400, "malformed_request", "synonyms[1]"),
      synonym(R"({"synonyms":["tv"]})", 422, "invalid_value", "synonyms"),
      synonym(R"({"synonyms":["tv","!"]})", 422, "invalid_value", "synonyms[1]"),
      synonym(R"({"root":"?","synonyms":["tv"]})", 422, "invalid_value", "root"),
      synonym(R"({"synonyms":["tv",")" + long_text + R"("]})", 413, "too_large", "synonyms[1]"),
      synonym(R"({"synonyms":)" + repeated(R"("tv")", 257) + "}", 422, "too_many", "synonyms"),
      synonym(R"({"id":"t","synonyms":["tv","television"]})", 422, "invalid_value", "id"),
      synonym(R"({"synonyms":["tv","television"],"words":1})", 422, "unknown_field", "words"),
      stops("{}", 422, "missing_field", "stopwords"),
      stops(R"({"stopwords":["of the"]})", 422, "invalid_value", "stopwords[0]"),
      stops(R"({"stopwords":["of"],"always":"yes"})", 400, "malformed_request", "always"),
      stops(R"({"stopwords":)" + repeated(R"("of")", 2001) + "}", 422, "too_many", "stopwords"),
      {"PUT", "/v1/curations/c", "{}", 422, "missing_field", "rule"},
      rule(R"("rule":{})", 422, "missing_field", "rule"),
      rule(R"("rule":{"query":"tee","match":"some"})", 422, "invalid_value", "rule.match"),
      rule(R"("rule":{"query":"!"})", 422, "invalid_value", "rule.query"),
      rule(R"("rule":{"query":"{brand} tee"})", 501, "not_implemented", "rule.query"),
      rule(R"("rule":{"query":"tee","filter":"a"})", 422, "unknown_field", "rule.filter"),
      rule(R"("rule":{"tags":)" + repeated(R"("a")", 33) + "}", 422, "too_many", "rule.tags"),
      curation(R"("enabled":true)", 422, "missing_field", "includes"),
      curation(R"("includes":[{"id":"tee"}])", 422, "missing_field", "includes[0].position"),
      curation(R"("includes":[{"id":"tee","position":0}])", 422, "invalid_value",
               "includes[0].position"),
      curation(R"("includes":[{"id":"t e","position":1}])", 422, "invalid_value", "includes[0].id"),
      curation(R"("includes":)" + repeated(R"({"id":"tee","position":1})", 1001), 422, "too_many",
               "includes"),
      curation(R"("excludes":["tee"])", 400, "malformed_request", "excludes[0]"),
      curation(R"("boosts":[{"filter_by":"brand:=A","percent":10001}])", 422, "invalid_value",
               "boosts[0].percent"),
      curation(R"("boosts":[{"filter_by":"brand","percent":200}])", 422, "invalid_filter",
               "boosts[0].filter_by"),
      curation(R"("filter_by":"price:")", 422, "invalid_filter", "filter_by"),
      curation(R"("sort_by":"nonsense:asc")", 422, "invalid_query", "sort_by"),
      curation(R"("redirect":")" + long_text + "\"", 413, "too_large", "redirect"),
      curation(R"("metadata":[])", 400, "malformed_request", "metadata"),
      curation(R"("redirect":"/a","effective_from":"soon")", 422, "invalid_value",
               "effective_from"),
      curation(R"("redirect":"/a","effective_from":"2030-01-01T00:00:00Z",)"
               R"("effective_to":"2029-01-01T00:00:00Z")",
               422, "invalid_value", "effective_to"),
  };
}

}  // namespace souk::test
