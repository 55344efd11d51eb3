#include "engine/index/word_trie.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "engine/text/analyzer.hpp"
#include "engine/text/character.hpp"

namespace souk::engine {
namespace {

constexpr std::size_t kDepthMax = kTermBytesMax;

/// The characters of a word that typos are looked for in; empty: in none of it.
using Letters = std::array<char16_t, kDepthMax>;
std::size_t letters_of(std::string_view text, Letters& letters) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    if (count == kDepthMax) return 0;
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      letters[count] = byte;
      ++at;
      continue;
    }
    const Character character = read_character(text.substr(at));
    const bool plain = character.codepoint >= 0 && character.codepoint <= 0xFFFF;
    if (!plain || character.kind == CharacterKind::unsegmented) return 0;
    letters[count] = static_cast<char16_t>(character.codepoint);
    at += character.bytes;
  }
  return count;
}

void append_utf8(char16_t letter, std::string& out) {
  const auto code = static_cast<std::uint32_t>(letter);
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0U | code >> 6U);
  } else {
    put(0xE0U | code >> 12U);
    put(0x80U | (code >> 6U & 0x3FU));
  }
  put(0x80U | (code & 0x3FU));
}

/// Which characters the word sought has where: bit i + 1 for its character i.
class Pattern {
public:
  Pattern(const Letters& letters, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (letters[i] < ascii_.size()) {
        ascii_[letters[i]] |= std::uint64_t{2} << i;
      } else {
        others_.emplace_back(letters[i], std::uint64_t{2} << i);
      }
    }
  }
  std::uint64_t bits(char16_t letter) const {
    if (letter < ascii_.size()) return ascii_[letter];
    std::uint64_t bits = 0;
    for (const auto& [other, bit] : others_) bits |= other == letter ? bit : 0;
    return bits;
  }

private:
  std::array<std::uint64_t, 128> ascii_{};
  std::vector<std::pair<char16_t, std::uint64_t>> others_;
};

/// After some characters: bit i of within[k] says that the first i characters sought are within k
/// typos of them.
struct State {
  std::array<std::uint64_t, WordTrie::kTyposMax + 1> within{};
  std::uint64_t bits = 0;  // of the last character
};

State first_state(std::uint32_t typos) {
  State state;
  for (std::uint32_t k = 0; k <= typos; ++k) state.within[k] = (std::uint64_t{2} << k) - 1;
  return state;
}

/// One character more. `before`: the state one character before `last`; `all`: the bits there are.
void step(const State* before, const State& last, std::uint64_t bits, std::uint32_t typos,
          std::uint64_t all, State& next) {
  next.bits = bits;
  next.within[0] = last.within[0] << 1U & bits;  // bits are never beyond the end
  for (std::uint32_t k = 1; k <= typos; ++k) {
    std::uint64_t reached = last.within[k] << 1U & bits;       // the same character
    reached |= last.within[k - 1] | last.within[k - 1] << 1U;  // one more, another one
    reached |= next.within[k - 1] << 1U;                       // one left out
    if (before != nullptr)
      reached |= before->within[k - 1] << 2U & bits << 1U & last.bits;  // swapped
    next.within[k] = reached & all;
  }
}

}  // namespace

WordTrie::WordTrie(std::span<const TextField> fields) {
  struct Entry {
    std::uint64_t head = 0;
    std::string_view text;
    std::uint32_t place = 0;
  };
  std::vector<Entry> entries;
  std::size_t count = 0;
  for (const TextField& field : fields) count += field.stems.size() + field.forms.size();
  entries.reserve(count);
  for (std::uint32_t field = 0; field < fields.size(); ++field) {
    for (const bool form : {false, true}) {
      const StringTable& terms = form ? fields[field].forms.terms : fields[field].stems.terms;
      for (std::uint32_t term = 0; term < terms.size(); ++term) {
        const std::string_view text = terms[term];
        entries.push_back({string_head(text), text, term << 4U | field << 1U | (form ? 1U : 0U)});
      }
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    if (a.head != b.head) return a.head < b.head;
    const int order = a.text.compare(b.text);
    return order != 0 ? order < 0 : a.place < b.place;
  });

  std::array<std::uint32_t, kDepthMax + 1> open{};  // nodes on the way, by depth
  std::size_t depth = 0;
  const auto close = [&](std::size_t to) {
    for (; depth > to; --depth)
      nodes_[open[depth]].after = static_cast<std::uint32_t>(nodes_.size());
  };
  Letters last{};
  Letters letters{};
  std::string_view text;
  for (const Entry& entry : entries) {
    if (!starts_.empty() && entry.text == text) {
      places_.push_back(entry.place);
      continue;
    }
    const std::size_t length = letters_of(entry.text, letters);
    if (length == 0) continue;
    std::size_t same = 0;
    while (same < depth && same < length && letters[same] == last[same]) ++same;
    close(same);
    for (; depth < length; ++depth) {
      open[depth + 1] = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back({0, static_cast<std::uint32_t>(starts_.size()), letters[depth],
                        static_cast<std::uint8_t>(depth + 1)});
    }
    text = entry.text;
    last = letters;
    starts_.push_back(static_cast<std::uint32_t>(places_.size()));
    places_.push_back(entry.place);
  }
  close(0);
  starts_.push_back(static_cast<std::uint32_t>(places_.size()));
  nodes_.push_back({0, static_cast<std::uint32_t>(starts_.size() - 1), 0, 0});
  nodes_.shrink_to_fit();
  starts_.shrink_to_fit();
  places_.shrink_to_fit();
}

std::size_t WordTrie::find_similar(std::string_view sought, std::uint32_t typos, bool prefix,
                                   const std::function<void(const SimilarWord&)>& visit,
                                   std::size_t nodes_max) const {
  assert(typos <= kTyposMax);
  Letters letters;
  const std::size_t length = letters_of(sought, letters);
  if (length == 0 || length > kSoughtMax) return 0;
  const Pattern pattern{letters, length};
  const std::uint64_t whole = std::uint64_t{1} << length;
  const std::uint32_t none = typos + 1;

  // By depth: the state, and the fewest typos of a beginning that long or shorter.
  std::array<State, kDepthMax + 1> states;
  std::array<std::uint32_t, kDepthMax + 1> begun;
  states[0] = first_state(typos);
  begun[0] = prefix && length <= typos ? static_cast<std::uint32_t>(length) : none;
  std::array<char16_t, kDepthMax> path;
  std::string text;
  std::size_t count = 0;
  for (std::size_t at = 0; at + 1 < nodes_.size() && count < nodes_max; ++count) {
    const Node& node = nodes_[at];
    const std::size_t depth = node.depth;
    path[depth - 1] = node.label;
    State& state = states[depth];
    step(depth > 1 ? &states[depth - 2] : nullptr, states[depth - 1], pattern.bits(node.label),
         typos, 2 * whole - 1, state);
    std::uint32_t cost = 0;
    while (cost < none && (state.within[cost] & whole) == 0) ++cost;
    if (prefix) cost = std::min(cost, begun[depth - 1]);
    begun[depth] = cost;
    if (cost == none && state.within[typos] == 0) {
      at = node.after;
      continue;
    }
    if (cost < none && nodes_[at + 1].word != node.word) {
      text.clear();
      for (std::size_t i = 0; i < depth; ++i) append_utf8(path[i], text);
      visit({text, node.word, cost});
    }
    ++at;
  }
  return count;
}

std::size_t WordTrie::bytes() const {
  return nodes_.size() * sizeof(Node) + (starts_.size() + places_.size()) * sizeof(std::uint32_t);
}

}  // namespace souk::engine
