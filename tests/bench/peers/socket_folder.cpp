#include "socket_folder.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace peers {

SocketFolder::SocketFolder() : path_(std::filesystem::temp_directory_path() / "shmbus-compare.XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "cannot make a folder " + path_);
  }
  address_ = "ipc://" + path_ + "/socket";
}

SocketFolder::~SocketFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace peers
