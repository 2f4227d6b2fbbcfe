#pragma once

#include <chrono>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "shmbus/bus.hpp"
#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"
#include "support/child_process.hpp"
#include "support/temporary_bus.hpp"
#include "support/temporary_folder.hpp"

namespace test {

/// The built services, with a bus and a folder for them.
struct Streaming {
  TemporaryBus bus;
  TemporaryFolder folder;

  std::vector<std::string> command(std::string_view service, std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(),
                     {std::string{SHMBUS_SERVICES} + "/" + std::string{service}, "--bus", bus.name()});
    return arguments;
  }

  /// The command of one of the six reacting services, with its state and its report in the folder.
  std::vector<std::string> reacting(std::string_view service, std::vector<std::string> arguments = {}) const {
    const std::string name{service};
    arguments.insert(arguments.end(),
                     {"--state", folder.file(name + ".state"), "--report", folder.file(name + ".json")});
    return command(service, std::move(arguments));
  }

  /// Runs video-service to its end, and returns its report.
  nlohmann::json publish(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--report", folder.file("video-service.json")});
    const Finished video = test::run(command("video-service", std::move(arguments)));
    if (video.end != End{}) throw std::runtime_error("video-service failed: " + video.err);
    return report("video-service");
  }

  nlohmann::json report(std::string_view service) const {
    std::ifstream file(folder.file(std::string{service} + ".json"));
    return nlohmann::json::parse(file);
  }

  /// Makes the topic of a service's results before the service does, with room for all of them.
  void keep_results_of(std::string_view service) const {
    shmbus::Bus::open(bus.name()).topic(results_of(service), {.block_size = 64 * 1024, .blocks = 1024});
  }

  /// The payloads of all results that a service published, in order.
  std::vector<std::string> published_by(std::string_view service) const {
    shmbus::Bus::open(bus.name()).reap();  // ends the claims of those that were killed while they published
    shmbus::Inspector inspector(bus.name());
    shmbus::EventReader reader = inspector.read(results_of(service), shmbus::Start::oldest(), {.retained_only = true});
    std::vector<std::string> results;
    wait_until("all results to be read", [&] {
      while (const shmbus::EventSnapshot* event = reader.next())
        results.emplace_back(reinterpret_cast<const char*>(event->payload.data()), event->payload.size());
      return reader.finished();
    });
    return results;
  }

  static std::string results_of(std::string_view service) {
    static const std::map<std::string_view, std::string> topics{
        {"user-service", "user.preferences_updated"}, {"ml-service", "recommendation.updated"},
        {"analytics-service", "analytics.updated"},   {"notification-service", "notification.sent"},
        {"badge-service", "badge.awarded"},           {"ranking-service", "ranking.changed"}};
    return topics.at(service);
  }

  /// Waits until the condition holds, and throws after a minute: this is the watchdog.
  template <class Condition>
  static void wait_until(const char* what, Condition condition) {
    using namespace std::chrono_literals;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error(std::string{"waited too long for "} + what);
      std::this_thread::sleep_for(2ms);
    }
  }

  /// Waits until a living service has read all watches up to a given one.
  void wait_until_read(std::string_view service, std::uint64_t sequence) const {
    wait_until("a service to read on", [&] {
      for (const shmbus::SubscriberSnapshot& subscriber : watches().subscribers) {
        if (subscriber.alive && subscriber.name == service && subscriber.next_sequence > sequence) return true;
      }
      return false;
    });
  }

  void wait_until_published(std::uint64_t sequence) const {
    wait_until("an event", [&] { return watches().published >= sequence; });
  }

  /// The topic of the watches, or an empty one if there is none yet.
  shmbus::TopicSnapshot watches() const {
    try {
      for (const shmbus::TopicSnapshot& topic : shmbus::Inspector{bus.name()}.snapshot().topics) {
        if (topic.info.name == "video.watch_started") return topic;
      }
    } catch (const shmbus::Error&) {  // the bus does not exist yet
    }
    return {};
  }
};

}  // namespace test
