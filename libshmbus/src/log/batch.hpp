#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "log/cause.hpp"
#include "shmbus/detail/payloads.hpp"

namespace shmbus::log {

/// A batch of events to publish, and how many of them are published.
struct Batch {
  detail::Payloads payloads;
  std::span<std::uint64_t> sequences{};  ///< receives as many as there is room for
  std::size_t published = 0;
  std::uint64_t first_sequence = 0;  ///< 0: nothing was published
  const Cause* cause = nullptr;      ///< of each event; null: none

  bool complete() const noexcept { return published == payloads.count(); }
  detail::Payloads::Bytes next() const noexcept { return payloads[published]; }
  /// Counts the next event as published.
  void count(std::uint64_t sequence) noexcept {
    if (published == 0) first_sequence = sequence;
    if (published < sequences.size()) sequences[published] = sequence;
    ++published;
  }
};

}  // namespace shmbus::log
