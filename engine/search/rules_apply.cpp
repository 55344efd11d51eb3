#include "engine/search/rules_apply.hpp"

#include <algorithm>
#include <cassert>
#include <deque>
#include <tuple>
#include <utility>

#include "engine/search/filter.hpp"
#include "engine/search/phrase.hpp"

namespace souk::engine {
namespace {

constexpr std::size_t kRewritesMax = 32;
constexpr std::size_t kQueryBytesMax = 4096;
constexpr std::size_t kWordsMax = 64;
constexpr std::size_t kReplacementsMax = 256;
constexpr std::size_t kHiddenMax = 10'000;
constexpr std::size_t kPinsMax = 1'000;
constexpr std::size_t kBoostsMax = 64;
constexpr std::string_view kEverything = "*";
constexpr std::string_view kSpaces = " \t\r\n";

std::vector<std::string> stems_of(Analyzer& analyzer, std::string_view text) {
  std::vector<std::string> stems;
  for (Word& word : analyzer.words(text)) stems.push_back(std::move(word.term));
  return stems;
}

std::vector<std::string> forms_of(Analyzer& analyzer, std::string_view text) {
  std::vector<std::string> forms;
  for (Word& word : analyzer.words(text)) forms.push_back(std::move(word.exact));
  return forms;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(word).push_back(' ');
  return text;
}

bool is_everything(std::string_view q) {
  return q.empty() || q == kEverything;
}

/// The words that curations compare: of phrases, then the others; what is excluded is not there.
std::vector<std::string> compared_words(Analyzer& analyzer, std::string_view q) {
  if (is_everything(q)) return {std::string{kEverything}};
  const QueryText text = parse_query_text(q);
  std::vector<std::string> words;
  for (const std::string_view phrase : text.phrases) {
    for (std::string& word : forms_of(analyzer, phrase)) words.push_back(std::move(word));
  }
  for (std::string& word : forms_of(analyzer, text.words)) words.push_back(std::move(word));
  return words;
}

/// q with other words beside its phrases and exclusions.
std::string with_words(const QueryText& text, std::string_view words) {
  std::string q;
  const auto add = [&q](std::string_view mark, std::string_view part) {
    if (!q.empty()) q += ' ';
    q.append(mark).append(part);
  };
  const auto first = words.find_first_not_of(kSpaces);
  const auto last = words.find_last_not_of(kSpaces);
  const bool any = first != std::string_view::npos;
  if (any) words = words.substr(first, last - first + 1);
  if (any && !text.ends_open) add("", words);
  for (const std::string_view phrase : text.phrases) {
    add("\"", phrase);
    q += '"';
  }
  for (const std::string_view excluded : text.excluded) {
    const bool quoted = excluded.find_first_of(kSpaces) != std::string_view::npos;
    add(quoted ? "-\"" : "-", excluded);
    if (quoted) q += '"';
  }
  // The word that may be the beginning of one stays the last.
  if (any && text.ends_open) add("", words);
  return q;
}

std::string without_spaces(std::string_view text) {
  std::string plain;
  for (const char each : text) {
    if (kSpaces.find(each) == std::string_view::npos) plain += each;
  }
  return plain;
}

FilterPtr both(const FilterPtr& a, const FilterPtr& b) {
  if (!a) return b;
  if (!b) return a;
  auto all = std::make_shared<Filter>();
  all->kind = FilterKind::all_of;
  for (const FilterPtr& each : {a, b}) {
    if (each->kind == FilterKind::all_of) {
      all->children.insert(all->children.end(), each->children.begin(), each->children.end());
    } else {
      all->children.push_back(each);
    }
  }
  return all;
}

bool in_force(const Curation& curation, Timestamp now) {
  return curation.enabled && (!curation.effective_from || *curation.effective_from <= now) &&
         (!curation.effective_to || now < *curation.effective_to);
}

bool asks_for(const Curation& curation, const RuleUse& use) {
  if (!curation.rule_filter_by.empty() &&
      without_spaces(curation.rule_filter_by) != without_spaces(use.filter_by))
    return false;
  return curation.tags.empty() ||
         std::any_of(curation.tags.begin(), curation.tags.end(), [&](const std::string& tag) {
           return std::find(use.tags.begin(), use.tags.end(), tag) != use.tags.end();
         });
}

/// Where the words stand next to each other among these; npos: nowhere.
std::size_t find_words(const std::vector<std::string>& words,
                       const std::vector<std::string>& wanted) {
  const auto found = std::search(words.begin(), words.end(), wanted.begin(), wanted.end());
  return found == words.end() && !wanted.empty() ? std::string::npos
                                                 : static_cast<std::size_t>(found - words.begin());
}

/// Some words of a text and what may stand there instead.
struct Replacement {
  std::size_t first = 0;  // words [first, last)
  std::size_t last = 0;
  std::string_view text;

