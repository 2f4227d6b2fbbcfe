#include "log/journal_gate.hpp"

#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

/// As Reader::pin: sequentially consistent, so the move comes before the following look at `gated`. A publisher shows
/// itself there, and then looks at the gate once more.
void JournalGate::move(std::uint64_t block) noexcept {
  if (words_->words.pin.load(std::memory_order_relaxed) >= block) return;  // only the lock's holder writes it
  words_->words.pin.store(block, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("journal_gate.moved");
  forgive();
}

/// The mode counts up, so that a compare-and-swap from a mode seen earlier fails.
void JournalGate::shut_at(std::uint64_t block) noexcept {
  words_->words.pin.store(block, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("journal_gate.placed");
  forgive();
  const std::uint64_t mode = words_->mode.load(std::memory_order_relaxed);
  if ((mode & 1) == 0) words_->mode.store(mode + 3, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("journal_gate.shut");
}

void JournalGate::open() noexcept {
  std::uint64_t mode = words_->mode.load(std::memory_order_seq_cst);
  if ((mode & 1) != 0) words_->mode.compare_exchange_strong(mode, mode & ~std::uint64_t{1}, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("journal_gate.opened");
  log_->wake_publishers();
}

void JournalGate::forgive() noexcept {
  if (words_->held_since.load(std::memory_order_seq_cst) != 0) words_->held_since.store(0, std::memory_order_seq_cst);
  if (log_->header().gated.load(std::memory_order_seq_cst) != 0) log_->wake_publishers();
}

}  // namespace shmbus::log
