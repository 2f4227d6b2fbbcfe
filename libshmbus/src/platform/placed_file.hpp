#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "platform/known_descriptor.hpp"
#include "platform/segment_file.hpp"

namespace shmbus::platform {

/// Where a small file lies: a directory, and a name in it.
struct FilePlace {
  /// Opens the directory. Returns a descriptor that the caller closes; -1 with errno where that fails.
  std::function<int()> open_directory;
  std::string file;      ///< without a slash
  std::string object;    ///< what error texts call it
  bool lasting = false;  ///< it lies on a disk: what is created is synced before its name is, and then its name
};

/// Returns the place of a file in POSIX shared memory.
FilePlace shared_memory_place(std::string file, std::string object);

/// A file that is read and written by pread and pwrite, and never mapped. It appears whole or not at all. One thread at
/// a time.
class PlacedFile {
 public:
  /// Opens a file, and follows no link. Returns nothing where there is none. *Throws* Error.
  static std::optional<PlacedFile> open(const FilePlace& place, Access access);
  /// Creates a file with this content. Returns nothing where the name is taken. *Throws* Error.
  static std::optional<PlacedFile> create(const FilePlace& place, const void* content, std::size_t bytes, unsigned mode,
                                          std::optional<gid_t> group);
  /// Unlinks a file. Returns false where there is none. *Throws* Error.
  static bool unlink(const FilePlace& place);

  const FilePlace& place() const noexcept { return place_; }
  FileState state() const;
  /// For a lock or a mapping, which the caller takes at once.
  int descriptor() const noexcept { return descriptor_.get(); }
  /// Returns how many bytes it read. *Throws* Error where the file can't be read.
  std::size_t read(std::uint64_t offset, void* to, std::size_t bytes) const;
  /// Writes all of it. Opens the file again where the program closed the descriptor. *Throws* Error.
  void write(std::uint64_t offset, const void* from, std::size_t bytes);
  /// Waits until what was written is on stable storage. *Throws* Error.
  void sync();

 private:
  PlacedFile(FilePlace place, int descriptor) noexcept;

  FilePlace place_;
  KnownDescriptor descriptor_;
};

}  // namespace shmbus::platform
