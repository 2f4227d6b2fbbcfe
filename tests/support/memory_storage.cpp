#include "support/memory_storage.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

namespace test {

using shmbus::journal::Storage;
using shmbus::journal::StoredFile;
using shmbus::journal::Use;

namespace {

constexpr std::uint64_t kSector = 512;

class MemoryFile final : public StoredFile {
 public:
  MemoryFile(std::shared_ptr<Bytes> bytes, bool writable, bool knows_room)
      : bytes_(std::move(bytes)), writable_(writable), knows_room_(knows_room) {}

  int read(std::uint64_t offset, std::span<std::byte> to, std::size_t& count) noexcept override {
    count = offset >= bytes_->size() ? 0 : std::min<std::size_t>(to.size(), bytes_->size() - offset);
    if (count != 0) std::memcpy(to.data(), bytes_->data() + offset, count);
    return 0;
  }
  int write(std::uint64_t offset, std::span<const std::byte> from) noexcept override {
    if (!writable_) return EBADF;
    if (bytes_->size() < offset + from.size()) bytes_->resize(offset + from.size());
    if (!from.empty()) std::memcpy(bytes_->data() + offset, from.data(), from.size());
    return 0;
  }
  int sync() noexcept override { return 0; }
  int allocate(std::uint64_t bytes) noexcept override {
    if (!writable_) return EBADF;
    if (bytes_->size() < bytes) bytes_->resize(bytes);
    return 0;
  }
  int truncate(std::uint64_t bytes) noexcept override {
    if (!writable_) return EBADF;
    bytes_->resize(bytes);
    return 0;
  }
  int size(std::uint64_t& bytes) noexcept override {
    bytes = bytes_->size();
    return 0;
  }
  int data_end(std::uint64_t offset, std::uint64_t& end) noexcept override {
    end = std::max<std::uint64_t>(offset, bytes_->size());
    while (knows_room_ && end > offset && (*bytes_)[end - 1] == std::byte{0}) --end;
    return 0;
  }

 private:
  std::shared_ptr<Bytes> bytes_;
  bool writable_;
  bool knows_room_;
};

}  // namespace

MemoryStorage::MemoryStorage(const DiskImage& image) {
  for (const auto& [name, bytes] : image) files_[name] = std::make_shared<Bytes>(bytes);
}

DiskImage MemoryStorage::image() const {
  DiskImage image;
  for (const auto& [name, bytes] : files_) image[name] = *bytes;
  return image;
}

int MemoryStorage::create(const std::string& name, std::unique_ptr<StoredFile>& file) {
  auto& bytes = files_[name];
  if (bytes) return EEXIST;
  bytes = std::make_shared<Bytes>();
  file = std::make_unique<MemoryFile>(bytes, true, knows_room_);
  return 0;
}

int MemoryStorage::open(const std::string& name, Use use, std::unique_ptr<StoredFile>& file) {
  const auto found = files_.find(name);
  if (found == files_.end()) return ENOENT;
  file = std::make_unique<MemoryFile>(found->second, use == Use::write, knows_room_);
  return 0;
}

int MemoryStorage::rename(const std::string& from, const std::string& to) {
  const auto found = files_.find(from);
  if (found == files_.end()) return ENOENT;
  auto bytes = std::move(found->second);
  files_.erase(found);
  files_[to] = std::move(bytes);
  return 0;
}

int MemoryStorage::unlink(const std::string& name) { return files_.erase(name) == 1 ? 0 : ENOENT; }

int MemoryStorage::list(std::vector<std::string>& names) {
  names.clear();
  for (const auto& [name, bytes] : files_) names.push_back(name);
  return 0;
}

int MemoryStorage::free_space(std::uint64_t& bytes) {
  bytes = free_space_;
  return 0;
}

/// A file of a RecordingStorage. Whatever fails in the inner folder would be an error of the test.
class RecordedFile final : public StoredFile {
 public:
  RecordedFile(RecordingStorage& storage, std::size_t number, std::unique_ptr<StoredFile> inner)
      : storage_(&storage), number_(number), inner_(std::move(inner)) {}

