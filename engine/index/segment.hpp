#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/index/byte_view.hpp"
#include "engine/index/packed_array.hpp"
#include "engine/index/position_codec.hpp"
#include "engine/index/posting_codec.hpp"
#include "engine/index/posting_unions.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shared_bytes.hpp"

namespace souk::engine {

/// The full-text fields every segment has, in this order.
enum class TextFieldId : std::uint8_t {
  title,
  brand,
  categories,
  tags,
  attributes,
  sku,
  description
};
inline constexpr std::size_t kTextFieldCount = 7;
inline constexpr std::string_view kTextFieldNames[kTextFieldCount] = {
    "title", "brand", "categories", "tags", "attributes", "sku", "description"};

/// Sorted terms and their posting lists.
struct TermDictionary {
  StringTable terms;
  PackedArray<std::uint32_t> doc_freqs;
  PackedArray<std::uint64_t> offsets;  // terms + 1
  std::string_view postings;
  PackedArray<std::uint64_t> position_groups;  // where the positions of every 16th term begin
  std::string_view positions;                  // none among forms
  std::uint32_t first_term = 0;  // number of its first term among all terms of the segment

  std::size_t size() const { return terms.size(); }
  PostingReader reader(std::size_t term, DocId doc_limit) const {
    return {postings.substr(offsets[term], offsets[term + 1] - offsets[term]), doc_freqs[term],
            doc_limit};
  }
  PositionReader positions_of(std::size_t term) const {
    const std::size_t group = term / kPositionGroup;
    if (group >= position_groups.size()) return {};
    return PositionReader::of(positions.substr(position_groups[group]), term % kPositionGroup,
                              doc_freqs[term]);
  }
};

/// One searchable field. `stems` holds what is indexed (Token::term); `forms` the words as written
/// where they differ from their stem, for prefixes.
struct TextField {
  ArrayView<std::uint8_t> lengths;  // length codes by document
  std::uint64_t length_sum = 0;     // decoded
  std::uint32_t docs_with_field = 0;
  TermDictionary stems;
  TermDictionary forms;
};

/// Rows (documents or variants) and the sorted ordinals of their values.
struct OrdinalRows {
  PackedArray<std::uint32_t> rows;    // empty: every row is present
  PackedArray<std::uint32_t> starts;  // present rows + 1
  PackedArray<std::uint32_t> ordinals;

  bool empty() const { return starts.size() < 2; }
  std::size_t present() const { return starts.empty() ? 0 : starts.size() - 1; }
  /// The [begin, end) of the row's ordinals. `hint` speeds up visits in rising order; start with 0.
  std::pair<std::uint32_t, std::uint32_t> find(std::uint32_t row, std::size_t& hint) const;
};

enum class ColumnKind : std::uint8_t { text = 0, boolean = 1 };

/// The distinct values of a field, sorted by bytes, and which documents and variants carry them.
struct ValueColumn {
  std::string_view name;  // brand, categories, tags, title, language, attributes.<name>
  ColumnKind kind = ColumnKind::text;
  StringTable values;
  ArrayView<std::uint64_t> hashes;  // xxh3 of normalize_value(value), by ordinal
  OrdinalRows docs;
  OrdinalRows variants;  // options
};

/// The value of each document of a column in an array, so that a pass over documents that rise
/// reads memory that rises too.
class DenseOrdinals {
public:
  DenseOrdinals(const OrdinalRows& rows, std::size_t values, DocId doc_count);

  /// Calls visit with an array of ordinals by document, in which `values` means none and
  /// `values` + 1 several. Two bytes each if that is enough, else four.
  template <class Visit>
  void visit(Visit visit) const {
    narrow_.empty() ? visit(wide_.data()) : visit(narrow_.data());
  }

private:
  std::vector<std::uint16_t> narrow_;
  std::vector<std::uint32_t> wide_;
};

class WordTrie;

struct NumberColumn {
  std::string_view name;            // attributes.<name>
  PackedArray<std::uint32_t> docs;  // rising
  PackedDoubles values;

