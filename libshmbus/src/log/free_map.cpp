#include "log/free_map.hpp"

#include <bit>

#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

using layout::Geometry;

namespace {

constexpr std::uint32_t kBits = 64;

constexpr std::uint64_t mask(std::uint32_t number) noexcept { return std::uint64_t{1} << number % kBits; }

/// The map's words: the summary first, then a bit for each block.
class Words {
 public:
  explicit Words(const BlockLog& log) noexcept
      : summary_(log.free_map()),
        words_(Geometry::words_for(log.geometry().physical_blocks)),
        blocks_(summary_ + Geometry::words_for(words_)) {}

  std::uint32_t count() const noexcept { return words_; }
  std::atomic<std::uint64_t>& at(std::uint32_t word) const noexcept { return blocks_[word]; }
  std::atomic<std::uint64_t>& above(std::uint32_t word) const noexcept { return summary_[word / kBits]; }

 private:
  std::atomic<std::uint64_t>* summary_;
  std::uint32_t words_;
  std::atomic<std::uint64_t>* blocks_;
};

/// Clears a bit. Returns false where it was not set. With the last bit of a word, the bit in the summary is cleared,
/// and set again if another process set a bit in the meantime: a process that sets a bit does so before it loads the
/// summary, and this function loads the bits after it clears the summary's bit.
bool clear(const Words& words, std::uint32_t physical) noexcept {
  const std::uint32_t word = physical / kBits;
  const std::uint64_t before = words.at(word).fetch_and(~mask(physical), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("free.cleared");
  if ((before & ~mask(physical)) == 0) {
    words.above(word).fetch_and(~mask(word), std::memory_order_seq_cst);
    SHMBUS_CRASH_POINT("free.emptied");
    if (words.at(word).load(std::memory_order_seq_cst) != 0)
      words.above(word).fetch_or(mask(word), std::memory_order_seq_cst);
  }
  return (before & mask(physical)) != 0;
}

}  // namespace

void list_free(BlockLog& log, std::uint32_t physical) noexcept {
  if (physical >= log.geometry().physical_blocks) return;  // corrupt
  const Words words(log);
  const std::uint32_t word = physical / kBits;
  words.at(word).fetch_or(mask(physical), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("free.marked");
  if ((words.above(word).load(std::memory_order_seq_cst) & mask(word)) == 0)
    words.above(word).fetch_or(mask(word), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("free.listed");
}

bool listed_free(const BlockLog& log, std::uint32_t physical) noexcept {
  return (Words(log).at(physical / kBits).load(std::memory_order_seq_cst) & mask(physical)) != 0;
}

bool take_listed(BlockLog& log, std::uint32_t physical) noexcept {
  return listed_free(log, physical) && clear(Words(log), physical);
}

std::optional<std::uint32_t> take_any_listed(BlockLog& log) noexcept {
  const Words words(log);
  for (std::uint32_t first = 0; first < words.count(); first += kBits) {
    std::uint64_t above = words.above(first).load(std::memory_order_seq_cst);
    for (; above != 0; above &= above - 1) {
      const std::uint32_t word = first + static_cast<std::uint32_t>(std::countr_zero(above));
      if (word >= words.count()) break;  // corrupt
      const std::uint64_t bits = words.at(word).load(std::memory_order_seq_cst);
      const std::uint32_t physical = word * kBits + static_cast<std::uint32_t>(std::countr_zero(bits)) % kBits;
      // The same step also repairs an empty word whose bit in the summary was left by a process that died. A block that
      // another process took first is skipped.
      if (clear(words, physical)) return physical;
    }
  }
  return std::nullopt;
}

}  // namespace shmbus::log
