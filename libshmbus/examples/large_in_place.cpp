// Writes a large event where its readers will read it: nothing is copied on either side.

#include <shmbus/shmbus.hpp>

#include <algorithm>
#include <cstddef>
#include <iostream>

int main(int argc, char** argv) {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");
  constexpr std::size_t MiB = 1024 * 1024;
  // A payload must fit a block. Blocks get their memory one by one as they are first used.
  auto camera = bus.publisher("camera.frame", {.block_size = 4 * MiB, .blocks = 4});
  auto viewer = bus.subscriber("camera.frame");

  if (auto loan = camera.loan(2 * MiB)) {  // room for the largest frame there can be
    std::ranges::fill(loan.payload().first(MiB), std::byte{0x80});
    loan.commit(MiB);  // publishes the first MiB; the rest is given back
  } else {
    std::cerr << to_string(loan.status()) << '\n';
  }
  if (auto loan = camera.loan(2 * MiB)) {
    // No commit: it ends without one, for example by an exception. Nothing is published.
  }

  viewer.poll([](const shmbus::Event& frame) {
    const bool grey = std::ranges::all_of(frame.payload(), [](std::byte b) { return b == std::byte{0x80}; });
    std::cout << "a frame of " << frame.payload().size() / MiB << " MiB, " << (grey ? "all grey" : "broken") << '\n';
  });
}

// Prints:
// a frame of 1 MiB, all grey
