#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"
#include "support/child_process.hpp"
#include "support/temporary_bus.hpp"

namespace test {

/// The built tool, with a bus for it.
struct Tool {
  TemporaryBus bus;

  /// The arguments of a command on this bus.
  std::vector<std::string> command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {SHMBUS_TOOL, "--bus", bus.name()});
    return arguments;
  }

  Finished run(std::vector<std::string> arguments, std::string_view input = {}) const {
    return test::run(command(std::move(arguments)), input);
  }

  /// Waits until `count` subscribers are attached, which see all events from then on.
  void wait_for_subscribers(std::size_t count) const {
    wait_for("a subscriber",
             [&](const shmbus::BusSnapshot& snapshot) { return snapshot.subscriptions.size() >= count; });
  }

  /// Waits until the first topic has a publisher.
  void wait_for_publisher() const {
    wait_for("a publisher", [](const shmbus::BusSnapshot& snapshot) {
      return !snapshot.topics.empty() && !snapshot.topics.front().publishers.empty();
    });
  }

  /// Waits until something was published on the first topic.
  void wait_for_event() const {
    wait_for("an event", [](const shmbus::BusSnapshot& snapshot) {
      return !snapshot.topics.empty() && snapshot.topics.front().published > 0;
    });
  }

 private:
  template <class Condition>
  void wait_for(const char* what, Condition condition) const {
    using namespace std::chrono_literals;
    for (const auto deadline = std::chrono::steady_clock::now() + 60s;; std::this_thread::sleep_for(5ms)) {
      try {
        if (condition(shmbus::Inspector{bus.name()}.snapshot())) return;
      } catch (const shmbus::Error&) {  // the bus does not exist yet
      }
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error(std::string{"waited too long for "} + what);
    }
  }
};

/// Commands that only read the bus, with the topic "t" where they need one, followed by `more`.
inline std::vector<std::vector<std::string>> verbs_that_read(const std::vector<std::vector<std::string>>& more) {
  std::vector<std::vector<std::string>> verbs = {{"ls"},      {"info", "t"}, {"ports"},       {"stat"},
                                                 {"hz", "t"}, {"tail", "t"}, {"replay", "t"}, {"who"}};
  verbs.insert(verbs.end(), more.begin(), more.end());
  return verbs;
}

}  // namespace test
