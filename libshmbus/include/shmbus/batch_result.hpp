#pragma once

#include <cstddef>
#include <cstdint>

#include "shmbus/status.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// What `publish_all` returns: a status, and how many events were published, whatever the status is.
class BatchResult {
 public:
  constexpr BatchResult(Status status, std::size_t published, std::uint64_t sequence) noexcept
      : sequence_(sequence), published_(published), status_(status) {}

  /// `ok` when all events were published; else why the one after the last published was not.
  constexpr Status status() const noexcept { return status_; }

  /// How many were published: the first ones, in order.
  constexpr std::size_t published() const noexcept { return published_; }

  /// The topic-wide number of the first event, from 1; 0 when nothing was published. On an exclusive topic the others
  /// follow one by one; on a shared topic events of other publishers may come between.
  constexpr std::uint64_t sequence() const noexcept { return sequence_; }

  constexpr explicit operator bool() const noexcept { return status_ == Status::ok; }

 private:
  std::uint64_t sequence_;
  std::size_t published_;
  Status status_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
