#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/types/result.hpp"

namespace souk::engine {

/// The line numbers of an import that are done: a compressed bitmap with value semantics and a hash
/// of its content that costs O(1) per added line.
class LineSet {
public:
  /// Larger line numbers cannot be remembered.
  static constexpr std::uint64_t kLineMax = 0xffffffffU;

  LineSet();
  LineSet(const LineSet& other);
  LineSet(LineSet&&) noexcept;
  LineSet& operator=(const LineSet& other);
  LineSet& operator=(LineSet&&) noexcept;
  ~LineSet();

  /// Pre: line ≤ kLineMax.
  void add(std::uint64_t line);
  bool contains(std::uint64_t line) const;
  std::uint64_t size() const;
  /// Depends on the lines only, not on the order in which they came.
  std::uint64_t hash() const { return hash_; }

  /// CRoaring's portable format.
  std::string encode() const;
  /// Errors: corrupt_record.
  static Result<LineSet> decode(std::string_view bytes);

private:
  struct Bitmap;
  std::unique_ptr<Bitmap> bitmap_;
  std::uint64_t hash_ = 0;
};

}  // namespace souk::engine
