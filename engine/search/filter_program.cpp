#include "engine/search/filter_program.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>

#include "engine/search/budget.hpp"

namespace souk::engine {
namespace {

/// Whether words stand in a value.
constexpr std::size_t kWordsSteps = 240;
constexpr double kMicrosecondsPerSecond = 1e6;

enum class Source : std::uint8_t {
  nothing,
  values,
  id,
  rating,
  rating_count,
  popularity,
  created_at,
  updated_at,
  status,
  sku,
  currency,
  price,
  available,
  in_stock
};

Source source_of(std::string_view field) {
  struct Name {
    std::string_view name;
    Source source;
  };
  static constexpr Name kNames[] = {{"id", Source::id},
                                    {"rating", Source::rating},
                                    {"rating_count", Source::rating_count},
                                    {"popularity", Source::popularity},
                                    {"created_at", Source::created_at},
                                    {"updated_at", Source::updated_at},
                                    {"status", Source::status},
                                    {"sku", Source::sku},
                                    {"currency", Source::currency},
                                    {"price", Source::price},
                                    {"available", Source::available},
                                    {"in_stock", Source::in_stock}};
  for (const Name& name : kNames) {
    if (name.name == field) return name.source;
  }
  return Source::values;
}

/// Ids and SKUs are ASCII: folding is lower case.
void fold(std::string_view text, std::string& folded) {
  folded.assign(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

std::vector<std::uint8_t> allowed_values(const FilterLeaf& leaf, const ValueColumn& column,
                                         Analyzer& analyzer, BudgetClock* clock) {
  std::vector<std::uint8_t> allowed(column.values.size(), 0);
  if (column.kind == ColumnKind::boolean) {
    for (std::size_t i = 0; i < allowed.size(); ++i)
      allowed[i] = holds_bool(leaf, column.values[i] == "true") ? 1 : 0;
    return allowed;
  }
  if (leaf.op == FilterOp::matches) {
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      // They are asked again for the hits of the page.
      if (clock != nullptr && clock->spend(2 * kWordsSteps)) break;
      allowed[i] = holds_text(leaf, column.values[i], analyzer) ? 1 : 0;
    }
    return allowed;
  }
  std::vector<std::uint64_t> wanted;
  for (const FilterValue& value : leaf.values) {
    if (value.is_text)
      wanted.push_back(XXH3_64bits(value.normalized.data(), value.normalized.size()));
  }
  std::sort(wanted.begin(), wanted.end());
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (!std::binary_search(wanted.begin(), wanted.end(), column.hashes[i])) continue;
    allowed[i] = holds_text(leaf, column.values[i], analyzer) ? 1 : 0;
  }
  return allowed;
}

struct ValueSet {
  const ValueColumn* column = nullptr;
  std::vector<std::uint8_t> allowed;
  std::size_t doc_hint = 0;
  std::size_t variant_hint = 0;

