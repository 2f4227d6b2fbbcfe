#include "platform/segment_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <limits>
#include <memory>
#include <utility>

#include "platform/descriptor.hpp"
#include "platform/process_limits.hpp"
#include "platform/system_error.hpp"

namespace shmbus::platform {

namespace {

FileState to_state(const struct stat& s) noexcept {
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

}  // namespace

gid_t group_id(const std::string& group, const std::string& object) {
  gid_t id = 0;
  const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), id);
  if (error == std::errc{} && end == group.data() + group.size()) return id;
  if (const struct group* entry = ::getgrnam(group.c_str())) return entry->gr_gid;
  throw Error(ErrorCode::invalid_option,
              {object, "a group of this system", "'" + group + "'", "name an existing group, or its number"});
}

SegmentFile::SegmentFile(int descriptor, Access access, std::string object) noexcept
    : descriptor_(descriptor), access_(access), object_(std::move(object)) {}

SegmentFile SegmentFile::unnamed(const std::string& object, unsigned mode, const std::string& group) {
  const int fd = open_descriptor([] { return ::open(kFolder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); });
  if (fd < 0) throw system_error(errno, object, std::string("an unnamed file in ") + kFolder);
  SegmentFile file(fd, Access::read_write, object);
  if (!group.empty() && ::fchown(fd, static_cast<uid_t>(-1), group_id(group, object)) != 0) {
    throw system_error(errno, object, "group '" + group + "' as its owner group");
  }
  if (::fchmod(fd, mode) != 0) throw system_error(errno, object, "its mode set");  // exact: the umask does not apply
  return file;
}