  friend bool operator==(const Replacement&, const Replacement&) = default;
};

std::string replace(std::string_view text, const std::vector<Word>& words,
                    const std::vector<Replacement>& chosen) {
  std::string result;
  std::size_t at = 0;
  for (const Replacement& each : chosen) {
    const std::size_t begin = std::max<std::size_t>(words[each.first].begin, at);
    result.append(text.substr(at, begin - at)).append(" ").append(each.text).append(" ");
    at = words[each.last - 1].end;
  }
  return result.append(text.substr(at));
}

void add_pins(const std::vector<PinnedHit>& pins, Query& query) {
  for (const PinnedHit& pin : pins) {
    const bool known = std::any_of(query.pinned_hits.begin(), query.pinned_hits.end(),
                                   [&](const PinnedHit& p) { return p.product == pin.product; });
    if (!known && query.pinned_hits.size() < kPinsMax) query.pinned_hits.push_back(pin);
  }
}

}  // namespace

PreparedRulePtr prepare_rule(SearchRule rule) {
  auto prepared = std::make_shared<PreparedRule>();
  Analyzer analyzer;
  if (const auto* synonym = std::get_if<Synonym>(&rule)) {
    if (!synonym->root.empty()) {
      prepared->wordings.push_back(stems_of(analyzer, synonym->root));
    } else {
      for (const std::string& text : synonym->synonyms)
        prepared->wordings.push_back(stems_of(analyzer, text));
    }
  } else if (const auto* stops = std::get_if<StopWords>(&rule)) {
    std::vector<std::string>& words = prepared->wordings.emplace_back();
    for (const std::string& text : stops->words) {
      for (std::string& form : forms_of(analyzer, text)) words.push_back(std::move(form));
    }
  } else {
    const auto& curation = std::get<Curation>(rule);
    if (!curation.query.empty())
      prepared->wordings.push_back(compared_words(analyzer, curation.query));
    prepared->filter = parse_filter(curation.filter_by).value();
    prepared->sort_by = parse_sort_by(curation.sort_by).value();
    for (const CurationBoost& boost : curation.boosts)
      prepared->boosts.push_back({parse_filter(boost.filter_by).value(), boost.percent});
  }
  prepared->rule = std::move(rule);
  return prepared;
}

RuleSet::RuleSet(std::vector<PreparedRulePtr> rules) : rules_{std::move(rules)} {
  std::sort(rules_.begin(), rules_.end(), [](const PreparedRulePtr& a, const PreparedRulePtr& b) {
    return std::forward_as_tuple(a->rule.index(), id_of(a->rule)) <
           std::forward_as_tuple(b->rule.index(), id_of(b->rule));
  });
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    const PreparedRule& prepared = *rules_[i];
    const auto& wordings = prepared.wordings;
    if (const auto* curation = std::get_if<Curation>(&prepared.rule)) {
      if (wordings.empty()) {
        wordless_.push_back(i);
      } else if (curation->match == CurationMatch::exact) {
        exact_[joined(wordings.front())].push_back({i, 0});
      } else if (!wordings.front().empty()) {
        contains_[wordings.front().front()].push_back({i, 0});
      }
    } else if (const auto* stops = std::get_if<StopWords>(&prepared.rule)) {
      stop_sets_[stops->id] = i;
      always_stops_ = always_stops_ || stops->always;
      for (const std::string& word : wordings.front()) stop_words_[word].push_back({i, 0});
    } else {
      for (std::uint32_t w = 0; w < wordings.size(); ++w) {
        if (!wordings[w].empty()) synonyms_[wordings[w].front()].push_back({i, w});
      }
    }
  }
}

