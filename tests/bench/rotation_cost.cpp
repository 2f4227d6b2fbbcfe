// Prints the cost of opening the next block, for several numbers of blocks. Each event fills more than half of a block.
//
//   rotation_cost [ROTATIONS]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/log_fixture.hpp"

namespace {

constexpr std::size_t kMoreThanHalf = 2200;
constexpr int kBatches = 21;

/// Nanoseconds per publish, the median of some batches. `pinned`: a reader stays inside each block that is about to leave
/// the ring.
double cost(std::uint32_t blocks, std::uint64_t rotations, bool pinned) {
  test::LogFixture f({.blocks = blocks, .timestamps = false});
  test::TestPublisher& publisher = f.publisher();
  const std::string payload(kMoreThanHalf, 'x');
  const auto bytes = test::bytes_of(payload);
  const auto publish = [&] {
    if (publisher.writer->publish(bytes).status() != shmbus::Status::ok) std::abort();
  };
  for (std::uint64_t i = 0; i < 2 * std::uint64_t{blocks} + 10; ++i) publish();  // from here on all blocks have memory
  unsigned port = 0;
  if (pinned) port = f.place_pin(f.new_node(), f.tail_block());
  std::vector<double> batches;
  for (int batch = 0; batch < kBatches; ++batch) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < rotations; ++i) {
      // As a lapped reader does: its block has left the ring, and it goes on in the oldest one.
      if (pinned && i % 2 == 0) f.log().subscriber(port).words.pin.store(f.tail_block() + 2 - blocks);
      publish();
    }
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
    batches.push_back(time.count() / static_cast<double>(rotations));
  }
  std::sort(batches.begin(), batches.end());
  return batches[kBatches / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t rotations = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2'000;
  std::printf("%8s  %14s  %26s\n", "blocks", "ns a rotation", "ns beside a lapped reader");
  for (const std::uint32_t blocks : {16u, 1'024u, 65'536u})
    std::printf("%8u  %14.0f  %26.0f\n", blocks, cost(blocks, rotations, false), cost(blocks, rotations, true));
}