  int read(std::uint64_t offset, std::span<std::byte> to, std::size_t& count) noexcept override {
    return inner_->read(offset, to, count);
  }
  int write(std::uint64_t offset, std::span<const std::byte> from) noexcept override {
    storage_->record({Op::write, number_, offset, Bytes(from.begin(), from.end()), {}, {}});
    return inner_->write(offset, from);
  }
  int sync() noexcept override {
    storage_->record({Op::sync_file, number_, 0, {}, {}, {}});
    return 0;
  }
  int allocate(std::uint64_t bytes) noexcept override {
    storage_->record({Op::allocate, number_, bytes, {}, {}, {}});
    return inner_->allocate(bytes);
  }
  int truncate(std::uint64_t bytes) noexcept override {
    storage_->record({Op::truncate, number_, bytes, {}, {}, {}});
    return inner_->truncate(bytes);
  }
  int size(std::uint64_t& bytes) noexcept override { return inner_->size(bytes); }
  int data_end(std::uint64_t offset, std::uint64_t& end) noexcept override { return inner_->data_end(offset, end); }

 private:
  using Op = RecordingStorage::Operation;

  RecordingStorage* storage_;
  std::size_t number_;
  std::unique_ptr<StoredFile> inner_;
};

RecordingStorage::RecordingStorage(DiskImage image) : inner_(image), initial_(std::move(image)) {
  for (const auto& [name, bytes] : initial_) {
    names_[name] = files_++;
    initial_names_.push_back(name);
  }
}

int RecordingStorage::create(const std::string& name, std::unique_ptr<StoredFile>& file) {
  std::unique_ptr<StoredFile> inner;
  if (const int error = inner_.create(name, inner)) return error;
  names_[name] = files_;
  record({Operation::name, files_, 0, {}, {}, name});
  file = std::make_unique<RecordedFile>(*this, files_++, std::move(inner));
  return 0;
}

int RecordingStorage::open(const std::string& name, Use use, std::unique_ptr<StoredFile>& file) {
  std::unique_ptr<StoredFile> inner;
  if (const int error = inner_.open(name, use, inner)) return error;
  file = std::make_unique<RecordedFile>(*this, names_.at(name), std::move(inner));
  return 0;
}

int RecordingStorage::rename(const std::string& from, const std::string& to) {
  if (const int error = inner_.rename(from, to)) return error;
  const std::size_t number = names_.at(from);
  names_.erase(from);
  names_[to] = number;
  record({Operation::move, number, 0, {}, from, to});
  return 0;
}

int RecordingStorage::unlink(const std::string& name) {
  if (const int error = inner_.unlink(name)) return error;
  names_.erase(name);
  record({Operation::unname, 0, 0, {}, name, {}});
  return 0;
}

int RecordingStorage::sync() {
  record({Operation::sync_names, 0, 0, {}, {}, {}});
  return 0;
}

DiskImage RecordingStorage::disk_after(std::size_t operations, Survives survives, std::mt19937_64& random) const {
  // The last sync of each file, and of the names, before the failure.
  std::vector<std::size_t> synced(files_, 0);
  std::size_t names_synced = 0;
  for (std::size_t i = 0; i < operations; ++i) {
    if (log_[i].kind == Operation::sync_file) synced[log_[i].file] = i;
    if (log_[i].kind == Operation::sync_names) names_synced = i;
  }
  const unsigned share = static_cast<unsigned>(random() % 15) + 1;  // of sixteen parts, of what is not synced
  const auto stays = [&](bool is_synced) {
    if (is_synced || survives == Survives::all) return true;
    return survives == Survives::some && random() % 16 < share;
  };

  struct File {
    Bytes bytes{};  // may reach beyond the size
    std::uint64_t size = 0;
  };
  std::vector<File> files(files_);
  std::map<std::string, std::size_t> names;
  for (std::size_t i = 0; i < initial_names_.size(); ++i) {
    names[initial_names_[i]] = i;
    files[i].bytes = initial_.at(initial_names_[i]);
    files[i].size = files[i].bytes.size();
  }
  for (std::size_t i = 0; i < operations; ++i) {
    const Operation& op = log_[i];
    switch (op.kind) {
      case Operation::write: {
        File& file = files[op.file];
        const std::uint64_t end = op.offset + op.bytes.size();
        if (file.bytes.size() < end) file.bytes.resize(end);
        for (std::uint64_t at = op.offset; at < end;) {
          const std::uint64_t next = std::min(end, (at / kSector + 1) * kSector);
          if (stays(i < synced[op.file])) {
            std::memcpy(file.bytes.data() + at, op.bytes.data() + (at - op.offset), next - at);
          }
          at = next;
        }
        if (stays(i < synced[op.file])) file.size = std::max(file.size, end);
        break;
      }
      case Operation::truncate:
        if (stays(i < synced[op.file])) {
          File& file = files[op.file];
          file.size = op.offset;
          if (file.bytes.size() > op.offset) file.bytes.resize(op.offset);
        }
        break;
      case Operation::allocate:
        if (stays(i < synced[op.file])) files[op.file].size = std::max(files[op.file].size, op.offset);
        break;
      case Operation::name:
        if (stays(i < names_synced)) names[op.to] = op.file;
        break;
      case Operation::unname:
        if (stays(i < names_synced)) names.erase(op.from);
        break;
      case Operation::move:
        if (stays(i < names_synced)) {
          names.erase(op.from);
          names[op.to] = op.file;
        }
        break;
      case Operation::sync_file:
      case Operation::sync_names:
        break;
    }
  }
  DiskImage image;
  for (const auto& [name, number] : names) {
    Bytes bytes = files[number].bytes;
    bytes.resize(files[number].size);
    image[name] = std::move(bytes);
  }
  return image;
}

int FaultyStorage::next() {
  const std::size_t number = operations_++;
  if (number < first_ || number > last_) return 0;
  ++failed_;
  return error_;
}

class FaultyFile final : public StoredFile {
 public:
  FaultyFile(FaultyStorage& storage, std::unique_ptr<StoredFile> inner)
      : storage_(&storage), inner_(std::move(inner)) {}

