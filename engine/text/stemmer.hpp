#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/text/language.hpp"

struct sb_stemmer;

namespace souk::engine {

/// Snowball stems of one language (English: "Porter 2") with a direct-mapped cache in front:
/// natural text repeats its words, and a stem costs a hundred times a look-up. One object per
/// thread.
class Stemmer {
public:
  explicit Stemmer(Language language = Language::english);
  ~Stemmer();
  Stemmer(Stemmer&&) noexcept;
  Stemmer& operator=(Stemmer&&) noexcept;

  /// The stem of a word in lower case. The view is valid until the next call.
  std::string_view stem(std::string_view word);

private:
  static constexpr std::size_t kSlots = 8192;  // a power of two
  static constexpr std::size_t kUncachedWords = 256;
  static constexpr std::size_t kCachedBytesMax = 23;

  struct Slot {
    std::uint8_t word_bytes = 0;
    std::uint8_t stem_bytes = 0;
    std::array<char, kCachedBytesMax> word;
    std::array<char, kCachedBytesMax> stem;
  };
  struct Delete {
    void operator()(sb_stemmer* stemmer) const;
  };

  std::unique_ptr<sb_stemmer, Delete> snowball_;
  std::size_t words_ = 0;    // stemmed before there was a cache
  std::vector<Slot> slots_;  // empty at first: who stems a query's few words needs none
};

}  // namespace souk::engine
