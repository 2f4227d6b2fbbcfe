#include "measure/ping_pong.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace shmbus::measure {

namespace {

constexpr auto kLastWord = static_cast<std::uint32_t>(kLastPing);

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) noexcept {
  static_assert(sizeof word == sizeof(std::uint32_t));
  return ::syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

void send(std::atomic<std::uint32_t>& word, std::uint32_t value) noexcept {
  word.store(value, std::memory_order_release);
  futex(word, FUTEX_WAKE, 1);
}

/// Sleeps until the word is no longer `old`.
std::uint32_t receive(std::atomic<std::uint32_t>& word, std::uint32_t old) noexcept {
  for (;;) {
    const std::uint32_t value = word.load(std::memory_order_acquire);
    if (value != old) return value;
    futex(word, FUTEX_WAIT, old);
  }
}

}  // namespace

void LinePair::answer(Spin spin) noexcept {
  for (std::uint64_t last = 0; last != kLastPing;) {
    const std::uint64_t n = ping.load(std::memory_order_acquire);
    if (n == last) {
      spin();
      continue;
    }
    pong.store(n, std::memory_order_release);
    last = n;
  }
}

void FutexPair::exchange(std::uint64_t n) noexcept {
  const std::uint32_t old = pong.load(std::memory_order_relaxed);  // nobody answers before the word is sent
  send(ping, static_cast<std::uint32_t>(n));
  receive(pong, old);
}

void FutexPair::answer() noexcept {
  for (std::uint32_t last = 0; last != kLastWord;) {
    last = receive(ping, last);
    send(pong, last);
  }
}

}  // namespace shmbus::measure
