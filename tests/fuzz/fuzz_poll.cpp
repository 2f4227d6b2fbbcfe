// Reading a log of any bytes: start, adopt, poll, look, retain, and what a reader does at an open claim.

#include "fuzz/log_actors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const fuzz::LogImage image(fuzz::ImageKind::from(input.take()), input);
  fuzz::LogActors actors(image, input);
  for (int step = 0; step < 64 && !input.empty(); ++step) {
    const std::uint32_t kind = input.below(8);
    kind < 5 ? actors.read() : kind < 7 ? actors.disturb() : actors.write();
  }
  return 0;
}
