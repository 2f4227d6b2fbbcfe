// Keeps events on disk: one that must not get lost is waited for, and a reader that was asleep loses nothing.

#include <shmbus/shmbus.hpp>

#include <iostream>

int main(int argc, char** argv) {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples", {.journals = "/tmp/shmbus-example-journals"});
  bus.remove_topic("order.placed", shmbus::Journals::erase);  // begins anew
  // A ring of four small blocks, which forgets soon, and a journal, which does not.
  bus.topic("order.placed", {.block_size = 4096, .blocks = 4, .journal = shmbus::Journal::batch()});
  auto orders = bus.publisher("order.placed");
  auto reader = bus.subscriber("order.placed");

  std::uint64_t last = 0;
  for (int i = 1; i <= 1000; ++i) last = orders.publish("order " + std::to_string(i)).sequence();
  std::cout << "order " << last << " on disk: " << shmbus::to_string(orders.wait_durable(last)) << '\n';

  std::uint64_t read = 0;
  while (read < 1000) {
    if (reader.poll([&](const shmbus::Event&) { ++read; }) == 0) reader.wait();
  }
  std::cout << "read " << read << ", lost " << reader.lost() << '\n';
}

// Prints:
// order 1000 on disk: ok
// read 1000, lost 0
