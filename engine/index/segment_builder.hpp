#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/catalog/product.hpp"
#include "engine/index/field_inverter.hpp"
#include "engine/index/segment.hpp"

namespace souk::engine {

/// xxh3 of a document's bytes: what a segment remembers of the text it was made from.
std::uint64_t document_hash(const Document& document);

/// Rows and their value ordinals of one column while it is made; ordinals are numbers given by the
/// caller.
struct RowsColumn {
  std::vector<std::uint32_t> rows;
  std::vector<std::uint32_t> starts{0};
  std::vector<std::uint32_t> ordinals;

  /// Closes the row whose ordinals were pushed; a row without any is left out. Sorts them and drops
  /// repetitions.
  void end_row(std::uint32_t row);
  void write(ByteWriter& out, std::uint32_t row_count) const;
};

/// Builds one segment. Pre: products come in rising order of their ids, each once.
class SegmentBuilder {
public:
  void add(const Product& product, std::uint64_t document_hash);
  std::uint32_t doc_count() const { return doc_count_; }
  std::shared_ptr<const Segment> finish();

private:
  struct Values {
    StringNumbers values;
    RowsColumn docs;
    RowsColumn variants;
  };
  struct Numbers {
    std::vector<std::uint32_t> docs;
    std::vector<double> values;
  };

  void add_columns(const Product& product);
  void add_options(const Variant& variant);
  Values& values_of(std::string_view name, ColumnKind kind);

  Analyzer analyzer_;
  std::uint32_t doc_count_ = 0;
  std::uint32_t variant_count_ = 0;
  StringColumn ids_;
  std::vector<std::uint64_t> hashes_;
  std::vector<double> ratings_;
  std::vector<std::int64_t> rating_counts_;
  std::vector<std::int64_t> popularities_;
  std::vector<std::uint32_t> first_variants_{0};
  StringColumn skus_;
  FieldInverter inverters_[kTextFieldCount];
  std::map<std::pair<std::string, ColumnKind>, Values, std::less<>> columns_;
  std::map<std::string, Numbers, std::less<>> numbers_;
};

}  // namespace souk::engine