  bool any(const OrdinalRows& rows, std::uint32_t row, std::size_t& hint) const {
    const auto [begin, end] = rows.find(row, hint);
    for (std::uint32_t at = begin; at < end; ++at) {
      if (allowed[rows.ordinals[at]] != 0) return true;
    }
    return false;
  }
};

}  // namespace

struct FilterProgram::Leaf {
  const FilterLeaf* leaf = nullptr;
  Source source = Source::nothing;
  bool variant_level = false;
  ValueSet texts;
  ValueSet flags;
  const NumberColumn* numbers = nullptr;
  std::size_t number_hint = 0;
  std::unordered_set<std::string> names;  // of ids and SKUs, folded: a page of an export lists many
  std::string folded;                     // kept for its memory
};

struct FilterProgram::Node {
  FilterKind kind = FilterKind::leaf;
  std::vector<std::unique_ptr<Node>> children;
  std::unique_ptr<Leaf> leaf;
  bool variant_level = false;
  int cost = 0;
};

FilterProgram::FilterProgram(const FilterPtr& filter, const SegmentView& view, Analyzer& analyzer,
                             BudgetClock* clock)
    : view_{&view}, clock_{clock}, filter_{filter}, analyzer_{&analyzer} {
  if (!filter) return;
  auto root = compile(*filter, analyzer);
  std::vector<std::unique_ptr<Node>> conditions;
  if (root->kind == FilterKind::all_of) {
    conditions = std::move(root->children);
  } else {
    conditions.push_back(std::move(root));
  }
  std::stable_sort(conditions.begin(), conditions.end(),
                   [](const auto& a, const auto& b) { return a->cost < b->cost; });
  for (auto& condition : conditions) {
    (condition->variant_level ? variant_level_ : product_level_).push_back(std::move(condition));
  }
  compile_ranges();
}

FilterProgram::~FilterProgram() = default;

std::unique_ptr<FilterProgram::Node> FilterProgram::compile(const Filter& filter,
                                                            Analyzer& analyzer) {
  auto node = std::make_unique<Node>();
  node->kind = filter.kind;
  if (filter.kind == FilterKind::leaf) {
    node->leaf = compile_leaf(filter.leaf, analyzer);
    steps_ += steps_of(*node->leaf);
    node->variant_level = node->leaf->variant_level;
    node->cost = node->leaf->source == Source::id || node->leaf->source == Source::sku ? 4 : 1;
  }
  for (const FilterPtr& child : filter.children) {
    node->children.push_back(compile(*child, analyzer));
    node->variant_level = node->variant_level || node->children.back()->variant_level;
    node->cost += node->children.back()->cost;
  }
  return node;
}

std::unique_ptr<FilterProgram::Leaf> FilterProgram::compile_leaf(const FilterLeaf& leaf,
                                                                 Analyzer& analyzer) {
  auto compiled = std::make_unique<Leaf>();
  compiled->leaf = &leaf;
  compiled->source = source_of(leaf.field);
  compiled->variant_level = compiled->source >= Source::sku;
  if (compiled->source == Source::id || compiled->source == Source::sku ||
      compiled->source == Source::status || compiled->source == Source::currency) {
    for (const FilterValue& value : leaf.values) {
      if (value.is_text) compiled->names.insert(value.normalized);
    }
  }
  if (compiled->source != Source::values) return compiled;
  const Segment& segment = *view_->segment;
  if (const ValueColumn* column = segment.column(leaf.field)) {
    compiled->texts.column = column;
    compiled->texts.allowed = allowed_values(leaf, *column, analyzer, clock_);
    compiled->variant_level = !column->variants.empty();
  }
  if (const ValueColumn* column = segment.column(leaf.field, ColumnKind::boolean)) {
    compiled->flags.column = column;
    compiled->flags.allowed = allowed_values(leaf, *column, analyzer, clock_);
  }
  compiled->numbers = segment.number(leaf.field);
  return compiled;
}

std::size_t FilterProgram::steps_of(const Leaf& leaf) const {
  constexpr std::size_t kNameSteps = 16;
  const bool name = leaf.source == Source::id || leaf.source == Source::status ||
                    leaf.source == Source::sku || leaf.source == Source::currency;
  std::size_t steps = 3 + (leaf.texts.column == nullptr ? leaf.leaf->values.size() / 2 : 0);
  if (name) steps = leaf.leaf->op == FilterOp::matches ? kWordsSteps : kNameSteps;
  if (!leaf.variant_level) return steps;
  const Segment& segment = *view_->segment;
  return steps *
         std::max<std::size_t>(1, segment.variant_count() / std::max(1U, segment.doc_count()));
}

/// A price between two others and something in stock are what shops ask for most.
void FilterProgram::compile_ranges() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Ranges ranges;
  for (const auto& condition : variant_level_) {
    if (condition->kind != FilterKind::leaf) return;
    const FilterLeaf& leaf = *condition->leaf->leaf;
    const FilterValue& value = leaf.values.front();
    if (leaf.op == FilterOp::differs || leaf.values.size() != 1 || value.prefix) return;
    NumberRange range;
    const Source source = condition->leaf->source;
    if (source == Source::price || source == Source::available) {
      if (!value.range) return;
      range = *value.range;
      if (range.low_open) range.low = std::nextafter(range.low, kInfinity);
      if (range.high_open) range.high = std::nextafter(range.high, -kInfinity);
    } else if (source == Source::in_stock && value.boolean) {
      (*value.boolean ? range.low : range.high) = *value.boolean ? 1 : 0;
    } else {
      return;
    }
    std::optional<NumberRange>& known = source == Source::price ? ranges.price : ranges.available;
    if (!known) known.emplace();
    known->low = std::max(known->low, range.low);
    known->high = std::min(known->high, range.high);
  }
  if (!variant_level_.empty()) ranges_ = ranges;
}

