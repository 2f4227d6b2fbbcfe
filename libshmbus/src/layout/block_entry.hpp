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
// What a physical block holds. Written by the node that `owner` names, between winning that word and linking the block
// in the ring; read by whoever found the block in the ring, and by stale lookers, who check the ring again: so all of
// it is atomic.
struct BlockEntry {
  std::atomic<std::uint64_t> number;          // whole block number, or kNone; while linked or pinned it does not change
  std::atomic<std::uint64_t> key;             // commit word of its records; never 0 or ~0
  std::atomic<std::uint64_t> first_sequence;  // sequence of its first event
  std::atomic<std::uint64_t> opened_cycles;   // a pair taken at one moment: stamp clock ...
  std::atomic<std::int64_t> opened_ns;        // ... and system clock, nanoseconds since 1970
  std::atomic<std::uint64_t> owner;  // node that has it reserved, by compare-and-swap from 0 or a dead node; 0: nobody
  std::uint64_t reserved[2];
};
static_assert(sizeof(BlockEntry) == 64);
static_assert(offsetof(BlockEntry, owner) == 40);

}  // namespace shmbus::layout
