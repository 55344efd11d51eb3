#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace souk::engine {

/// An array of plain values inside a byte string: read by memcpy, so it need not be aligned. The
/// bytes must outlive it.
template <class T>
class ArrayView {
  static_assert(std::is_trivially_copyable_v<T>);

public:
  ArrayView() = default;
  ArrayView(const char* data, std::size_t size) : data_{data}, size_{size} {}

  T operator[](std::size_t index) const {
    T value;
    std::memcpy(&value, data_ + index * sizeof(T), sizeof(T));
    return value;
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const char* bytes() const { return data_; }

private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// The first eight bytes as a number that sorts like them; shorter strings are filled with zeros.
inline std::uint64_t string_head(std::string_view text) {
  std::uint64_t head = 0;
  std::memcpy(&head, text.data(), text.size() < sizeof head ? text.size() : sizeof head);
  return __builtin_bswap64(head);
}

/// Strings laid end to end.
class StringTable {
public:
  StringTable() = default;
  StringTable(ArrayView<std::uint32_t> offsets, const char* bytes)
      : offsets_{offsets}, bytes_{bytes} {}

  std::string_view operator[](std::size_t index) const {
    const std::uint32_t begin = offsets_[index];
    return {bytes_ + begin, offsets_[index + 1] - begin};
  }
  std::size_t size() const { return offsets_.empty() ? 0 : offsets_.size() - 1; }

  /// The first index whose string is not below `key`. Pre: the table is sorted. O(log n).
  std::size_t lower_bound(std::string_view key) const;
  /// The index of `key`, or size(). Pre: the table is sorted.
  std::size_t find(std::string_view key) const;
  /// The end of the run of strings that begin with `prefix`, which starts at lower_bound(prefix).
  std::size_t prefix_end(std::string_view prefix) const;

private:
  ArrayView<std::uint32_t> offsets_;
  const char* bytes_ = nullptr;
};

/// Appends plain values and arrays to a byte string; arrays are padded to a multiple of 8 bytes.
class ByteWriter {
public:
  template <class T>
  void value(const T& item) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&item),
                  sizeof(T));  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
  }
  template <class T>
  void array(const std::vector<T>& items) {
    static_assert(std::is_trivially_copyable_v<T>);
    value(static_cast<std::uint64_t>(items.size()));
    raw({reinterpret_cast<const char*>(items.data()),
         items.size() * sizeof(T)});  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
  }
  void blob(std::string_view bytes) {
    value(static_cast<std::uint64_t>(bytes.size()));
    raw(bytes);
  }
  std::string& bytes() { return bytes_; }

private:
  void raw(std::string_view bytes) {
    bytes_.append(bytes);
    bytes_.append((8 - bytes.size() % 8) % 8, '\0');
  }
  std::string bytes_;
};

/// The strings of a StringTable while it is made.
class StringColumn {
public:
  void add(std::string_view text) {
    bytes_.append(text);
    offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  }
  std::size_t size() const { return offsets_.size() - 1; }
  void write(ByteWriter& out) const {
    out.array(offsets_);
    out.blob(bytes_);
  }

private:
  std::vector<std::uint32_t> offsets_{0};
  std::string bytes_;
};

/// Reads what ByteWriter wrote. A read past the end sets failed() and gives empty views.
class ByteReader {
public:
  explicit ByteReader(std::string_view bytes) : bytes_{bytes} {}

  template <class T>
  T value() {
    T item{};
    if (!has(sizeof(T))) return item;
    std::memcpy(&item, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return item;
  }
  template <class T>
  ArrayView<T> array() {
    const auto count = value<std::uint64_t>();
    if (count > (bytes_.size() - at_) / sizeof(T)) failed_ = true;
    if (failed_) return {};
    const ArrayView<T> view{bytes_.data() + at_, static_cast<std::size_t>(count)};
    skip(count * sizeof(T));
    return view;
  }
  std::string_view blob() {
    const ArrayView<char> view = array<char>();
    return {view.bytes(), view.size()};
  }
  /// Fails unless offsets rise and end inside the bytes.
  StringTable strings();
  bool failed() const { return failed_; }
  void fail() { failed_ = true; }
  bool at_end() const { return at_ == bytes_.size(); }

private:
  bool has(std::size_t count) {
    if (bytes_.size() - at_ < count) failed_ = true;
    return !failed_;
  }
  void skip(std::size_t count) {
    const std::size_t padded = (count + 7) / 8 * 8;
    if (!has(padded)) return;
    at_ += padded;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace souk::engine