std::optional<SegmentFile> SegmentFile::open(const std::string& name, Access access, const std::string& object) {
  const int flags = (access == Access::read_write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const std::string path = path_of(name);
  const int fd = open_descriptor([&] { return ::open(path.c_str(), flags); });
  if (fd < 0) {
    if (errno == ENOENT) return std::nullopt;
    if (errno == ELOOP || errno == EISDIR || errno == ENXIO) {
      const char* found = errno == ELOOP ? "a symbolic link" : errno == EISDIR ? "a folder" : "a socket or device";
      throw Error(ErrorCode::untrusted, {object, "a regular file at " + path_of(name), found,
                                         "find out who put it into /dev/shm, and remove it"});
    }
    throw system_error(
        errno, object,
        std::string(access == Access::read_write ? "read and write" : "read") + " access to " + path_of(name));
  }
  return SegmentFile(fd, access, object);
}

FileState SegmentFile::state() const {
  struct stat s {};
  if (!descriptor_.is_open(s)) throw system_error(errno, object_, "its file's state");
  return to_state(s);
}

std::string SegmentFile::path_of(const std::string& name) { return std::string(kFolder) + "/" + name; }

std::optional<FileState> SegmentFile::state_at(const char* path) noexcept {
  struct stat s {};
  if (::lstat(path, &s) != 0) return std::nullopt;
  return to_state(s);
}

std::optional<FileState> SegmentFile::state_of(const std::string& name) { return state_at(path_of(name).c_str()); }

bool SegmentFile::has_size(std::uint64_t bytes) const noexcept {
  struct stat s {};
  if (!descriptor_.is_open(s)) return true;
  return static_cast<std::uint64_t>(s.st_size) == bytes;
}

std::size_t SegmentFile::read(std::uint64_t offset, void* to, std::size_t bytes) const noexcept {
  if (!is_open()) return 0;
  for (;;) {
    const ::ssize_t count = ::pread(descriptor_.get(), to, bytes, static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return 0;
  }
}

bool SegmentFile::is_named(const std::string& name) const {
  const auto named = state_of(name);
  return named && named->inode == inode() && named->device == device();
}

void SegmentFile::resize(std::uint64_t bytes) {
  check_file_size(object_, bytes);
  if (::ftruncate(descriptor_.get(), static_cast<off_t>(bytes)) != 0) {
    throw system_error(errno, object_, std::to_string(bytes) + " bytes of address space");
  }
}

bool SegmentFile::set_mode(unsigned mode) noexcept { return is_open() && ::fchmod(descriptor_.get(), mode) == 0; }

bool SegmentFile::back(std::uint64_t offset, std::uint64_t bytes) noexcept {
  struct stat s {};  // the program may have closed our descriptor: its number may mean another file now
  if (!descriptor_.is_open(s)) return false;
  if (static_cast<std::uint64_t>(s.st_size) < offset + bytes) return false;  // cut short: `fallocate` would extend it
  constexpr std::uint64_t kPiece = std::uint64_t{4} << 20;  // an interrupting signal costs one piece, not all
  // The kernel backs one piece completely or not at all. Of several, the first ones would stay backed without use.
  if (bytes > kPiece && room() < bytes) return false;
  while (bytes > 0) {
    const std::uint64_t piece = std::min(bytes, kPiece);
    if (::fallocate(descriptor_.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(piece)) != 0) {
      if (errno == EINTR) continue;
      return false;
    }
    offset += piece;
    bytes -= piece;
  }
  return true;
}

bool SegmentFile::link(const std::string& name) {
  const std::string path = path_of(name);
  const std::string self = "/proc/self/fd/" + std::to_string(descriptor_.get());
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  if (errno == EEXIST) return false;
  // Without /proc: possible for one's own files since Linux 6.10, before that with CAP_DAC_READ_SEARCH.
  if (::linkat(descriptor_.get(), "", AT_FDCWD, path.c_str(), AT_EMPTY_PATH) == 0) return true;
  if (errno == EEXIST) return false;
  throw system_error(errno, object_, "the name " + path + " (needs /proc)");
}

bool SegmentFile::rename(const std::string& from, const std::string& to, const std::string& object) {
  if (::rename(path_of(from).c_str(), path_of(to).c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  throw system_error(errno, object, "the right to rename " + path_of(from));
}

bool SegmentFile::may_unlink(const FileState& file) {
  struct stat folder {};
  if (::stat(kFolder, &folder) != 0) return false;
  const uid_t self = ::geteuid();
  return (folder.st_mode & S_ISVTX) == 0 || self == 0 || self == file.owner || self == folder.st_uid;
}

bool SegmentFile::unlink(const std::string& name, const std::string& object) {
  if (::unlink(path_of(name).c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  throw system_error(errno, object, "the right to unlink " + path_of(name));
}

std::vector<std::string> SegmentFile::list(const std::string& prefix) {
  std::vector<std::string> names;
  const int fd = open_descriptor([] { return ::open(kFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (fd < 0) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(fd), ::closedir);
  if (!folder) {
    ::close(fd);
    return names;
  }
  while (const dirent* entry = ::readdir(folder.get())) {
    std::string name = entry->d_name;
    if (name.starts_with(prefix)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::uint64_t> SegmentFile::capacity() noexcept {
  struct statvfs s {};
  if (::statvfs(kFolder, &s) != 0 || s.f_blocks == 0) return std::nullopt;
  return std::uint64_t{s.f_blocks} * s.f_frsize;
}

std::uint64_t SegmentFile::room() noexcept {
  struct statvfs s {};
  if (::statvfs(kFolder, &s) != 0 || s.f_blocks == 0) return std::numeric_limits<std::uint64_t>::max();
  return std::uint64_t{s.f_bavail} * s.f_frsize;
}

boost::interprocess::mapping_handle_t SegmentFile::get_mapping_handle() const {
  return boost::interprocess::ipcdetail::mapping_handle_from_file_handle(descriptor_.get());
}

boost::interprocess::mode_t SegmentFile::get_mode() const {
  return access_ == Access::read_write ? boost::interprocess::read_write : boost::interprocess::read_only;
}

}  // namespace shmbus::platform
