// Shows what happens when a subscriber is slower than the publisher. A lossy one misses events and counts them.
// A reliable one holds the publisher back.

#include <shmbus/shmbus.hpp>

#include <iostream>

int main(int argc, char** argv) {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");
  auto publisher = bus.publisher("sensor.value", {.block_size = 4096, .blocks = 4});  // a small ring, soon full
  const auto ignore = [](const shmbus::Event&) {};

  {
    auto lossy = bus.subscriber("sensor.value");  // lossy is the default: publishers never wait for it
    for (int i = 0; i < 10'000; ++i) publisher.publish("42");
    while (lossy.poll(ignore) > 0) {
    }
    const bool all = lossy.delivered() + lossy.lost() == 10'000;
    std::cout << "lossy: " << (lossy.lost() > 0 ? "lost some" : "lost none") << ", delivered + lost = published: "
              << (all ? "yes" : "no") << '\n';
  }

  auto reliable = bus.subscriber("sensor.value", {.delivery = shmbus::Delivery::reliable});
  int published = 0;
  while (publisher.try_publish("42")) ++published;  // publish() would wait here
  const bool held_back = publisher.try_publish("42").status() == shmbus::Status::back_pressured;
  std::cout << "reliable: " << (held_back ? "the publisher is held back" : "failed") << '\n';
  int delivered = 0;
  while (const auto n = reliable.poll(ignore)) delivered += static_cast<int>(n);
  std::cout << "reliable: lost " << reliable.lost() << ", delivered all: " << (delivered == published ? "yes" : "no")
            << "; the next publish " << (publisher.try_publish("42") ? "succeeds" : "fails") << '\n';
}

// Prints:
// lossy: lost some, delivered + lost = published: yes
// reliable: the publisher is held back
// reliable: lost 0, delivered all: yes; the next publish succeeds
