#pragma once

#include <array>
#include <mutex>
#include <vector>

#include "engine/state/flat_index.hpp"
#include "engine/types/id.hpp"

namespace souk::engine {

/// Makes equal names share one text. An import's names share theirs from the parser on; those read
/// from disk come one by one, and the shards of a restart put them together again with one of
/// these. Thread-safe.
class NamePool {
public:
  template <class Tag>
  void share(Id<Tag>& id) {
    id = Id<Tag>{shared(id.name())};
  }

private:
  struct Part {
    std::mutex mutex;
    FlatIndex index;
    std::vector<SharedName> names;
  };

  SharedName shared(const SharedName& name) {
    Part& part = parts_[name.hash() % parts_.size()];
    const std::lock_guard lock{part.mutex};
    const std::uint32_t known = part.index.find(
        name.hash(), [&](std::uint32_t number) { return part.names[number] == name; });
    if (known != FlatIndex::kNone) return part.names[known];
    part.index.insert(name.hash(), static_cast<std::uint32_t>(part.names.size()));
    part.names.push_back(name);
    return name;
  }

  std::array<Part, 64> parts_;
};

}  // namespace souk::engine
