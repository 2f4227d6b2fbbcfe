#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "group/window.hpp"

namespace shmbus::group {

/// Which events of a group with order by key have equal keys: for each event the one before, and the one behind it. Each
/// member has its own, of the events that it has walked over; nothing of it is shared.
///
/// K1 An event may be leased when every earlier event of its key, from the floor on, is settled. Settled is final, and
///    members walk in order, so once that is true it stays true.
///    A member that has not come to an event does not know that, and neither makes it ready nor leases it.
/// K2 Who settles an event looks at the next of its key afterwards; who makes one waiting looks at the earlier ones
///    afterwards. All four are sequentially consistent, so one of the two sees the other.
class KeyChain {
 public:
  explicit KeyChain(std::uint32_t slots)
      : slots_(slots),
        before_(new std::atomic<std::uint64_t>[slots]()),
        next_(new std::atomic<std::uint64_t>[slots]()) {}

  /// The member has come to an event; one without a key has no order. In sequence order. May throw std::bad_alloc. The
  /// walking thread.
  void add(std::uint64_t sequence, std::string_view key, std::uint64_t floor) {
    if (last_.size() >= std::size_t{2} * slots_) forget(floor);
    std::uint64_t none = 0;
    std::uint64_t& last = key.empty() ? none : last_[std::hash<std::string_view>{}(key)];
    before_[index(sequence)].store(last, std::memory_order_seq_cst);
    end_.store(sequence + 1, std::memory_order_seq_cst);
    next_[index(sequence)].store(0, std::memory_order_seq_cst);
    if (last >= floor && last != 0) {
      const std::uint64_t distance = sequence - last;
      if (distance < slots_) next_[index(last)].store(tag(last) | distance, std::memory_order_seq_cst);
    }
    last = sequence;
  }

  /// Whether all earlier events of this one's key are settled. Returns false where it was not added. Whoever
  /// leases by key asks: a ready bit may be one that was meant for an event a window before. Any thread.
  bool may_lease(std::uint64_t sequence, const Window& window) const noexcept {
    if (sequence >= end_.load(std::memory_order_seq_cst)) return false;
    std::uint64_t at = before_[index(sequence)].load(std::memory_order_seq_cst);
    while (at != 0 && at >= window.floor()) {
      if (!window.settled(at)) return false;
      const std::uint64_t before = before_[index(at)].load(std::memory_order_seq_cst);
      if (window.floor() > at || before >= at) break;  // its place may have been given to a later event
      at = before;
    }
    return true;
  }

  /// Returns the next event of this one's key; 0: the member knows of none. Any thread.
  std::uint64_t next(std::uint64_t sequence) const noexcept {
    const std::uint64_t found = next_[index(sequence)].load(std::memory_order_seq_cst);
    const std::uint64_t distance = found & 0xffffffff;
    return distance != 0 && (found & ~std::uint64_t{0xffffffff}) == tag(sequence) ? sequence + distance : 0;
  }

 private:
  std::uint32_t index(std::uint64_t sequence) const noexcept {
    return static_cast<std::uint32_t>(sequence & (slots_ - 1));
  }
  static constexpr std::uint64_t tag(std::uint64_t sequence) noexcept { return sequence << 32; }
  /// Forgets the keys whose events are all settled.
  void forget(std::uint64_t floor) {
    std::erase_if(last_, [&](const auto& entry) { return entry.second < floor; });
  }

  std::uint32_t slots_;
  std::atomic<std::uint64_t> end_{0};                      // the sequence behind the last event that was added
  std::unordered_map<std::size_t, std::uint64_t> last_{};  // of each key, by its hash
  std::unique_ptr<std::atomic<std::uint64_t>[]> before_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> next_;
};

}  // namespace shmbus::group
