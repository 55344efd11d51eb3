#include "engine/text/language.hpp"

#include <array>
#include <cassert>
#include <string>

namespace souk::engine {
namespace {

struct Name {
  std::string_view code;
  const char* snowball;
};

constexpr std::array<Name, static_cast<std::size_t>(kLastLanguage) + 1> kNames{
    {{"en", "english"},    {"eu", "basque"},     {"ca", "catalan"},    {"da", "danish"},
     {"nl", "dutch"},      {"fi", "finnish"},    {"fr", "french"},     {"de", "german"},
     {"hu", "hungarian"},  {"id", "indonesian"}, {"ga", "irish"},      {"it", "italian"},
     {"lt", "lithuanian"}, {"no", "norwegian"},  {"pt", "portuguese"}, {"ro", "romanian"},
     {"ru", "russian"},    {"es", "spanish"},    {"sv", "swedish"},    {"tr", "turkish"}}};

const Name& name_of(Language language) {
  return kNames[static_cast<std::size_t>(language)];
}

}  // namespace

std::string_view code_of(Language language) {
  return name_of(language).code;
}

std::optional<Language> language_of(std::string_view code) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i].code == code) return static_cast<Language>(i);
  }
  return std::nullopt;
}

const char* snowball_name(Language language) {
  return name_of(language).snowball;
}

std::string_view language_codes() {
  static const std::string codes = [] {
    std::string all;
    for (const Name& name : kNames) (all += all.empty() ? "" : ", ") += name.code;
    return all;
  }();
  return codes;
}

}  // namespace souk::engine
