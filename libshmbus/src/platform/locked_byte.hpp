#pragma once

#include <cstdint>
#include <optional>

#include "platform/file_lock.hpp"
#include "platform/segment_file.hpp"

namespace shmbus::platform {

/// The lock on one byte of a file, held by a mapping. The kernel drops such a lock with the last reference to the open
/// file description, and a mapping is such a reference. The descriptor is closed at once, so the program can't close it
/// and lose the lock. The mapping has no other use: it is one page that can't be accessed. A forked child does not
/// inherit it (MADV_DONTFORK). It ends with the address space: when the process dies or executes another program.
class LockedByte {
 public:
  /// Takes the lock. Returns nothing where another open file description holds one that excludes it. *Requires* that
  /// the file was opened for this alone, and that no other thread forks during the call (NoFork). *Throws* Error.
  static std::optional<LockedByte> take(SegmentFile file, std::uint64_t offset, const std::string& object,
                                        Lock lock = Lock::exclusive);

  /// The same for a file outside of shared memory, by its descriptor, which the caller closes afterwards.
  static std::optional<LockedByte> take(int descriptor, std::uint64_t offset, const std::string& object,
                                        Lock lock = Lock::exclusive);

  LockedByte(LockedByte&& other) noexcept;
  LockedByte& operator=(LockedByte&& other) noexcept;
  /// Drops the lock.
  ~LockedByte();

  /// Returns false in a child that the system call made, without `fork`: it has no such mapping.
  bool mapped() const noexcept;
  /// Forgets the mapping. For a forked child, where another mapping may use the address by now.
  void forget() noexcept { page_ = nullptr; }

 private:
  explicit LockedByte(void* page) noexcept : page_(page) {}

  void* page_;
};

}  // namespace shmbus::platform
