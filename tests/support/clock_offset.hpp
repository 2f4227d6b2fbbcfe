#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <functional>

namespace test {

/// While it exists, a clock is ahead or behind for the library in this process alone. The machine's clock and std::chrono are
/// not changed. Test programs are linked so that the library's calls come here.
class ClockOffset {
 public:
  ClockOffset(clockid_t clock, std::chrono::nanoseconds offset);
  ClockOffset(const ClockOffset&) = delete;
  ClockOffset& operator=(const ClockOffset&) = delete;
  ~ClockOffset();

  void set(std::chrono::nanoseconds offset) noexcept;

 private:
  std::atomic<std::int64_t>* offset_;
};

/// Calls a function when the library next looks at the monotonic clock in this thread, before it gets the time: what happens
/// while a thread is not scheduled. Once.
void at_next_look_at_clock(std::function<void()> call);

}  // namespace test
