#include "platform/placed_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "platform/descriptor.hpp"
#include "platform/system_error.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::platform {

namespace {

/// A directory that is open for one step.
class OpenDirectory {
 public:
  explicit OpenDirectory(const FilePlace& place) : descriptor_(place.open_directory()) {
    if (descriptor_ < 0) throw system_error(errno, place.object, "its directory");
  }
  OpenDirectory(const OpenDirectory&) = delete;
  OpenDirectory& operator=(const OpenDirectory&) = delete;
  ~OpenDirectory() { ::close(descriptor_); }
  int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

int open_in(const OpenDirectory& directory, const FilePlace& place, Access access) noexcept {
  const int flags = (access == Access::read_write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  return open_descriptor([&] { return ::openat(directory.get(), place.file.c_str(), flags); });
}

void write_all(int descriptor, const FilePlace& place, std::uint64_t offset, const void* from, std::size_t bytes) {
  const auto* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const ::ssize_t written = ::pwrite(descriptor, at, bytes, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw system_error(written == 0 ? EIO : errno, place.object, "to be written");
    at += written;
    offset += static_cast<std::uint64_t>(written);
    bytes -= static_cast<std::size_t>(written);
  }
}

}  // namespace

FilePlace shared_memory_place(std::string file, std::string object) {
  return {
      [] { return open_descriptor([] { return ::open(SegmentFile::kFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC); }); },
      std::move(file), std::move(object), false};
}

PlacedFile::PlacedFile(FilePlace place, int descriptor) noexcept : place_(std::move(place)), descriptor_(descriptor) {}

std::optional<PlacedFile> PlacedFile::open(const FilePlace& place, Access access) {
  const OpenDirectory directory(place);
  const int descriptor = open_in(directory, place, access);
  if (descriptor >= 0) return PlacedFile(place, descriptor);
  if (errno == ENOENT) return std::nullopt;
  if (errno == ELOOP || errno == EISDIR || errno == ENXIO) {
    throw Error(ErrorCode::untrusted,
                {place.object, "a regular file", "something else", "find out who put it there, and remove it"});
  }
  throw system_error(errno, place.object, access == Access::read_write ? "read and write access" : "read access");
}

std::optional<PlacedFile> PlacedFile::create(const FilePlace& place, const void* content, std::size_t bytes,
                                             unsigned mode, std::optional<gid_t> group) {
  const OpenDirectory directory(place);
  const int descriptor =
      open_descriptor([&] { return ::openat(directory.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); });
  if (descriptor < 0) throw system_error(errno, place.object, "an unnamed file in its directory");
  PlacedFile file(place, descriptor);
  // Where the group may not be given away, its members can't use the file; its owner and root can.
  if (group && ::fchown(descriptor, static_cast<uid_t>(-1), *group) != 0 && errno != EPERM)
    throw system_error(errno, place.object, "its group set");
  if (::fchmod(descriptor, mode) != 0) throw system_error(errno, place.object, "its mode set");
  write_all(descriptor, place, 0, content, bytes);
  if (place.lasting && ::fsync(descriptor) != 0) throw system_error(errno, place.object, "to be synced");
  SHMBUS_CRASH_POINT("placed_file.filled");
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  if (::linkat(AT_FDCWD, path.c_str(), directory.get(), place.file.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    if (errno == EEXIST) return std::nullopt;
    throw system_error(errno, place.object, "its name (needs /proc)");
  }
  SHMBUS_CRASH_POINT("placed_file.linked");
  if (place.lasting && ::fsync(directory.get()) != 0) throw system_error(errno, place.object, "its name synced");
  return file;
}

bool PlacedFile::unlink(const FilePlace& place) {
  const OpenDirectory directory(place);
  if (::unlinkat(directory.get(), place.file.c_str(), 0) != 0) {
    if (errno == ENOENT) return false;
    throw system_error(errno, place.object, "the right to unlink it");
  }
  if (place.lasting && ::fsync(directory.get()) != 0) throw system_error(errno, place.object, "its end synced");
  return true;
}

FileState PlacedFile::state() const {
  struct stat s {};
  if (!descriptor_.is_open(s)) throw system_error(errno, place_.object, "its file's state");
  return {static_cast<std::uint64_t>(s.st_size),
          s.st_ino,
          s.st_dev,
          static_cast<std::uint64_t>(s.st_blocks) * 512,
          s.st_uid,
          s.st_gid,
          s.st_mode & 07777u,
          S_ISREG(s.st_mode),
          static_cast<std::uint64_t>(s.st_nlink)};
}

std::size_t PlacedFile::read(std::uint64_t offset, void* to, std::size_t bytes) const {
  if (!descriptor_.is_open()) throw system_error(EBADF, place_.object, "to be read");
  for (;;) {
    const ::ssize_t count = ::pread(descriptor_.get(), to, bytes, static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw system_error(errno, place_.object, "to be read");
  }
}

void PlacedFile::write(std::uint64_t offset, const void* from, std::size_t bytes) {
  if (!descriptor_.is_open()) {
    auto again = open(place_, Access::read_write);
    if (!again || !again->descriptor_.is_same(descriptor_)) {
      throw Error(ErrorCode::system,
                  {place_.object, "to be written", "a closed descriptor, and another file of its name",
                   "leave the descriptors open that the program does not know"});
    }
    *this = std::move(*again);
  }
  write_all(descriptor_.get(), place_, offset, from, bytes);
}

void PlacedFile::sync() {
  if (!descriptor_.is_open() || ::fdatasync(descriptor_.get()) != 0)
    throw system_error(errno, place_.object, "to be synced");
}

}  // namespace shmbus::platform
