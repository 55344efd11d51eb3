#include "net/endpoints/storefront.hpp"

#include <doctest/doctest.h>

#include <string>

#include "net/http/compression.hpp"
#include "net/web/page_files.hpp"
#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

bool has_page() {
  return !net::page_files().empty();
}

std::string unpack(std::string_view gzip) {
  net::GzipReader reader;
  std::string plain;
  REQUIRE(reader.decode(gzip, plain));
  REQUIRE(reader.complete());
  return plain;
}

}  // namespace

TEST_CASE("storefront: the page has the storefront key and is asked for again each time") {
  Shop shop;
  const auto page = shop.ask("GET", "/");

  if (!has_page()) {
    CHECK(page.status == 501);
    const auto seen = shop.ask("GET", "/", "", {{"Accept", "text/html"}});
    CHECK(seen.status == 501);
    CHECK(seen.header("Content-Type") == "text/html; charset=utf-8");
    return;
  }
  CHECK(page.status == 200);
  CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(page.header("Cache-Control") == "no-cache");
  CHECK(page.body.find("content=\"pk_dev\"") != std::string::npos);
  CHECK(page.body.find("sk_dev") == std::string::npos);
  const std::string etag{page.header("ETag")};
  const auto again = shop.ask("GET", "/", "", {{"If-None-Match", etag}});
  CHECK(again.status == 304);
  CHECK(again.body.empty());
  CHECK(again.header("ETag") == etag);
  CHECK(again.header("Cache-Control") == "no-cache");
  for (const auto* reply : {&page, &again}) {
    const std::string policy{reply->header("Content-Security-Policy")};
    CHECK(policy.find("default-src 'none'; script-src 'self';") == 0);
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(reply->header("X-Content-Type-Options") == "nosniff");
    CHECK(reply->header("Referrer-Policy") == "no-referrer");
  }
}

TEST_CASE("storefront: a file is packed as the client takes it, and kept for good") {
  if (!has_page()) return;
  Shop shop;
  std::size_t packed_bytes = 0;
  for (const net::PageFile& file : net::page_files()) {
    packed_bytes += file.gzip.size();
    if (file.path == "index.html") continue;
    const std::string path = "/" + std::string{file.path};
    CAPTURE(path);
    const std::string content = unpack(file.gzip);

    const auto plain = shop.ask("GET", path, "", {{"Accept-Encoding", "identity"}});
    const auto both = shop.ask("GET", path, "", {{"Accept-Encoding", "gzip, zstd"}});
    const auto refused = shop.ask("GET", path, "", {{"Accept-Encoding", "gzip;q=0"}});

    CHECK(plain.status == 200);
    CHECK(plain.body == content);
    CHECK(refused.body == content);
    CHECK(both.header("Content-Encoding") == "gzip");
    CHECK(both.body == file.gzip);
    CHECK(both.header("Vary") == "Accept-Encoding");
    CHECK(both.header("ETag") == plain.header("ETag"));
    for (const auto* reply : {&plain, &both, &refused})
      CHECK(reply->header("Cache-Control") == "public, max-age=31536000, immutable");
  }
  CHECK(packed_bytes < 200U * 1024);
}

TEST_CASE("storefront: nothing but its own files is served") {
  Shop shop;
  for (const char* path : {"/assets/none.js", "/assets/index.html", "/assets/..%2Findex.html",
                           "/assets/../index.html", "/assets", "/index.html"}) {
    CAPTURE(path);
    CHECK(shop.ask("GET", path).status == 404);
  }
  CHECK(shop.ask("POST", "/", "{}").status == 405);
}

TEST_CASE("storefront: a key is written into the page as text") {
  if (!has_page()) return;
  net::Storefront storefront;
  CHECK(storefront.files() == nullptr);
  net::Router router;
  net::add_storefront(router, storefront);
  storefront.open("pk_\"><script>&");

  CHECK(storefront.files() != nullptr);
  CHECK(storefront.page().find("content=\"pk_&quot;>&lt;script>&amp;\"") != std::string_view::npos);
}

}  // namespace souk::test
