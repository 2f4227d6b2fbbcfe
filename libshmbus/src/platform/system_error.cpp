#include "platform/system_error.hpp"

#include <sys/statvfs.h>

#include <cerrno>
#include <system_error>

#include "platform/segment_file.hpp"

namespace shmbus::platform {

namespace {

/// What is left of /dev/shm, for people.
std::string room_text() {
  struct statvfs s {};
  if (::statvfs(SegmentFile::kFolder, &s) != 0) return "its room unknown";
  return std::to_string(std::uint64_t{s.f_bavail} * s.f_frsize) + " bytes and " + std::to_string(s.f_favail) +
         " files of room";
}

}  // namespace

std::string error_text(int error) { return std::generic_category().message(error); }

Error system_error(int error, const std::string& object, const std::string& expected) {
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return {ErrorCode::permission,
              {object, expected, error_text(error),
               "run as its owner, or have it created with a mode or group that admits this user"}};
    case ENOSPC:
    case ENOMEM:
    case EDQUOT:
      return {ErrorCode::no_memory,
              {object, expected, error_text(error) + ", " + room_text(),
               "free room in /dev/shm, or make it larger (containers: --shm-size)"}};
    case EMFILE:
    case ENFILE:
      return {ErrorCode::limit, {object, expected, error_text(error), "raise the limit of open files (ulimit -n)"}};
    default:
      return {ErrorCode::system, {object, expected, error_text(error), ""}};
  }
}

Error mapping_error(int error, const std::string& object, std::uint64_t bytes) {
  return system_error(error, object, std::to_string(bytes) + " bytes mapped");
}

Error no_room(const std::string& object, std::uint64_t bytes, const std::string& remedy) {
  return {ErrorCode::no_memory, {object, std::to_string(bytes) + " bytes of /dev/shm", room_text(), remedy}};
}

}  // namespace shmbus::platform
