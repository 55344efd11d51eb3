#include "engine/index/catalog_index.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "engine/catalog/product_codec.hpp"
#include "engine/index/live_segment.hpp"
#include "engine/index/merge_policy.hpp"
#include "engine/index/product_locations.hpp"
#include "engine/index/segment_builder.hpp"
#include "engine/index/segment_merge.hpp"

namespace souk::engine {
namespace {

/// Puts beyond this become a segment at once, so that building one stays small in memory.
constexpr std::size_t kPendingMax = 16'384;
/// Smaller segments are quicker to build again than to save.
constexpr std::uint32_t kSavedDocsMin = 2'048;

struct PendingProduct {
  ProductEntry entry;
  std::vector<SkuEntry> skus;
  bool erased = false;
};

std::vector<const SkuEntry*> pointers(const std::vector<SkuEntry>& skus) {
  std::vector<const SkuEntry*> result;
  for (const SkuEntry& sku : skus) result.push_back(&sku);
  return result;
}

}  // namespace

struct CatalogIndex::Content {
  explicit Content(ShardId id) : shard{id} {}

  using Place = ProductLocations::Place;

  Place* find_live(const ProductId& id) {
    return locations.find(id.str(), [&](const Place& place) {
      const LiveSegment& segment = *segments.at(place.segment);
      return segment.segment().id(place.doc) == id.str() && segment.is_live(place.doc);
    });
  }

  /// A document of a loaded segment that was made from the same text.
  Place* find_loaded(const ProductEntry& entry) {
    if (loaded.empty()) return nullptr;
    const std::uint64_t hash = document_hash(entry.document);
    return locations.find(entry.id.str(), [&](const Place& place) {
      const LiveSegment& segment = *segments.at(place.segment);
      return loaded.contains(place.segment) && !segment.is_live(place.doc) &&
             segment.segment().document_hash(place.doc) == hash &&
             segment.segment().id(place.doc) == entry.id.str();
    });
  }

  bool same_text(const Place& place, const Document& document) const {
    const LiveSegment& segment = *segments.at(place.segment);
    return segment.document(place.doc) == document ||
           segment.segment().document_hash(place.doc) == document_hash(document);
  }

  void kill(const ProductId& id, Place place) {
    segments.at(place.segment)->kill(place.doc, analyzer);
    locations.erase(id.str(), [&](const Place& other) { return other == place; });
  }

  void add_pending(const ProductEntry& entry, std::span<const SkuEntry* const> skus) {
    PendingProduct product{entry, {}, false};
    for (const SkuEntry* sku : skus) product.skus.push_back(*sku);
    const auto [known, inserted] = pending_by_id.try_emplace(entry.id, pending.size());
    if (inserted) {
      pending.push_back(std::move(product));
    } else {
      pending[known->second] = std::move(product);
    }
    if (pending.size() >= kPendingMax) build_pending();
  }

  void build_pending();
  void settle_loaded();
  void merge_now(const std::vector<std::uint32_t>& numbers);
  std::shared_ptr<const SegmentMerge> freeze(const std::vector<std::uint32_t>& numbers);
  void install(const MergedSegment& merged);
  std::vector<SegmentSize> sizes() const;
  /// Under a number of its own; a segment without live documents is dropped.
  void adopt(std::unique_ptr<LiveSegment> segment);

