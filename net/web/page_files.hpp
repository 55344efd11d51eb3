#pragma once

#include <span>
#include <string_view>

namespace souk::net {

/// A file of the storefront page, as the build of net/web left it: part of the program.
struct PageFile {
  std::string_view path;          // "index.html", "assets/index-BkQ3xv1a.js"
  std::string_view content_type;  // static text
  std::string_view gzip;          // the file, packed
};

/// All files of the page; none if the program was built without node and npm. The definition is
/// made by net/web/embed.mjs.
std::span<const PageFile> page_files();

}  // namespace souk::net
