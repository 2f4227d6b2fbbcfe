#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace test {

/// A folder for the journals of the buses that this process and its children create, in memory, so that a sync takes no
/// time. Removed with all that is in it.
class TemporaryJournals {
 public:
  TemporaryJournals() {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no folder for journals: " + path_);
    ::setenv("SHMBUS_JOURNALS", path_.c_str(), 1);
  }
  TemporaryJournals(const TemporaryJournals&) = delete;
  TemporaryJournals& operator=(const TemporaryJournals&) = delete;
  ~TemporaryJournals() {
    ::unsetenv("SHMBUS_JOURNALS");
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/dev/shm/test-journals-XXXXXX";
};

}  // namespace test
