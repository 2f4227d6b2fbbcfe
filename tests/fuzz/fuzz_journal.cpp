// Reading and recovering a journal whose files hold any bytes, with right checksums or without.

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "fuzz/input.hpp"
#include "journal/checksum.hpp"
#include "journal/file_names.hpp"
#include "journal/frame.hpp"
#include "journal/journal_reader.hpp"
#include "journal/journal_writer.hpp"
#include "journal/numbers.hpp"
#include "journal/verification.hpp"
#include "support/journal_frames.hpp"
#include "support/memory_storage.hpp"

namespace {

using namespace shmbus;
using namespace shmbus::journal;

constexpr std::uint64_t kFirsts[] = {1, 20, 40};

void require(bool condition) {
  if (!condition) std::abort();
}

const WriterOptions kOptions{.file_bytes = 8192, .index_spacing = 128, .allocate = false};

/// Two closed segment files, and one that was being written.
test::DiskImage make_image() {
  test::MemoryStorage storage;
  Numbers numbers;
  require(numbers.open(storage) == 0 && numbers.reserve(1000) == 0);
  auto writer = JournalWriter::open(storage, test::journal_description(), kOptions);
  for (const std::uint64_t first : kFirsts) {
    require(test::append_events(*writer, first, first + 3) == 0);
    require(writer->append_gap(first + 4, 2) == 0 && writer->sync() == 0);
    require(test::append_events(*writer, first + 8, first + 8) == 0);
    require(writer->append_missing(first + 9, 1) == 0);
    require(test::append_events(*writer, first + 10, first + 12) == 0 && writer->sync() == 0);
    require(writer->note_synced() == 0);
    if (first != 40) require(writer->begin_new_file() == 0);
  }
  return storage.image();
}

template <class T>
T* at(test::Bytes& bytes, std::size_t offset) {
  return offset + sizeof(T) <= bytes.size() ? reinterpret_cast<T*>(bytes.data() + offset) : nullptr;
}

/// The offsets of the frames in an undamaged file.
std::vector<std::size_t> frames_of(const test::Bytes& bytes) {
  std::vector<std::size_t> offsets;
  for (std::size_t offset = kFileHeader; offset + sizeof(FrameHeader) <= bytes.size();) {
    FrameHeader header;
    std::memcpy(&header, bytes.data() + offset, sizeof header);
    offsets.push_back(offset);
    offset += header.size();
  }
  return offsets;
}

/// Gives a header that was changed a right checksum.
void seal_head(FileHead& head) {
  head.checksum = checksum(std::as_bytes(std::span(&head, 1)).first<offsetof(FileHead, checksum)>(), 0);
}

std::uint64_t number(fuzz::Input& input) {
  switch (input.below(4)) {
    case 0:
      return input.take();
    case 1:
      return input.take<std::uint64_t>();
    case 2:
      return kNumberLimit - input.below(4);
    default:
      return input.take<std::uint16_t>();
  }
}

void change_frame(test::Bytes& bytes, std::uint64_t seed, const std::vector<std::size_t>& frames, fuzz::Input& input) {
  const std::size_t offset = frames[input.below(static_cast<std::uint32_t>(frames.size()))];
  FrameHeader header;
  if (offset + sizeof header > bytes.size()) return;
  std::memcpy(&header, bytes.data() + offset, sizeof header);
  const std::uint32_t body = header.body;
  switch (input.below(9)) {
    case 0:
      header.body = input.take<std::uint32_t>();
      break;
    case 1:
      header.first = number(input);
      break;
    case 2:
      header.events = input.take();
      break;
    case 3:
      header.flags = input.take();
      break;
    case 4:
      header.last_time = static_cast<std::int64_t>(number(input));
      break;
    case 5:
      header.synced = number(input);
      break;
    case 6:
      header.numbers = number(input);
      break;
    default: {  // a word of a record
      const std::size_t place = offset + sizeof header + input.take();
      const auto value = static_cast<std::uint32_t>(number(input));
      if (place + sizeof value <= offset + sizeof header + body && place + sizeof value <= bytes.size()) {
        std::memcpy(bytes.data() + place, &value, sizeof value);
      }
    }
  }
  const std::uint64_t room = bytes.size() - offset - sizeof header;
  const std::size_t size = sizeof header + static_cast<std::size_t>(std::min<std::uint64_t>(header.body, room));
  seal_frame(std::span(bytes).subspan(offset, size), header, seed, offset);
}

void change(test::DiskImage& image, fuzz::Input& input) {
  const std::uint64_t first = kFirsts[input.below(3)];
  auto found = image.find(events_name(first));
  if (found == image.end()) return;
  test::Bytes& bytes = found->second;
  const auto* head = at<FileHead>(bytes, 0);
  const std::uint64_t seed = head != nullptr ? head->seed : 0;
  static const test::DiskImage original = make_image();  // of the same lengths
  static const std::vector<std::size_t> frames = frames_of(original.at(events_name(1)));
  switch (input.below(8)) {
    case 0: {  // any byte of any file
      auto file = image.begin();
      std::advance(file, input.below(static_cast<std::uint32_t>(image.size())));
      if (!file->second.empty()) {
        file->second[input.take<std::uint16_t>() % file->second.size()] ^= std::byte{input.take()};
      }
      break;
    }
    case 1:
      bytes.resize(input.take<std::uint16_t>() % (bytes.size() + 200));
      break;
    case 2:
      image.erase(found);
      break;
    case 3: {  // another name
      test::Bytes moved = std::move(bytes);
      image.erase(found);
      image[events_name(number(input) % kNumberLimit)] = std::move(moved);
      break;
    }
    case 4:
      for (const std::size_t copy : {std::size_t{0}, sizeof(FileHead)}) {
        auto* changed = at<FileHead>(bytes, copy);
        if (changed == nullptr) continue;
        fuzz::Input same = input;
        const std::size_t place = same.take() % (1152 / 8) * 8;
        const std::uint64_t value = number(same);
        std::memcpy(reinterpret_cast<std::byte*>(changed) + place, &value, sizeof value);
        seal_head(*changed);
      }
      break;
    case 5: {  // an index with a right checksum
      auto index = image.find(index_name(first));
      if (index == image.end() || index->second.size() < sizeof(IndexHead)) break;
      const std::size_t place = input.take() % (index->second.size() / 8) * 8;
      const std::uint64_t value = number(input);
      std::memcpy(index->second.data() + place, &value, sizeof value);
      auto* changed = at<IndexHead>(index->second, 0);
      changed->checksum = 0;
      changed->checksum = checksum(index->second, changed->seed);
      break;
    }
    default:
      change_frame(bytes, seed, frames, input);
  }
}

void check_records(const Piece& piece) {
  require(piece.events > 0 && piece.description != nullptr);
  require(reinterpret_cast<std::uintptr_t>(piece.body.data()) % 256 == 0);
  RecordWalk walk(piece.body, *piece.description);
  StoredRecord record;
  std::uint32_t events = 0;
  volatile unsigned sum = 0;
  while (walk.next(record)) {
    ++events;
    for (const std::byte byte : record.payload) sum = sum + static_cast<unsigned>(byte);
    for (const std::byte byte : record.extensions) sum = sum + static_cast<unsigned>(byte);
  }
  require(walk.valid() && events == piece.events && record.sequence == piece.last);
}

/// Reads to the end. Returns the last number that an event had.
std::uint64_t read_all(JournalReader& reader, std::uint64_t limit) {
  FrameBuffer buffer;
  std::uint64_t last_event = 0;
  for (int pieces = 0;; ++pieces) {
    require(pieces < 1000);
    const std::uint64_t position = reader.position();
    const Piece piece = reader.next(limit, buffer);
    if (piece.stretch == Stretch::end || piece.stretch == Stretch::failed) return last_event;
    require(piece.first <= piece.last && piece.last <= limit);
    require(piece.last >= position && reader.position() == piece.last + 1);
    if (piece.stretch != Stretch::events) continue;
    check_records(piece);
    last_event = piece.last;
  }
}

void read_everything(Storage& storage, fuzz::Input& input) {
  try {
    auto reader = JournalReader::open(storage);
    read_all(*reader, JournalReader::kNoLimit);
    const std::uint64_t wish = number(input);
    if (reader->seek_sequence(wish) == 0) read_all(*reader, JournalReader::kNoLimit);
    if (reader->seek_time(static_cast<std::int64_t>(number(input))) == 0) read_all(*reader, number(input));
    if (reader->seek_oldest() == 0) read_all(*reader, 45);
    Extent extent;
    reader->extent(extent);
    std::vector<FileInfo> files;
    reader->files(files);
  } catch (const Error&) {
  }
  Verification report;
  verify(storage, report);
}

/// Files that were forged with right checksums may contradict each other: then the writer may refuse to go on, and a
/// reader may stop. It must read nothing that is not there, and end.
void recover(Storage& storage, fuzz::Input& input) {
  Numbers numbers;
  if (numbers.open(storage) == 0) require(numbers.next() <= numbers.end());
  try {
    std::uint64_t next = 0;
    {
      auto writer = JournalWriter::open(storage, test::journal_description(), kOptions);
      next = writer->next_sequence();
      if (next + 20 >= kNumberLimit) return;
      require(writer->durable() == writer->recorded());
    }
    auto writer = JournalWriter::open(storage, test::journal_description(), kOptions);
    next = writer->next_sequence();
    if (next + 20 >= kNumberLimit || test::append_events(*writer, next + 1, next + 2) != 0) return;
    if (input.chance()) writer->close();
    auto reader = JournalReader::open(storage);
    require(read_all(*reader, JournalReader::kNoLimit) <= next + 2);
    Removed removed;
    writer->retain({.bytes = 1}, 0, removed);
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const test::DiskImage whole = make_image();
  fuzz::Input input(data, size);
  test::DiskImage image = whole;
  for (int changes = input.take() & 7; changes > 0; --changes) change(image, input);
  test::MemoryStorage storage(image);
  read_everything(storage, input);
  recover(storage, input);
  read_everything(storage, input);
  return 0;
}
