// Looks at a bus without joining it: read-only mappings, no port, no lock. The tools are built on this.

#include <shmbus/inspector.hpp>
#include <shmbus/shmbus.hpp>

#include <iostream>

int main(int argc, char** argv) {
  const char* name = argc > 1 ? argv[1] : "examples";

  // Something to look at.
  auto bus = shmbus::Bus::open(name);
  auto lamp = bus.publisher("lamp.switched");
  auto slow = bus.subscriber("lamp.*", {.name = "slow reader"});
  for (int i = 0; i < 3; ++i) lamp.publish("on");

  shmbus::Inspector inspector(name);  // throws shmbus::Error, `not_found`, where there is no such bus
  const shmbus::BusSnapshot now = inspector.snapshot();
  for (const auto& topic : now.topics) {
    if (topic.info.name != "lamp.switched") continue;
    std::cout << topic.info.name << ": newest event " << topic.published << ", oldest " << topic.oldest << ", "
              << topic.info.blocks << " blocks of " << topic.info.block_size / 1024 << " KiB\n";
    for (const auto& subscriber : topic.subscribers)
      std::cout << "  '" << subscriber.name << "': " << subscriber.lag
                << " events behind, lost " << subscriber.lost << '\n';
  }
}

// Prints:
// lamp.switched: newest event 3, oldest 1, 16 blocks of 256 KiB
//   'slow reader': 3 events behind, lost 0
