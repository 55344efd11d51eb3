#include "engine/index/segment.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <optional>
#include <tuple>
#include <type_traits>

#include "engine/index/field_inverter.hpp"
#include "engine/index/length_code.hpp"
#include "engine/index/product_fields.hpp"
#include "engine/index/word_trie.hpp"

// A segment as bytes; numbers are little endian, `T[]` is a count u64 and the items padded to 8
// bytes, `T{}` is packed (packed_array.hpp), `strings` are offsets u32[] and bytes char[]:
//
//   magic u64 | version u32 | 0 u32 | xxh3 of all that follows u64
//   documents u32 | variants u32
//   ids strings, rising | hash of the document u64[] | rating f64{} | rating_count i64{} |
//   popularity i64{} | first variant u32{documents + 1} | skus strings
//   7 × text field    length codes u8[] | stems dictionary | positions | forms dictionary
//       dictionary    terms strings, rising | document frequency u32{} | posting offsets u64{} |
//                     postings char[]
//       positions     where every 16th term's begin u64{} | lists char[]
//   count u32, then × value column, by name and kind
//                     name char[] | kind u8 | values strings, rising | hashes u64[] | doc rows |
//                     variant rows
//       rows          rows u32{} (empty: all) | starts u32{} | ordinals u32{}
//   count u32, then × number column, by name      name char[] | docs u32{} | values f64{}
//
// Posting lists are drawn in posting_codec.hpp, positions in position_codec.hpp. Version 2 has
// them, version 3 packed arrays.