std::size_t FilterProgram::keep(std::span<DocId> docs) {
  std::size_t size = docs.size();
  for (const auto& condition : product_level_) size = keep_by(*condition, docs.first(size));
  if (variant_level_.empty()) return size;
  if (ranges_ && ranges_->price && ranges_->available)
    return keep_in_ranges<true, true>(docs.first(size));
  if (ranges_ && ranges_->price) return keep_in_ranges<true, false>(docs.first(size));
  if (ranges_) return keep_in_ranges<false, true>(docs.first(size));
  std::size_t kept = 0;
  for (const DocId doc : docs.first(size)) {
    docs[kept] = doc;
    kept += holds_for_variant(doc) ? 1 : 0;
  }
  return kept;
}

std::size_t FilterProgram::keep_by(Node& condition, std::span<DocId> docs) {
  std::size_t kept = 0;
  Leaf* leaf = condition.leaf.get();
  if (leaf == nullptr || leaf->texts.column == nullptr || leaf->flags.column != nullptr ||
      leaf->numbers != nullptr) {
    for (const DocId doc : docs) {
      docs[kept] = doc;
      kept += evaluate(condition, doc, 0) ? 1 : 0;
    }
    return kept;
  }
  ValueSet& texts = leaf->texts;
  const std::size_t several = texts.column->values.size() + 1;
  const bool wanted = leaf->leaf->op != FilterOp::differs;
  std::vector<std::uint8_t> allowed = texts.allowed;
  allowed.resize(several + 1, 0);
  view_->segment->dense(*texts.column).visit([&](const auto* dense) {
    for (const DocId doc : docs) {
      const std::size_t ordinal = dense[doc];
      bool holds = allowed[ordinal] != 0;
      if (ordinal == several) holds = texts.any(texts.column->docs, doc, texts.doc_hint);
      docs[kept] = doc;
      kept += holds == wanted ? 1 : 0;
    }
  });
  return kept;
}

template <bool kPrice, bool kAvailable>
std::size_t FilterProgram::keep_in_ranges(std::span<DocId> docs) const {
  const Segment& segment = *view_->segment;
  const NumberRange price = ranges_->price.value_or(NumberRange{});
  const NumberRange available = ranges_->available.value_or(NumberRange{});
  const auto holds = [&](std::uint32_t variant) {
    const VariantChunk& chunk = view_->variant_chunk(variant);
    const std::size_t row = variant % kChunkRows;
    bool inside = true;
    if constexpr (kPrice) {
      const auto number = static_cast<double>(chunk.price[row]);
      inside = (number >= price.low) & (number <= price.high);
    }
    if constexpr (kAvailable) {
      const auto number = static_cast<double>(chunk.available[row]);
      inside = inside & (number >= available.low) & (number <= available.high);
    }
    return inside;
  };
  std::size_t kept = 0;
  if (segment.one_variant_each()) {
    for (const DocId doc : docs) {
      docs[kept] = doc;
      kept += holds(doc) ? 1 : 0;
    }
    return kept;
  }
  for (const DocId doc : docs) {
    const std::uint32_t end = segment.first_variant(doc + 1);
    bool any = false;
    for (std::uint32_t variant = segment.first_variant(doc); variant < end; ++variant)
      any = any || holds(variant);
    docs[kept] = doc;
    kept += any ? 1 : 0;
  }
  return kept;
}

bool FilterProgram::matches(DocId doc, std::vector<std::uint32_t>& variants) {
  for (const auto& condition : product_level_) {
    if (!evaluate(*condition, doc, 0)) return false;
  }
  const std::uint32_t end = view_->segment->first_variant(doc + 1);
  const std::size_t before = variants.size();
  for (std::uint32_t variant = view_->segment->first_variant(doc); variant < end; ++variant) {
    const bool all =
        std::all_of(variant_level_.begin(), variant_level_.end(),
                    [&](const auto& condition) { return evaluate(*condition, doc, variant); });
    if (all) variants.push_back(variant);
  }
  return variant_level_.empty() || variants.size() > before;
}

