#include "engine/index/segment_merge.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <limits>
#include <map>
#include <string>

#include "engine/index/field_inverter.hpp"
#include "engine/index/segment_builder.hpp"
#include "engine/index/word_trie.hpp"

namespace souk::engine {
namespace {

/// Of fewer documents the words are put in order sooner than anybody notices.
constexpr std::uint32_t kWordsDocsMin = 4'096;

/// A place in a sorted string table; its first eight bytes decide most comparisons.
class SortedStrings {
public:
  static constexpr std::uint64_t kNoHead = std::numeric_limits<std::uint64_t>::max();

  explicit SortedStrings(const StringTable& strings) : strings_{&strings} { load(); }

  bool done() const { return at_ == strings_->size(); }
  std::size_t at() const { return at_; }
  std::string_view text() const { return text_; }
  std::uint64_t head() const { return head_; }
  void advance() {
    ++at_;
    load();
  }

private:
  void load() {
    head_ = kNoHead;
    if (done()) return;
    text_ = (*strings_)[at_];
    head_ = string_head(text_);
  }

  const StringTable* strings_;
  std::size_t at_ = 0;
  std::string_view text_;
  std::uint64_t head_ = 0;
};

/// Visits the strings of all tables in order, each once: visit(text, indexes of the tables that
/// hold it).
template <class Visit>
void for_each_string(std::vector<SortedStrings>& tables, Visit visit) {
  std::vector<std::uint64_t> heads;
  for (const SortedStrings& table : tables) heads.push_back(table.head());
  std::vector<std::size_t> holders;
  while (true) {
    std::uint64_t least = SortedStrings::kNoHead;
    for (const std::uint64_t head : heads) least = std::min(least, head);
    holders.clear();
    for (std::size_t i = 0; i < tables.size(); ++i) {
      if (heads[i] != least || tables[i].done()) continue;
      const int order =
          holders.empty() ? 0 : tables[i].text().compare(tables[holders.front()].text());
      if (order > 0) continue;
      if (order < 0) holders.clear();
      holders.push_back(i);
    }
    if (holders.empty()) return;
    visit(tables[holders.front()].text(), holders);
    for (const std::size_t i : holders) {
      tables[i].advance();
      heads[i] = tables[i].head();
    }
  }
}

/// Sorts items that are laid out as a few runs, each of them sorted: what every input gives is in
/// order, and runs of a merge overlap little. Merges neighbours until one run is left; `starts` are
/// the places where runs begin, the first one 0. O(items * log runs), in passes from start to end.
template <class Item, class Less>
void merge_runs(std::vector<Item>& items, std::vector<std::size_t>& starts,
                std::vector<Item>& scratch, Less less) {
  while (starts.size() > 1) {
    scratch.clear();
    scratch.reserve(items.size());
    std::vector<std::size_t> merged_starts;
    for (std::size_t run = 0; run < starts.size(); run += 2) {
      const auto place = [&](std::size_t number) {
        return items.begin() +
               static_cast<std::ptrdiff_t>(number < starts.size() ? starts[number] : items.size());
      };
      merged_starts.push_back(starts[run]);
      std::merge(place(run), place(run + 1), place(run + 1), place(run + 2),
                 std::back_inserter(scratch), less);
    }
    items.swap(scratch);
    starts = std::move(merged_starts);
  }
}

struct DocOrigin {
  std::uint32_t input = 0;
  DocId doc = 0;
};

struct MergedPosting {
  Posting posting;
  std::size_t gaps = 0;  // where those of this posting begin
};

class Merger {
public:
  explicit Merger(const SegmentMerge& merge) {
    for (const auto& input : merge.inputs()) views_.push_back(&input.view);
  }

  std::shared_ptr<MergedSegment> run(const SegmentMerge& merge);

private:
  const Segment& segment(std::size_t input) const { return *views_[input]->segment; }
  void order_docs();
  void write_docs();
  void write_field(TextFieldId field);
  void write_dictionary(const std::vector<const TermDictionary*>& inputs, bool positions);
  void read_gaps(const PositionReader& positions, PostingReader& postings);
  void write_columns();
  void write_column(const std::vector<const ValueColumn*>& inputs);
  RowsColumn merge_rows(const std::vector<const ValueColumn*>& inputs,
                        OrdinalRows ValueColumn::*rows,
                        const std::vector<std::vector<std::uint32_t>>& row_map,
                        const std::vector<std::vector<std::uint32_t>>& ordinal_map) const;
  void write_numbers();

