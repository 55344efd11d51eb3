#pragma once

#include <memory>
#include <string>

#include "engine/types/shared_bytes.hpp"

namespace souk::engine {

/// A segment large enough to be worth keeping on disk: its name, checksummed bytes.
struct SavedSegment {
  std::string name;
  SharedBytes bytes;
};

/// A unit of background work: merges some segments into one. Runs on any thread; touches nothing mutable.
class SegmentMerge;
class MergedSegment;
std::shared_ptr<MergedSegment> run_merge(const SegmentMerge& merge);

}  // namespace souk::engine
