#pragma once

#include <memory>
#include <string_view>

namespace souk::net {

class Router;

/// The storefront page, which is part of the program. Must outlive the router.
class Storefront {
public:
  Storefront();
  ~Storefront();
  Storefront(const Storefront&) = delete;
  Storefront& operator=(const Storefront&) = delete;

  /// From now on the page is served. It is given `public_key` to search and to buy with, so
  /// everybody may see that. At most once; other threads may be answering requests.
  void open(std::string_view public_key);

  struct Files;
  /// Null until it is open.
  const Files* files() const;
  /// The page as it is served; empty while it is not open, or if the program has none.
  std::string_view page() const;

private:
  struct Content;
  std::unique_ptr<Content> content_;
};

/// GET / and GET /assets/{file}.
void add_storefront(Router& router, const Storefront& storefront);

}  // namespace souk::net
