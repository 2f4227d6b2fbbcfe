#include "support/tls_files.hpp"

#include <stdexcept>

#include "support/child_process.hpp"
#include "support/privileges.hpp"

namespace test {

bool have_openssl() {
  if (run({"/bin/sh", "-c", "command -v openssl"}).end == End{}) return true;
  skip("openssl");
  return false;
}

TlsFiles make_tls_files(const TemporaryFolder& folder, const std::string& name) {
  const std::string stem = folder.file(name);
  const std::string new_key = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ";
  const std::string script =
      "set -e\n"
      "openssl req -x509 -days 2 -subj '/CN=authority " +
      name + "'" + new_key + "-keyout '" + stem + "-ca.key' -out '" + stem +
      "-ca.pem'\n"
      "openssl req -subj '/CN=127.0.0.1'" +
      new_key + "-keyout '" + stem + ".key' -out '" + stem +
      ".csr'\n"
      "echo 'subjectAltName=IP:127.0.0.1,DNS:localhost' >'" +
      stem +
      ".ext'\n"
      "openssl x509 -req -days 2 -in '" +
      stem + ".csr' -CA '" + stem + "-ca.pem' -CAkey '" + stem + "-ca.key' -set_serial 1 -extfile '" + stem +
      ".ext' -out '" + stem + ".pem'\n";
  const Finished openssl = run({"/bin/sh", "-c", script});
  if (openssl.end != End{}) throw std::runtime_error("openssl failed:\n" + openssl.out + openssl.err);
  return {.ca = stem + "-ca.pem", .certificate = stem + ".pem", .key = stem + ".key"};
}

}  // namespace test
