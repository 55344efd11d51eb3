#include "engine/catalog/line_set.hpp"

#include <roaring/roaring.h>

#include <cassert>
#include <utility>

#include "engine/state/hash.hpp"

namespace souk::engine {
namespace {

std::uint64_t hash_line(std::uint64_t line) {
  return StateHasher{}.add(line).value();
}

}  // namespace

struct LineSet::Bitmap {
  explicit Bitmap(roaring_bitmap_t* owned) : lines{owned} { assert(lines != nullptr); }
  ~Bitmap() { roaring_bitmap_free(lines); }
  Bitmap(const Bitmap&) = delete;
  Bitmap& operator=(const Bitmap&) = delete;

  roaring_bitmap_t* lines;
};

LineSet::LineSet() : bitmap_{std::make_unique<Bitmap>(roaring_bitmap_create())} {
}
LineSet::LineSet(const LineSet& other)
    : bitmap_{std::make_unique<Bitmap>(roaring_bitmap_copy(other.bitmap_->lines))},
      hash_{other.hash_} {
}
LineSet::LineSet(LineSet&& other) noexcept = default;
LineSet& LineSet::operator=(const LineSet& other) {
  if (this != &other) *this = LineSet{other};
  return *this;
}
LineSet& LineSet::operator=(LineSet&& other) noexcept = default;
LineSet::~LineSet() = default;

void LineSet::add(std::uint64_t line) {
  assert(line <= kLineMax);
  if (contains(line)) return;
  roaring_bitmap_add(bitmap_->lines, static_cast<std::uint32_t>(line));
  hash_ += hash_line(line);
}

bool LineSet::contains(std::uint64_t line) const {
  return line <= kLineMax &&
         roaring_bitmap_contains(bitmap_->lines, static_cast<std::uint32_t>(line));
}

std::uint64_t LineSet::size() const {
  return roaring_bitmap_get_cardinality(bitmap_->lines);
}

std::string LineSet::encode() const {
  std::string bytes(roaring_bitmap_portable_size_in_bytes(bitmap_->lines), '\0');
  bytes.resize(roaring_bitmap_portable_serialize(bitmap_->lines, bytes.data()));
  return bytes;
}

Result<LineSet> LineSet::decode(std::string_view bytes) {
  roaring_bitmap_t* lines = roaring_bitmap_portable_deserialize_safe(bytes.data(), bytes.size());
  if (lines == nullptr) return Error{Errc::corrupt_record, "the progress of an import is damaged"};
  LineSet set;
  set.bitmap_ = std::make_unique<Bitmap>(lines);
  const auto add_hash = [](std::uint32_t line, void* hash) {
    *static_cast<std::uint64_t*>(hash) += hash_line(line);
    return true;
  };
  roaring_iterate(lines, add_hash, &set.hash_);
  return set;
}

}  // namespace souk::engine
