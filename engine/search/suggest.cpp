#include "engine/search/suggest.hpp"

#include <algorithm>
#include <unordered_map>

#include "engine/index/snapshot.hpp"
#include "engine/search/highlight.hpp"
#include "engine/search/suggest_index.hpp"

namespace souk::engine {
namespace {

constexpr std::size_t kQueryBytesMax = 512;
constexpr std::string_view kLevel = " > ";
/// A query is shown once it was asked so often: not what a single person typed once.
constexpr std::uint64_t kAskedMin = 3;

std::string_view last_level_of(std::string_view category) {
  const auto at = category.rfind(kLevel);
  return at == std::string_view::npos ? category : category.substr(at + kLevel.size());
}

/// 3: the same text, 2: it begins with what was typed, 1: a word of it does.
int exactness(std::string_view text, const std::string& typed) {
  const std::string value = normalize_value(text);
  if (value == typed) return 3;
  return value.starts_with(typed) ? 2 : 1;
}

std::string mark(std::string_view text, const std::vector<SuggestWord>& words, Analyzer& analyzer) {
  HighlightTerms terms;
  for (const SuggestWord& word : words) {
    if (word.prefix) {
      terms.prefixes.push_back(word.exact);
    } else {
      terms.terms.push_back(word.term);
    }
  }
  HighlightStyle style;
  style.snippet_threshold = 1000;
  const auto marked = highlight("", text, terms, style, analyzer);
  return marked ? marked->snippet : std::string{text};
}

bool by_popularity(const SuggestedProduct& a, const SuggestedProduct& b) {
  return a.popularity != b.popularity ? a.popularity > b.popularity : a.id.str() < b.id.str();
}

/// So many products are compared by more than their popularity.
std::size_t candidates_of(const SuggestRequest& request) {
  return std::size_t{request.limit} * 4;
}

struct ViewOf {
  ShardId shard;
  const SegmentView* view;
};

/// What values have in all segments together; their texts lie in the segments.
class ValueSums {
public:
  void add(std::string_view value, SuggestSegment::Tally tally) {
    auto& sum = sums_[value];
    sum.products += tally.products;
    sum.popularity += tally.popularity;
  }
  void list(SuggestionType type, SuggestPart& part) const {
    std::vector<SuggestedValue> values;
    values.reserve(sums_.size());
    for (const auto& [text, tally] : sums_)
      values.push_back({type, std::string{text}, tally.products, tally.popularity});
    if (values.size() > kSuggestedValuesMax) {
      part.truncated = true;
      const auto end = values.begin() + static_cast<std::ptrdiff_t>(kSuggestedValuesMax);
      std::nth_element(values.begin(), end, values.end(), [](const auto& a, const auto& b) {
        if (a.popularity != b.popularity) return a.popularity > b.popularity;
        return a.products != b.products ? a.products > b.products : a.text < b.text;
      });
      values.erase(end, values.end());
    }
    std::move(values.begin(), values.end(), std::back_inserter(part.values));
  }

private:
  std::unordered_map<std::string_view, SuggestSegment::Tally> sums_;
};

void list_products(const std::vector<ViewOf>& views, const std::vector<SuggestWord>& words,
                   std::size_t count, std::int64_t now, SuggestIndexes& indexes, BudgetClock& clock,
                   SuggestPart& part) {
  struct Found {
    std::int64_t popularity;
    const Segment* segment;
    DocId doc;
  };
  std::vector<Found> found;
  for (const auto& [shard, view] : views) {
    if (clock.spent()) break;
    const auto docs = indexes.of(shard, view->segment)->products(*view, now, words, count, clock);
    for (const DocId doc : docs)
      found.push_back({view->segment->popularity(doc), view->segment.get(), doc});
  }
  const std::size_t kept = std::min(count, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), found.end(),
                    [](const Found& a, const Found& b) {
                      if (a.popularity != b.popularity) return a.popularity > b.popularity;
                      return a.segment->id(a.doc) < b.segment->id(b.doc);
                    });
  found.resize(kept);
  for (const Found& each : found) {
    std::string title;
    if (const ValueColumn* titles = each.segment->column("title")) {
      std::size_t hint = 0;
      const auto [begin, end] = titles->docs.find(each.doc, hint);
      if (begin < end) title = titles->values[titles->docs.ordinals[begin]];
    }
    part.products.push_back(
        {ProductId{std::string{each.segment->id(each.doc)}}, std::move(title), each.popularity});
  }
}

/// The best of one type behind each other.
void put_best(std::vector<Suggestion> found, const std::string& typed, std::uint32_t limit,
              std::vector<Suggestion>& out) {
  struct Ranked {
    int exactness;
    std::size_t place;
  };
  std::vector<Ranked> order;
  order.reserve(found.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    order.push_back({exactness(found[i].text, typed), i});
  const std::size_t kept = std::min<std::size_t>(limit, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                    [&](const Ranked& a, const Ranked& b) {
                      if (a.exactness != b.exactness) return a.exactness > b.exactness;
                      const Suggestion& x = found[a.place];
                      const Suggestion& y = found[b.place];
                      if (x.popularity != y.popularity) return x.popularity > y.popularity;
                      if (x.products != y.products) return x.products > y.products;
                      return x.text != y.text ? x.text < y.text : x.value < y.value;
                    });
  for (std::size_t i = 0; i < kept; ++i) out.push_back(std::move(found[order[i].place]));
}

}  // namespace

std::string_view to_string(SuggestionType type) {
  constexpr std::string_view kNames[] = {"query", "brand", "category", "product"};
  return kNames[static_cast<std::size_t>(type)];
}

Result<void> validate_suggest(const SuggestRequest& request) {
  if (request.q.size() > kQueryBytesMax)
    return Error{Errc::too_large, "q has more than 512 bytes", "q", {}};
  if (request.limit < 1 || request.limit > kSuggestLimitMax)
    return Error{Errc::invalid_query, "limit is 1 to 50", "limit", {}};
  if (request.types == 0 || request.types >= 1U << kSuggestionTypes)
    return Error{Errc::invalid_query, "types are query, brand, category, product", "types", {}};
  return {};
}

SuggestPart suggest_part(std::span<const SnapshotPtr> snapshots, const SuggestRequest& request,
                         Timestamp now, SuggestIndexes& indexes, const SearchBudget& budget) {
  SuggestPart part;
  BudgetClock clock{budget, products_in(snapshots)};
  Analyzer analyzer;
  analyzer.set_language(request.language);
  const auto words = suggest_words(request.q, analyzer, false);
  std::vector<ViewOf> views;
  for (const SnapshotPtr& snapshot : snapshots) {
    part.positions.push_back({snapshot->shard(), snapshot->position()});
    for (const SegmentView& view : snapshot->segments())
      views.push_back({snapshot->shard(), &view});
  }
  // What was typed has no word, but is something: nothing completes it.
  const bool nothing = words.empty() && !normalize_value(request.q).empty();
  const std::pair<SuggestionType, SuggestSegment::Column> columns[] = {
      {SuggestionType::brand, SuggestSegment::brand},
      {SuggestionType::category, SuggestSegment::categories}};
  for (const auto& [type, column] : columns) {
    if (!request.wants(type) || nothing) continue;
    ValueSums sums;
    for (const auto& [shard, view] : views) {
      if (clock.spent()) break;
      indexes.of(shard, view->segment)
          ->values(
              *view, now.microseconds(), column, words,
              [&](std::string_view value, SuggestSegment::Tally tally) { sums.add(value, tally); },
              clock);
    }
    sums.list(type, part);
  }
  if (request.wants(SuggestionType::product) && !nothing) {
    list_products(views, words, candidates_of(request), now.microseconds(), indexes, clock, part);
  }
  part.cutoff = clock.spent();
  if (part.cutoff) {
    for (const SnapshotPtr& snapshot : snapshots) part.unfinished.push_back(snapshot->shard());
  }
  return part;
}

std::vector<SuggestedQuery> choose_queries(std::span<const SuggestPart> parts,
                                           const SuggestRequest& request) {
  std::unordered_map<std::string_view, std::uint64_t> sums;
  if (request.wants(SuggestionType::query)) {
    for (const SuggestPart& part : parts) {
      for (const SuggestedQuery& query : part.queries) sums[query.text] += query.count;
    }
  }
  std::vector<SuggestedQuery> queries;
  for (const auto& [text, count] : sums) {
    if (count >= kAskedMin) queries.push_back({std::string{text}, count});
  }
  std::sort(queries.begin(), queries.end(), [](const auto& a, const auto& b) {
    return a.count != b.count ? a.count > b.count : a.text < b.text;
  });
  if (queries.size() > std::size_t{request.limit} * 2)
    queries.resize(std::size_t{request.limit} * 2);
  return queries;
}

std::vector<std::uint64_t> count_queries(std::span<const SnapshotPtr> snapshots,
                                         std::span<const SuggestedQuery> queries, Language language,
                                         Timestamp now, SuggestIndexes& indexes,
                                         const SearchBudget& budget) {
  BudgetClock clock{budget, products_in(snapshots)};
  Analyzer analyzer;
  analyzer.set_language(language);
  std::vector<std::uint64_t> counts;
  for (const SuggestedQuery& query : queries) {
    const auto words = suggest_words(query.text, analyzer, true);
    std::uint64_t& count = counts.emplace_back(0);
    for (const SnapshotPtr& snapshot : snapshots) {
      for (const SegmentView& view : snapshot->segments()) {
        if (clock.spent()) break;
        count += indexes.of(snapshot->shard(), view.segment)
                     ->count(view, now.microseconds(), words, clock);
      }
    }
  }
  return counts;
}

SuggestPage merge_suggestions(std::span<const SuggestPart> parts,
                              std::span<const SuggestedQuery> queries,
                              std::span<const std::uint64_t> counts, const SuggestRequest& request,
                              std::span<const ShardId> asked) {
  SuggestPage page;
  const std::string typed = normalize_value(request.q);
  std::vector<Suggestion> found[kSuggestionTypes];
  for (std::size_t i = 0; i < queries.size() && i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    found[0].push_back({SuggestionType::query,
                        queries[i].text,
                        {},
                        queries[i].text,
                        counts[i],
                        static_cast<std::int64_t>(queries[i].count)});
  }
  std::unordered_map<std::string_view, std::size_t> places[kSuggestionTypes];
  std::vector<SuggestedProduct> products;
  for (const SuggestPart& part : parts) {
    for (const SuggestedValue& value : part.values) {
      const auto type = static_cast<std::size_t>(value.type);
      const auto [place, added] = places[type].try_emplace(value.text, found[type].size());
      if (added) {
        const bool category = value.type == SuggestionType::category;
        found[type].push_back({value.type,
                               std::string{category ? last_level_of(value.text) : value.text},
                               {},
                               value.text,
                               0,
                               0});
      }
      found[type][place->second].products += value.products;
      found[type][place->second].popularity += value.popularity;
    }
    products.insert(products.end(), part.products.begin(), part.products.end());
    page.positions.insert(page.positions.end(), part.positions.begin(), part.positions.end());
    page.missing.insert(page.missing.end(), part.unfinished.begin(), part.unfinished.end());
    page.cutoff = page.cutoff || part.cutoff;
    page.exact = page.exact && !part.truncated;
  }
  std::sort(products.begin(), products.end(), by_popularity);
  if (products.size() > candidates_of(request)) products.resize(candidates_of(request));
  for (SuggestedProduct& product : products) {
    found[3].push_back({SuggestionType::product,
                        std::move(product.title),
                        {},
                        product.id.str(),
                        1,
                        product.popularity});
  }
  for (auto& each : found) put_best(std::move(each), typed, request.limit, page.suggestions);

  Analyzer analyzer;
  analyzer.set_language(request.language);
  const auto words = suggest_words(request.q, analyzer, false);
  for (Suggestion& suggestion : page.suggestions)
    suggestion.highlighted = mark(suggestion.text, words, analyzer);
  for (const ShardId shard : asked) {
    const bool seen = std::any_of(page.positions.begin(), page.positions.end(),
                                  [&](const auto& position) { return position.shard == shard; });
    if (!seen) page.missing.push_back(shard);
  }
  std::sort(page.positions.begin(), page.positions.end(),
            [](const auto& a, const auto& b) { return a.shard < b.shard; });
  std::sort(page.missing.begin(), page.missing.end());
  page.shards = static_cast<std::uint32_t>(asked.size());
  page.exact = page.exact && !page.cutoff && page.missing.empty();
  return page;
}

SuggestPage suggest(std::span<const SnapshotPtr> snapshots, std::vector<SuggestedQuery> remembered,
                    const SuggestRequest& request, Timestamp now, SuggestIndexes& indexes,
                    const SearchBudget& budget) {
  SuggestPart part = suggest_part(snapshots, request, now, indexes, budget);
  part.queries = std::move(remembered);
  const auto queries = choose_queries({&part, 1}, request);
  const auto counts = count_queries(snapshots, queries, request.language, now, indexes, budget);
  std::vector<ShardId> asked;
  for (const SnapshotPtr& snapshot : snapshots) asked.push_back(snapshot->shard());
  return merge_suggestions({&part, 1}, queries, counts, request, asked);
}

}  // namespace souk::engine
