#include "ring_marks.hpp"

#include <cstddef>

namespace shmbus::tool {

char block_mark(const BlockSnapshot& block) {
  if (block.number == 0) return '.';
  if (block.gated_by != 0) return '!';
  if (block.pinned_by != 0) return 'p';
  if (block.retained_by != 0) return 'r';
  return block.newest ? 'w' : '=';
}

std::vector<BlockSnapshot> by_age(const RingSnapshot& ring) {
  std::size_t newest = 0;
  for (std::size_t i = 0; i < ring.slots.size(); ++i) newest = ring.slots[i].newest ? i : newest;
  std::vector<BlockSnapshot> blocks;
  for (std::size_t i = 1; i <= ring.slots.size(); ++i) blocks.push_back(ring.slots[(newest + i) % ring.slots.size()]);
  return blocks;
}

}  // namespace shmbus::tool
