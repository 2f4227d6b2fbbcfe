#include "journal/last_events.hpp"

#include <algorithm>
#include <deque>
#include <vector>

namespace shmbus::journal {

namespace {

struct EventNumbers {
  std::uint64_t first = 0, last = 0;
  std::uint64_t count() const noexcept { return last - first + 1; }
};

/// Collects the numbers of the frames of events from `begin` up to `end`, exclusive: the last ones, which make up `count`.
int collect(JournalReader& reader, std::uint64_t begin, std::uint64_t end, std::uint64_t count,
            std::deque<EventNumbers>& found) {
  if (const int error = reader.seek_sequence(begin)) return error;
  FrameBuffer buffer;
  std::uint64_t sum = 0;
  while (reader.position() < end) {
    const Piece piece = reader.next(JournalReader::kNoLimit, buffer);
    if (piece.stretch == Stretch::failed) return reader.failure().error;
    if (piece.stretch == Stretch::end) return 0;
    if (piece.stretch != Stretch::events || piece.first >= end) continue;
    found.push_back({std::max(piece.first, begin), std::min(piece.last, end - 1)});
    sum += found.back().count();
    while (sum - found.front().count() >= count) {
      sum -= found.front().count();
      found.pop_front();
    }
  }
  return 0;
}

}  // namespace

int find_last_events(JournalReader& reader, std::uint64_t before, std::uint64_t count, std::uint64_t& first) {
  first = before;
  std::vector<FileInfo> files;
  if (const int error = reader.files(files)) return error;
  std::uint64_t end = before;
  for (auto file = files.rbegin(); file != files.rend() && count != 0; ++file) {
    const std::uint64_t begin = std::max<std::uint64_t>(file->first, 1);
    if (begin >= end) continue;
    std::deque<EventNumbers> found;
    if (const int error = collect(reader, begin, end, count, found)) return error;
    for (auto numbers = found.rbegin(); numbers != found.rend() && count != 0; ++numbers) {
      const std::uint64_t taken = std::min(count, numbers->count());
      first = numbers->last - taken + 1;
      count -= taken;
    }
    end = begin;
  }
  return 0;
}

}  // namespace shmbus::journal
