#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "layout/recorder.hpp"

namespace shmbus::trace {

/// Writes the calls of one thread to its lane of a flight recorder: a few stores a call, and nothing that waits.
///
/// What if the process dies here: before `begun` moves over a call, the call was not recorded; afterwards and before its
/// end is stored, it is recorded as running, which is true: it never returned.
class CallLane {
 public:
  CallLane(layout::CallLane& lane, layout::CallEntry* calls, std::uint64_t capacity) noexcept
      : lane_(&lane), calls_(calls), mask_(capacity - 1) {}

  void begin(std::uint64_t topic, std::uint64_t sequence, std::uint64_t stamp) noexcept {
    layout::CallEntry& entry = calls_[begun_ & mask_];
    // F1. The entry belonged to an older call: a reader that sees one of these stores also sees `begun` at the value
    // stored before them, and so knows that the older call is gone. SYNC call: pairs with the reader's fence.
    std::atomic_thread_fence(std::memory_order_release);
    // Relaxed: `begun` publishes them.
    entry.topic.store(topic, std::memory_order_relaxed);
    entry.sequence.store(sequence, std::memory_order_relaxed);
    entry.begin.store(stamp, std::memory_order_relaxed);
    entry.end.store(0, std::memory_order_relaxed);
    lane_->begun.store(++begun_, std::memory_order_release);  // SYNC call
  }

  /// Ends the call that began last.
  void end(layout::CallEnd how, std::uint64_t stamp) noexcept {
    calls_[(begun_ - 1) & mask_].end.store(layout::CallEntry::end_word(stamp, how), std::memory_order_release);
  }

  /// Keeps what the call that began last threw.
  void keep_error(std::string_view text) noexcept {
    layout::CallError& error = lane_->errors[errors_++ % layout::kCallErrors];
    error.call.store(0, std::memory_order_relaxed);  // SYNC text: the text's stores are releases, so they come after
    error.text.store(text);
    error.call.store(begun_, std::memory_order_release);
  }

 private:
  layout::CallLane* lane_;
  layout::CallEntry* calls_;
  std::uint64_t mask_;
  std::uint64_t begun_ = 0;
  std::uint64_t errors_ = 0;
};

}  // namespace shmbus::trace
