// Writes the built page as C++: node embed.mjs DIST OUT. The definition of page_files().
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

const [dist, out] = process.argv.slice(2);
const walk = (folder) =>
  readdirSync(folder).sort().flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });

let bytes = 0;
const arrays = [];
const entries = walk(dist).map((path, i) => {
  const type = types[extname(path)];
  if (!type) throw new Error(`embed.mjs knows no content type for ${path}`);
  const packed = gzipSync(readFileSync(path), { level: 9 });
  packed[9] = 255; // the system that packed it is nobody's business: same bytes everywhere
  bytes += packed.length;
  const rows = [];
  for (let at = 0; at < packed.length; at += 32) rows.push([...packed.subarray(at, at + 32)].join(','));
  arrays.push(`constexpr unsigned char kFile${i}[] = {\n${rows.join(',\n')}};\n`);
  return `    {"${relative(dist, path)}", "${type}", bytes(kFile${i})},\n`;
});

// What every shopper loads before the first product shows.
const limit = 200 * 1024;
if (bytes > limit) throw new Error(`the page has ${bytes} bytes packed, more than ${limit}`);

writeFileSync(out, `// Made by net/web/embed.mjs.
#include "net/web/page_files.hpp"

namespace souk::net {
namespace {

${arrays.join('')}
template <std::size_t N>
std::string_view bytes(const unsigned char (&data)[N]) {
  return {reinterpret_cast<const char*>(data), N};
}

}  // namespace

std::span<const PageFile> page_files() {
  static const PageFile files[] = {
${entries.join('')}  };
  return files;
}

}  // namespace souk::net
`);
console.log(`storefront: ${entries.length} files, ${bytes} bytes packed`);
