#include "journal/numbers.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "journal/checksum.hpp"
#include "journal/file_layout.hpp"
#include "journal/file_names.hpp"

namespace shmbus::journal {

namespace {

std::uint64_t sector_checksum(const NumbersSector& sector) noexcept {
  return checksum(std::as_bytes(std::span(&sector, 1)).first<offsetof(NumbersSector, checksum)>(), 0);
}

/// Returns an errno value.
int read_sector(StoredFile& file, std::uint64_t offset, NumbersSector& sector) {
  std::size_t count = 0;
  if (const int error = file.read(offset, std::as_writable_bytes(std::span(&sector, 1)), count)) return error;
  if (count != sizeof sector || sector.magic != kNumbersMagic || sector.checksum != sector_checksum(sector)) {
    return EBADMSG;
  }
  if (sector.version != kJournalVersion) return EPROTONOSUPPORT;
  return sector.end > kNumberLimit || sector.next > sector.end ? EBADMSG : 0;
}

}  // namespace

int Numbers::open(Storage& storage) {
  storage_ = &storage;
  file_.reset();
  generation_ = end_ = next_ = 0;
  const int opened = storage.open(kNumbersName, Use::write, file_);
  if (opened == ENOENT) {
    std::vector<std::uint64_t> firsts;
    if (const int error = list_events(storage, firsts)) return error;
    return firsts.empty() ? 0 : EBADMSG;
  }
  if (opened != 0) return opened;
  bool found = false;
  for (const std::uint64_t offset : {std::uint64_t{0}, kNumbersDistance}) {
    NumbersSector sector;
    const int error = read_sector(*file_, offset, sector);
    if (error != 0 && error != EBADMSG) return error;
    if (error != 0 || (found && sector.generation <= generation_)) continue;
    found = true;
    generation_ = sector.generation;
    end_ = sector.end;
    next_ = sector.next;
  }
  return found ? 0 : EBADMSG;
}

int Numbers::count_good_sectors(Storage& storage, unsigned& good) {
  good = 0;
  std::unique_ptr<StoredFile> file;
  if (const int error = storage.open(kNumbersName, Use::read, file)) return error;
  for (const std::uint64_t offset : {std::uint64_t{0}, kNumbersDistance}) {
    NumbersSector sector;
    const int error = read_sector(*file, offset, sector);
    if (error != 0 && error != EBADMSG) return error;
    if (error == 0) ++good;
  }
  return 0;
}

int Numbers::was_closed(Storage& storage, bool& closed) {
  closed = false;
  std::unique_ptr<StoredFile> file;
  if (const int error = storage.open(kNumbersName, Use::read, file)) return error;
  std::uint64_t generation = 0;
  for (const std::uint64_t offset : {std::uint64_t{0}, kNumbersDistance}) {
    NumbersSector sector;
    const int error = read_sector(*file, offset, sector);
    if (error != 0 && error != EBADMSG) return error;
    if (error != 0 || sector.generation < generation) continue;
    generation = sector.generation;
    closed = sector.next != 0;
  }
  return 0;
}

int Numbers::reserve(std::uint64_t end) {
  if (end > kNumberLimit) return EOVERFLOW;
  return write(std::max(end, end_), 0);
}

int Numbers::close(std::uint64_t next) {
  if (next == 0 || next > end_) return EINVAL;
  return write(end_, next);
}

/// One sector after the other, each synced: one of them is whole at any time, and after a return both say the same, so
/// that damage to one takes nothing away.
int Numbers::write(std::uint64_t end, std::uint64_t next) {
  if (storage_ == nullptr) return EBADF;
  NumbersSector sector{};
  sector.magic = kNumbersMagic;
  sector.version = kJournalVersion;
  sector.generation = generation_ + 1;
  sector.end = end;
  sector.next = next;
  sector.checksum = sector_checksum(sector);
  const auto bytes = std::as_bytes(std::span(&sector, 1));
  if (file_) {
    for (const std::uint64_t offset : {std::uint64_t{0}, kNumbersDistance}) {
      if (const int error = file_->write(offset, bytes)) return error;
      if (const int error = file_->sync()) return error;
    }
  } else {
    const std::string fresh = fresh_name(kNumbersName);
    if (const int error = storage_->unlink(fresh); error != 0 && error != ENOENT) return error;
    std::unique_ptr<StoredFile> file;
    if (const int error = storage_->create(fresh, file)) return error;
    if (const int error = file->write(0, bytes)) return error;
    if (const int error = file->write(kNumbersDistance, bytes)) return error;
    if (const int error = file->sync()) return error;
    if (const int error = storage_->rename(fresh, kNumbersName)) return error;
    if (const int error = storage_->sync()) return error;
    file_ = std::move(file);
  }
  ++generation_;
  end_ = end;
  next_ = next;
  return 0;
}

}  // namespace shmbus::journal
