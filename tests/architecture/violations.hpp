#pragma once

#include <string>
#include <vector>

namespace souk::test {

/// A source file of the tree: its path below the root, with slashes, and its text.
struct SourceFile {
  std::string path;
  std::string text;
};

/// One sentence per include that leaves the arrows or the library table of the design:
///
///   net ──▶ actors ──▶ storage ──▶ engine        each library in one folder, some in one file
///
/// Standard and system headers are free, except in engine/: no clock, no chance, no threads, no
/// I/O.
std::vector<std::string> violations(const std::vector<SourceFile>& files);

}  // namespace souk::test
