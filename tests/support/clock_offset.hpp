#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>

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

}  // namespace test
