#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <utility>

namespace souk::engine {

/// A value that knows its key: `key_of(value)`, found by argument-dependent lookup.
template <class Key, class Value>
concept NamesItself = requires(const Value& value) {
  { key_of(value) } -> std::same_as<const Key&>;
};

/// A key with its value; the key takes no room of its own where the value names itself.
template <class Key, class Value>
class Keyed {
public:
  const Key& key() const { return key_; }
  const Value& value() const { return value_; }
  void set_key(const Key& key) { key_ = key; }
  Value& value() { return value_; }

private:
  Key key_{};
  Value value_{};
};

template <class Key, class Value>
requires NamesItself<Key, Value>
class Keyed<Key, Value> {
public:
  const Key& key() const { return key_of(value_); }
  const Value& value() const { return value_; }
  void set_key(const Key&) {}
  Value& value() { return value_; }

private:
  Value value_{};
};

template <class Key>
std::uint64_t hash_of(const Key& key) {
  return std::hash<Key>{}(key);
}

}  // namespace souk::engine
