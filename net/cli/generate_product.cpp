#include "net/cli/generate_product.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>

#include "net/cli/generate_random.hpp"
#include "net/cli/generate_vocabulary.hpp"

namespace souk::net {
namespace {

constexpr std::array<std::string_view, 6> kSizes{"XS", "S", "M", "L", "XL", "XXL"};
constexpr std::array<std::string_view, 12> kShoeSizes{"36", "37", "38", "39", "40", "41",
                                                      "42", "43", "44", "45", "46", "47"};
constexpr std::array<std::string_view, 5> kCapacities{"64GB", "128GB", "256GB", "512GB", "1TB"};
constexpr std::array<std::string_view, 4> kVolumes{"30ml", "50ml", "100ml", "200ml"};

constexpr std::array<std::string_view, 1> kNoSize{""};

constexpr std::size_t kVariantsMost = 8;

void append_number(std::uint64_t number, std::string& out) {
  std::array<char, 20> digits{};
  auto* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_padded(std::uint64_t number, std::size_t width, std::string& out) {
  std::array<char, 20> digits{};
  auto* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const auto size = static_cast<std::size_t>(end - digits.data());
  if (size < width) out.append(width - size, '0');
  out.append(digits.data(), end);
}

void append_tenths(std::uint64_t tenths, std::string& out) {
  append_number(tenths / 10, out);
  if (tenths % 10 != 0) {
    out += '.';
    append_number(tenths % 10, out);
  }
}

/// Words of a list in turn from a drawn start, so that a description does not repeat itself.
class Turns {
public:
  std::string_view next(const Words& words, Random& random) {
    at_ = started_ ? (at_ + 1) % words.size() : random.lower_below(words.size());
    started_ = true;
    return words[at_];
  }

private:
  std::uint64_t at_ = 0;
  bool started_ = false;
};

/// Writes one product. All texts come from the vocabulary, which holds nothing that JSON must
/// escape.
class ProductWriter {
public:
  ProductWriter(const GeneratorVocabulary& vocabulary, std::uint64_t seed, std::uint64_t index,
                std::string& out)
      : vocabulary_{vocabulary},
        random_{seed, index},
        index_{index},
        out_{out},
        category_{vocabulary.categories[vocabulary.category_ranks.rank(random_.next())]},
        brand_{vocabulary.brands[vocabulary.brand_ranks.rank(random_.next())]},
        line_{vocabulary.lines[vocabulary.line_ranks.rank(random_.next())]},
        noun_{random_.pick_early(category_.nouns)},
        adjective_{random_.pick_early(category_.adjectives)},
        material_{random_.pick_early(category_.materials)} {}

  void write() {
    out_ += R"({"id":"p-)";
    append_padded(index_, 6, out_);
    write_title();
    write_description();
    out_ += R"(,"brand":")";
    out_ += brand_;
    out_ += R"(","categories":[")";
    out_ += category_.path;
    out_ += R"("])";
    write_tags();
    write_attributes();
    write_images();
    write_popularity();
    write_variants();
    out_ += "}\n";
  }

private:
  void write_model() {
    const auto letters = index_ / 10'000;
    out_ += static_cast<char>('A' + letters / 26 % 26);
    out_ += static_cast<char>('A' + letters % 26);
    append_padded(index_ * 7919 % 10'000, 4, out_);
    if (letters >= 676) append_number(letters / 676, out_);
  }

  bool technical() const {
    return category_.variants == VariantKind::single ||
           category_.variants == VariantKind::capacity || category_.path.starts_with("Electronics");
  }

  void write_title() {
    out_ += R"(","title":")";
    out_ += brand_;
    out_ += ' ';
    if (!random_.one_in(3)) {
      out_ += line_;
      out_ += ' ';
    }
    if (technical()) {
      write_model();
      out_ += ' ';
    }
    if (!random_.one_in(4)) {
      out_ += adjective_;
      out_ += ' ';
    }
    if (!technical() && random_.one_in(2)) {
      out_ += material_;
      out_ += ' ';
    }
    out_ += noun_;
    if (random_.one_in(6)) {
      out_ += " for ";
      out_ += random_.pick(category_.uses);
    }
    out_ += '"';
  }

  void write_description() {
    out_ += R"(,"description":")";
    const auto target = random_.between(20, 44);
    std::size_t counted = out_.size();
    std::uint64_t words = 0;
    for (;;) {
      write_sentence(next_sentence());
      words += 1 + static_cast<std::uint64_t>(std::count(
                       out_.begin() + static_cast<std::ptrdiff_t>(counted), out_.end(), ' '));
      if (words >= target) break;
      out_ += ' ';
      counted = out_.size();
    }
    if (!technical()) {
      out_ += " Model ";
      write_model();
      out_ += '.';
    }
    out_ += '"';
  }

