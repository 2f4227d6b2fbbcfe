// Repair over any bytes: claims of dead publishers, ports, reservation, gating, withdrawing ports.

#include "fuzz/log_actors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const fuzz::LogImage image(fuzz::ImageKind::from(input.take()), input);
  fuzz::LogActors actors(image, input);
  for (int step = 0; step < 64 && !input.empty(); ++step) {
    const std::uint32_t kind = input.below(8);
    kind < 4 ? actors.repair() : kind < 7 ? actors.disturb() : (input.chance() ? actors.write() : actors.read());
  }
  return 0;
}
