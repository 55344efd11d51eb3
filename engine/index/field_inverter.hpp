#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/index/byte_view.hpp"
#include "engine/index/position_codec.hpp"
#include "engine/index/posting_codec.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

/// Gives each distinct string a number, in the order of first sight.
class StringNumbers {
public:
  std::uint32_t number(std::string_view text);
  std::string_view operator[](std::uint32_t number) const {
    return std::string_view{bytes_}.substr(begins_[number], begins_[number + 1] - begins_[number]);
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(begins_.size() - 1); }
  /// The numbers in the order of their strings.
  std::vector<std::uint32_t> sorted() const;

private:
  void grow();

  std::string bytes_;
  std::vector<std::size_t> begins_{0};
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint32_t> slots_;  // number + 1, 0: free
};

/// Writes a dictionary of a segment; terms come in rising order.
class DictionaryWriter {
public:
  /// `lengths` are the field's length codes by document; `gaps` as for encode_positions().
  void add(std::string_view term, std::span<const Posting> postings,
           std::span<const std::uint8_t> lengths);
  void add(std::string_view term, std::span<const Posting> postings,
           std::span<const std::uint8_t> lengths, std::span<const std::uint32_t> gaps);
  void write(ByteWriter& out) const;
  /// Behind write() where every term came with its gaps.
  void write_positions(ByteWriter& out) const;

private:
  StringColumn terms_;
  std::vector<std::uint32_t> doc_freqs_;
  std::vector<std::uint64_t> offsets_{0};
  std::string postings_;
  std::vector<std::uint64_t> position_groups_;
  std::string positions_;
};

/// Turns the texts of one field, document by document, into a text field of a segment.
class FieldInverter {
public:
  /// Pre: documents come as 0, 1, 2, …
  void begin_doc(DocId doc);
  void add(Analyzer& analyzer, std::string_view text, Analysis analysis);
  void end_doc();
  /// Length codes, stems, forms.
  void write(ByteWriter& out) const;

private:
  struct Entry {
    std::uint32_t term = 0;
    Posting posting;
    std::uint32_t position = 0;  // the last one
  };
  struct Gap {
    std::uint32_t term = 0;
    std::uint32_t gap = 0;
  };
  struct Inverted {
    StringNumbers terms;
    std::vector<std::uint32_t> last;  // by term: its newest entry + 1
    std::vector<Entry> entries;
    std::vector<Gap> gaps;  // as the words came; none where positions are not wanted

    void add(std::string_view term, DocId doc, std::uint32_t position, bool keep);
    DictionaryWriter sort(std::span<const std::uint8_t> lengths) const;
  };
  DocId doc_ = 0;
  std::uint32_t words_ = 0;
  std::uint32_t next_position_ = 0;
  std::vector<std::uint8_t> lengths_;
  Inverted stems_;
  Inverted forms_;
};

}  // namespace souk::engine
