#pragma once

#include <cstdint>

#include "shmbus/status.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// The result of a publish: a status, and the event's sequence when the status is `ok`.
class PublishResult {
 public:
  constexpr PublishResult(Status status, std::uint64_t sequence) noexcept : sequence_(sequence), status_(status) {}

  constexpr Status status() const noexcept { return status_; }

  /// Returns the topic-wide number of the event, from 1; 0 when nothing was published.
  constexpr std::uint64_t sequence() const noexcept { return sequence_; }

  constexpr explicit operator bool() const noexcept { return status_ == Status::ok; }

 private:
  std::uint64_t sequence_;
  Status status_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
