#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "layout/constants.hpp"
#include "layout/shared_text.hpp"

namespace shmbus::layout {

enum class CallEnd : std::uint64_t { none = 0, returned = 1, threw = 2, ended_thread = 3 };

//  0       8          16      24
//  +-------+----------+-------+----------------+
//  | topic | sequence | begin | end, how (2 bit)|
//  +-------+----------+-------+----------------+
//
// One call of a handler with one event. Written by the lane's thread alone.
struct CallEntry {
  std::atomic<std::uint64_t> topic;     // id of the topic
  std::atomic<std::uint64_t> sequence;  // of the event
  std::atomic<std::uint64_t> begin;     // stamp of the bus's clock
  std::atomic<std::uint64_t> end;       // likewise, with a CallEnd in the two low bits; 0: the call runs

  static constexpr std::uint64_t kHow = 3;
  static constexpr std::uint64_t end_word(std::uint64_t stamp, CallEnd how) noexcept {
    return (stamp & ~kHow) | static_cast<std::uint64_t>(how);
  }
};
static_assert(sizeof(CallEntry) == 32);

/// What a handler threw.
struct CallError {
  std::atomic<std::uint64_t> call;  // number of the call in its lane, from 1; 0: none, or the text is being written
  SharedText<120> text;
};
static_assert(sizeof(CallError) == 128);

inline constexpr unsigned kCallErrors = 32;  // of a lane, by the number of the error modulo this

//  0        8         128          4224
//  +--------+---------+------------+----------------------------------------------+
//  | begun  | (res.)  | 32 errors  | calls, by the number of the call modulo them |
//  +--------+---------+------------+----------------------------------------------+
//
// The calls of one thread. Padded to whole pages.
//
// F1 Call n is in entry n modulo the capacity, and is valid if and only if n < begun and n > begun - capacity: `begun`
//    is stored after the entry, and the entry of the next call is written before `begun` moves over it.
struct CallLane {
  alignas(kLine) std::atomic<std::uint64_t> begun;  // calls so far; written by the lane's thread alone
  alignas(kLine) CallError errors[kCallErrors];
  // CallEntry calls[capacity]
};
static_assert(sizeof(CallLane) == 4224);

// The flight recorder of a subscription, `calls.<node>.<subscription>`:
//
//  0         4096
//  +---------+-----------+-----+
//  | header  | a lane for each worker |
//  +---------+-----------+-----+
//
// F2 Every size follows from `capacity` and `lanes`: the segment is valid if and only if its size is the one they give.
// F3 It stays when its process dies. `ended_ns` is written once, by compare-and-swap from 0: by its process when the
//    subscription ends, else by a process that finds its node dead.
struct RecorderHeader {
  // Written by the creator before the segment has a name, and never again.
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_size;         // bytes, sizeof(RecorderHeader)
  std::uint32_t compatible_flags;    // unknown ones may be ignored
  std::uint32_t incompatible_flags;  // unknown ones forbid use
  std::uint64_t size;                // bytes of this segment
  std::uint64_t bus;                 // incarnation of the bus
  std::uint64_t node;
  std::uint64_t subscription;
  std::uint64_t capacity;       // calls of a lane, a power of two
  std::uint32_t lanes;          // at least 1
  std::uint32_t mode;           // of the file
  std::int32_t pid;             // in the node's own pid namespace
  std::uint32_t uid;
  std::uint64_t pid_namespace;  // inode of the pid's namespace; 0: not known
  std::int64_t started_ns;      // a pair taken at one moment: system clock, nanoseconds since 1970 ...
  std::uint64_t started_stamp;  // ... and stamp clock
  SharedText<64> program;
  SharedText<64> name;  // of the subscription
  SharedText<128> pattern;

  alignas(1024) std::atomic<std::int64_t> ended_ns;  // nanoseconds since 1970; 0: it records (F3)
  std::atomic<std::uint64_t> died;                   // 1: `ended_ns` was written by another process; before it
};
static_assert(sizeof(RecorderHeader) == 2048 && offsetof(RecorderHeader, ended_ns) == 1024);

inline constexpr std::size_t kRecorderHeaderSize = kPage;
inline constexpr std::uint64_t kMinCalls = 16, kMaxCalls = 1u << 20;
inline constexpr std::uint32_t kMaxLanes = 64;

constexpr std::uint64_t lane_size(std::uint64_t capacity) noexcept {
  return (sizeof(CallLane) + capacity * sizeof(CallEntry) + kPage - 1) & ~std::uint64_t{kPage - 1};
}
/// F2.
constexpr std::uint64_t recorder_size(std::uint64_t capacity, std::uint32_t lanes) noexcept {
  return kRecorderHeaderSize + lanes * lane_size(capacity);
}
constexpr std::uint64_t lane_offset(std::uint64_t capacity, std::uint32_t lane) noexcept {
  return recorder_size(capacity, lane);
}

}  // namespace shmbus::layout
