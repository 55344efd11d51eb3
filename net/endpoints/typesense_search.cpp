#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/typesense.hpp"
#include "net/endpoints/typesense_run.hpp"
#include "net/router.hpp"
#include "net/typesense_error.hpp"

namespace souk::net {
namespace {

Task<Response> search(RequestScope& scope) {
  if (const auto known = check_collection(scope.request.path_param("name")); !known)
    co_return typesense_problem(known.error());
  std::string body;
  const auto found = co_await run_typesense_search(scope, scope.request.query_params(), {}, body);
  if (!found) co_return typesense_problem(found.error());
  co_return ok(std::move(body));
}

}  // namespace

void add_typesense_search(Router& router) {
  router.add(
      {.method = Method::get,
       .path = "/collections/{name}/documents/search",
       .handler = search,
       .scope = Scope::search,
       .priority = Priority::search,
       .dialect = Dialect::typesense,
       .operation_id = "typesenseSearch",
       .summary = "A search with Typesense's parameters and its answer; what it says of typos, "
                  "synonyms, curation, caches and vectors has no effect",
       .tag = "typesense",
       .params = {{"q", "query", "the words to look for; * matches everything",
                   R"({"type":"string"})", true},
                  {"query_by", "query", "fields to look into; without it those of /v1/search"},
                  {"filter_by", "query", "as of /v1/search"},
                  {"facet_by", "query", "as of /v1/search"},
                  {"facet_query", "query", "field:text, only values with these words"},
                  {"max_facet_values", "query", "", R"({"type":"integer","default":10})"},
                  {"sort_by", "query", "up to 8 of field:asc or field:desc"},
                  {"group_by", "query", "as of /v1/search"},
                  {"group_limit", "query", "hits per group",
                   R"({"type":"integer","default":3,"maximum":99})"},
                  {"page", "query", "", R"({"type":"integer","default":1})"},
                  {"per_page", "query", "also called limit",
                   R"({"type":"integer","default":10,"maximum":250})"},
                  {"offset", "query", "instead of page", R"({"type":"integer"})"},
                  {"num_typos", "query",
                   "as of /v1/search, with min_len_1typo, min_len_2typo, typo_tokens_threshold and "
                   "split_join_tokens; of a list the largest counts for all fields",
                   R"({"type":"integer","default":2,"maximum":2})"},
                  {"language", "query", "of q, as of /v1/search; not Typesense's"},
                  {"enable_analytics", "query", "as of /v1/search",
                   R"({"type":"boolean","default":true})"},
                  {"infix", "query",
                   "without effect, as exhaustive_search, prioritize_*, enable_overrides, "
                   "enable_synonyms, stopwords, use_cache, cache_ttl, facet_strategy, "
                   "highlight_full_fields, highlight_affix_num_tokens and every name that is not "
                   "known; vector_query, pinned_hits, preset, conversation, nl_query and "
                   "voice_query are refused with 400"},
                  {"include_fields", "query", "members of the document to give"},
                  {"exclude_fields", "query", "members of the document to leave out"}},
       .answers = {{200, "A page of hits", schema_ref("TypesensePage")}}});
}

}  // namespace souk::net
