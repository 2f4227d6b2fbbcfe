// Reads events that were published before the subscriber started.

#include <shmbus/shmbus.hpp>

#include <iostream>
#include <string>

static void print(shmbus::Bus& bus, const char* title, shmbus::Start start) {
  std::cout << title << ':';
  auto subscriber = bus.subscriber("door.opened", {.start = start});
  subscriber.poll([](const shmbus::Event& event) { std::cout << ' ' << event.text(); });
  std::cout << '\n';
}

int main(int argc, char** argv) {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");
  auto publisher = bus.publisher("door.opened");
  const auto third = [&] {
    for (const char* name : {"Ada", "Bo"}) publisher.publish(name);
    return publisher.publish("Cy").sequence();
  }();
  for (const char* name : {"Di", "Ed"}) publisher.publish(name);

  print(bus, "oldest", shmbus::Start::oldest());
  print(bus, "from event 3", shmbus::Start::sequence(third));
  print(bus, "last 2", shmbus::Start::last(2));
  print(bus, "from 1970", shmbus::Start::time({}));
  print(bus, "latest", shmbus::Start::latest());  // the default: the next event
}

// Prints:
// oldest: Ada Bo Cy Di Ed
// from event 3: Cy Di Ed
// last 2: Di Ed
// from 1970: Ada Bo Cy Di Ed
// latest:
