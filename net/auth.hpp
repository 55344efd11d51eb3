#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/request_scope.hpp"

namespace souk::net {

/// The keys a node knows, and what each may do.
class Keys {
public:
  Keys() = default;
  Keys(std::string server_key, std::string public_key);

  /// The credential of `Authorization: Bearer KEY`; nothing for an unknown key. Compares in
  /// constant time.
  std::optional<Credential> authenticate(std::string_view authorization) const;
  /// The credential of a bare key; nothing for an unknown one. Compares in constant time.
  std::optional<Credential> find(std::string_view key) const;
  /// What only nodes with the same server key know, to seal what they give to clients.
  std::string_view secret() const { return keys_.empty() ? std::string_view{} : keys_.front().text; }

private:
  struct Key {
    std::string text;
    Credential credential;
  };
  std::vector<Key> keys_;
};

}  // namespace souk::net
