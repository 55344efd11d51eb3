#include "engine/search/suggest_index.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <optional>

namespace souk::engine {
namespace {

constexpr TextFieldId kProductFields[] = {TextFieldId::title, TextFieldId::brand, TextFieldId::sku};
constexpr TextFieldId kAllFields[] = {
    TextFieldId::title,      TextFieldId::brand, TextFieldId::categories, TextFieldId::tags,
    TextFieldId::attributes, TextFieldId::sku,   TextFieldId::description};
constexpr std::string_view kColumnNames[] = {"brand", "categories"};
constexpr std::string_view kLevel = " > ";
/// A word with more postings is worth remembering its most popular documents.
constexpr std::uint64_t kManyPostings = 8192;
constexpr std::size_t kPopularDocs = 512;
constexpr std::size_t kPopularWords = 128;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

struct Range {
  const TermDictionary* dictionary;
  std::size_t begin;
  std::size_t end;
};

/// The dictionary entries of a word, disjoint.
std::vector<Range> ranges_of(const SuggestWord& word, TextFieldId field, const TextField& text) {
  std::vector<Range> ranges;
  const std::string& whole = field == TextFieldId::sku ? word.exact : word.term;
  if (!word.prefix || !whole.starts_with(word.exact)) {
    const std::size_t place = text.stems.terms.find(whole);
    if (place < text.stems.size()) ranges.push_back({&text.stems, place, place + 1});
  }
  if (!word.prefix) return ranges;
  for (const TermDictionary* dictionary : {&text.stems, &text.forms}) {
    const Range range{dictionary, dictionary->terms.lower_bound(word.exact),
                      dictionary->terms.prefix_end(word.exact)};
    if (range.begin < range.end) ranges.push_back(range);
  }
  return ranges;
}

/// The documents of one word: a list while they are few, else a bit per document.
class DocSet {
public:
  DocSet(const Segment& segment, const SuggestWord& word, std::span<const TextFieldId> fields) {
    doc_count_ = segment.doc_count();
    for (const TextFieldId field : fields) {
      for (const Range& range : ranges_of(word, field, segment.text(field))) {
        for (std::size_t term = range.begin; term < range.end; ++term)
          postings_ += range.dictionary->doc_freqs[term];
        ranges_.push_back(range);
      }
    }
  }
  std::uint64_t postings() const { return postings_; }
  bool sparse() const { return postings_ < doc_count_ / 32; }

  void read(BudgetClock& clock) {
    if (!sparse()) bits_.assign(doc_count_ / 64 + 1, 0);
    for (const Range& range : ranges_) {
      for (std::size_t term = range.begin; term < range.end; ++term) {
        PostingReader postings = range.dictionary->reader(term, doc_count_);
        while (postings.next_block(0)) {
          if (clock.spend(postings.docs().size())) return finish();
          if (sparse()) {
            docs_.insert(docs_.end(), postings.docs().begin(), postings.docs().end());
          } else {
            for (const DocId doc : postings.docs())
              bits_[doc / 64] |= std::uint64_t{1} << (doc % 64);
          }
        }
      }
    }
    finish();
  }
  bool contains(DocId doc) const {
    if (sparse()) return std::binary_search(docs_.begin(), docs_.end(), doc);
    return (bits_[doc / 64] >> (doc % 64) & 1U) != 0;
  }
  template <class Visit>
  void each(Visit visit) const {
    for (const DocId doc : docs_) visit(doc);
    for (std::size_t word = 0; word < bits_.size(); ++word) {
      for (std::uint64_t rest = bits_[word]; rest != 0; rest &= rest - 1)
        visit(static_cast<DocId>(word * 64 + static_cast<std::size_t>(std::countr_zero(rest))));
    }
  }

private:
  void finish() {
    std::sort(docs_.begin(), docs_.end());
    docs_.erase(std::unique(docs_.begin(), docs_.end()), docs_.end());
  }

