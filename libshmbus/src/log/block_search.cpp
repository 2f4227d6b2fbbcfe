#include "log/block_search.hpp"

#include <limits>

namespace shmbus::log {

std::uint64_t block_of(const BlockLog& log, const End& end, std::uint64_t sequence) noexcept {
  for (std::uint64_t n = end.number; n >= oldest_block(log, end) && n != 0; --n) {
    Block block;
    if (log.find(n, block) == FindResult::found && block.first_sequence <= sequence) return n;
  }
  return 0;
}

std::uint64_t first_block_of(const BlockLog& log, const End& end, std::int64_t ns) noexcept {
  std::uint64_t first = end.number;
  std::int64_t opened_next = std::numeric_limits<std::int64_t>::max();
  for (std::uint64_t n = end.number; n >= oldest_block(log, end) && n != 0; --n) {
    Block block;
    if (log.find(n, block) != FindResult::found) continue;
    const std::int64_t opened = log.entry(block.physical).opened_ns.load(std::memory_order_relaxed);
    if (opened > ns) first = n - 1;
    if (opened > opened_next && opened <= ns) first = n;
    opened_next = opened;
  }
  return first;
}

}  // namespace shmbus::log
