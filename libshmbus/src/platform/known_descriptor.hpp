#pragma once

#include <sys/stat.h>

#include <cstdint>

namespace shmbus::platform {

/// A descriptor of ours, recognised by its inode. The program may close it: its number may then mean another file, which
/// must not be touched. All pidfds and eventfds may share one inode: those are told from files, pipes, sockets and
/// terminals. Any thread, but no two at a time that change it.
class KnownDescriptor {
 public:
  KnownDescriptor() noexcept = default;
  /// Takes a descriptor over; a negative one is none.
  explicit KnownDescriptor(int descriptor) noexcept;
  KnownDescriptor(KnownDescriptor&& other) noexcept;
  KnownDescriptor& operator=(KnownDescriptor&& other) noexcept;
  ~KnownDescriptor() { close(); }

  int get() const noexcept { return descriptor_; }
  std::uint64_t inode() const noexcept { return inode_; }
  std::uint64_t device() const noexcept { return device_; }
  bool is_same(const KnownDescriptor& other) const noexcept {
    return inode_ == other.inode_ && device_ == other.device_;
  }

  /// Whether it still means what it meant. One system call. Async-signal-safe.
  bool is_open() const noexcept;
  /// Likewise, and returns what the system says of it. Sets errno where it returns false.
  bool is_open(struct stat& state) const noexcept;
  /// Closes it, unless it means another file by now. Async-signal-safe.
  void close() noexcept;

 private:
  int descriptor_ = -1;
  std::uint64_t inode_ = 0;
  std::uint64_t device_ = 0;
};

}  // namespace shmbus::platform
