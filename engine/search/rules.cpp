#include "engine/search/rules.hpp"

#include <algorithm>
#include <utility>

#include "engine/text/analyzer.hpp"
#include "engine/types/id.hpp"

namespace souk::engine {
namespace {

constexpr std::size_t kTextBytesMax = 1024;
constexpr std::size_t kWordingsMax = 256;
constexpr std::size_t kStopWordsMax = 2'000;
constexpr std::size_t kHitsMax = 1'000;
constexpr std::size_t kBoostsMax = 16;
constexpr std::size_t kTagsMax = 32;
constexpr std::size_t kMetadataBytesMax = 64U << 10U;

Error fault(Errc code, std::string param, std::string detail) {
  return Error{code, param + ": " + detail, std::move(param), {}};
}

Error too_many(std::string param, std::size_t most) {
  return fault(Errc::too_many, std::move(param), "at most " + std::to_string(most));
}

std::string item(const char* list, std::size_t place, const char* member = "") {
  return std::string{list} + '[' + std::to_string(place) + ']' + member;
}

Result<void> check_length(std::string param, std::string_view text) {
  if (text.size() <= kTextBytesMax) return {};
  return fault(Errc::too_large, std::move(param),
               "at most " + std::to_string(kTextBytesMax) + " bytes");
}

Result<void> check_wording(Analyzer& analyzer, std::string param, std::string_view text) {
  if (const auto fits = check_length(param, text); !fits) return fits.error();
  if (analyzer.words(text).empty())
    return fault(Errc::invalid_value, std::move(param), "there is no word in it");
  return {};
}

Result<void> check_filter(std::string param, const std::string& text) {
  const auto filter = parse_filter(text);
  if (filter) return {};
  Error error = filter.error();
  error.detail = param + ": " + error.detail;
  error.param = std::move(param);
  return error;
}

Result<void> validate(const Synonym& synonym) {
  Analyzer analyzer;
  if (!synonym.root.empty()) {
    if (const auto valid = check_wording(analyzer, "root", synonym.root); !valid) return valid;
  }
  const std::size_t least = synonym.root.empty() ? 2 : 1;
  if (synonym.synonyms.empty())
    return fault(Errc::missing_field, "synonyms", "a list of words or phrases is required");
  if (synonym.synonyms.size() < least)
    return fault(Errc::invalid_value, "synonyms", "without a root at least two are needed");
  if (synonym.synonyms.size() > kWordingsMax) return too_many("synonyms", kWordingsMax);
  for (std::size_t i = 0; i < synonym.synonyms.size(); ++i) {
    const auto valid = check_wording(analyzer, item("synonyms", i), synonym.synonyms[i]);
    if (!valid) return valid;
  }
  return check_length("locale", synonym.locale);
}

Result<void> validate(const StopWords& set) {
  Analyzer analyzer;
  if (set.words.empty())
    return fault(Errc::missing_field, "stopwords", "a list of words is required");
  if (set.words.size() > kStopWordsMax) return too_many("stopwords", kStopWordsMax);
  for (std::size_t i = 0; i < set.words.size(); ++i) {
    const std::string param = item("stopwords", i);
    if (const auto valid = check_wording(analyzer, param, set.words[i]); !valid) return valid;
    if (analyzer.words(set.words[i]).size() > 1)
      return fault(Errc::invalid_value, param, "must be one word");
  }
  return check_length("locale", set.locale);
}

Result<void> validate_hits(const Curation& curation) {
  if (curation.includes.size() > kHitsMax) return too_many("includes", kHitsMax);
  for (std::size_t i = 0; i < curation.includes.size(); ++i) {
    const PinnedHit& pin = curation.includes[i];
    if (!is_valid_id(pin.product))
      return fault(Errc::invalid_value, item("includes", i, ".id"), "is no product id");
    if (pin.position == 0 || pin.position > kPinPositionMax)
      return fault(Errc::invalid_value, item("includes", i, ".position"),
                   "from 1 to " + std::to_string(kPinPositionMax));
  }
  if (curation.excludes.size() > kHitsMax) return too_many("excludes", kHitsMax);
  for (std::size_t i = 0; i < curation.excludes.size(); ++i) {
    if (!is_valid_id(curation.excludes[i]))
      return fault(Errc::invalid_value, item("excludes", i, ".id"), "is no product id");
  }
  if (curation.boosts.size() > kBoostsMax) return too_many("boosts", kBoostsMax);
  for (std::size_t i = 0; i < curation.boosts.size(); ++i) {
    const CurationBoost& boost = curation.boosts[i];
    if (boost.filter_by.empty())
      return fault(Errc::missing_field, item("boosts", i, ".filter_by"), "is required");
    const auto valid = check_filter(item("boosts", i, ".filter_by"), boost.filter_by);
    if (!valid) return valid;
    if (boost.percent > kBoostPercentMax)
      return fault(Errc::invalid_value, item("boosts", i, ".percent"),
                   "from 0 to " + std::to_string(kBoostPercentMax));
  }
  return {};
}

bool changes_something(const Curation& curation) {
  return !curation.includes.empty() || !curation.excludes.empty() || !curation.boosts.empty() ||
         !curation.filter_by.empty() || !curation.sort_by.empty() ||
         !curation.replace_query.empty() || !curation.redirect.empty() ||
         !curation.metadata.empty() || curation.remove_matched_tokens;
}

Result<void> validate(const Curation& curation) {
  Analyzer analyzer;
  if (curation.query.empty() && curation.rule_filter_by.empty() && curation.tags.empty())
    return fault(Errc::missing_field, "rule", "it must name a query, a filter_by or tags");
  if (!curation.query.empty() && curation.query != "*") {
    if (const auto valid = check_wording(analyzer, "rule.query", curation.query); !valid)
      return valid;
  }
  if (curation.query.find('{') != std::string::npos)
    return fault(Errc::not_implemented, "rule.query", "placeholders are not built");
  if (curation.tags.size() > kTagsMax) return too_many("rule.tags", kTagsMax);
  for (const auto& [name, text] :
       {std::pair{"rule.filter_by", &curation.rule_filter_by},
        std::pair{"filter_by", &curation.filter_by}, std::pair{"sort_by", &curation.sort_by},
        std::pair{"replace_query", &curation.replace_query},
        std::pair{"redirect", &curation.redirect}}) {
    if (const auto fits = check_length(name, *text); !fits) return fits;
  }
  for (std::size_t i = 0; i < curation.tags.size(); ++i) {
    if (const auto fits = check_length(item("rule.tags", i), curation.tags[i]); !fits) return fits;
  }
  if (const auto valid = check_filter("filter_by", curation.filter_by); !valid) return valid;
  if (const auto sort = parse_sort_by(curation.sort_by); !sort) return sort.error();
  if (const auto valid = validate_hits(curation); !valid) return valid;
  if (curation.metadata.size() > kMetadataBytesMax)
    return fault(Errc::too_large, "metadata",
                 "at most " + std::to_string(kMetadataBytesMax) + " bytes");
  if (curation.effective_from && curation.effective_to &&
      !(*curation.effective_from < *curation.effective_to))
    return fault(Errc::invalid_value, "effective_to", "must be after effective_from");
  if (!changes_something(curation))
    return fault(Errc::missing_field, "includes",
                 "it must include, exclude, boost, filter, sort, replace or redirect");
  return {};
}

}  // namespace

RuleKind kind_of(const SearchRule& rule) {
  return static_cast<RuleKind>(rule.index());
}

const std::string& id_of(const SearchRule& rule) {
  return std::visit([](const auto& each) -> const std::string& { return each.id; }, rule);
}

Result<void> validate_rule(const SearchRule& rule) {
  if (!is_valid_id(id_of(rule)))
    return fault(Errc::invalid_value, "id", "must be 1 to 128 of A-Za-z0-9_.:-");
  return std::visit([](const auto& each) { return validate(each); }, rule);
}

}  // namespace souk::engine