  std::vector<Range> ranges_;
  std::uint32_t doc_count_ = 0;
  std::uint64_t postings_ = 0;
  std::vector<DocId> docs_;
  std::vector<std::uint64_t> bits_;
};

/// Sets of all words, the smallest first; nothing when one of them is empty.
std::optional<std::vector<DocSet>> sets_of(const Segment& segment,
                                           std::span<const SuggestWord> words,
                                           std::span<const TextFieldId> fields) {
  std::vector<DocSet> sets;
  for (const SuggestWord& word : words) {
    sets.emplace_back(segment, word, fields);
    if (sets.back().postings() == 0) return std::nullopt;
  }
  std::sort(sets.begin(), sets.end(),
            [](const DocSet& a, const DocSet& b) { return a.postings() < b.postings(); });
  return sets;
}

template <class Visit>
void each_in_all(const std::vector<DocSet>& sets, Visit visit) {
  sets.front().each([&](DocId doc) {
    const bool all = std::all_of(sets.begin() + 1, sets.end(),
                                 [&](const DocSet& set) { return set.contains(doc); });
    if (all) visit(doc);
  });
}

bool is_word(const std::vector<Word>& text, const SuggestWord& word) {
  return std::any_of(text.begin(), text.end(), [&](const Word& each) {
    return word.prefix ? each.exact.starts_with(word.exact)
                       : each.exact == word.exact || each.term == word.term;
  });
}

std::string_view last_level_of(std::string_view category) {
  const auto at = category.rfind(kLevel);
  return at == std::string_view::npos ? category : category.substr(at + kLevel.size());
}

}  // namespace

std::vector<SuggestWord> suggest_words(std::string_view q, Analyzer& analyzer, bool complete) {
  std::vector<SuggestWord> words;
  for (Word& word : analyzer.words(q))
    words.push_back({std::move(word.term), std::move(word.exact), false});
  if (!words.empty() && !complete) words.back().prefix = !q.ends_with(' ');
  return words;
}

SuggestSegment::SuggestSegment(const Segment& segment)
    : segment_{&segment}, buyable_(segment_->doc_count() / 64 + 1, 0) {
  for (std::size_t i = 0; i < kColumns; ++i) {
    values_[i].column = segment_->column(kColumnNames[i]);
    if (values_[i].column != nullptr) index_values(values_[i], i == categories);
  }
}

void SuggestSegment::index_values(Values& values, bool last_level) {
  Analyzer analyzer;
  const auto count = static_cast<std::uint32_t>(values.column->values.size());
  values.tallies.resize(count);
  for (std::uint32_t ordinal = 0; ordinal < count; ++ordinal) {
    std::string_view text = values.column->values[ordinal];
    if (last_level) text = last_level_of(text);
    analyzer.start(text);
    for (Token token; analyzer.next(token);) {
      values.words.push_back({static_cast<std::uint32_t>(values.bytes.size()),
                              static_cast<std::uint32_t>(token.exact.size()), ordinal});
      values.bytes.append(token.exact);
    }
  }
  std::sort(values.words.begin(), values.words.end(), [&](const ValueWord& a, const ValueWord& b) {
    const auto order = values.word(a).compare(values.word(b));
    return order != 0 ? order < 0 : a.ordinal < b.ordinal;
  });
}

void SuggestSegment::follow(const SegmentView& view, std::int64_t now) {
  const bool all = !docs_ || now >= next_visible_ || (now < looked_at_ && view.dated > 0);
  if (!all && docs_ == view.docs && variants_ == view.variants) return;
  const Segment& segment = *segment_;
  const std::uint32_t doc_count = segment.doc_count();
  const std::size_t chunks = (doc_count + kChunkRows - 1) / kChunkRows;
  if (all) next_visible_ = kNever;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    bool changed = all || (*docs_)[chunk] != (*view.docs)[chunk];
    if (!changed && variants_ != view.variants) {
      const auto end =
          static_cast<DocId>(std::min<std::size_t>((chunk + 1) * kChunkRows, doc_count));
      const std::uint32_t first = segment.first_variant(static_cast<DocId>(chunk * kChunkRows));
      const std::uint32_t last = segment.first_variant(end);
      for (std::size_t i = first / kChunkRows; i * kChunkRows < last && !changed; ++i)
        changed = (*variants_)[i] != (*view.variants)[i];
    }
    if (changed) look_at(view, now, chunk);
  }
  docs_ = view.docs;
  variants_ = view.variants;
  looked_at_ = now;
}

