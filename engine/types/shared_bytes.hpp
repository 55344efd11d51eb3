#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace souk::engine {

/// Bytes that stay as long as anybody holds them: a string's, or those of a file that is mapped
/// into memory.
class SharedBytes {
public:
  SharedBytes() = default;
  explicit SharedBytes(std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    bytes_ = *owner;
    owner_ = std::move(owner);
  }
  SharedBytes(std::shared_ptr<const void> owner, std::string_view bytes)
      : owner_{std::move(owner)}, bytes_{bytes} {}

  std::string_view view() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }

private:
  std::shared_ptr<const void> owner_;
  std::string_view bytes_;
};

}  // namespace souk::engine
