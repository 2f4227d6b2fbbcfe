#include "platform/system_error.hpp"

#include <sys/statvfs.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "platform/process_limits.hpp"
#include "platform/segment_file.hpp"

namespace shmbus::platform {

namespace {

/// The free room of /dev/shm, for error texts.
std::string room_text() {
  struct statvfs s {};
  if (::statvfs(SegmentFile::kFolder, &s) != 0) return "its room unknown";
  const std::string bytes = s.f_blocks == 0 ? "any number of" : std::to_string(std::uint64_t{s.f_bavail} * s.f_frsize);
  const std::string files = s.f_files == 0 ? "any number of" : std::to_string(s.f_favail);
  return bytes + " bytes and " + files + " files of room";
}

}  // namespace

std::string error_text(int error) { return std::generic_category().message(error); }

Error system_error(int error, const std::string& object, const std::string& expected) {
  switch (error) {
    case EACCES:
    case EPERM:
      return {ErrorCode::permission,
              {object, expected, error_text(error),
               "run as its owner, or have it created with a mode or group that admits this user"}};
    case EROFS:
      return {ErrorCode::permission,
              {object, expected, "/dev/shm is mounted read-only",
               "mount it for writing (mount -o remount,rw /dev/shm; containers: a tmpfs at /dev/shm, which --read-only "
               "leaves writable); inspecting works as it is"}};
    case EDQUOT:
      return {ErrorCode::no_memory,
              {object, expected, "this user's quota of /dev/shm is used up",
               "raise it (setquota), or remove buses that nobody needs (shmbus ls --buses)"}};
    case ENOSPC:
    case ENOMEM:
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
  if (auto limit = mapping_limit(error, object, bytes)) return std::move(*limit);
  if (error == ENOMEM) {
    return {ErrorCode::no_memory,
            {object, std::to_string(bytes) + " bytes mapped", error_text(error),
             "free memory: the kernel has none for the page tables"}};
  }
  return system_error(error, object, std::to_string(bytes) + " bytes mapped");
}

Error no_room(const std::string& object, std::uint64_t bytes, const std::string& remedy) {
  return {ErrorCode::no_memory, {object, std::to_string(bytes) + " bytes of /dev/shm", room_text(), remedy}};
}

}  // namespace shmbus::platform
