#include "group/ready_map.hpp"

#include <bit>

#include "shmbus/detail/crash_point.hpp"

namespace shmbus::group {

namespace {

constexpr std::uint32_t kBits = 64;
constexpr std::uint64_t mask(std::uint32_t number) noexcept { return std::uint64_t{1} << number % kBits; }

/// Clears the bit above a word that was found empty. A member that sets a bit does so before it looks above; so the word is
/// looked at once more after the bit above was cleared. Returns false where that is set again.
bool clear_above(std::atomic<std::uint64_t>& word, std::atomic<std::uint64_t>& above, std::uint64_t bit) noexcept {
  above.fetch_and(~bit, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("group.ready_emptied");
  if (word.load(std::memory_order_seq_cst) == 0) return true;
  above.fetch_or(bit, std::memory_order_seq_cst);
  return false;
}

void set_above(std::atomic<std::uint64_t>& above, std::uint64_t bit) noexcept {
  if ((above.load(std::memory_order_seq_cst) & bit) == 0) above.fetch_or(bit, std::memory_order_seq_cst);
}

}  // namespace

ReadyMap::ReadyMap(layout::GroupHeader& shared, std::uint32_t slots) noexcept
    : shared_(&shared), words_(reinterpret_cast<std::atomic<std::uint64_t>*>(&shared + 1)), slots_(slots) {}

void ReadyMap::set(std::uint32_t slot) noexcept {
  const std::uint32_t word = slot / kBits, summary = word / kBits;
  words_[word].fetch_or(mask(slot), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("group.ready_marked");
  set_above(shared_->ready_summary[summary], mask(word));
  set_above(shared_->ready_top, mask(summary));
}

bool ReadyMap::clear(std::uint32_t slot) noexcept {
  const std::uint32_t word = slot / kBits, summary = word / kBits;
  const std::uint64_t before = words_[word].fetch_and(~mask(slot), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("group.ready_cleared");
  if ((before & ~mask(slot)) == 0) {
    std::atomic<std::uint64_t>& above = shared_->ready_summary[summary];
    if (!clear_above(words_[word], above, mask(word)))
      set_above(shared_->ready_top, mask(summary));  // another member may have seen the summary empty
    else if (above.load(std::memory_order_seq_cst) == 0)
      clear_above(above, shared_->ready_top, mask(summary));
  }
  return (before & mask(slot)) != 0;
}

std::optional<std::uint32_t> ReadyMap::next(std::uint32_t from) const noexcept {
  if (empty()) return std::nullopt;
  const auto found = next_within(from, slots_);
  return found ? found : next_within(0, from);
}

bool ReadyMap::look_through() noexcept {
  bool found = false;
  for (std::uint32_t word = 0; word < slots_ / kBits; ++word) {
    if (words_[word].load(std::memory_order_seq_cst) == 0) continue;
    found = true;
    set_above(shared_->ready_summary[word / kBits], mask(word));
    set_above(shared_->ready_top, mask(word / kBits));
  }
  return found;
}

/// A bit above an empty word was left by a member that died; it costs a look.
std::optional<std::uint32_t> ReadyMap::next_within(std::uint32_t from, std::uint32_t end) const noexcept {
  for (std::uint32_t slot = from; slot < end;) {
    const std::uint32_t word = slot / kBits;
    const std::uint64_t above =
        shared_->ready_summary[word / kBits].load(std::memory_order_seq_cst) & ~std::uint64_t{0} << word % kBits;
    if (above == 0) {
      slot = (word / kBits + 1) * kBits * kBits;
      continue;
    }
    const std::uint32_t next = word / kBits * kBits + static_cast<std::uint32_t>(std::countr_zero(above));
    if (next != word) {
      slot = next * kBits;
      continue;
    }
    const std::uint64_t bits = words_[word].load(std::memory_order_seq_cst) & ~std::uint64_t{0} << slot % kBits;
    if (bits != 0) {
      const std::uint32_t found = word * kBits + static_cast<std::uint32_t>(std::countr_zero(bits));
      return found < end ? std::optional(found) : std::nullopt;
    }
    slot = (word + 1) * kBits;
  }
  return std::nullopt;
}

}  // namespace shmbus::group