  /// The place of a document in `docs`, or docs.size().
  std::size_t find(DocId doc, std::size_t& hint) const;
};

/// An immutable piece of index over one checksummed byte string, its only content (format:
/// segment.cpp).
class Segment {
public:
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  /// Errors: corrupt_record, newer_format.
  static Result<std::shared_ptr<const Segment>> open(SharedBytes bytes);
  /// Puts the head before a body made by SegmentWriter and opens it.
  static std::shared_ptr<const Segment> seal(std::string body);

  std::uint32_t doc_count() const { return doc_count_; }
  std::uint32_t variant_count() const { return variant_count_; }
  const SharedBytes& bytes() const { return bytes_; }
  /// Names the content: equal bytes have equal names.
  std::string name() const;

  std::string_view id(DocId doc) const { return ids_[doc]; }
  /// The document of a product, or kNoDoc. O(log n).
  DocId find(std::string_view id) const;
  std::uint64_t document_hash(DocId doc) const { return document_hashes_[doc]; }
  double rating(DocId doc) const { return ratings_[doc]; }
  std::int64_t rating_count(DocId doc) const { return rating_counts_[doc]; }
  std::int64_t popularity(DocId doc) const { return popularities_[doc]; }
  std::uint32_t first_variant(DocId doc) const { return first_variants_[doc]; }
  std::string_view sku(std::uint32_t variant) const { return skus_[variant]; }

  const TextField& text(TextFieldId field) const {
    return text_fields_[static_cast<std::size_t>(field)];
  }
  /// Whether it is one of these fields, not one made for an attribute.
  bool has(const TextField& field) const {
    return std::less_equal{}(&text_fields_[0], &field) &&
           std::less{}(&field, &text_fields_[0] + kTextFieldCount);
  }
  std::uint32_t term_count() const { return term_count_; }
  const ValueColumn* column(std::string_view name, ColumnKind kind = ColumnKind::text) const;
  const NumberColumn* number(std::string_view name) const;
  const std::vector<ValueColumn>& columns() const { return columns_; }
  const std::vector<NumberColumn>& numbers() const { return numbers_; }

  /// A full-text field over one attribute's values, made at its first use from the column; null
  /// without the column.
  const TextField* attribute_text(std::string_view column_name) const;
  /// The values of a column's documents, made at the first use. Pre: the column is of this segment.
  const DenseOrdinals& dense(const ValueColumn& column) const;
  /// Of lists of its full-text fields; they take half of the segment's bytes at most.
  PostingUnions& unions() const { return *unions_; }
  /// A variant has the number of its document.
  bool one_variant_each() const { return one_variant_each_; }
  /// All words of the full-text fields by their likeness (word_trie.hpp), made at the first use.
  const WordTrie& words() const;

private:
  Segment();
  bool read(ByteReader& in);

  SharedBytes bytes_;
  std::uint64_t checksum_ = 0;
  std::uint32_t doc_count_ = 0;
  std::uint32_t variant_count_ = 0;
  std::uint32_t term_count_ = 0;
  StringTable ids_;
  ArrayView<std::uint64_t> document_hashes_;
  PackedDoubles ratings_;
  PackedArray<std::int64_t> rating_counts_;
  PackedArray<std::int64_t> popularities_;
  PackedArray<std::uint32_t> first_variants_;
  bool one_variant_each_ = true;
  StringTable skus_;
  TextField text_fields_[kTextFieldCount];
  std::vector<ValueColumn> columns_;   // by (name, kind)
  std::vector<NumberColumn> numbers_;  // by name

  struct AttributeText;
  struct Dense;
  mutable std::mutex attribute_texts_mutex_;
  mutable std::map<std::string, std::shared_ptr<const AttributeText>, std::less<>> attribute_texts_;
  std::unique_ptr<Dense[]> dense_;  // as columns_
  std::unique_ptr<PostingUnions> unions_;
  mutable std::once_flag words_made_;
  mutable std::unique_ptr<const WordTrie> words_;
};

}  // namespace souk::engine
