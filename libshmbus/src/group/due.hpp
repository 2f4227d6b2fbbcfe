#pragma once

#include <atomic>
#include <cstdint>

namespace shmbus::group {

/// The moment at which a sweep of the window is due: the earliest at which a waiting event may be leased again, and at the
/// latest a period after the last sweep while events are in flight. The low 16 bits count the changes, so that of two that
/// take a moment off the word one succeeds.
///
/// U1 Whoever makes an event waiting for a later moment lowers the word afterwards; whoever leases one, and has shown how
///    far it walked, does so where the word says never, and rings the bells of those that sleep without a limit. A sweep first takes the moment off the word, then looks at the slots: so it sees the event, or the
///    change comes later. It puts the next sweep's moment in its place, for it may die or stop. Where it finds nothing in
///    flight, it writes never, and looks once more afterwards.
class Due {
 public:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0} >> 16;

  explicit Due(std::atomic<std::uint64_t>& word) noexcept : word_(word) {}

  std::uint64_t moment() const noexcept { return word_.load(std::memory_order_seq_cst) >> 16; }
  /// A sweep is due at that moment, or earlier.
  void lower(std::uint64_t moment) noexcept {
    std::uint64_t found = word_.load(std::memory_order_seq_cst);
    while (!word_.compare_exchange_weak(found, changed(found, moment < found >> 16 ? moment : found >> 16),
                                        std::memory_order_seq_cst)) {
    }
  }
  /// Takes the moment off the word, and puts a later one in its place. Returns false where it has not come yet, or another
  /// member takes it.
  bool take(std::uint64_t now, std::uint64_t next) noexcept {
    std::uint64_t found = word_.load(std::memory_order_seq_cst);
    return found >> 16 <= now && word_.compare_exchange_strong(found, changed(found, next), std::memory_order_seq_cst);
  }
  /// Takes off a moment that `take` put there, for nothing is in flight. Returns false where it is not there any more.
  bool clear(std::uint64_t next) noexcept {
    std::uint64_t found = word_.load(std::memory_order_seq_cst);
    return found >> 16 == next &&
           word_.compare_exchange_strong(found, changed(found, kNever), std::memory_order_seq_cst);
  }
  static constexpr std::uint64_t initial() noexcept { return kNever << 16; }

 private:
  static constexpr std::uint64_t changed(std::uint64_t from, std::uint64_t moment) noexcept {
    return moment << 16 | ((from + 1) & 0xffff);
  }
  std::atomic<std::uint64_t>& word_;
};

}  // namespace shmbus::group