void SuggestSegment::look_at(const SegmentView& view, std::int64_t now, std::size_t chunk) {
  const auto end =
      static_cast<DocId>(std::min<std::size_t>((chunk + 1) * kChunkRows, segment_->doc_count()));
  for (auto doc = static_cast<DocId>(chunk * kChunkRows); doc < end; ++doc) {
    const std::int64_t from = view.visible_from(doc);
    bool can_buy = false;
    if (from <= now) {
      const std::uint32_t last = segment_->first_variant(doc + 1);
      for (std::uint32_t i = segment_->first_variant(doc); i < last && !can_buy; ++i)
        can_buy = view.available(i) > 0;
    } else if (from < kHiddenFrom) {
      next_visible_ = std::min(next_visible_, from);
    }
    if (can_buy != buyable(doc)) turn(doc, can_buy);
  }
}

void SuggestSegment::turn(DocId doc, bool can_buy) {
  buyable_[doc / 64] ^= std::uint64_t{1} << (doc % 64);
  const std::int64_t popularity = segment_->popularity(doc);
  for (Values& values : values_) {
    if (values.column == nullptr) continue;
    std::size_t hint = 0;
    const auto [begin, end] = values.column->docs.find(doc, hint);
    for (std::uint32_t i = begin; i < end; ++i) {
      Tally& tally = values.tallies[values.column->docs.ordinals[i]];
      tally.products += can_buy ? std::uint64_t{1} : ~std::uint64_t{0};
      tally.popularity += can_buy ? popularity : -popularity;
    }
  }
}

void SuggestSegment::values(const SegmentView& view, std::int64_t now, Column column,
                            std::span<const SuggestWord> words,
                            const std::function<void(std::string_view, Tally)>& found,
                            BudgetClock& clock) {
  const Values& from = values_[column];
  if (from.column == nullptr || view.live == 0) return;
  const std::lock_guard lock{mutex_};
  follow(view, now);
  if (words.empty()) {
    for (std::uint32_t ordinal = 0; ordinal < from.tallies.size(); ++ordinal) {
      if (clock.spend(1)) return;
      if (from.tallies[ordinal].products > 0)
        found(from.column->values[ordinal], from.tallies[ordinal]);
    }
    return;
  }
  const SuggestWord& last = words.back();
  auto at = std::lower_bound(
      from.words.begin(), from.words.end(), last.exact,
      [&](const ValueWord& word, const std::string& wanted) { return from.word(word) < wanted; });
  std::vector<std::uint32_t> ordinals;
  for (; at != from.words.end() && from.word(*at).starts_with(last.exact); ++at) {
    if (clock.spend(1)) return;
    if (!last.prefix && at->size != last.exact.size()) break;
    if (from.tallies[at->ordinal].products > 0) ordinals.push_back(at->ordinal);
  }
  std::sort(ordinals.begin(), ordinals.end());
  ordinals.erase(std::unique(ordinals.begin(), ordinals.end()), ordinals.end());
  std::optional<Analyzer> analyzer;
  for (const std::uint32_t ordinal : ordinals) {
    const std::string_view value = from.column->values[ordinal];
    if (words.size() > 1) {
      if (clock.spend(64)) return;
      if (!analyzer) analyzer.emplace();
      const auto text = analyzer->words(value);
      if (!std::all_of(words.begin(), words.end(),
                       [&](const SuggestWord& word) { return is_word(text, word); }))
        continue;
    }
    found(value, from.tallies[ordinal]);
  }
}

