#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/index/saved_segment.hpp"
#include "engine/index/snapshot.hpp"

namespace souk::engine {

/// Segments to be merged, frozen at the instant the merge was planned.
class SegmentMerge {
public:
  struct Input {
    std::uint32_t number = 0;  // the index's own name for the segment
    SegmentView view;
  };
  explicit SegmentMerge(std::vector<Input> inputs) : inputs_{std::move(inputs)} {}
  const std::vector<Input>& inputs() const { return inputs_; }

private:
  std::vector<Input> inputs_;
};

/// What became of them: documents that were live are in `segment`, by product id.
class MergedSegment {
public:
  std::shared_ptr<const Segment> segment;    // null when nothing was live
  std::vector<std::uint32_t> inputs;         // their numbers
  std::vector<std::vector<DocId>> new_docs;  // per input: old document -> new, or kNoDoc
};

}  // namespace souk::engine