namespace souk::engine {
namespace {

constexpr std::uint64_t kMagic = 0x3147'4553'4B55'4F53U;  // "SOUKSEG1"
constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kHeadBytes = 24;
constexpr std::size_t kUnionShare = 2;

Error damaged(const char* what) {
  return Error{Errc::corrupt_record, std::string{"index segment: "} + what, {}, {}};
}

bool read_dictionary(ByteReader& in, TermDictionary& dictionary) {
  dictionary.terms = in.strings();
  dictionary.doc_freqs = PackedArray<std::uint32_t>::read(in);
  dictionary.offsets = PackedArray<std::uint64_t>::read(in);
  dictionary.postings = in.blob();
  if (in.failed() || dictionary.doc_freqs.size() != dictionary.size()) return false;
  if (dictionary.offsets.size() != dictionary.size() + 1) return false;
  for (std::size_t i = 0; i < dictionary.size(); ++i) {
    if (dictionary.offsets[i] > dictionary.offsets[i + 1]) return false;
  }
  return dictionary.offsets[dictionary.size()] <= dictionary.postings.size();
}

bool read_positions(ByteReader& in, TermDictionary& dictionary) {
  dictionary.position_groups = PackedArray<std::uint64_t>::read(in);
  dictionary.positions = in.blob();
  const std::size_t groups = (dictionary.size() + kPositionGroup - 1) / kPositionGroup;
  if (in.failed() || dictionary.position_groups.size() != groups) return false;
  for (std::size_t i = 0; i < groups; ++i) {
    if (dictionary.position_groups[i] > dictionary.positions.size()) return false;
  }
  return true;
}

bool read_text(ByteReader& in, TextField& field) {
  field.lengths = in.array<std::uint8_t>();
  return read_dictionary(in, field.stems) && read_positions(in, field.stems) &&
         read_dictionary(in, field.forms);
}

bool read_rows(ByteReader& in, std::uint32_t row_count, std::size_t values, OrdinalRows& out) {
  out.rows = PackedArray<std::uint32_t>::read(in);
  out.starts = PackedArray<std::uint32_t>::read(in);
  out.ordinals = PackedArray<std::uint32_t>::read(in);
  if (in.failed() || out.starts.empty()) return false;
  if (out.rows.empty() ? out.present() != 0 && out.present() != row_count
                       : out.rows.size() != out.present()) {
    return false;
  }
  for (std::size_t i = 0; i < out.present(); ++i) {
    if (out.starts[i] > out.starts[i + 1]) return false;
    if (!out.rows.empty() &&
        (out.rows[i] >= row_count || (i > 0 && out.rows[i - 1] >= out.rows[i])))
      return false;
  }
  if (out.starts[out.present()] > out.ordinals.size()) return false;
  for (std::size_t i = 0; i < out.ordinals.size(); ++i) {
    if (out.ordinals[i] >= values) return false;
  }
  return true;
}

void sum_lengths(TextField& field) {
  for (std::size_t doc = 0; doc < field.lengths.size(); ++doc) {
    const std::uint8_t code = field.lengths[doc];
    field.length_sum += decode_length(code);
    if (code != 0) ++field.docs_with_field;
  }
}

std::size_t find_row(const PackedArray<std::uint32_t>& rows, std::uint32_t row, std::size_t& hint) {
  // Visits come in rising order: gallop from the last place instead of searching from the start.
  if (hint > rows.size() || (hint > 0 && rows[hint - 1] >= row)) hint = 0;
  std::size_t step = 1;
  while (hint + step < rows.size() && rows[hint + step] < row) {
    hint += step;
    step *= 2;
  }
  std::size_t low = hint;
  std::size_t high = std::min(rows.size(), hint + step + 1);
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (rows[middle] < row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  hint = low;
  return low < rows.size() && rows[low] == row ? low : rows.size();
}

}  // namespace

std::pair<std::uint32_t, std::uint32_t> OrdinalRows::find(std::uint32_t row,
                                                          std::size_t& hint) const {
  if (empty()) return {0, 0};
  if (rows.empty()) return {starts[row], starts[row + 1]};
  const std::size_t place = find_row(rows, row, hint);
  if (place == rows.size()) return {0, 0};
  return {starts[place], starts[place + 1]};
}

std::size_t NumberColumn::find(DocId doc, std::size_t& hint) const {
  return find_row(docs, doc, hint);
}

struct Segment::AttributeText {
  std::string bytes;
  TextField field;
};

std::shared_ptr<const Segment> Segment::seal(std::string body) {
  ByteWriter out;
  out.value(kMagic);
  out.value(kVersion);
  out.value(std::uint32_t{0});
  out.value(static_cast<std::uint64_t>(XXH3_64bits(body.data(), body.size())));
  std::string bytes = std::move(out.bytes());
  bytes.reserve(bytes.size() + body.size());
  bytes.append(body);
  auto opened = open(SharedBytes{std::move(bytes)});
  assert(opened);
  return *opened;
}

Result<std::shared_ptr<const Segment>> Segment::open(SharedBytes bytes) {
  ByteReader head{bytes.view().substr(0, kHeadBytes)};
  if (head.value<std::uint64_t>() != kMagic || bytes.size() < kHeadBytes)
    return damaged("no such format");
  const auto version = head.value<std::uint32_t>();
  if (version > kVersion)
    return Error{Errc::newer_format, "index segment of a newer version", {}, {}};
  if (version != kVersion) return damaged("unknown version");
  if (head.value<std::uint32_t>() != 0) return damaged("reserved bytes are not zero");
  const auto checksum = head.value<std::uint64_t>();
  const std::string_view body = bytes.view().substr(kHeadBytes);
  if (checksum != XXH3_64bits(body.data(), body.size())) return damaged("wrong checksum");

  std::shared_ptr<Segment> segment{
      new Segment};  // NOLINT(cppcoreguidelines-owning-memory): private constructor
  segment->bytes_ = std::move(bytes);
  segment->checksum_ = checksum;
  segment->unions_ = std::make_unique<PostingUnions>(body.size() / kUnionShare);
  ByteReader in{body};
  if (!segment->read(in)) return damaged("parts do not fit together");
  return std::shared_ptr<const Segment>{std::move(segment)};
}

/// Made once, by whoever comes first.
struct Segment::Dense {
  std::once_flag made;
  std::optional<DenseOrdinals> ordinals;
};

bool Segment::read(ByteReader& in) {
  doc_count_ = in.value<std::uint32_t>();
  variant_count_ = in.value<std::uint32_t>();
  ids_ = in.strings();
  document_hashes_ = in.array<std::uint64_t>();
  ratings_ = PackedDoubles::read(in);
  rating_counts_ = PackedArray<std::int64_t>::read(in);
  popularities_ = PackedArray<std::int64_t>::read(in);
  first_variants_ = PackedArray<std::uint32_t>::read(in);
  skus_ = in.strings();
  const std::size_t docs = doc_count_;
  if (in.failed() || ids_.size() != docs || document_hashes_.size() != docs ||
      ratings_.size() != docs)
    return false;
  if (rating_counts_.size() != docs || popularities_.size() != docs ||
      skus_.size() != variant_count_)
    return false;
  if (first_variants_.size() != docs + 1 || first_variants_[docs] != variant_count_) return false;
  for (std::size_t doc = 0; doc < docs; ++doc) {
    if (first_variants_[doc] > first_variants_[doc + 1]) return false;
    if (doc > 0 && ids_[doc - 1] >= ids_[doc]) return false;
    one_variant_each_ = one_variant_each_ && first_variants_[doc] == doc;
  }
  one_variant_each_ = one_variant_each_ && variant_count_ == doc_count_;
  for (TextField& field : text_fields_) {
    if (!read_text(in, field) || field.lengths.size() != docs) return false;
    sum_lengths(field);
    field.stems.first_term = term_count_;
    field.forms.first_term = term_count_ + static_cast<std::uint32_t>(field.stems.size());
    term_count_ = field.forms.first_term + static_cast<std::uint32_t>(field.forms.size());
  }
  const auto column_count = in.value<std::uint32_t>();
  for (std::uint32_t i = 0; i < column_count && !in.failed(); ++i) {
    ValueColumn column;
    column.name = in.blob();
    column.kind = static_cast<ColumnKind>(in.value<std::uint8_t>());
    column.values = in.strings();
    column.hashes = in.array<std::uint64_t>();
    if (in.failed() || column.hashes.size() != column.values.size()) return false;
    if (!read_rows(in, doc_count_, column.values.size(), column.docs)) return false;
    if (!read_rows(in, variant_count_, column.values.size(), column.variants)) return false;
    columns_.push_back(column);
  }
  dense_ = std::make_unique<Dense[]>(columns_.size());
  const auto number_count = in.value<std::uint32_t>();
  for (std::uint32_t i = 0; i < number_count && !in.failed(); ++i) {
    NumberColumn column;
    column.name = in.blob();
    column.docs = PackedArray<std::uint32_t>::read(in);
    column.values = PackedDoubles::read(in);
    if (in.failed() || column.docs.size() != column.values.size()) return false;
    for (std::size_t row = 0; row < column.docs.size(); ++row) {
      if (column.docs[row] >= doc_count_ || (row > 0 && column.docs[row - 1] >= column.docs[row]))
        return false;
    }
    numbers_.push_back(column);
  }
  return !in.failed() && in.at_end();
}

DenseOrdinals::DenseOrdinals(const OrdinalRows& rows, std::size_t values, DocId doc_count) {
  const auto fill = [&](auto& dense) {
    using Ordinal = typename std::decay_t<decltype(dense)>::value_type;
    dense.assign(doc_count, static_cast<Ordinal>(values));
    for (std::size_t i = 0; i < rows.present(); ++i) {
      const std::uint32_t count = rows.starts[i + 1] - rows.starts[i];
      if (count == 0) continue;
      const std::size_t ordinal = count == 1 ? rows.ordinals[rows.starts[i]] : values + 1;
      dense[rows.rows.empty() ? i : rows.rows[i]] = static_cast<Ordinal>(ordinal);
    }
  };
  if (values + 1 <= std::numeric_limits<std::uint16_t>::max()) {
    fill(narrow_);
  } else {
    fill(wide_);
  }
}

const DenseOrdinals& Segment::dense(const ValueColumn& column) const {
  Dense& dense = dense_[static_cast<std::size_t>(&column - columns_.data())];
  std::call_once(dense.made,
                 [&] { dense.ordinals.emplace(column.docs, column.values.size(), doc_count_); });
  return *dense.ordinals;
}

Segment::Segment() = default;
Segment::~Segment() = default;

const WordTrie& Segment::words() const {
  std::call_once(words_made_, [this] { words_ = std::make_unique<const WordTrie>(text_fields_); });
  return *words_;
}

std::string Segment::name() const {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string name = "segment-";
  for (int shift = 60; shift >= 0; shift -= 4)
    name.push_back(kHex[checksum_ >> static_cast<unsigned>(shift) & 15U]);
  return name;
}

DocId Segment::find(std::string_view id) const {
  const std::size_t place = ids_.find(id);
  return place == ids_.size() ? kNoDoc : static_cast<DocId>(place);
}

const ValueColumn* Segment::column(std::string_view name, ColumnKind kind) const {
  const auto place = std::lower_bound(columns_.begin(), columns_.end(), std::tie(name, kind),
                                      [](const ValueColumn& column, const auto& key) {
                                        return std::tie(column.name, column.kind) < key;
                                      });
  return place != columns_.end() && place->name == name && place->kind == kind ? &*place : nullptr;
}

const NumberColumn* Segment::number(std::string_view name) const {
  const auto place = std::lower_bound(
      numbers_.begin(), numbers_.end(), name,
      [](const NumberColumn& column, std::string_view key) { return column.name < key; });
  return place != numbers_.end() && place->name == name ? &*place : nullptr;
}

namespace {

/// Of documents that rise.
class DocLanguages {
public:
  explicit DocLanguages(const ValueColumn* column) : column_{column} {}
  Language of(DocId doc) {
    if (column_ == nullptr) return Language::english;
    const auto [begin, end] = column_->docs.find(doc, hint_);
    if (begin == end) return Language::english;
    return language_of(column_->values[column_->docs.ordinals[begin]]).value_or(Language::english);
  }

private:
  const ValueColumn* column_;
  std::size_t hint_ = 0;
};

}  // namespace

const TextField* Segment::attribute_text(std::string_view column_name) const {
  const ValueColumn* source = column(column_name);
  if (source == nullptr) return nullptr;
  const std::lock_guard lock{attribute_texts_mutex_};
  auto place = attribute_texts_.find(column_name);
  if (place != attribute_texts_.end()) return &place->second->field;

  FieldInverter inverter;
  Analyzer analyzer;
  std::size_t doc_hint = 0;
  std::size_t variant_hint = 0;
  std::vector<std::uint32_t> ordinals;
  DocLanguages languages{column(kLanguageColumn)};
  for (DocId doc = 0; doc < doc_count_; ++doc) {
    ordinals.clear();
    const auto own = source->docs.find(doc, doc_hint);
    for (std::uint32_t i = own.first; i < own.second; ++i)
      ordinals.push_back(source->docs.ordinals[i]);
    for (std::uint32_t variant = first_variants_[doc]; variant < first_variants_[doc + 1];
         ++variant) {
      const auto options = source->variants.find(variant, variant_hint);
      for (std::uint32_t i = options.first; i < options.second; ++i)
        ordinals.push_back(source->variants.ordinals[i]);
    }
    std::sort(ordinals.begin(), ordinals.end());
    ordinals.erase(std::unique(ordinals.begin(), ordinals.end()), ordinals.end());
    inverter.begin_doc(doc);
    analyzer.set_language(languages.of(doc));
    for (const std::uint32_t ordinal : ordinals)
      inverter.add(analyzer, source->values[ordinal], Analysis::text);
    inverter.end_doc();
  }
  ByteWriter out;
  inverter.write(out);
  auto made = std::make_shared<AttributeText>();
  made->bytes = std::move(out.bytes());
  ByteReader in{made->bytes};
  const bool read = read_text(in, made->field);
  assert(read);
  if (!read) return nullptr;
  sum_lengths(made->field);
  place = attribute_texts_.emplace(column_name, std::move(made)).first;
  return &place->second->field;
}

}  // namespace souk::engine
