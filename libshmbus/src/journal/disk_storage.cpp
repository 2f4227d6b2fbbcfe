#include "journal/disk_storage.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "journal/failure.hpp"
#include "platform/descriptor.hpp"
#include "platform/segment_file.hpp"

namespace shmbus::journal {

namespace {

constexpr gid_t kNoGroup = static_cast<gid_t>(-1);

/// A file whose data lies in more pieces is read as a whole, instead of looking for the end of its data.
constexpr int kMaxPieces = 1000;

/// Opens a name beneath a folder, and follows no link. Kernels and sandboxes without openat2 get the same from openat,
/// since a name is one component.
int open_beneath(int folder, const std::string& name, int flags, unsigned mode) noexcept {
  return platform::open_descriptor([&] {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW);
    how.mode = (flags & O_CREAT) != 0 ? mode : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    const long fd = ::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how);
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
    return ::openat(folder, name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode);
  });
}

bool is_plain(const std::string& name) noexcept {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

unsigned file_mode(unsigned mode) noexcept { return (mode & 0444) | 0600; }
unsigned folder_mode(unsigned mode) noexcept { return file_mode(mode) | ((mode & 0444) >> 2) | 0100; }

class DiskFile final : public StoredFile {
 public:
  explicit DiskFile(int descriptor) noexcept : descriptor_(descriptor) {}

  int read(std::uint64_t offset, std::span<std::byte> to, std::size_t& count) noexcept override {
    count = 0;
    if (!descriptor_.is_open()) return EBADF;
    while (!to.empty()) {
      const ::ssize_t n = ::pread(descriptor_.get(), to.data(), to.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno;
      if (n == 0) return 0;
      count += static_cast<std::size_t>(n);
      offset += static_cast<std::uint64_t>(n);
      to = to.subspan(static_cast<std::size_t>(n));
    }
    return 0;
  }

  int write(std::uint64_t offset, std::span<const std::byte> from) noexcept override {
    if (!descriptor_.is_open()) return EBADF;
    while (!from.empty()) {
      const ::ssize_t n = ::pwrite(descriptor_.get(), from.data(), from.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno;
      if (n == 0) return EIO;
      offset += static_cast<std::uint64_t>(n);
      from = from.subspan(static_cast<std::size_t>(n));
    }
    return 0;
  }

  int sync() noexcept override {
    if (!descriptor_.is_open()) return EBADF;
    return ::fdatasync(descriptor_.get()) == 0 ? 0 : errno;  // not again after EINTR or an error: it may then lie
  }

  int allocate(std::uint64_t bytes) noexcept override {
    if (!descriptor_.is_open()) return EBADF;
    while (::fallocate(descriptor_.get(), 0, 0, static_cast<off_t>(bytes)) != 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  int truncate(std::uint64_t bytes) noexcept override {
    if (!descriptor_.is_open()) return EBADF;
    while (::ftruncate(descriptor_.get(), static_cast<off_t>(bytes)) != 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  int size(std::uint64_t& bytes) noexcept override {
    struct stat s {};
    if (!descriptor_.is_open(s)) return EBADF;
    bytes = static_cast<std::uint64_t>(s.st_size);
    return 0;
  }

  int data_end(std::uint64_t offset, std::uint64_t& end) noexcept override {
    struct stat s {};
    if (!descriptor_.is_open(s)) return EBADF;
    const auto size = static_cast<std::uint64_t>(s.st_size);
    end = offset;
    // Room that was read lies in the page cache, and then is data for some file systems: this comes before any read.
    for (int piece = 0; piece < kMaxPieces; ++piece) {
      const off_t data = ::lseek(descriptor_.get(), static_cast<off_t>(end), SEEK_DATA);
      if (data < 0 && errno == ENXIO) return 0;
      const off_t hole = data < 0 ? data : ::lseek(descriptor_.get(), data, SEEK_HOLE);
      if (hole < 0 && errno != EINVAL && errno != ENXIO) return errno;
      if (hole <= data) break;
      end = static_cast<std::uint64_t>(hole);
    }
    end = std::max(offset, size);
    return 0;
  }

 private:
  platform::KnownDescriptor descriptor_;
};

/// Creates a folder and all that are missing above it.
void create_path(const std::string& path, const FileRights& rights) {
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) {
      throw storage_error(errno, "the folder " + part, "to be created");
    }
  }
  if (::mkdir(path.c_str(), folder_mode(rights.mode)) != 0 && errno != EEXIST) {
    throw storage_error(errno, "the folder " + path, "to be created");
  }
}

}  // namespace

DiskStorage::DiskStorage(int descriptor, std::string path, FileRights rights, gid_t group)
    : descriptor_(descriptor), path_(std::move(path)), rights_(std::move(rights)), group_(group) {}

bool DiskStorage::accepts(uid_t owner) const noexcept {
  return owner == 0 || owner == ::geteuid() ||
         std::find(rights_.owners.begin(), rights_.owners.end(), owner) != rights_.owners.end();
}

std::unique_ptr<DiskStorage> DiskStorage::open(const std::string& root, const std::vector<std::string>& parts,
                                               const FileRights& rights) {
  return open_folder(root, parts, rights, false);
}

std::unique_ptr<DiskStorage> DiskStorage::create(const std::string& root, const std::vector<std::string>& parts,
                                                 const FileRights& rights) {
  create_path(root, rights);
  return open_folder(root, parts, rights, true);
}

std::unique_ptr<DiskStorage> DiskStorage::open_folder(const std::string& root, const std::vector<std::string>& parts,
                                                      const FileRights& rights, bool create) {
  const std::string object = "the journal's folder ";
  const gid_t group = rights.group.empty() ? kNoGroup : platform::group_id(rights.group, object + root);
  std::string path = root;
  const auto opened = [&](int fd) { return std::unique_ptr<DiskStorage>(new DiskStorage(fd, path, rights, group)); };
  const int top = platform::open_descriptor([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (top < 0) {
    if (errno == ENOENT) return nullptr;
    throw storage_error(errno, object + path, "a folder that may be read");
  }
  std::unique_ptr<DiskStorage> folder = opened(top);
  for (const std::string& part : parts) {
    path += "/" + part;
    if (!is_plain(part)) {
      throw Error(ErrorCode::invalid_name, {object + path, "a plain name", "'" + part + "'", "use another name"});
    }
    bool made = false;
    if (create) {
      if (::mkdirat(folder->descriptor_.get(), part.c_str(), 0700) == 0) {
        made = true;
      } else if (errno != EEXIST) {
        throw storage_error(errno, object + path, "to be created");
      }
    }
    const int fd = open_beneath(folder->descriptor_.get(), part, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
      if (errno == ENOENT) return nullptr;
      if (errno == ELOOP || errno == ENOTDIR) {  // the kernel gives either one for a symbolic link
        struct stat s {};
        const bool link =
            ::fstatat(folder->descriptor_.get(), part.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode);
        throw Error(ErrorCode::untrusted, {object + path, "a folder", link ? "a symbolic link" : "something else",
                                           "find out who put it there, and remove it"});
      }
      throw storage_error(errno, object + path, "a folder that may be read");
    }
    std::unique_ptr<DiskStorage> next = opened(fd);
    struct stat s {};
    if (::fstat(fd, &s) != 0) throw storage_error(errno, object + path, "its state");
    if (!next->accepts(s.st_uid)) {
      throw Error(ErrorCode::untrusted, {object + path, "an owner that is accepted", "user " + std::to_string(s.st_uid),
                                         "find out who made it, and remove it; or name the user as an accepted owner"});
    }
    if (made) {
      if (group != kNoGroup && ::fchown(fd, static_cast<uid_t>(-1), group) != 0) {
        throw storage_error(errno, object + path, "group '" + rights.group + "' as its owner group");
      }
      if (::fchmod(fd, folder_mode(rights.mode)) != 0) throw storage_error(errno, object + path, "its mode set");
    }
    // Also where it existed: the process that made it may have died before it synced.
    if (create && ::fsync(folder->descriptor_.get()) != 0 && errno != EINVAL && errno != EROFS) {
      throw storage_error(errno, object + path, "its name on stable storage");
    }
    folder = std::move(next);
  }
  return folder;
}

int DiskStorage::create(const std::string& name, std::unique_ptr<StoredFile>& file) {
  if (!is_plain(name)) return EINVAL;
  if (!descriptor_.is_open()) return EBADF;
  const int fd = open_beneath(descriptor_.get(), name, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return errno;
  file = std::make_unique<DiskFile>(fd);
  // One who records and is not in the group can't give the file to it: events on disk that fewer can read are better than none.
  if (group_ != kNoGroup && ::fchown(fd, static_cast<uid_t>(-1), group_) != 0 && errno != EPERM) return errno;
  return ::fchmod(fd, file_mode(rights_.mode)) == 0 ? 0 : errno;  // exact: the umask does not apply
}

int DiskStorage::open(const std::string& name, Use use, std::unique_ptr<StoredFile>& file) {
  if (!is_plain(name)) return EINVAL;
  if (!descriptor_.is_open()) return EBADF;
  const int fd = open_beneath(descriptor_.get(), name, (use == Use::write ? O_RDWR : O_RDONLY) | O_NONBLOCK, 0);
  if (fd < 0) return errno == ELOOP ? EPERM : errno;
  struct stat s {};
  const int error = ::fstat(fd, &s) != 0 ? errno : !S_ISREG(s.st_mode) || !accepts(s.st_uid) ? EPERM : 0;
  if (error != 0) {
    ::close(fd);
    return error;
  }
  file = std::make_unique<DiskFile>(fd);
  return 0;
}

int DiskStorage::rename(const std::string& from, const std::string& to) {
  if (!is_plain(from) || !is_plain(to)) return EINVAL;
  if (!descriptor_.is_open()) return EBADF;
  return ::renameat(descriptor_.get(), from.c_str(), descriptor_.get(), to.c_str()) == 0 ? 0 : errno;
}

int DiskStorage::unlink(const std::string& name) {
  if (!is_plain(name)) return EINVAL;
  if (!descriptor_.is_open()) return EBADF;
  return ::unlinkat(descriptor_.get(), name.c_str(), 0) == 0 ? 0 : errno;
}

int DiskStorage::list(std::vector<std::string>& names) {
  names.clear();
  if (!descriptor_.is_open()) return EBADF;
  const int fd =
      open_beneath(descriptor_.get(), ".", O_RDONLY | O_DIRECTORY, 0);  // an open file description of its own
  if (fd < 0) return errno;
  DIR* const folder = ::fdopendir(fd);
  if (folder == nullptr) {
    const int error = errno;
    ::close(fd);
    return error;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> closed_at_the_end(folder, ::closedir);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder);
    if (entry == nullptr) return errno;
    if (is_plain(entry->d_name)) names.emplace_back(entry->d_name);
  }
}

int DiskStorage::sync() {
  if (!descriptor_.is_open()) return EBADF;
  return ::fsync(descriptor_.get()) == 0 ? 0 : errno;
}

int DiskStorage::free_space(std::uint64_t& bytes) {
  if (!descriptor_.is_open()) return EBADF;
  struct statvfs s {};
  if (::fstatvfs(descriptor_.get(), &s) != 0) return errno;
  // A tmpfs without a limit says 0 of 0.
  bytes = s.f_blocks == 0 ? std::numeric_limits<std::uint64_t>::max() : std::uint64_t{s.f_bavail} * s.f_frsize;
  return 0;
}

}  // namespace shmbus::journal
