#pragma once

#include <cstddef>
#include <cstdint>

#include "shmbus/status.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// The result of `publish_all`: a status, and how many events were published, whatever the status is.
class BatchResult {
 public:
  constexpr BatchResult(Status status, std::size_t published, std::uint64_t sequence) noexcept
      : sequence_(sequence), published_(published), status_(status) {}

  /// Returns `ok` when all events were published; else why the event after the last published one was not.
  constexpr Status status() const noexcept { return status_; }

  /// Returns how many events were published: these are the first ones, in order.
  constexpr std::size_t published() const noexcept { return published_; }

  /// Returns the topic-wide number of the first event, from 1; 0 when nothing was published. On an exclusive topic the
  /// others follow without gaps; on a shared topic, events of other publishers may come between them.
  constexpr std::uint64_t sequence() const noexcept { return sequence_; }

  constexpr explicit operator bool() const noexcept { return status_ == Status::ok; }

 private:
  std::uint64_t sequence_;
  std::size_t published_;
  Status status_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
