#pragma once

#include <cstddef>
#include <iterator>
#include <span>

#include "shmbus/event_header.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// The headers of one event, in the order in which its publisher gave them. Reads them where they lie: it costs no
/// memory, and is valid for as long as the event.
class EventHeaders {
 public:
  class Iterator {
   public:
    using value_type = EventHeader;
    using reference = EventHeader;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::forward_iterator_tag;

    Iterator() = default;

    EventHeader operator*() const noexcept { return header_; }
    const EventHeader* operator->() const noexcept { return &header_; }
    Iterator& operator++() noexcept {
      read(next_);
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.at_ == b.at_; }

   private:
    friend class EventHeaders;
    Iterator(const std::byte* at, const std::byte* end) noexcept : end_(end) { read(at); }
    /// Goes to the header at `at`, or to the end where no whole one stands there.
    void read(const std::byte* at) noexcept;

    const std::byte* at_ = nullptr;
    const std::byte* next_ = nullptr;
    const std::byte* end_ = nullptr;
    EventHeader header_;
  };

  /// No headers.
  EventHeaders() = default;
  /// The headers in `bytes`, which are laid out as in a record. Bytes that are no header end them.
  explicit EventHeaders(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  Iterator begin() const noexcept { return {bytes_.data(), bytes_.data() + bytes_.size()}; }
  Iterator end() const noexcept { return {bytes_.data() + bytes_.size(), bytes_.data() + bytes_.size()}; }
  bool empty() const noexcept { return begin() == end(); }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
