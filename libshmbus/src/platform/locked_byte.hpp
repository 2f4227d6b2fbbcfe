#pragma once

#include <cstdint>
#include <optional>

#include "platform/file_lock.hpp"
#include "platform/segment_file.hpp"

namespace shmbus::platform {

/// The lock on one byte of a file, held by a mapping: the kernel drops the lock with the last reference to the
/// open file description, and a mapping is one. The descriptor is closed at once, so nobody can close it under us. The
/// mapping is of no use but that: one page that can't be touched. A forked child does not get it (MADV_DONTFORK); it
/// ends with the address space: when the process dies, or executes another program.
class LockedByte {
 public:
  /// Nothing where another open file description has one that excludes it. *Requires* that the file was opened for this
  /// alone, and that no fork begins in another thread meanwhile (NoFork). Throws Error.
  static std::optional<LockedByte> take(SegmentFile file, std::uint64_t offset, const std::string& object,
                                        Lock lock = Lock::exclusive);

  LockedByte(LockedByte&& other) noexcept;
  LockedByte& operator=(LockedByte&&) = delete;
  /// Drops the lock.
  ~LockedByte();

  /// False in a child that was made without `fork`, by the system call: it has no such mapping.
  bool mapped() const noexcept;
  /// In a forked child, where the address may be something else's by now: forgets the mapping.
  void forget() noexcept { page_ = nullptr; }

 private:
  explicit LockedByte(void* page) noexcept : page_(page) {}

  void* page_;
};

}  // namespace shmbus::platform
