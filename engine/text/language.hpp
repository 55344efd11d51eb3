#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace souk::engine {

/// A language whose words have Snowball stems. The numbers are on the wire: new ones come last.
enum class Language : std::uint8_t {
  english,
  basque,
  catalan,
  danish,
  dutch,
  finnish,
  french,
  german,
  hungarian,
  indonesian,
  irish,
  italian,
  lithuanian,
  norwegian,
  portuguese,
  romanian,
  russian,
  spanish,
  swedish,
  turkish,
};
inline constexpr Language kLastLanguage = Language::turkish;

/// "en", "de", …: ISO 639-1.
std::string_view code_of(Language language);
/// Nothing for a code that there is no stemmer for.
std::optional<Language> language_of(std::string_view code);
/// As Snowball calls it.
const char* snowball_name(Language language);
/// All codes, parted by ", ".
std::string_view language_codes();

}  // namespace souk::engine