  // No sentence twice: a drawn one that was used gives way to the next that was not.
  std::string_view next_sentence() {
    auto rank = vocabulary_.sentence_ranks.rank(random_.next());
    while ((used_sentences_ >> rank & 1U) != 0) rank = (rank + 1) % vocabulary_.sentences.size();
    used_sentences_ |= std::uint64_t{1} << rank;
    return vocabulary_.sentences[rank];
  }

  void write_sentence(std::string_view pattern) {
    const auto begin = out_.size();
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != '%') {
        out_ += pattern[i];
        continue;
      }
      switch (pattern[++i]) {
        case 'n':
          append_lower(noun_);
          break;
        case 'a':
          append_lower(adjective_);
          break;
        case 'm':
          append_lower(material_);
          break;
        case 'u':
          out_ += use_.next(category_.uses, random_);
          break;
        case 'q':
          out_ += quality_.next(vocabulary_.qualities, random_);
          break;
        case 'f':
          out_ += benefit_.next(vocabulary_.benefits, random_);
          break;
        case 'b':
          out_ += brand_;
          break;
        default:
          out_ += line_slot();
          break;
      }
    }
    if (out_[begin] >= 'a' && out_[begin] <= 'z')
      out_[begin] = static_cast<char>(out_[begin] - 'a' + 'A');
  }

  // The product's own line first, then others.
  std::string_view line_slot() {
    return random_.one_in(3) ? vocabulary_.lines[vocabulary_.line_ranks.rank(random_.next())]
                             : line_;
  }

  void append_lower(std::string_view text) {
    for (const char c : text) out_ += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }

  void write_tags() {
    out_ += R"(,"tags":[)";
    const auto count = random_.below(4);
    const auto first = random_.below(vocabulary_.tags.size());
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i > 0) out_ += ',';
      append_quoted(vocabulary_.tags[(first + i * 3) % vocabulary_.tags.size()]);
    }
    out_ += ']';
  }

  void append_quoted(std::string_view text) {
    out_ += '"';
    out_ += text;
    out_ += '"';
  }

  void write_attributes() {
    out_ += R"(,"attributes":{"material":[)";
    append_quoted(material_);
    if (const auto second = random_.pick(category_.materials);
        second != material_ && random_.one_in(3)) {
      out_ += ',';
      append_quoted(second);
    }
    out_ += ']';
    for (const auto& attribute : category_.attributes) {
      // Real shops leave gaps.
      if (random_.one_in(5)) continue;
      out_ += ',';
      append_quoted(attribute.name);
      out_ += ':';
      write_attribute(attribute);
    }
    out_ += '}';
  }

  void write_attribute(const AttributeSpec& attribute) {
    switch (attribute.kind) {
      case AttributeSpec::Kind::text:
        append_quoted(random_.pick_early(attribute.values));
        return;
      case AttributeSpec::Kind::text_list: {
        const auto first = random_.below(attribute.values.size());
        out_ += '[';
        append_quoted(attribute.values[first]);
        if (random_.one_in(2)) {
          out_ += ',';
          append_quoted(attribute.values[(first + 1) % attribute.values.size()]);
        }
        out_ += ']';
        return;
      }
      case AttributeSpec::Kind::whole:
        append_number(random_.between(attribute.low, attribute.high), out_);
        return;
      case AttributeSpec::Kind::tenths:
        append_tenths(random_.between(attribute.low, attribute.high), out_);
        return;
      case AttributeSpec::Kind::boolean:
        out_ += random_.one_in(3) ? "true" : "false";
        return;
    }
  }

  void write_images() {
    out_ += R"(,"images":[)";
    const auto count = random_.between(1, 4);
    for (std::uint64_t i = 1; i <= count; ++i) {
      if (i > 1) out_ += ',';
      out_ += R"("https://images.example.com/p-)";
      append_padded(index_, 6, out_);
      out_ += '-';
      append_number(i, out_);
      out_ += R"(.jpg")";
    }
    out_ += ']';
  }

  // A few products are seen by everybody, most by few; the better seen have more ratings.
  void write_popularity() {
    const auto popularity = 200'000 / (1 + random_.below(20'000));
    const auto ratings = random_.one_in(8) ? 0 : popularity / 3 + random_.below(40);
    if (ratings > 0) {
      out_ += R"(,"rating":)";
      append_tenths(50 - random_.lower_below(30), out_);
      out_ += R"(,"rating_count":)";
      append_number(ratings, out_);
    }
    out_ += R"(,"popularity":)";
    append_number(popularity, out_);
  }

  std::uint64_t base_price() {
    // Cheap things are more common. Prices end in 99 or 50 as they do in shops.
    const auto span = category_.price_high - category_.price_low + 1;
    const auto price = category_.price_low + random_.lower_below(span);
    return price / 100 * 100 + (random_.one_in(5) ? 50 : 99);
  }

  void write_variants() {
    const auto price = base_price();
    out_ += R"(,"variants":[)";
    switch (category_.variants) {
      case VariantKind::single:
        write_variant({}, {}, {}, price);
        break;
      case VariantKind::colors:
        write_matrix({}, kNoSize, random_.between(1, 3), price, 0);
        break;
      case VariantKind::clothing: {
        const auto sizes = some(kSizes, 2, 5);
        write_matrix("size", sizes, random_.one_in(4) ? 2 : 1, price, 0);
        break;
      }
      case VariantKind::shoes: {
        const auto sizes = some(kShoeSizes, 2, 6);
        write_matrix("size", sizes, 1, price, 0);
        break;
      }
      case VariantKind::capacity: {
        const auto sizes = some(kCapacities, 1, 3);
        write_matrix("capacity", sizes, 1, price, price / 8);
        break;
      }
      case VariantKind::volume:
        write_matrix("volume", some(kVolumes, 1, 3), 0, price, price / 2);
        break;
    }
    out_ += ']';
  }

  // Every size in every colour, while there is room. `step` is added to the price from size to
  // size.
  void write_matrix(std::string_view name, std::span<const std::string_view> sizes,
                    std::uint64_t colors, std::uint64_t price, std::uint64_t step) {
    const auto first_color = random_.below(vocabulary_.colors.size());
    std::size_t written = 0;
    for (std::uint64_t c = 0; c < std::max<std::uint64_t>(colors, 1); ++c) {
      const auto color =
          colors == 0 ? std::string_view{}
                      : vocabulary_.colors[(first_color + c * 5) % vocabulary_.colors.size()];
      for (std::size_t i = 0; i < sizes.size() && written < kVariantsMost; ++i, ++written) {
        if (written > 0) out_ += ',';
        write_variant(color, name, sizes[i], price + i * step / 100 * 100);
      }
    }
  }

  // Some neighbours out of all sizes.
  std::span<const std::string_view> some(std::span<const std::string_view> all, std::uint64_t least,
                                         std::uint64_t most) {
    const auto count = random_.between(least, most);
    const auto first = random_.below(all.size() - count + 1);
    return all.subspan(first, count);
  }

  void write_variant(std::string_view color, std::string_view name, std::string_view value,
                     std::uint64_t price) {
    out_ += R"({"sku":"P)";
    append_padded(index_, 6, out_);
    if (!color.empty()) {
      out_ += '-';
      for (const char c : color)
        out_ += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    if (!value.empty()) {
      out_ += '-';
      out_ += value;
    }
    out_ += '"';
    if (!color.empty() || !value.empty()) {
      out_ += R"(,"options":{)";
      if (!color.empty()) {
        out_ += R"("color":)";
        append_quoted(color);
      }
      if (!value.empty()) {
        if (!color.empty()) out_ += ',';
        append_quoted(name);
        out_ += ':';
        append_quoted(value);
      }
      out_ += '}';
    }
    out_ += R"(,"price":{"amount":)";
    append_number(price, out_);
    out_ += R"(,"currency":"EUR"},"stock":)";
    append_number(random_.one_in(9) ? 0 : random_.lower_below(250) + 1, out_);
    if (random_.one_in(20)) out_ += R"(,"max_per_order":5)";
    out_ += '}';
  }

  const GeneratorVocabulary& vocabulary_;
  Random random_;
  std::uint64_t index_;
  std::string& out_;
  const CategorySpec& category_;
  std::string_view brand_;
  std::string_view line_;
  std::string_view noun_;
  std::string_view adjective_;
  std::string_view material_;
  Turns use_;
  Turns quality_;
  Turns benefit_;
  std::uint64_t used_sentences_ = 0;
};

}  // namespace

void append_generated_product(const GeneratorVocabulary& vocabulary, std::uint64_t seed,
                              std::uint64_t index, std::string& out) {
  ProductWriter{vocabulary, seed, index, out}.write();
}

}  // namespace souk::net
