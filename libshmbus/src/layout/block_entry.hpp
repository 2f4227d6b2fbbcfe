#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace shmbus::layout {

//  0        8       16              24               32           40      48
//  +--------+-------+---------------+----------------+------------+-------+------------+
//  | number | key   | first sequence| opened: cycles | opened: ns | owner | (reserved) |
//  +--------+-------+---------------+----------------+------------+-------+------------+
//
// What a physical block holds. Written by the node that `owner` names, after it has won that word and before it links
// the block in the ring. Read by every process that finds the block in the ring. A slow reader may still read the entry
// after the block has left the ring, and then checks the ring again: so all fields are atomic.
struct BlockEntry {
  std::atomic<std::uint64_t> number;          // whole block number, or kNone; while linked or pinned it does not change
  std::atomic<std::uint64_t> key;             // commit word of its records; never 0 or ~0
  std::atomic<std::uint64_t> first_sequence;  // sequence of its first event
  std::atomic<std::uint64_t> opened_cycles;   // a pair taken at one moment: stamp clock ...
  std::atomic<std::int64_t> opened_ns;        // ... and system clock, nanoseconds since 1970
  std::atomic<std::uint64_t> owner;  // node that has reserved it, by compare-and-swap from 0 or a dead node; 0: none
  std::uint64_t reserved[2];
};
static_assert(sizeof(BlockEntry) == 64);
static_assert(offsetof(BlockEntry, owner) == 40);

}  // namespace shmbus::layout
