#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace souk::engine {

/// Rows of one chunk of a copy-on-write column.
inline constexpr std::size_t kChunkRows = 256;

/// The chunks of a column as readers hold them; an absent chunk is a default-made one.
template <class Chunk>
using ColumnRoot = std::vector<std::shared_ptr<const Chunk>>;

/// An array in chunks that one owner writes and any number of published roots share: the first
/// write to a chunk after publish() copies that chunk, so a change costs one small copy whatever
/// the size of the column.
template <class Chunk>
class CowColumn {
public:
  explicit CowColumn(std::size_t rows = 0)
      : root_{std::make_shared<ColumnRoot<Chunk>>((rows + kChunkRows - 1) / kChunkRows)},
        owned_(root_->size()) {}

  /// The chunk of a row, null when never written.
  const Chunk* read(std::size_t row) const { return (*root_)[row / kChunkRows].get(); }

  /// The chunk of a row, to be changed.
  Chunk& write(std::size_t row) {
    const std::size_t index = row / kChunkRows;
    if (owned_[index] != nullptr) return *owned_[index];
    if (!root_owned_) {
      root_ = std::make_shared<ColumnRoot<Chunk>>(*root_);
      root_owned_ = true;
    }
    auto& place = (*root_)[index];
    auto copy = place ? std::make_shared<Chunk>(*place) : std::make_shared<Chunk>();
    owned_[index] = copy.get();
    touched_.push_back(index);
    place = std::move(copy);
    return *owned_[index];
  }

  /// What readers may hold from now on; later writes do not reach it.
  std::shared_ptr<const ColumnRoot<Chunk>> publish() {
    for (const std::size_t index : touched_) owned_[index] = nullptr;
    touched_.clear();
    root_owned_ = false;
    return root_;
  }

  std::size_t bytes() const { return root_->size() * (sizeof(Chunk) + sizeof(void*) * 4); }

private:
  std::shared_ptr<ColumnRoot<Chunk>> root_;
  bool root_owned_ = true;
  std::vector<Chunk*> owned_;  // chunks made since the last publish()
  std::vector<std::size_t> touched_;
};

}  // namespace souk::engine
