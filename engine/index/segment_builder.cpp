#include "engine/index/segment_builder.hpp"

#include <xxhash.h>

#include <algorithm>

#include "engine/index/packed_array.hpp"
#include "engine/index/product_fields.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

std::uint64_t document_hash(const Document& document) {
  return XXH3_64bits(document->data(), document->size());
}

void RowsColumn::end_row(std::uint32_t row) {
  const auto begin = ordinals.begin() + starts.back();
  std::sort(begin, ordinals.end());
  ordinals.erase(std::unique(begin, ordinals.end()), ordinals.end());
  if (ordinals.size() == starts.back()) return;
  rows.push_back(row);
  starts.push_back(static_cast<std::uint32_t>(ordinals.size()));
}

void RowsColumn::write(ByteWriter& out, std::uint32_t row_count) const {
  if (rows.empty() || rows.size() < row_count - row_count / 8) {
    write_packed(out, rows);
    write_packed(out, starts);
  } else {
    // Nearly every row has a value: drop the row numbers and give the rest an empty run.
    std::vector<std::uint32_t> all;
    all.reserve(row_count + 1);
    std::size_t place = 0;
    for (std::uint32_t row = 0; row < row_count; ++row) {
      all.push_back(starts[place]);
      if (place < rows.size() && rows[place] == row) ++place;
    }
    all.push_back(starts.back());
    write_packed(out, std::vector<std::uint32_t>{});
    write_packed(out, all);
  }
  write_packed(out, ordinals);
}

SegmentBuilder::Values& SegmentBuilder::values_of(std::string_view name, ColumnKind kind) {
  return columns_[{std::string{name}, kind}];
}

void SegmentBuilder::add(const Product& product, std::uint64_t document_hash) {
  for (FieldInverter& inverter : inverters_) inverter.begin_doc(doc_count_);
  analyzer_.set_language(product.language);
  for (const FieldText& text : product_texts(product)) {
    inverters_[static_cast<std::size_t>(text.field)].add(analyzer_, text.text, text.analysis);
  }
  for (FieldInverter& inverter : inverters_) inverter.end_doc();

  ids_.add(product.id.str());
  hashes_.push_back(document_hash);
  ratings_.push_back(product.rating);
  rating_counts_.push_back(product.rating_count);
  popularities_.push_back(product.popularity);
  add_columns(product);
  for (const Variant& variant : product.variants) {
    skus_.add(variant.sku.str());
    add_options(variant);
    ++variant_count_;
  }
  first_variants_.push_back(variant_count_);
  ++doc_count_;
}

void SegmentBuilder::add_columns(const Product& product) {
  const auto add_text = [&](std::string_view name, ColumnKind kind,
                            const std::vector<std::string_view>& texts) {
    if (texts.empty()) return;
    Values& column = values_of(name, kind);
    for (const auto text : texts) column.docs.ordinals.push_back(column.values.number(text));
    column.docs.end_row(doc_count_);
  };
  const auto add_one = [&](std::string_view name, std::string_view text) {
    if (!text.empty()) add_text(name, ColumnKind::text, {text});
  };
  add_one("title", product.title);
  add_one("brand", product.brand);
  if (product.language != Language::english) add_one(kLanguageColumn, code_of(product.language));
  std::vector<std::string_view> levels;
  for (const auto& category : product.categories) {
    for (const auto level : category_levels(category)) levels.push_back(level);
  }
  add_text("categories", ColumnKind::text, levels);
  std::vector<std::string_view> tags{product.tags.begin(), product.tags.end()};
  std::erase_if(tags, [](std::string_view tag) { return tag.empty(); });
  add_text("tags", ColumnKind::text, tags);
  for (const auto& attribute : product.attributes) {
    const std::string name = attribute_field(attribute.name);
    if (const auto* flag = std::get_if<bool>(&attribute.value)) {
      add_text(name, ColumnKind::boolean, {*flag ? "true" : "false"});
    } else if (const auto* number = std::get_if<double>(&attribute.value)) {
      Numbers& column = numbers_[name];
      column.docs.push_back(doc_count_);
      column.values.push_back(*number);
    } else {
      add_text(name, ColumnKind::text, text_values(attribute));
    }
  }
}

void SegmentBuilder::add_options(const Variant& variant) {
  for (const Option& option : variant.options) {
    if (option.value.empty()) continue;
    Values& column = values_of(attribute_field(option.name), ColumnKind::text);
    // The same name twice in one variant: the row is still open.
    if (!column.variants.rows.empty() && column.variants.rows.back() == variant_count_) {
      column.variants.rows.pop_back();
      column.variants.starts.pop_back();
    }
    column.variants.ordinals.push_back(column.values.number(option.value));
    column.variants.end_row(variant_count_);
  }
}

std::shared_ptr<const Segment> SegmentBuilder::finish() {
  ByteWriter out;
  out.value(doc_count_);
  out.value(variant_count_);
  ids_.write(out);
  out.array(hashes_);
  write_packed(out, ratings_);
  write_packed(out, rating_counts_);
  write_packed(out, popularities_);
  write_packed(out, first_variants_);
  skus_.write(out);
  for (const FieldInverter& inverter : inverters_) inverter.write(out);

  out.value(static_cast<std::uint32_t>(columns_.size()));
  for (auto& [key, column] : columns_) {
    out.blob(key.first);
    out.value(static_cast<std::uint8_t>(key.second));
    StringColumn sorted;
    std::vector<std::uint64_t> hashes;
    std::vector<std::uint32_t> ranks(column.values.size());
    for (const std::uint32_t number : column.values.sorted()) {
      ranks[number] = static_cast<std::uint32_t>(hashes.size());
      const std::string normalized = normalize_value(column.values[number]);
      hashes.push_back(XXH3_64bits(normalized.data(), normalized.size()));
      sorted.add(column.values[number]);
    }
    sorted.write(out);
    out.array(hashes);
    for (RowsColumn* rows : {&column.docs, &column.variants}) {
      for (std::uint32_t& ordinal : rows->ordinals) ordinal = ranks[ordinal];
      for (std::size_t i = 0; i + 1 < rows->starts.size(); ++i) {
        std::sort(rows->ordinals.begin() + rows->starts[i],
                  rows->ordinals.begin() + rows->starts[i + 1]);
      }
    }
    column.docs.write(out, doc_count_);
    column.variants.write(out, variant_count_);
  }
  out.value(static_cast<std::uint32_t>(numbers_.size()));
  for (const auto& [name, column] : numbers_) {
    out.blob(name);
    write_packed(out, column.docs);
    write_packed(out, column.values);
  }
  return Segment::seal(std::move(out.bytes()));
}

}  // namespace souk::engine