std::vector<const PreparedRule*> RuleSet::curations_for(const Query& query, Timestamp now,
                                                        Analyzer& analyzer) const {
  std::vector<std::uint32_t> candidates = wordless_;
  if (!exact_.empty() || !contains_.empty()) {
    const std::vector<std::string> words = compared_words(analyzer, query.q);
    if (const auto same = exact_.find(joined(words)); same != exact_.end()) {
      for (const Wording& each : same->second) candidates.push_back(each.rule);
    }
    for (const std::string& word : words) {
      const auto begins = contains_.find(word);
      if (begins == contains_.end()) continue;
      for (const Wording& each : begins->second) {
        if (find_words(words, rules_[each.rule]->wordings.front()) != std::string::npos)
          candidates.push_back(each.rule);
      }
    }
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  std::vector<const PreparedRule*> found;
  for (const std::uint32_t candidate : candidates) {
    const auto& curation = std::get<Curation>(rules_[candidate]->rule);
    if (!in_force(curation, now) || !asks_for(curation, query.rules)) continue;
    found.push_back(rules_[candidate].get());
    if (curation.stop_processing) break;
  }
  return found;
}

void RuleSet::curate(const PreparedRule& prepared, Query& query, Ruling& ruling,
                     Analyzer& analyzer) const {
  const auto& curation = std::get<Curation>(prepared.rule);
  ruling.curations.push_back(curation.id);
  if (ruling.redirect.empty()) ruling.redirect = curation.redirect;
  if (ruling.metadata.empty()) ruling.metadata = curation.metadata;
  add_pins(curation.includes, query);
  for (const std::string& id : curation.excludes) {
    if (query.hidden_hits.size() < kHiddenMax) query.hidden_hits.push_back(id);
  }
  for (const HitBoost& boost : prepared.boosts) {
    if (query.boosts.size() < kBoostsMax) query.boosts.push_back(boost);
  }
  query.filter = both(query.filter, prepared.filter);
  if (!prepared.sort_by.empty()) {
    query.sort_by = prepared.sort_by;
    ruling.sort_by.clear();
    for (const SortKey& key : query.sort_by) ruling.sort_by.push_back(key.field);
  }
  if (curation.filter_curated_hits) query.filter_pinned_hits = *curation.filter_curated_hits;
  if (!curation.replace_query.empty()) {
    query.q = curation.replace_query;
  } else if (curation.remove_matched_tokens && !prepared.wordings.empty()) {
    const std::vector<std::string>& matched = prepared.wordings.front();
    const QueryText text = parse_query_text(query.q);
    const std::vector<Word> words = analyzer.words(text.words);
    std::vector<std::string> forms;
    for (const Word& word : words) forms.push_back(word.exact);
    const std::size_t at = find_words(forms, matched);
    // Words of a phrase stay: it would not be that phrase without them.
    if (at == std::string::npos || is_everything(query.q)) return;
    std::string q = with_words(text, replace(text.words, words, {{at, at + matched.size(), ""}}));
    query.q = q.empty() ? std::string{kEverything} : std::move(q);
  }
}

std::vector<std::string> RuleSet::rewrites_of(std::string_view text, Analyzer& analyzer) const {
  std::vector<Word> words = analyzer.words(text);
  if (words.size() > kWordsMax) words.resize(kWordsMax);
  std::vector<std::string> stems;
  for (const Word& word : words) stems.push_back(word.term);
  std::vector<Replacement> possible;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const auto begins = synonyms_.find(stems[at]);
    if (begins == synonyms_.end()) continue;
    for (const Wording& each : begins->second) {
      const PreparedRule& prepared = *rules_[each.rule];
      const std::vector<std::string>& wording = prepared.wordings[each.wording];
      if (wording.size() > words.size() - at ||
          !std::equal(wording.begin(), wording.end(),
                      stems.begin() + static_cast<std::ptrdiff_t>(at)))
        continue;
      const auto& synonym = std::get<Synonym>(prepared.rule);
      for (std::size_t i = 0; i < synonym.synonyms.size(); ++i) {
        const bool itself = synonym.root.empty() && i == each.wording;
        const Replacement one{at, at + wording.size(), synonym.synonyms[i]};
        if (itself || possible.size() == kReplacementsMax) continue;
        if (std::find(possible.begin(), possible.end(), one) == possible.end())
          possible.push_back(one);
      }
    }
  }
  // First what differs from q in one place, then in two: wordings far from it are cut off.
  std::vector<std::string> rewrites;
  std::deque<std::pair<std::vector<Replacement>, std::size_t>> open;
  open.emplace_back(std::vector<Replacement>{}, 0);
  while (!open.empty() && rewrites.size() < kRewritesMax) {
    const auto [chosen, from] = std::move(open.front());
    open.pop_front();
    for (std::size_t i = from; i < possible.size() && rewrites.size() < kRewritesMax; ++i) {
      if (!chosen.empty() && possible[i].first < chosen.back().last) continue;
      std::vector<Replacement> more = chosen;
      more.push_back(possible[i]);
      std::string rewrite = replace(text, words, more);
      if (rewrite.size() > kQueryBytesMax) continue;
      if (std::find(rewrites.begin(), rewrites.end(), rewrite) == rewrites.end())
        rewrites.push_back(std::move(rewrite));
      open.emplace_back(std::move(more), i + 1);
    }
  }
  return rewrites;
}

