#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "demo/checks.hpp"
#include "demo/demo_input.hpp"
#include "demo/demo_options.hpp"
#include "demo/platform.hpp"
#include "demo/terminal.hpp"
#include "signal_scope.hpp"

namespace demo {

/// What all parts of the demonstration share.
struct Demonstration {
  const DemoOptions& options;
  const DemoInput& input;
  const shmbus::tool::SignalScope& stop;
  Terminal& terminal;
  Checks& checks;
  std::string name;  ///< this run's name; the names of its buses begin with it
  std::filesystem::path folder;

  std::string bus(const std::string& part) const { return name + "-" + part; }
  Platform platform(const std::string& part) const { return {options.services, bus(part), folder / part, stop}; }
};

/// How long viewers waited while the services were called.
struct CallFigures {
  std::chrono::nanoseconds median{0};   ///< all services up
  std::chrono::nanoseconds hanging{0};  ///< until the watch failed, ml-service hanging
  std::chrono::nanoseconds dead{0};     ///< until the watch failed, ml-service dead
};

/// The same with the bus between.
struct EventFigures {
  std::chrono::nanoseconds median{0};
  std::chrono::nanoseconds median_hanging{0};  ///< ml-service hanging
  std::chrono::nanoseconds median_dead{0};     ///< ml-service dead
  double publish_ns = 0;
};

/// Before: six services are called, one after another.
CallFigures show_calls(Demonstration& demonstration);
/// After: publish, and answer.
EventFigures show_events(Demonstration& demonstration);
/// Prints both side by side.
void compare(Demonstration& demonstration, const CallFigures& calls, const EventFigures& events);
/// All watches, with a service killed and another one added on the way.
void show_stream(Demonstration& demonstration);

/// A stream in whose middle everything is killed and the bus's memory is gone, as when the machine restarts.
void show_reboot(Demonstration& demonstration);

/// One watch through all services, with ml-service killed while it works at it.
void show_trace(Demonstration& demonstration);

/// The stream on two hosts, joined by NATS JetStream, with their network cut and the server killed on the way.
void show_two_hosts(Demonstration& demonstration);

/// Nanoseconds of one publish, in a tight loop, nobody reading.
double measure_publish(const std::string& bus);

}  // namespace demo
