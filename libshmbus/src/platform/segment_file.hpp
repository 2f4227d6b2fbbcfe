#pragma once

#include <sys/types.h>

#include <boost/interprocess/detail/os_file_functions.hpp>
#include <boost/interprocess/interprocess_fwd.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "platform/known_descriptor.hpp"

namespace shmbus::platform {

enum class Access { read_only, read_write };

/// The state of a file, as the system reports it.
struct FileState {
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
  std::uint64_t memory = 0;  ///< bytes behind it
  uid_t owner = 0;
  gid_t group = 0;
  unsigned mode = 0;  ///< permission bits
  bool regular = false;
  std::uint64_t links = 0;  ///< names that lead to the file
};

/// Returns the id of a group, given by name or number. *Throws* Error, `invalid_option`, where there is no such group.
gid_t group_id(const std::string& group, const std::string& object);

/// A file of POSIX shared memory. It models Boost.Interprocess's MemoryMappable. Closes its descriptor when destroyed.
class SegmentFile {
 public:
  /// Where POSIX shared memory lives on Linux.
  static constexpr const char* kFolder = "/dev/shm";

  /// Creates a file without a name, which vanishes unless `link` gives it one. It has exactly the given mode and group.
  /// *Throws* Error.
  static SegmentFile unnamed(const std::string& object, unsigned mode, const std::string& group);
  /// Opens a file. Returns nothing where there is no such file. *Throws* Error.
  static std::optional<SegmentFile> open(const std::string& name, Access access, const std::string& object);

  int descriptor() const noexcept { return descriptor_.get(); }
  std::uint64_t inode() const noexcept { return descriptor_.inode(); }
  std::uint64_t device() const noexcept { return descriptor_.device(); }
  /// Returns false where the program closed our descriptor; its number may mean another file by now.
  bool is_open() const noexcept { return descriptor_.is_open(); }
  /// Closes the descriptor now, unless it means another file by now. Async-signal-safe.
  void close() noexcept { descriptor_.close(); }
  Access access() const noexcept { return access_; }
  const std::string& object() const noexcept { return object_; }
  /// Whether both are the same file, by the inodes seen when they were opened.
  bool is_same(const SegmentFile& other) const noexcept { return descriptor_.is_same(other.descriptor_); }
  FileState state() const;
  /// Returns false where another process cut the file short or made it longer. Returns true where the program closed
  /// our descriptor.
  bool has_size(std::uint64_t bytes) const noexcept;
  /// Copies bytes of the file without mapping it, so that a process that cuts it short does no harm. Returns how many.
  std::size_t read(std::uint64_t offset, void* to, std::size_t bytes) const noexcept;
  /// Whether `name` still leads to this file.
  bool is_named(const std::string& name) const;

  /// Sets the size. That takes address space, not memory. *Throws* Error.
  void resize(std::uint64_t bytes);
  /// Sets the permission bits; only the file's owner may do that. Returns false where it is refused.
  bool set_mode(unsigned mode) noexcept;
  /// Backs a range with memory, in pieces. Returns false where there is no memory, or the file ends before the range
  /// does.
  bool back(std::uint64_t offset, std::uint64_t bytes) noexcept;
  /// Gives the file its name. Returns false where the name is taken. *Throws* Error.
  bool link(const std::string& name);

  boost::interprocess::mapping_handle_t get_mapping_handle() const;
  boost::interprocess::mode_t get_mode() const;

  /// Gives a file another name, which must be free. Returns false where there is no such file. *Throws* Error.
  static bool rename(const std::string& from, const std::string& to, const std::string& object);
  /// Whether this user may unlink a file. In a sticky folder the file's owner, the folder's owner and root may.
  static bool may_unlink(const FileState& file);
  /// Unlinks a file. Returns false where there is no such file. *Throws* Error.
  static bool unlink(const std::string& name, const std::string& object);
  /// Lists the names that begin with `prefix`, sorted.
  static std::vector<std::string> list(const std::string& prefix);
  /// Returns the state of the file that a name leads to; nothing where the name does not exist.
  static std::optional<FileState> state_of(const std::string& name);
  /// As `state_of`, for a path. Allocates nothing.
  static std::optional<FileState> state_at(const char* path) noexcept;
  static std::string path_of(const std::string& name);
  /// Returns the free bytes of the folder. Returns the largest number where the folder has no limit (a tmpfs of size 0)
  /// or can't be reached (after chroot).
  static std::uint64_t room() noexcept;
  /// Returns the folder's capacity in bytes; nothing where it has no limit.
  static std::optional<std::uint64_t> capacity() noexcept;

 private:
  SegmentFile(int descriptor, Access access, std::string object) noexcept;

  KnownDescriptor descriptor_;
  Access access_;
  std::string object_;
};

}  // namespace shmbus::platform
