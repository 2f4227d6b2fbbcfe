#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

namespace test {

/// A time that no healthy run needs, also on a loaded machine and under sanitizers.
inline constexpr std::chrono::seconds patience{90};

/// The watchdog of a loop.
class Deadline {
 public:
  void check(const std::string& what) const {
    if (std::chrono::steady_clock::now() > end_) throw std::runtime_error("waited too long for " + what);
  }

 private:
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::now() + patience;
};

/// Waits until the condition holds. Throws if that takes too long.
template <class Condition>
void wait_until(const std::string& what, Condition condition) {
  const Deadline deadline;
  while (!condition()) {
    deadline.check(what);
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

/// Whether the library and the programs are built with a sanitizer; their tests need not be. Sanitizers map memory of their
/// own and change how the system treats it, so limits of memory can't be tested with them.
#ifdef SHMBUS_TEST_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// Sanitizers slow a program down; numbers of repetitions are divided by this.
inline constexpr unsigned slowness = sanitized ? 10 : 1;

}  // namespace test