  ShardId shard;
  Analyzer analyzer;
  std::map<std::uint32_t, std::unique_ptr<LiveSegment>> segments;
  std::uint32_t next_number = 0;
  ProductLocations locations;
  std::vector<PendingProduct> pending;
  std::unordered_map<ProductId, std::size_t> pending_by_id;
  std::set<std::uint32_t> loaded;  // between load() and the first publish()
  std::set<std::uint32_t> merging;
  std::set<std::string> saved;
  SegmentBytes bytes_made;
};

void CatalogIndex::Content::build_pending() {
  std::erase_if(pending, [](const PendingProduct& product) { return product.erased; });
  pending_by_id.clear();
  if (pending.empty()) return;
  std::sort(pending.begin(), pending.end(), [](const PendingProduct& a, const PendingProduct& b) {
    return a.entry.id < b.entry.id;
  });
  SegmentBuilder builder;
  for (const PendingProduct& product : pending) {
    const auto decoded = decode_document(*product.entry.document);
    assert(decoded);
    builder.add(*decoded, document_hash(product.entry.document));
  }
  auto segment = std::make_unique<LiveSegment>(builder.finish());
  bytes_made.built += segment->segment().bytes().view().size();
  const std::uint32_t number = next_number++;
  for (DocId doc = 0; doc < pending.size(); ++doc) {
    segment->bring_to_life(doc, pending[doc].entry, pointers(pending[doc].skus));
    locations.insert(pending[doc].entry.id.str(), {number, doc});
  }
  segments.emplace(number, std::move(segment));
  pending.clear();
}

void CatalogIndex::Content::settle_loaded() {
  for (const std::uint32_t number : loaded) {
    LiveSegment& segment = *segments.at(number);
    segment.count_dead();
    for (DocId doc = 0; doc < segment.segment().doc_count(); ++doc) {
      if (segment.is_live(doc)) continue;
      const Place place{number, doc};
      locations.erase(segment.segment().id(doc),
                      [&](const Place& other) { return other == place; });
    }
    if (segment.live() == 0) segments.erase(number);
  }
  loaded.clear();
}

std::vector<SegmentSize> CatalogIndex::Content::sizes() const {
  std::vector<SegmentSize> result;
  for (const auto& [number, segment] : segments) {
    if (!merging.contains(number)) result.push_back({number, segment->live(), segment->dead()});
  }
  return result;
}

std::shared_ptr<const SegmentMerge> CatalogIndex::Content::freeze(
    const std::vector<std::uint32_t>& numbers) {
  std::vector<SegmentMerge::Input> inputs;
  for (const std::uint32_t number : numbers)
    inputs.push_back({number, segments.at(number)->publish()});
  return std::make_shared<SegmentMerge>(std::move(inputs));
}

void CatalogIndex::Content::install(const MergedSegment& merged) {
  std::unique_ptr<LiveSegment> fresh;
  if (merged.segment) {
    fresh = std::make_unique<LiveSegment>(merged.segment);
    bytes_made.merged += merged.segment->bytes().view().size();
  }
  const std::uint32_t number = next_number++;
  for (std::size_t input = 0; input < merged.inputs.size(); ++input) {
    const std::uint32_t old_number = merged.inputs[input];
    const LiveSegment& old = *segments.at(old_number);
    for (DocId doc = 0; doc < merged.new_docs[input].size(); ++doc) {
      const DocId new_doc = merged.new_docs[input][doc];
      if (new_doc == kNoDoc) continue;
      if (!old.is_live(doc)) {
        fresh->take_over_dead(new_doc, old.document(doc), analyzer);
        continue;
      }
      fresh->copy_doc(new_doc, old, doc);
      const Place before{old_number, doc};
      Place* place = locations.find(old.segment().id(doc),
                                    [&](const Place& other) { return other == before; });
      assert(place != nullptr);
      *place = {number, new_doc};
    }
  }
  for (const std::uint32_t old_number : merged.inputs) {
    segments.erase(old_number);
    merging.erase(old_number);
  }
  if (fresh && fresh->live() > 0) segments.emplace(number, std::move(fresh));
}

void CatalogIndex::Content::merge_now(const std::vector<std::uint32_t>& numbers) {
  if (numbers.empty()) return;
  install(*run_merge(*freeze(numbers)));
}

void CatalogIndex::Content::adopt(std::unique_ptr<LiveSegment> segment) {
  if (segment->live() == 0) return;
  const std::uint32_t number = next_number++;
  for (DocId doc = 0; doc < segment->segment().doc_count(); ++doc) {
    if (segment->is_live(doc)) locations.insert(segment->segment().id(doc), {number, doc});
  }
  segments.emplace(number, std::move(segment));
}

CatalogIndex::CatalogIndex(ShardId shard) : content_{std::make_unique<Content>(shard)} {
}
CatalogIndex::~CatalogIndex() = default;
CatalogIndex::CatalogIndex(CatalogIndex&&) noexcept = default;
CatalogIndex& CatalogIndex::operator=(CatalogIndex&&) noexcept = default;

void CatalogIndex::put(const ProductEntry& entry, std::span<const SkuEntry* const> skus) {
  assert(entry.document != nullptr);
  if (content_->pending_by_id.contains(entry.id)) {
    content_->add_pending(entry, skus);
    return;
  }
  if (const auto* place = content_->find_live(entry.id)) {
    if (content_->same_text(*place, entry.document)) {
      content_->segments.at(place->segment)->update(place->doc, entry, skus);
      return;
    }
    content_->kill(entry.id, *place);
  } else if (const auto* loaded = content_->find_loaded(entry)) {
    content_->segments.at(loaded->segment)->bring_to_life(loaded->doc, entry, skus);
    return;
  }
  content_->add_pending(entry, skus);
}

void CatalogIndex::erase(const ProductId& id) {
  const auto waiting = content_->pending_by_id.find(id);
  if (waiting != content_->pending_by_id.end()) {
    content_->pending[waiting->second].erased = true;
    content_->pending_by_id.erase(waiting);
    return;
  }
  if (const auto* place = content_->find_live(id)) content_->kill(id, *place);
}

void CatalogIndex::set_sku(const SkuEntry& sku) {
  const auto waiting = content_->pending_by_id.find(sku.product);
  if (waiting != content_->pending_by_id.end()) {
    for (SkuEntry& known : content_->pending[waiting->second].skus) {
      if (known.terms.sku == sku.terms.sku) known = sku;
    }
    return;
  }
  const auto* place = content_->find_live(sku.product);
  if (place != nullptr) content_->segments.at(place->segment)->set_sku(place->doc, sku);
}

SnapshotPtr CatalogIndex::publish(Position position) {
  content_->build_pending();
  content_->settle_loaded();
  if (content_->segments.size() > kSegmentsMax)
    content_->merge_now(plan_urgent_merge(content_->sizes()));
  std::vector<SegmentView> views;
  for (const auto& [number, segment] : content_->segments) {
    if (segment->live() > 0) views.push_back(segment->publish());
  }
  return std::make_shared<CatalogSnapshot>(content_->shard, position, std::move(views));
}

CatalogIndex CatalogIndex::fork(ShardId child,
                                const std::function<bool(std::string_view id)>& leaves) {
  content_->build_pending();
  content_->settle_loaded();
  CatalogIndex other{child};
  // New numbers, so that the result of a merge under way finds nothing it could replace.
  content_->merging.clear();
  content_->locations = {};
  for (auto& [number, segment] : std::exchange(content_->segments, {})) {
    std::vector<bool> leaving(segment->segment().doc_count());
    for (DocId doc = 0; doc < leaving.size(); ++doc) {
      leaving[doc] = segment->is_live(doc) && leaves(segment->segment().id(doc));
    }
    other.content_->adopt(segment->fork(leaving));
    content_->adopt(std::move(segment));
  }
  return other;
}

std::shared_ptr<const SegmentMerge> CatalogIndex::next_merge(bool settled) {
  if (!content_->merging.empty() || !content_->loaded.empty()) return nullptr;
  auto numbers = plan_merge(content_->sizes());
  if (numbers.empty() && settled) numbers = plan_settled_merge(content_->sizes());
  if (numbers.empty()) return nullptr;
  content_->merging.insert(numbers.begin(), numbers.end());
  return content_->freeze(numbers);
}

void CatalogIndex::install(std::shared_ptr<MergedSegment> merged) {
  for (const std::uint32_t number : merged->inputs) {
    if (!content_->merging.contains(number)) return;
  }
  content_->install(*merged);
}

std::vector<SavedSegment> CatalogIndex::take_unsaved() {
  std::vector<SavedSegment> unsaved;
  for (const auto& [number, segment] : content_->segments) {
    if (segment->segment().doc_count() < kSavedDocsMin) continue;
    std::string name = segment->segment().name();
    if (!content_->saved.insert(name).second) continue;
    unsaved.push_back({std::move(name), segment->segment().bytes()});
  }
  return unsaved;
}

std::vector<std::string> CatalogIndex::segment_names() const {
  std::vector<std::string> names;
  for (const auto& [number, segment] : content_->segments) {
    if (segment->segment().doc_count() >= kSavedDocsMin) names.push_back(segment->segment().name());
  }
  return names;
}

Result<void> CatalogIndex::load(const std::string& name, SharedBytes bytes) {
  auto opened = Segment::open(std::move(bytes));
  if (!opened) return opened.error();
  const std::uint32_t number = content_->next_number++;
  for (DocId doc = 0; doc < (*opened)->doc_count(); ++doc) {
    content_->locations.insert((*opened)->id(doc), {number, doc});
  }
  if (name == (*opened)->name()) content_->saved.insert(name);
  content_->segments.emplace(number, std::make_unique<LiveSegment>(std::move(*opened)));
  content_->loaded.insert(number);
  return {};
}

SegmentBytes CatalogIndex::bytes_made() const {
  return content_->bytes_made;
}

std::uint32_t CatalogIndex::segments_made() const {
  return content_->next_number;
}

std::size_t CatalogIndex::segment_count() const {
  return content_->segments.size();
}

std::uint64_t CatalogIndex::memory_bytes() const {
  std::uint64_t bytes = content_->locations.bytes();
  for (const auto& [number, segment] : content_->segments) bytes += segment->memory_bytes();
  return bytes;
}

}  // namespace souk::engine
