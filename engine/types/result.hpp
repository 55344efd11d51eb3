#pragma once

#include <cassert>
#include <utility>
#include <variant>

#include "engine/types/error.hpp"

namespace souk::engine {

/// A T or the Error that kept it from being made. Members are named as in std::expected (C++23).
template <class T>
class [[nodiscard]] Result {
public:
  Result(T value) : content_{std::in_place_index<0>, std::move(value)} {}           // NOLINT(google-explicit-constructor)
  Result(Error error) : content_{std::in_place_index<1>, std::move(error)} {}       // NOLINT(google-explicit-constructor)

  bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { assert(has_value()); return *std::get_if<0>(&content_); }
  const T& value() const& { assert(has_value()); return *std::get_if<0>(&content_); }
  T&& value() && { assert(has_value()); return std::move(*std::get_if<0>(&content_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { assert(!has_value()); return *std::get_if<1>(&content_); }
  const Error& error() const& { assert(!has_value()); return *std::get_if<1>(&content_); }
  Error&& error() && { assert(!has_value()); return std::move(*std::get_if<1>(&content_)); }

private:
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(Error error) : failed_{true}, error_{std::move(error)} {}                  // NOLINT(google-explicit-constructor)

  bool has_value() const { return !failed_; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const { assert(failed_); return error_; }

private:
  bool failed_ = false;
  Error error_;
};

}  // namespace souk::engine
