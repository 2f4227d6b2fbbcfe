#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "journal/storage.hpp"

namespace test {

using Bytes = std::vector<std::byte>;

/// The files of a folder, by name.
using DiskImage = std::map<std::string, Bytes>;

/// A folder in memory.
class MemoryStorage final : public shmbus::journal::Storage {
 public:
  explicit MemoryStorage(const DiskImage& image = {});

  DiskImage image() const;
  void set_free_space(std::uint64_t bytes) { free_space_ = bytes; }
  /// Whether files opened from now on know what room behind their data was never written. Default: yes.
  void set_knows_room(bool knows) { knows_room_ = knows; }

  int create(const std::string& name, std::unique_ptr<shmbus::journal::StoredFile>& file) override;
  int open(const std::string& name, shmbus::journal::Use use,
           std::unique_ptr<shmbus::journal::StoredFile>& file) override;
  int rename(const std::string& from, const std::string& to) override;
  int unlink(const std::string& name) override;
  int list(std::vector<std::string>& names) override;
  int sync() override { return 0; }
  int free_space(std::uint64_t& bytes) override;
  std::string path() const override { return "memory"; }

 private:
  std::map<std::string, std::shared_ptr<Bytes>> files_{};
  std::uint64_t free_space_ = std::uint64_t{1} << 40;
  bool knows_room_ = true;
};

/// What a power failure leaves of the operations that were not synced.
enum class Survives { none, all, some };

/// A folder in memory that records every operation, and builds the disks that a power failure may leave at any point.
///
/// What was synced is there. Of the rest any part may be: of writes any of the 512-byte sectors, the size or not, of
/// names created, changed and removed any.
class RecordingStorage final : public shmbus::journal::Storage {
 public:
  explicit RecordingStorage(DiskImage image = {});

  /// Operations so far.
  std::size_t operations() const { return log_.size(); }
  /// The disk after the first `operations` operations and a power failure. `random` decides what survives.
  DiskImage disk_after(std::size_t operations, Survives survives, std::mt19937_64& random) const;
  DiskImage image() const { return inner_.image(); }

  int create(const std::string& name, std::unique_ptr<shmbus::journal::StoredFile>& file) override;
  int open(const std::string& name, shmbus::journal::Use use,
           std::unique_ptr<shmbus::journal::StoredFile>& file) override;
  int rename(const std::string& from, const std::string& to) override;
  int unlink(const std::string& name) override;
  int list(std::vector<std::string>& names) override { return inner_.list(names); }
  int sync() override;
  int free_space(std::uint64_t& bytes) override { return inner_.free_space(bytes); }
  std::string path() const override { return "recorded"; }

 private:
  friend class RecordedFile;

  struct Operation {
    enum Kind { write, truncate, allocate, sync_file, name, unname, move, sync_names } kind;
    std::size_t file;      // of the first four, and of `name` and `move`
    std::uint64_t offset;  // or size
    Bytes bytes;
    std::string from;
    std::string to;
  };

  void record(Operation operation) { log_.push_back(std::move(operation)); }

  MemoryStorage inner_;
  DiskImage initial_;
  std::vector<std::string> initial_names_{};    // by file number
  std::map<std::string, std::size_t> names_{};  // of files, now
  std::size_t files_ = 0;
  std::vector<Operation> log_{};
};

/// A folder that fails where the test wants it to. Each operation has a number, from 0.
class FaultyStorage final : public shmbus::journal::Storage {
 public:
  explicit FaultyStorage(shmbus::journal::Storage& inner) : inner_(&inner) {}

  /// Operations `first` to `last` fail with that errno value. A write that fails may have written a part.
  void fail(std::size_t first, std::size_t last, int error) {
    first_ = first;
    last_ = last;
    error_ = error;
  }
  std::size_t operations() const { return operations_; }
  std::size_t failed() const { return failed_; }

  int create(const std::string& name, std::unique_ptr<shmbus::journal::StoredFile>& file) override;
  int open(const std::string& name, shmbus::journal::Use use,
           std::unique_ptr<shmbus::journal::StoredFile>& file) override;
  int rename(const std::string& from, const std::string& to) override;
  int unlink(const std::string& name) override;
  int list(std::vector<std::string>& names) override;
  int sync() override;
  int free_space(std::uint64_t& bytes) override { return inner_->free_space(bytes); }
  std::string path() const override { return inner_->path(); }

 private:
  friend class FaultyFile;

  /// Counts an operation; returns the errno value that it fails with, or 0.
  int next();

  shmbus::journal::Storage* inner_;
  std::size_t first_ = ~std::size_t{0};
  std::size_t last_ = 0;
  int error_ = 0;
  std::size_t operations_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace test