bool RuleSet::is_stop_word(const std::string& word, const std::string& named) const {
  const auto sets = stop_words_.find(word);
  return sets != stop_words_.end() &&
         std::any_of(sets->second.begin(), sets->second.end(), [&](const Wording& each) {
           const auto& stops = std::get<StopWords>(rules_[each.rule]->rule);
           return stops.always || stops.id == named;
         });
}

std::string RuleSet::without_stop_words(std::string_view text, const std::string& named,
                                        Analyzer& analyzer) const {
  const std::vector<Word> words = analyzer.words(text);
  std::vector<Replacement> cuts;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (is_stop_word(words[i].exact, named)) cuts.push_back({i, i + 1, ""});
  }
  if (cuts.empty()) return std::string{text};
  if (cuts.size() == words.size()) return {};
  return replace(text, words, cuts);
}

Result<Ruling> RuleSet::apply(Query& query, Timestamp now, Analyzer& analyzer) const {
  const RuleUse use = query.rules;
  Ruling ruling;
  if (!use.stop_words.empty() && !stop_sets_.contains(use.stop_words)) {
    return Error{
        Errc::invalid_value, "there is no stop word set " + use.stop_words, "stopwords", {}};
  }
  if (use.curations) {
    for (const PreparedRule* curation : curations_for(query, now, analyzer))
      curate(*curation, query, ruling, analyzer);
  }
  std::stable_sort(query.pinned_hits.begin(), query.pinned_hits.end(),
                   [](const PinnedHit& a, const PinnedHit& b) { return a.position < b.position; });
  std::erase_if(query.pinned_hits, [&](const PinnedHit& pin) {
    return std::find(query.hidden_hits.begin(), query.hidden_hits.end(), pin.product) !=
           query.hidden_hits.end();
  });

  const bool synonyms = use.synonyms && !synonyms_.empty();
  const bool stops = always_stops_ || !use.stop_words.empty();
  if (is_everything(query.q) || (!synonyms && !stops)) return ruling;
  const QueryText text = parse_query_text(query.q);
  if (synonyms) query.rewrites = rewrites_of(text.words, analyzer);
  if (!stops) return ruling;
  const std::string words = without_stop_words(text.words, use.stop_words, analyzer);
  std::string q = words == text.words ? query.q : with_words(text, words);
  const bool anything = !words.empty() || !text.phrases.empty();
  std::vector<std::string> rewrites;
  for (const std::string& rewrite : query.rewrites) {
    std::string stripped = without_stop_words(rewrite, use.stop_words, analyzer);
    // A query of nothing but stop words is about them.
    rewrites.push_back(stripped.empty() ? rewrite : std::move(stripped));
  }
  query.rewrites = std::move(rewrites);
  if (anything) query.q = std::move(q);
  return ruling;
}

}  // namespace souk::engine
