#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/child_process.hpp"

namespace souk::test {

inline void run_openssl(const std::filesystem::path& folder, std::vector<std::string> words) {
  words.insert(words.begin(), "openssl");
  REQUIRE(run_command(std::move(words), folder / "openssl.log"));
}

/// NAME.pem and NAME.key of a new authority.
inline void make_authority(const std::filesystem::path& folder, const std::string& name) {
  run_openssl(folder, {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                       "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout",
                       folder / (name + ".key"), "-out", folder / (name + ".pem")});
}

/// NAME.pem and NAME.key for 127.0.0.1, by that authority.
inline void make_certificate(const std::filesystem::path& folder, const std::string& name,
                             const std::string& authority) {
  std::ofstream{folder / "san"} << "subjectAltName=IP:127.0.0.1\n";
  run_openssl(folder, {"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                       "-subj", "/CN=" + name, "-keyout", folder / (name + ".key"), "-out",
                       folder / (name + ".csr")});
  run_openssl(folder, {"x509", "-req", "-in", folder / (name + ".csr"), "-CA",
                       folder / (authority + ".pem"), "-CAkey", folder / (authority + ".key"),
                       "-CAcreateserial", "-days", "2", "-extfile", folder / "san", "-out",
                       folder / (name + ".pem")});
}

}  // namespace souk::test