bool FilterProgram::matches(DocId doc) {
  for (const auto& condition : product_level_) {
    if (!evaluate(*condition, doc, 0)) return false;
  }
  return variant_level_.empty() || holds_for_variant(doc);
}

bool FilterProgram::holds_for_variant(DocId doc) {
  const std::uint32_t end = view_->segment->first_variant(doc + 1);
  for (std::uint32_t variant = view_->segment->first_variant(doc); variant < end; ++variant) {
    const bool all =
        std::all_of(variant_level_.begin(), variant_level_.end(),
                    [&](const auto& condition) { return evaluate(*condition, doc, variant); });
    if (all) return true;
  }
  return false;
}

bool FilterProgram::evaluate(Node& node, DocId doc, std::uint32_t variant) {
  switch (node.kind) {
    case FilterKind::leaf:
      return holds(*node.leaf, doc, variant) != (node.leaf->leaf->op == FilterOp::differs);
    case FilterKind::negation:
      return !evaluate(*node.children.front(), doc, variant);
    case FilterKind::all_of:
      return std::all_of(node.children.begin(), node.children.end(),
                         [&](auto& child) { return evaluate(*child, doc, variant); });
    case FilterKind::any_of:
      return std::any_of(node.children.begin(), node.children.end(),
                         [&](auto& child) { return evaluate(*child, doc, variant); });
  }
  return false;
}

bool FilterProgram::holds(Leaf& leaf, DocId doc, std::uint32_t variant) {
  const auto holds_id = [&](std::string_view text) {
    if (leaf.leaf->op == FilterOp::matches) return holds_text(*leaf.leaf, text, *analyzer_);
    fold(text, leaf.folded);
    return leaf.names.contains(leaf.folded);
  };
  const auto number = [&](auto value) {
    return holds_number(*leaf.leaf, static_cast<double>(value));
  };
  const Segment& segment = *view_->segment;
  const std::size_t row = doc % kChunkRows;
  switch (leaf.source) {
    case Source::nothing:
      return false;
    case Source::values:
      return holds_values(leaf, doc, variant);
    case Source::id:
      return holds_id(segment.id(doc));
    case Source::rating:
      return number(segment.rating(doc));
    case Source::rating_count:
      return number(segment.rating_count(doc));
    case Source::popularity:
      return number(segment.popularity(doc));
    case Source::created_at:
      return number(static_cast<double>(view_->doc_chunk(doc).created_at[row]) /
                    kMicrosecondsPerSecond);
    case Source::updated_at:
      return number(static_cast<double>(view_->doc_chunk(doc).updated_at[row]) /
                    kMicrosecondsPerSecond);
    case Source::status:
      return holds_id("active");  // what is not for sale is not found at all
    case Source::sku:
      return holds_id(segment.sku(variant));
    case Source::currency:
      return holds_id(view_->currency(variant).code());
    case Source::price:
      return number(view_->price(variant));
    case Source::available:
      return number(view_->available(variant));
    case Source::in_stock:
      return holds_bool(*leaf.leaf, view_->available(variant) > 0);
  }
  return false;
}

bool FilterProgram::holds_values(Leaf& leaf, DocId doc, std::uint32_t variant) const {
  if (ValueSet& texts = leaf.texts; texts.column != nullptr) {
    if (texts.any(texts.column->docs, doc, texts.doc_hint)) return true;
    if (leaf.variant_level && texts.any(texts.column->variants, variant, texts.variant_hint))
      return true;
  }
  if (ValueSet& flags = leaf.flags; flags.column != nullptr) {
    if (flags.any(flags.column->docs, doc, flags.doc_hint)) return true;
  }
  if (leaf.numbers == nullptr) return false;
  const std::size_t place = leaf.numbers->find(doc, leaf.number_hint);
  return place < leaf.numbers->docs.size() && holds_number(*leaf.leaf, leaf.numbers->values[place]);
}

}  // namespace souk::engine