  int read(std::uint64_t offset, std::span<std::byte> to, std::size_t& count) noexcept override {
    count = 0;
    const int error = storage_->next();
    return error != 0 ? error : inner_->read(offset, to, count);
  }
  int write(std::uint64_t offset, std::span<const std::byte> from) noexcept override {
    const int error = storage_->next();
    if (error != 0) inner_->write(offset, from.first(from.size() / 2));
    return error != 0 ? error : inner_->write(offset, from);
  }
  int sync() noexcept override {
    const int error = storage_->next();
    return error != 0 ? error : inner_->sync();
  }
  int allocate(std::uint64_t bytes) noexcept override {
    const int error = storage_->next();
    return error != 0 ? error : inner_->allocate(bytes);
  }
  int truncate(std::uint64_t bytes) noexcept override {
    const int error = storage_->next();
    return error != 0 ? error : inner_->truncate(bytes);
  }
  int size(std::uint64_t& bytes) noexcept override {
    const int error = storage_->next();
    return error != 0 ? error : inner_->size(bytes);
  }
  int data_end(std::uint64_t offset, std::uint64_t& end) noexcept override {
    const int error = storage_->next();
    return error != 0 ? error : inner_->data_end(offset, end);
  }

 private:
  FaultyStorage* storage_;
  std::unique_ptr<StoredFile> inner_;
};

int FaultyStorage::create(const std::string& name, std::unique_ptr<StoredFile>& file) {
  if (const int error = next()) return error;
  std::unique_ptr<StoredFile> inner;
  if (const int error = inner_->create(name, inner)) return error;
  file = std::make_unique<FaultyFile>(*this, std::move(inner));
  return 0;
}

int FaultyStorage::open(const std::string& name, Use use, std::unique_ptr<StoredFile>& file) {
  if (const int error = next()) return error;
  std::unique_ptr<StoredFile> inner;
  if (const int error = inner_->open(name, use, inner)) return error;
  file = std::make_unique<FaultyFile>(*this, std::move(inner));
  return 0;
}

int FaultyStorage::rename(const std::string& from, const std::string& to) {
  const int error = next();
  return error != 0 ? error : inner_->rename(from, to);
}

int FaultyStorage::unlink(const std::string& name) {
  const int error = next();
  return error != 0 ? error : inner_->unlink(name);
}

int FaultyStorage::list(std::vector<std::string>& names) {
  const int error = next();
  return error != 0 ? error : inner_->list(names);
}

int FaultyStorage::sync() {
  const int error = next();
  return error != 0 ? error : inner_->sync();
}

}  // namespace test
