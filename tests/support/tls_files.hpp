#pragma once

#include <string>

#include "support/temporary_folder.hpp"

namespace test {

/// A certificate authority, and a certificate for 127.0.0.1 that it signed, for servers and clients. They are made by
/// openssl in the folder.
struct TlsFiles {
  std::string ca;           ///< the authority's certificate
  std::string certificate;  ///< for 127.0.0.1 and localhost
  std::string key;
};

/// Whether the program openssl is there; if not, the test is skipped.
bool have_openssl();

/// `name` tells authorities in one folder apart. Throws std::runtime_error with the program's output.
TlsFiles make_tls_files(const TemporaryFolder& folder, const std::string& name);

}  // namespace test
