// Publishes one event and reads it. Run it twice: the second run publishes event 2 of the same topic.

#include <shmbus/shmbus.hpp>

#include <iostream>

int main(int argc, char** argv) {
  // Opens the bus, and creates it if it does not exist.
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");

  // Subscribe first: a subscriber starts with the next event.
  auto subscriber = bus.subscriber("hello.*");
  auto publisher = bus.publisher("hello.world");
  publisher.publish("good morning");

  subscriber.poll([](const shmbus::Event& event) {
    std::cout << event.topic() << " #" << event.sequence() << ": " << event.text() << '\n';
  });
  // The events stay on the bus until newer ones need their room. Look with: shmbus tail --bus examples '>'
}

// Prints:
// hello.world #1: good morning
