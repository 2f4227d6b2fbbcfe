// Reads events without joining the bus: no port, no pin, nothing held back. For tools, tests and audits; a service
// subscribes.

#include <shmbus/inspector.hpp>
#include <shmbus/shmbus.hpp>

#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
  const char* name = argc > 1 ? argv[1] : "examples";

  // Something to read.
  auto bus = shmbus::Bus::open(name);
  auto lamp = bus.publisher("lamp.switched"), door = bus.publisher("door.opened");
  lamp.publish("on", {.headers = {{"room", "hall"}}, .key = "lamp-7"});
  door.publish("front");
  lamp.publish("off", {.key = "lamp-7"});

  shmbus::Inspector inspector(name);
  auto events = inspector.read(">", shmbus::Start::oldest());  // all topics, in the order of their times
  while (const shmbus::EventSnapshot* event = events.next()) {
    const std::string_view text(reinterpret_cast<const char*>(event->payload.data()), event->payload.size());
    std::cout << event->topic << " #" << event->sequence << ' ' << text;
    if (!event->key.empty()) std::cout << ", key " << event->key;
    for (const auto& header : event->headers) std::cout << ", " << header.name << ' ' << header.value;
    std::cout << '\n';
  }
  std::cout << "lost " << events.lost() << '\n';  // what left the ring before it was read
  for (const auto& problem : events.problems()) std::cout << problem.reason << '\n';
}

// Prints:
// lamp.switched #1 on, key lamp-7, room hall
// door.opened #1 front
// lamp.switched #2 off, key lamp-7
// lost 0