  std::vector<const SegmentView*> views_;
  std::vector<DocOrigin> origins_;
  std::vector<std::vector<DocId>> new_docs_;
  std::vector<std::vector<std::uint32_t>> new_variants_;
  std::uint32_t variant_count_ = 0;
  std::vector<std::uint8_t> lengths_;
  std::vector<std::uint32_t> block_gaps_;
  std::vector<std::uint32_t> tfs_;  // of the same block
  ByteWriter out_;
};

std::shared_ptr<MergedSegment> Merger::run(const SegmentMerge& merge) {
  order_docs();
  auto merged = std::make_shared<MergedSegment>();
  for (const auto& input : merge.inputs()) merged->inputs.push_back(input.number);
  if (!origins_.empty()) {
    write_docs();
    for (std::size_t field = 0; field < kTextFieldCount; ++field)
      write_field(static_cast<TextFieldId>(field));
    write_columns();
    write_numbers();
    merged->segment = Segment::seal(std::move(out_.bytes()));
    // Made here, so that nobody's first misspelled word waits for it.
    if (merged->segment->doc_count() >= kWordsDocsMin) (void)merged->segment->words();
  }
  merged->new_docs = std::move(new_docs_);
  return merged;
}

void Merger::order_docs() {
  new_docs_.resize(views_.size());
  new_variants_.resize(views_.size());
  for (std::size_t input = 0; input < views_.size(); ++input) {
    new_docs_[input].assign(segment(input).doc_count(), kNoDoc);
    new_variants_[input].assign(segment(input).variant_count(), kNoDoc);
  }
  std::vector<DocId> next(views_.size(), 0);
  const auto skip_dead = [&](std::size_t input) {
    while (next[input] < segment(input).doc_count() && !views_[input]->is_live(next[input]))
      ++next[input];
  };
  for (std::size_t input = 0; input < views_.size(); ++input) skip_dead(input);
  while (true) {
    std::size_t least = views_.size();
    std::string_view least_id;
    for (std::size_t input = 0; input < views_.size(); ++input) {
      if (next[input] == segment(input).doc_count()) continue;
      const std::string_view id = segment(input).id(next[input]);
      if (least != views_.size() && id >= least_id) continue;
      least = input;
      least_id = id;
    }
    if (least == views_.size()) return;
    const DocId doc = next[least]++;
    new_docs_[least][doc] = static_cast<DocId>(origins_.size());
    origins_.push_back({static_cast<std::uint32_t>(least), doc});
    for (auto variant = segment(least).first_variant(doc);
         variant < segment(least).first_variant(doc + 1); ++variant) {
      new_variants_[least][variant] = variant_count_++;
    }
    skip_dead(least);
  }
}

void Merger::write_docs() {
  StringColumn ids;
  StringColumn skus;
  std::vector<std::uint64_t> hashes;
  std::vector<double> ratings;
  std::vector<std::int64_t> rating_counts;
  std::vector<std::int64_t> popularities;
  std::vector<std::uint32_t> first_variants{0};
  for (const DocOrigin& origin : origins_) {
    const Segment& from = segment(origin.input);
    ids.add(from.id(origin.doc));
    hashes.push_back(from.document_hash(origin.doc));
    ratings.push_back(from.rating(origin.doc));
    rating_counts.push_back(from.rating_count(origin.doc));
    popularities.push_back(from.popularity(origin.doc));
    const std::uint32_t end = from.first_variant(origin.doc + 1);
    for (auto variant = from.first_variant(origin.doc); variant < end; ++variant)
      skus.add(from.sku(variant));
    first_variants.push_back(static_cast<std::uint32_t>(skus.size()));
  }
  out_.value(static_cast<std::uint32_t>(origins_.size()));
  out_.value(variant_count_);
  ids.write(out_);
  out_.array(hashes);
  write_packed(out_, ratings);
  write_packed(out_, rating_counts);
  write_packed(out_, popularities);
  write_packed(out_, first_variants);
  skus.write(out_);
}

void Merger::write_field(TextFieldId field) {
  lengths_.clear();
  for (const DocOrigin& origin : origins_)
    lengths_.push_back(segment(origin.input).text(field).lengths[origin.doc]);
  out_.array(lengths_);
  std::vector<const TermDictionary*> stems;
  std::vector<const TermDictionary*> forms;
  for (std::size_t input = 0; input < views_.size(); ++input) {
    stems.push_back(&segment(input).text(field).stems);
    forms.push_back(&segment(input).text(field).forms);
  }
  write_dictionary(stems, true);
  write_dictionary(forms, false);
}

/// The gaps of a block, one for every occurrence; where there are none, each document has one
/// occurrence at the start.
void Merger::read_gaps(const PositionReader& positions, PostingReader& postings) {
  block_gaps_.clear();
  tfs_.assign(postings.tfs().begin(), postings.tfs().end());
  if (positions.append_gaps(postings.block(), tfs_, block_gaps_)) return;
  tfs_.assign(tfs_.size(), 1);
  block_gaps_.assign(tfs_.size(), 0);
}

void Merger::write_dictionary(const std::vector<const TermDictionary*>& inputs, bool positions) {
  std::vector<SortedStrings> tables;
  for (const TermDictionary* input : inputs) tables.emplace_back(input->terms);
  DictionaryWriter writer;
  std::vector<MergedPosting> merged;
  std::vector<MergedPosting> scratch;
  std::vector<std::size_t> runs;
  std::vector<std::uint32_t> gaps;
  std::vector<Posting> postings;
  std::vector<std::uint32_t> sorted_gaps;
  for_each_string(tables, [&](std::string_view term, const std::vector<std::size_t>& holders) {
    merged.clear();
    gaps.clear();
    runs.assign(1, 0);
    for (const std::size_t input : holders) {
      bool first = true;
      const std::size_t place = tables[input].at();
      PostingReader reader = inputs[input]->reader(place, segment(input).doc_count());
      const PositionReader stands =
          positions ? inputs[input]->positions_of(place) : PositionReader{};
      while (reader.next_block(0)) {
        const auto docs = reader.docs();
        if (positions) read_gaps(stands, reader);
        const auto tfs = positions ? std::span<const std::uint32_t>{tfs_} : reader.tfs();
        std::size_t gap = 0;
        for (std::size_t i = 0; i < docs.size(); gap += tfs[i++]) {
          const DocId doc = new_docs_[input][docs[i]];
          if (doc == kNoDoc) continue;
          if (first && !merged.empty() && merged.back().posting.doc > doc)
            runs.push_back(merged.size());
          first = false;
          merged.push_back({{doc, tfs[i]}, gaps.size()});
          if (positions) {
            const auto own = std::span{block_gaps_}.subspan(gap, tfs[i]);
            gaps.insert(gaps.end(), own.begin(), own.end());
          }
        }
      }
    }
    if (merged.empty()) return;
    const bool in_order = runs.size() == 1;
    merge_runs(merged, runs, scratch, [](const MergedPosting& a, const MergedPosting& b) {
      return a.posting.doc < b.posting.doc;
    });
    postings.clear();
    for (const MergedPosting& one : merged) postings.push_back(one.posting);
    if (!positions) return writer.add(term, postings, lengths_);
    if (in_order) return writer.add(term, postings, lengths_, gaps);
    sorted_gaps.clear();
    for (const MergedPosting& one : merged) {
      const auto own = std::span{gaps}.subspan(one.gaps, one.posting.tf);
      sorted_gaps.insert(sorted_gaps.end(), own.begin(), own.end());
    }
    writer.add(term, postings, lengths_, sorted_gaps);
  });
  writer.write(out_);
  if (positions) writer.write_positions(out_);
}

void Merger::write_columns() {
  std::map<std::pair<std::string_view, ColumnKind>, std::vector<const ValueColumn*>> columns;
  for (std::size_t input = 0; input < views_.size(); ++input) {
    for (const ValueColumn& column : segment(input).columns()) {
      auto& inputs = columns[{column.name, column.kind}];
      inputs.resize(views_.size(), nullptr);
      inputs[input] = &column;
    }
  }
  out_.value(static_cast<std::uint32_t>(columns.size()));
  for (const auto& [key, inputs] : columns) {
    out_.blob(key.first);
    out_.value(static_cast<std::uint8_t>(key.second));
    write_column(inputs);
  }
}

void mark_used(const OrdinalRows& rows, const std::vector<std::uint32_t>& row_map,
               std::vector<bool>& used) {
  for (std::size_t i = 0; i < rows.present(); ++i) {
    const std::size_t row = rows.rows.empty() ? i : rows.rows[i];
    if (row_map[row] == kNoDoc) continue;
    for (std::uint32_t at = rows.starts[i]; at < rows.starts[i + 1]; ++at)
      used[rows.ordinals[at]] = true;
  }
}

void Merger::write_column(const std::vector<const ValueColumn*>& inputs) {
  const StringTable nothing;
  std::vector<SortedStrings> tables;
  std::vector<std::vector<bool>> used(inputs.size());
  std::vector<std::vector<std::uint32_t>> ordinal_map(inputs.size());
  for (std::size_t input = 0; input < inputs.size(); ++input) {
    const ValueColumn* column = inputs[input];
    tables.emplace_back(column != nullptr ? column->values : nothing);
    if (column == nullptr) continue;
    used[input].resize(column->values.size());
    ordinal_map[input].resize(column->values.size());
    mark_used(column->docs, new_docs_[input], used[input]);
    mark_used(column->variants, new_variants_[input], used[input]);
  }
  StringColumn values;
  std::vector<std::uint64_t> hashes;
  for_each_string(tables, [&](std::string_view value, const std::vector<std::size_t>& holders) {
    const bool wanted = std::any_of(holders.begin(), holders.end(), [&](std::size_t input) {
      return used[input][tables[input].at()];
    });
    if (!wanted) return;
    for (const std::size_t input : holders) {
      ordinal_map[input][tables[input].at()] = static_cast<std::uint32_t>(hashes.size());
    }
    hashes.push_back(inputs[holders.front()]->hashes[tables[holders.front()].at()]);
    values.add(value);
  });
  values.write(out_);
  out_.array(hashes);
  merge_rows(inputs, &ValueColumn::docs, new_docs_, ordinal_map)
      .write(out_, static_cast<std::uint32_t>(origins_.size()));
  merge_rows(inputs, &ValueColumn::variants, new_variants_, ordinal_map)
      .write(out_, variant_count_);
}

RowsColumn Merger::merge_rows(const std::vector<const ValueColumn*>& inputs,
                              OrdinalRows ValueColumn::*member,
                              const std::vector<std::vector<std::uint32_t>>& row_map,
                              const std::vector<std::vector<std::uint32_t>>& ordinal_map) const {
  struct Row {
    std::uint32_t row;
    std::uint32_t input;
    std::uint32_t place;
  };
  std::vector<Row> rows;
  std::vector<std::size_t> runs{0};
  for (std::size_t input = 0; input < inputs.size(); ++input) {
    if (inputs[input] == nullptr) continue;
    bool first = true;
    const OrdinalRows& from = inputs[input]->*member;
    for (std::size_t i = 0; i < from.present(); ++i) {
      const std::uint32_t row = row_map[input][from.rows.empty() ? i : from.rows[i]];
      if (row == kNoDoc) continue;
      if (first && !rows.empty() && rows.back().row > row) runs.push_back(rows.size());
      first = false;
      rows.push_back({row, static_cast<std::uint32_t>(input), static_cast<std::uint32_t>(i)});
    }
  }
  std::vector<Row> scratch;
  merge_runs(rows, runs, scratch, [](const Row& a, const Row& b) { return a.row < b.row; });
  RowsColumn merged;
  for (const Row& row : rows) {
    const OrdinalRows& from = inputs[row.input]->*member;
    for (std::uint32_t at = from.starts[row.place]; at < from.starts[row.place + 1]; ++at) {
      merged.ordinals.push_back(ordinal_map[row.input][from.ordinals[at]]);
    }
    merged.end_row(row.row);
  }
  return merged;
}

void Merger::write_numbers() {
  std::map<std::string_view, std::vector<std::pair<DocId, double>>> columns;
  for (std::size_t input = 0; input < views_.size(); ++input) {
    for (const NumberColumn& column : segment(input).numbers()) {
      auto& rows = columns[column.name];
      for (std::size_t i = 0; i < column.docs.size(); ++i) {
        const DocId doc = new_docs_[input][column.docs[i]];
        if (doc != kNoDoc) rows.emplace_back(doc, column.values[i]);
      }
    }
  }
  out_.value(static_cast<std::uint32_t>(columns.size()));
  for (auto& [name, rows] : columns) {
    std::sort(rows.begin(), rows.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::uint32_t> docs;
    std::vector<double> values;
    for (const auto& [doc, value] : rows) {
      docs.push_back(doc);
      values.push_back(value);
    }
    out_.blob(name);
    write_packed(out_, docs);
    write_packed(out_, values);
  }
}

}  // namespace

std::shared_ptr<MergedSegment> run_merge(const SegmentMerge& merge) {
  return Merger{merge}.run(merge);
}

}  // namespace souk::engine
