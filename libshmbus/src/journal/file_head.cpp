#include "journal/file_head.hpp"

#include <cerrno>
#include <cstring>

#include "journal/checksum.hpp"
#include "journal/file_names.hpp"

namespace shmbus::journal {

namespace {

std::uint64_t head_checksum(const FileHead& head) noexcept {
  return checksum(std::as_bytes(std::span(&head, 1)).first<offsetof(FileHead, checksum)>(), 0);
}

/// Returns an errno value.
int check_copy(const FileHead& head, std::uint64_t magic, HeadContent& content) {
  if (head.magic != magic || head.checksum != head_checksum(head)) return EBADMSG;
  if (head.version != kJournalVersion || head.header_size != kFileHeader || head.incompatible_flags != 0) {
    return EPROTONOSUPPORT;
  }
  auto description = load_description(std::as_bytes(std::span(&head.description, 1)).first<kDescriptionSize>());
  if (!description || head.first >= kNumberLimit || head.preceding >= kNumberLimit) return EBADMSG;
  if (magic == kEventsMagic && head.preceding >= head.first) return EBADMSG;
  content.description = std::move(*description);
  content.seed = head.seed;
  content.first = head.first;
  content.preceding = head.preceding;
  content.created_ns = head.created_ns;
  content.greatest_before = head.greatest_before;
  return 0;
}

}  // namespace

int write_head(StoredFile& file, std::uint64_t magic, const HeadContent& content) noexcept {
  FileHead copies[2] = {};
  FileHead& head = copies[0];
  head.magic = magic;
  head.version = kJournalVersion;
  head.header_size = kFileHeader;
  head.seed = content.seed;
  head.first = content.first;
  head.preceding = content.preceding;
  head.created_ns = content.created_ns;
  head.greatest_before = content.greatest_before;
  store(content.description, std::as_writable_bytes(std::span(&head.description, 1)).first<kDescriptionSize>());
  head.checksum = head_checksum(head);
  copies[1] = head;
  return file.write(0, std::as_bytes(std::span(copies)));
}

int read_head(StoredFile& file, std::uint64_t magic, HeadContent& content) {
  FileHead copies[2] = {};
  std::size_t count = 0;
  if (const int error = file.read(0, std::as_writable_bytes(std::span(copies)), count)) return error;
  if (count < sizeof copies) std::memset(reinterpret_cast<std::byte*>(copies) + count, 0, sizeof copies - count);
  HeadContent other;
  const int first = check_copy(copies[0], magic, content);
  const int second = check_copy(copies[1], magic, other);
  if (first != 0 && second == 0) content = std::move(other);
  content.good_copies = (first == 0 ? 1u : 0u) + (second == 0 ? 1u : 0u);
  return first == 0 || second == 0 ? 0 : first == EPROTONOSUPPORT ? first : second;
}

int open_events(Storage& storage, std::uint64_t first, Use use, std::unique_ptr<StoredFile>& file,
                HeadContent& content) {
  if (const int error = storage.open(events_name(first), use, file)) return error;
  if (const int error = read_head(*file, kEventsMagic, content)) return error;
  return content.first == first ? 0 : EBADMSG;
}

int write_topic(Storage& storage, const Description& description, std::int64_t now_ns) {
  const std::string fresh = fresh_name(kTopicName);
  if (const int error = storage.unlink(fresh); error != 0 && error != ENOENT) return error;
  std::unique_ptr<StoredFile> file;
  if (const int error = storage.create(fresh, file)) return error;
  HeadContent content;
  content.description = description;
  content.created_ns = now_ns;
  if (const int error = write_head(*file, kDescriptionMagic, content)) return error;
  if (const int error = file->sync()) return error;
  if (const int error = storage.rename(fresh, kTopicName)) return error;
  return storage.sync();
}

int read_topic(Storage& storage, HeadContent& content) {
  std::unique_ptr<StoredFile> file;
  if (const int error = storage.open(kTopicName, Use::read, file)) return error;
  return read_head(*file, kDescriptionMagic, content);
}

}  // namespace shmbus::journal
