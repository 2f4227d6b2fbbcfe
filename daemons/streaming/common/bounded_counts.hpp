#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace streaming {

/// Counts how often each id occurs, and remembers at most N ids: a new one takes the place and the count of the rarest
/// (the space-saving algorithm). So frequent ids are always there, in bounded room and time.
template <std::size_t N>
class BoundedCounts {
 public:
  struct Entry {
    std::uint64_t id = 0;
    std::uint32_t count = 0;      // at least as often as it occurred
    std::uint32_t inherited = 0;  // how much of the count it may have taken over

    std::uint32_t certain() const { return count - inherited; }
  };

  /// Counts `id` once more.
  const Entry& add(std::uint64_t id) {
    Entry* const end = entries_.data() + size_;
    Entry* entry = std::find_if(entries_.data(), end, [id](const Entry& known) { return known.id == id; });
    if (entry == end && size_ < N) {
      entries_[size_++] = {.id = id};
    } else if (entry == end) {
      entry = std::min_element(entries_.data(), end, [](const Entry& a, const Entry& b) { return a.count < b.count; });
      *entry = {.id = id, .count = entry->count, .inherited = entry->count};
    }
    ++entry->count;
    return *entry;
  }

  std::span<const Entry> entries() const { return {entries_.data(), size_}; }

 private:
  std::array<Entry, N> entries_{};
  std::size_t size_ = 0;
};

/// The last N ids, each once.
template <std::size_t N>
class Recent {
 public:
  /// Makes `id` the latest. The oldest leaves when there are too many.
  void add(std::uint64_t id) {
    std::uint64_t* const end = ids_.data() + size_;
    std::uint64_t* place = std::find(ids_.data(), end, id);
    if (place == end) place = size_ < N ? &ids_[size_++] : ids_.data() + N - 1;
    std::copy_backward(ids_.data(), place, place + 1);
    ids_[0] = id;
  }

  bool contains(std::uint64_t id) const {
    return std::find(ids_.data(), ids_.data() + size_, id) != ids_.data() + size_;
  }

  /// The latest first.
  std::span<const std::uint64_t> ids() const { return {ids_.data(), size_}; }

 private:
  std::array<std::uint64_t, N> ids_{};
  std::size_t size_ = 0;
};

}  // namespace streaming
