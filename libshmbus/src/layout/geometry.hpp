#pragma once

#include <cstddef>
#include <cstdint>

#include "layout/block_entry.hpp"
#include "layout/constants.hpp"
#include "layout/latency_histogram.hpp"
#include "layout/topic.hpp"
#include "shmbus/detail/record_words.hpp"

namespace shmbus::layout {

/// The sizes and offsets that follow from a topic's options. Offsets are computed nowhere else.
struct Geometry {
  std::uint64_t block_size;
  std::uint32_t blocks;
  std::uint32_t physical_blocks;
  std::uint32_t record_header;
  std::uint32_t alignment;
  std::uint64_t free_map_offset;  // of the map of free blocks
  std::uint64_t block_table_offset;
  std::uint64_t latency_offset;  // of the latency histograms, one per subscriber port
  std::uint64_t control_size;
  std::uint64_t log_size;
  std::uint64_t max_payload;

  static constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) / unit * unit;
  }

  /// How many 64-bit words hold `bits` bits.
  static constexpr std::uint32_t words_for(std::uint32_t bits) { return (bits + 63) / 64; }

  static constexpr Geometry of(std::uint64_t block_size, std::uint32_t blocks, bool timestamps,
                               std::uint32_t alignment) {
    Geometry g{};
    g.block_size = block_size;
    g.blocks = blocks;
    g.physical_blocks = blocks + kSpareBlocks;
    g.alignment = alignment < 8 ? 8 : alignment;
    g.record_header = static_cast<std::uint32_t>(round_up(kMinRecord + (timestamps ? kTimeSize : 0), g.alignment));
    g.free_map_offset = sizeof(TopicHeader) + std::uint64_t{blocks} * 8;
    const std::uint32_t map_words = words_for(g.physical_blocks);  // a bit for each block, and one for each such word
    g.block_table_offset = round_up(g.free_map_offset + (map_words + words_for(map_words)) * std::uint64_t{8}, kPage);
    g.latency_offset = round_up(g.block_table_offset + std::uint64_t{g.physical_blocks} * sizeof(BlockEntry), kPage);
    g.control_size = g.latency_offset + kMaxSubscribers * sizeof(LatencyHistogram);
    g.log_size = g.physical_blocks * block_size;
    g.max_payload = block_size - kMinRecord - g.record_header;
    g.max_payload -= g.max_payload % g.alignment;
    return g;
  }
};

}  // namespace shmbus::layout
