#pragma once

#include <string>
#include <vector>

#include "journal/disk_storage.hpp"
#include "platform/placed_file.hpp"

namespace shmbus::journal {

/// Returns the place of a small file in a folder beside a journal. The folder is made when it is opened first.
platform::FilePlace folder_place(std::string root, std::vector<std::string> parts, FileRights rights, std::string file,
                                 std::string object);

}  // namespace shmbus::journal