void SuggestSegment::keep_popular(std::vector<DocId>& docs, std::size_t count) const {
  const auto better = [&](DocId a, DocId b) {
    const std::int64_t x = segment_->popularity(a);
    const std::int64_t y = segment_->popularity(b);
    return x != y ? x > y : a < b;
  };
  if (docs.size() > count) {
    std::nth_element(docs.begin(), docs.begin() + static_cast<std::ptrdiff_t>(count), docs.end(),
                     better);
    docs.resize(count);
  }
  std::sort(docs.begin(), docs.end(), better);
}

std::vector<DocId> SuggestSegment::products(const SegmentView& view, std::int64_t now,
                                            std::span<const SuggestWord> words, std::size_t count,
                                            BudgetClock& clock) {
  std::vector<DocId> docs;
  if (view.live == 0) return docs;
  const std::lock_guard lock{mutex_};
  follow(view, now);
  std::optional<std::vector<DocSet>> sets;
  std::uint64_t postings = segment_->doc_count();
  if (!words.empty()) {
    sets = sets_of(*segment_, words, kProductFields);
    if (!sets) return docs;
    postings = sets->front().postings();
  }
  const bool broad = words.size() <= 1 && postings >= kManyPostings;
  const std::string key =
      words.empty() ? std::string{} : words[0].exact + (words[0].prefix ? "*" : " ");
  if (broad) {
    if (const auto known = popular_.find(key); known != popular_.end()) {
      for (const DocId doc : known->second) {
        if (buyable(doc)) docs.push_back(doc);
        if (docs.size() == count) return docs;
      }
      if (known->second.size() < kPopularDocs) return docs;
      docs.clear();
    }
  }
  std::vector<DocId> all;  // also those that cannot be bought just now
  const auto take = [&](DocId doc) {
    if (broad) all.push_back(doc);
    if (buyable(doc)) docs.push_back(doc);
  };
  if (sets) {
    for (DocSet& set : *sets) set.read(clock);
    each_in_all(*sets, take);
  } else {
    for (DocId doc = 0; doc < segment_->doc_count(); ++doc) take(doc);
  }
  if (broad && !clock.spent()) {
    keep_popular(all, kPopularDocs);
    if (popular_.size() >= kPopularWords) popular_.clear();
    popular_.insert_or_assign(key, std::move(all));
  }
  keep_popular(docs, count);
  return docs;
}

std::uint64_t SuggestSegment::count(const SegmentView& view, std::int64_t now,
                                    std::span<const SuggestWord> words, BudgetClock& clock) {
  if (view.live == 0 || words.empty()) return 0;
  const std::lock_guard lock{mutex_};
  follow(view, now);
  auto sets = sets_of(*segment_, words, kAllFields);
  if (!sets) return 0;
  for (DocSet& set : *sets) set.read(clock);
  std::uint64_t found = 0;
  each_in_all(*sets, [&](DocId doc) { found += buyable(doc) ? 1U : 0U; });
  return found;
}

std::shared_ptr<SuggestSegment> SuggestIndexes::of(ShardId shard,
                                                   const std::shared_ptr<const Segment>& segment) {
  const std::lock_guard lock{mutex_};
  if (++uses_ % 256 == 0) {
    std::erase_if(known_, [](const auto& each) { return each.second.segment.expired(); });
  }
  Known& known = known_[{segment.get(), shard}];
  // A segment may lie where one that is gone did.
  if (known.segment.lock() != segment) {
    known.segment = segment;
    known.index = std::make_shared<SuggestSegment>(*segment);
  }
  return known.index;
}

std::size_t SuggestIndexes::size() const {
  const std::lock_guard lock{mutex_};
  return known_.size();
}

}  // namespace souk::engine
