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

// Sanitizers slow a program down; numbers of repetitions are divided by this.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr unsigned slowness = 10;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr unsigned slowness = 10;
#else
inline constexpr unsigned slowness = 1;
#endif
#else
inline constexpr unsigned slowness = 1;
#endif

/// Sanitizers map memory of their own and change how the system treats it, so limits of memory can't be tested with them.
inline constexpr bool sanitized = slowness != 1;

}  // namespace test
