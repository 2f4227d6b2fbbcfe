#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace shmbus::journal {

/// A file of a journal. Every call returns 0 or an errno value, and throws nothing. One thread at a time.
class StoredFile {
 public:
  StoredFile() = default;
  StoredFile(const StoredFile&) = delete;
  StoredFile& operator=(const StoredFile&) = delete;
  virtual ~StoredFile() = default;

  /// Reads bytes from `offset` on. `count` receives how many; fewer than `to` has room for only at the file's end.
  virtual int read(std::uint64_t offset, std::span<std::byte> to, std::size_t& count) noexcept = 0;
  /// Writes all bytes, and makes the file longer where they reach beyond its end. After an error any part of them may
  /// have been written.
  virtual int write(std::uint64_t offset, std::span<const std::byte> from) noexcept = 0;
  /// Returns when the file's bytes and its size are on stable storage.
  virtual int sync() noexcept = 0;
  /// Backs the first `bytes` bytes with storage, and makes the file at least as long. What was not written reads as
  /// zeros.
  virtual int allocate(std::uint64_t bytes) noexcept = 0;
  virtual int truncate(std::uint64_t bytes) noexcept = 0;
  virtual int size(std::uint64_t& bytes) noexcept = 0;
  /// Receives an offset, from `offset` on, behind which all bytes are zeros, without reading them; the file's size where
  /// the file system does not know better. So room that was never written costs nothing.
  virtual int data_end(std::uint64_t offset, std::uint64_t& end) noexcept = 0;
};

enum class Use { read, write };

/// The folder of a journal: the one seam between a journal and the system. Every call returns 0 or an errno value, and
/// throws nothing but std::bad_alloc. Names are plain: no slash. One thread at a time.
class Storage {
 public:
  Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  virtual ~Storage() = default;

  /// Creates an empty file for reading and writing. EEXIST where the name is taken.
  virtual int create(const std::string& name, std::unique_ptr<StoredFile>& file) = 0;
  /// Opens a file. ENOENT where there is none; EPERM where it is not a regular file of an accepted owner.
  virtual int open(const std::string& name, Use use, std::unique_ptr<StoredFile>& file) = 0;
  /// Gives a file another name. A file that has the other name is replaced in one step.
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int unlink(const std::string& name) = 0;
  /// Receives the names in the folder, in no order.
  virtual int list(std::vector<std::string>& names) = 0;
  /// Returns when all names created, changed and removed before are on stable storage.
  virtual int sync() = 0;
  /// Receives the bytes that this user may still write to the file system.
  virtual int free_space(std::uint64_t& bytes) = 0;
  /// The folder's path, for messages.
  virtual std::string path() const = 0;
};

}  // namespace shmbus::journal
