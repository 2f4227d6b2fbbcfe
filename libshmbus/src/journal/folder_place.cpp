#include "journal/folder_place.hpp"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "platform/descriptor.hpp"
#include "shmbus/error.hpp"

namespace shmbus::journal {

platform::FilePlace folder_place(std::string root, std::vector<std::string> parts, FileRights rights, std::string file,
                                 std::string object) {
  platform::FilePlace place;
  place.file = std::move(file);
  place.object = std::move(object);
  place.lasting = true;
  place.open_directory = [root = std::move(root), parts = std::move(parts), rights = std::move(rights)] {
    try {
      const auto folder = DiskStorage::create(root, parts, rights);
      return platform::open_descriptor([&] { return ::fcntl(folder->descriptor(), F_DUPFD_CLOEXEC, 3); });
    } catch (const Error& error) {
      errno = error.code() == ErrorCode::permission ? EACCES : EIO;
      return -1;
    }
  };
  return place;
}

}  // namespace shmbus::journal
