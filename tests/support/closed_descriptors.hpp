#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace test {

/// A program that closes all descriptors it does not know, as daemon() and many launchers do. It knows the descriptors that
/// are open when this object is made.
class KnownDescriptors {
 public:
  KnownDescriptors() : known_(open_ones()) {}

  /// Closes all others, and returns how many.
  unsigned close_others() const {
    unsigned closed = 0;
    for (int fd : open_ones()) closed += known_.count(fd) == 0 && ::close(fd) == 0 ? 1u : 0u;
    return closed;
  }

  /// Closes all others, opens a file of the program under each of their numbers, and returns the numbers.
  std::vector<int> replace_others(const std::string& path) const {
    std::vector<int> numbers;
    for (int fd : open_ones()) {
      if (known_.count(fd) != 0) continue;
      const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
      ::dup2(file, fd);
      ::close(file);
      numbers.push_back(fd);
    }
    return numbers;
  }

 private:
  static std::set<int> open_ones() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"})
      names.push_back(entry.path().filename());
    std::set<int> descriptors;
    for (const std::string& name : names) {  // without the descriptor of the folder itself
      if (::fcntl(std::stoi(name), F_GETFD) >= 0) descriptors.insert(std::stoi(name));
    }
    return descriptors;
  }

  std::set<int> known_;
};

}  // namespace test
