#include "engine/text/stemmer.hpp"

#include <libstemmer.h>
#include <xxhash.h>

#include <cassert>
#include <cstring>

namespace souk::engine {

void Stemmer::Delete::operator()(sb_stemmer* stemmer) const {
  sb_stemmer_delete(stemmer);
}

Stemmer::Stemmer(Language language) : snowball_{sb_stemmer_new(snowball_name(language), "UTF_8")} {
  assert(snowball_ != nullptr);
}
Stemmer::~Stemmer() = default;
Stemmer::Stemmer(Stemmer&&) noexcept = default;
Stemmer& Stemmer::operator=(Stemmer&&) noexcept = default;

std::string_view Stemmer::stem(std::string_view word) {
  Slot* slot = nullptr;
  if (slots_.empty() && ++words_ > kUncachedWords) slots_.resize(kSlots);
  if (!slots_.empty() && word.size() <= kCachedBytesMax) {
    slot = &slots_[XXH3_64bits(word.data(), word.size()) & (kSlots - 1)];
    if (slot->word_bytes == word.size() &&
        std::memcmp(slot->word.data(), word.data(), word.size()) == 0) {
      return {slot->stem.data(), slot->stem_bytes};
    }
  }
  const auto* stemmed =
      sb_stemmer_stem(snowball_.get(), reinterpret_cast<const sb_symbol*>(word.data()),
                      static_cast<int>(word.size()));
  if (stemmed == nullptr) return word;
  const std::string_view stem{reinterpret_cast<const char*>(stemmed),
                              static_cast<std::size_t>(sb_stemmer_length(snowball_.get()))};
  if (slot == nullptr || stem.size() > kCachedBytesMax || stem.empty()) return stem;

  slot->word_bytes = static_cast<std::uint8_t>(word.size());
  slot->stem_bytes = static_cast<std::uint8_t>(stem.size());
  std::memcpy(slot->word.data(), word.data(), word.size());
  std::memcpy(slot->stem.data(), stem.data(), stem.size());
  return {slot->stem.data(), slot->stem_bytes};
}

}  // namespace souk::engine
