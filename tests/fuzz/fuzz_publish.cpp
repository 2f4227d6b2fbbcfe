// Writing to a log of any bytes: attach, claim, commit, loans, sealing, rotation, gating.

#include "fuzz/log_actors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const fuzz::LogImage image(fuzz::ImageKind::from(input.take()), input);
  fuzz::LogActors actors(image, input);
  for (int step = 0; step < 64 && !input.empty(); ++step) {
    const std::uint32_t kind = input.below(8);
    kind < 5 ? actors.write() : kind < 7 ? actors.disturb() : actors.read();
  }
  return 0;
}
