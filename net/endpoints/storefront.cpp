#include "net/endpoints/storefront.hpp"

#include <sodium.h>

#include <atomic>
#include <cassert>
#include <map>
#include <string>

#include "net/endpoints/request_parts.hpp"
#include "net/http/compression.hpp"
#include "net/http_error.hpp"
#include "net/router.hpp"
#include "net/web/page_files.hpp"

namespace souk::net {

struct Storefront::Files {
  struct File {
    std::string_view content_type;
    std::string plain;
    std::string gzip;
    std::string etag;
  };
  std::map<std::string, File, std::less<>> by_path;
};

struct Storefront::Content {
  Files files;
  std::atomic<bool> open{false};
};

namespace {

using File = Storefront::Files::File;

constexpr std::string_view kIndex = "index.html";
constexpr std::string_view kKeyPlace = "%SOUK_PUBLIC_KEY%";
constexpr std::string_view kHtml = "text/html; charset=utf-8";

// Files carry a hash of their content in their names: whoever has one has it for good.
constexpr const char* kForGood = "public, max-age=31536000, immutable";
// The page itself is asked for each time, and mostly answered with 304.
constexpr const char* kAskAgain = "no-cache";

// Scripts and styles are the program's own files, answers come from this origin alone. Only the
// pictures of products may lie elsewhere.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: https:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

std::string escape_attribute(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&')
      escaped += "&amp;";
    else if (c == '"')
      escaped += "&quot;";
    else if (c == '<')
      escaped += "&lt;";
    else
      escaped += c;
  }
  return escaped;
}

std::string etag_of(std::string_view content) {
  unsigned char hash[crypto_generichash_BYTES_MIN];
  crypto_generichash(hash, sizeof hash, reinterpret_cast<const unsigned char*>(content.data()),
                     content.size(), nullptr, 0);
  char text[2 * sizeof hash + 1];
  sodium_bin2hex(text, sizeof text, hash, sizeof hash);
  return '"' + std::string{text} + '"';
}

void secure(Response& response) {
  response.with("Content-Security-Policy", kContentSecurityPolicy)
      .with("X-Content-Type-Options", "nosniff")
      .with("Referrer-Policy", "no-referrer")
      .with("Cross-Origin-Opener-Policy", "same-origin")
      .with("X-Frame-Options", "DENY")
      .with("Permissions-Policy", "camera=(), geolocation=(), microphone=()");
}

Response serve(const RequestScope& scope, const File& file, const char* cache_control) {
  Response response;
  if (none_match_names(scope.request.header("If-None-Match"), file.etag)) {
    response = not_modified(file.etag);
  } else {
    // Packed once and well is better than packed each time: whoever takes gzip gets that.
    const auto accepted =
        choose_encoding(std::string{scope.request.header("Accept-Encoding")} + ",zstd;q=0");
    response.gzipped = accepted == Encoding::gzip && !file.gzip.empty();
    response.body = response.gzipped ? file.gzip : file.plain;
    response.content_type = file.content_type;
    response.with("ETag", file.etag);
  }
  response.with("Cache-Control", cache_control);
  secure(response);
  return response;
}

Response no_page(const RequestScope& scope) {
  Response response =
      problem(scope, engine::Error{engine::Errc::not_implemented,
                                   "this program was built without its storefront page, for want "
                                   "of node and npm",
                                   {},
                                   {}});
  if (scope.request.header("Accept").find("text/html") == std::string_view::npos) return response;
  response.content_type = kHtml;
  response.body =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Souk</title>"
      "<h1>No storefront page here</h1><p>This program was built without it, for want of node "
      "and npm. <a href=\"/openapi.json\">The API</a> is served.</p></html>\n";
  secure(response);
  return response;
}

Response starting(const RequestScope& scope) {
  return problem(scope, engine::Error{engine::Errc::unavailable, "starting", {}, {}});
}

Task<Response> get_page(RequestScope& scope, const Storefront& storefront) {
  const auto* files = storefront.files();
  if (files == nullptr) co_return starting(scope);
  const auto found = files->by_path.find(kIndex);
  if (found == files->by_path.end()) co_return no_page(scope);
  co_return serve(scope, found->second, kAskAgain);
}

Task<Response> get_asset(RequestScope& scope, const Storefront& storefront) {
  const auto* files = storefront.files();
  if (files == nullptr) co_return starting(scope);
  const auto found = files->by_path.find("assets/" + std::string{scope.request.path_param("file")});
  if (found == files->by_path.end()) {
    co_return problem(
        scope,
        engine::Error{engine::Errc::unknown_route, "the storefront page has no such file", {}, {}});
  }
  co_return serve(scope, found->second, kForGood);
}

}  // namespace

Storefront::Storefront() : content_{std::make_unique<Content>()} {
}
Storefront::~Storefront() = default;

void Storefront::open(std::string_view public_key) {
  assert(!content_->open);
  for (const PageFile& packed : page_files()) {
    File file;
    file.content_type = packed.content_type;
    file.gzip = packed.gzip;
    GzipReader reader;
    [[maybe_unused]] const auto unpacked = reader.decode(packed.gzip, file.plain);
    assert(unpacked && reader.complete());
    if (packed.path == kIndex) {
      const auto place = file.plain.find(kKeyPlace);
      assert(place != std::string::npos);
      file.plain.replace(place, kKeyPlace.size(), escape_attribute(public_key));
      if (!compress(Encoding::gzip, file.plain, file.gzip)) file.gzip.clear();
    }
    file.etag = etag_of(file.plain);
    content_->files.by_path.emplace(packed.path, std::move(file));
  }
  content_->open.store(true, std::memory_order_release);
}

const Storefront::Files* Storefront::files() const {
  return content_->open.load(std::memory_order_acquire) ? &content_->files : nullptr;
}

std::string_view Storefront::page() const {
  const auto* all = files();
  if (all == nullptr) return {};
  const auto found = all->by_path.find(kIndex);
  return found == all->by_path.end() ? std::string_view{} : std::string_view{found->second.plain};
}

void add_storefront(Router& router, const Storefront& storefront) {
  router.add({.method = Method::get,
              .path = "/",
              .handler = [&storefront](RequestScope& scope) { return get_page(scope, storefront); },
              .operation_id = "getStorefront",
              .summary = "The storefront: a page to search and to buy with",
              .tag = "storefront",
              .params = {{"If-None-Match", "header", "ETag of a copy; 304 if it is still good"}},
              .answers = {{200, "The page", R"({"type":"string"})", "text/html"},
                          {304, "The copy is still good", ""}}});
  router.add(
      {.method = Method::get,
       .path = "/assets/{file}",
       .handler = [&storefront](RequestScope& scope) { return get_asset(scope, storefront); },
       .operation_id = "getStorefrontFile",
       .summary = "A file of the storefront page; its name changes with its content",
       .tag = "storefront",
       .params = {{"If-None-Match", "header", "ETag of a copy; 304 if it is still good"}},
       .answers = {{200, "The file", R"({"type":"string"})", "text/javascript"},
                   {304, "The copy is still good", ""}}});
}

}  // namespace souk::net
