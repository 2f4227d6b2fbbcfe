#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "layout/constants.hpp"

namespace shmbus::layout {

/// Each power of two has eight buckets, so a bucket is at most an eighth of its first value wide. Each value below
/// eight has its own bucket.
inline constexpr unsigned kLatencyBits = 3;
inline constexpr std::size_t kLatencyBuckets = (64 - kLatencyBits + 1) << kLatencyBits;

/// The bucket that counts a value.
constexpr std::size_t latency_bucket(std::uint64_t value) noexcept {
  constexpr std::uint64_t kSmall = std::uint64_t{1} << kLatencyBits;
  if (value < kSmall) return static_cast<std::size_t>(value);
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - kLatencyBits - 1;
  return (std::size_t{shift} << kLatencyBits) + static_cast<std::size_t>(value >> shift);
}

/// The smallest value of a bucket.
constexpr std::uint64_t latency_bucket_begin(std::size_t bucket) noexcept {
  constexpr std::uint64_t kSmall = std::uint64_t{1} << kLatencyBits;
  if (bucket < kSmall) return bucket;
  const auto shift = static_cast<unsigned>(bucket >> kLatencyBits) - 1;
  return (kSmall | (bucket & (kSmall - 1))) << shift;
}

//  0                                          3968         4096
//  +------------------------------------------+------------+
//  | 496 counts                               | (reserved) |
//  +------------------------------------------+------------+
//
// The times from commit to handler of one subscriber port's events, in units of the bus's stamp clock. Written only by
// the subscriber that owns the port. It is one page, which has memory once a subscriber with time stamps has used the
// port.
struct LatencyHistogram {
  alignas(kPage) std::atomic<std::uint64_t> counts[kLatencyBuckets];
};
static_assert(kLatencyBuckets == 496 && sizeof(LatencyHistogram) == kPage);
static_assert(latency_bucket(~std::uint64_t{0}) == kLatencyBuckets - 1);
static_assert(latency_bucket_begin(kLatencyBuckets - 1) == std::uint64_t{15} << 60);

}  // namespace shmbus::layout
