// run_until_signal: `main` waits in it while subscriptions do the work.

#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using test::ForkedProcess;
using test::Parent;

namespace {

bool default_action(int signal) {
  struct sigaction action {};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}

/// Waits until the process catches the signal, so that the test does not send it too early.
void await_caught(pid_t pid, int signal) {
  test::wait_until("the signal to be caught", [&] {
    std::FILE* file = std::fopen(("/proc/" + std::to_string(pid) + "/status").c_str(), "r");
    unsigned long long caught = 0;
    for (char line[256]; file != nullptr && std::fgets(line, sizeof line, file) != nullptr;)
      std::sscanf(line, "SigCgt: %llx", &caught);
    if (file != nullptr) std::fclose(file);
    return (caught >> (signal - 1) & 1) != 0;
  });
}

}  // namespace

TEST_CASE("run_until_signal returns the signal, whichever thread gets it, and restores the previous signal handling",
          "[run]") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  const bool blocked = GENERATE(false, true);
  CAPTURE(signal, blocked);
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent& parent) {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, signal);
    if (blocked) ::sigprocmask(SIG_BLOCK, &set, nullptr);  // also in the thread made below
    shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
    std::atomic<bool> end{false};
    std::thread other([&] {
      while (!end) std::this_thread::sleep_for(1ms);
    });
    const auto subscription = bus.subscribe("t", [](const shmbus::Event&) {});
    parent.say();
    parent.say(static_cast<std::uint64_t>(bus.run_until_signal()));
    test::require(default_action(signal), "the signal's action was not restored");
    sigset_t now;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
    test::require((::sigismember(&now, signal) == 1) == blocked, "the signal's mask was not restored");
    end = true;
    other.join();
    test::require(subscription.status() == shmbus::Status::ok, "a signal ended the subscription");
  }};
  process.hear();
  await_caught(process.pid(), signal);
  REQUIRE(::kill(process.pid(), signal) == 0);
  CHECK(process.hear() == static_cast<std::uint64_t>(signal));
  CHECK(process.wait() == test::End{});
}

TEST_CASE("run_until_signal returns 0 when the bus is interrupted or removed, and leaves ignored signals alone",
          "[run]") {
  const test::TemporaryBus name;
  const bool removed = GENERATE(false, true);
  CAPTURE(removed);
  ForkedProcess process{[&](const Parent& parent) {
    ::signal(SIGINT, SIG_IGN);
    shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = removed ? 10ms : 1h});
    std::thread other([&] {
      parent.hear();
      if (removed)
        shmbus::Bus::remove(name.name());
      else
        bus.interrupt();
    });
    parent.say();
    const int signal = bus.run_until_signal();
    other.join();
    parent.say(static_cast<std::uint64_t>(signal));
    test::require(bus.run_until_signal() == 0, "once more");
  }};
  process.hear();
  await_caught(process.pid(), SIGTERM);
  REQUIRE(::kill(process.pid(), SIGINT) == 0);  // the process ignores it, as under nohup
  process.say();
  CHECK(process.hear() == 0);
  CHECK(process.wait() == test::End{});
}
