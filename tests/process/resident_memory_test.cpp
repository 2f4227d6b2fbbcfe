// How much of a topic is in a process's memory: only what is backed, although the address space covers all blocks that the
// topic may ever have. This holds also for a process that locks its memory.

#include <sys/mman.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/privileges.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using test::ForkedProcess;
using test::Parent;
using test::require;

namespace {

constexpr std::uint64_t kKi = 1024, kTopics = 10, kEvents = 100, kPayload = 8 * kKi;
constexpr std::uint64_t kBlock = 256 * kKi;

/// Bytes of shared memory that this process has mapped and present.
std::uint64_t resident() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssShmem:")) return std::stoull(line.substr(9)) * kKi;
  }
  throw std::runtime_error("no RssShmem");
}

/// Bytes of /dev/shm behind a bus.
std::uint64_t memory_of(const std::string& bus) {
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator("/dev/shm")) {
    struct stat state {};
    if (file.path().filename().string().starts_with("shmbus." + bus + ".") && ::stat(file.path().c_str(), &state) == 0)
      bytes += static_cast<std::uint64_t>(state.st_blocks) * 512;
  }
  return bytes;
}

std::string topic(std::uint64_t i) { return "topic." + std::to_string(i); }

/// The formulas of libshmbus/doc/guide/memory.md: for a topic with one subscriber, without its blocks, and for the registry.
constexpr std::uint64_t kControl = (44 + 4) * kKi, kRegistry = 64 * kKi;
constexpr std::uint64_t kBlocks = kEvents * kPayload / kBlock + 2;  // blocks that come into use
constexpr std::uint64_t kMost = kRegistry + kTopics * (kControl + 16 * kKi + kBlocks * kBlock);

void lock_memory(int flags) { require(::mlockall(flags) == 0, "mlockall"); }

void require_at_most(std::uint64_t bytes, std::uint64_t most, const std::string& what) {
  require(bytes <= most, what + ": " + std::to_string(bytes) + " bytes, expected at most " + std::to_string(most));
}

/// A publisher, a subscriber and an inspector of all topics in one process that locks its memory.
void use_bus(const std::string& name, bool lock_first) {
  ForkedProcess other{[&](const Parent& test) {  // forked before there is anything to inherit
    test.hear();
    const std::uint64_t start = resident();
    lock_memory(MCL_CURRENT | MCL_FUTURE);
    shmbus::Bus own = shmbus::Bus::open(name);
    shmbus::Subscriber all = own.subscriber(">", {.delivery = shmbus::Delivery::reliable});
    test.say();
    std::uint64_t seen = 0;
    while (seen < kTopics * kEvents) {
      seen += all.poll([](const Event&) {});
      all.wait(10ms);
    }
    require(all.lost() == 0, "lost");
    require_at_most(resident() - start, kMost, "a subscriber's process");
  }};

  const std::uint64_t before = resident();
  if (lock_first) lock_memory(MCL_CURRENT | MCL_FUTURE);
  shmbus::Bus bus = shmbus::Bus::open(name);
  std::vector<shmbus::Publisher> publishers;
  for (std::uint64_t i = 0; i < kTopics; ++i) publishers.push_back(bus.publisher(topic(i)));
  shmbus::Inspector inspector(name);
  require(inspector.snapshot().topics.size() == kTopics, "topics");
  if (!lock_first) lock_memory(MCL_CURRENT | MCL_FUTURE);
  require_at_most(memory_of(name), kRegistry + kTopics * (kControl + 16 * kKi), "the files of topics without events");

  other.say();
  other.hear();
  const std::string payload(kPayload, 'x');
  for (std::uint64_t n = 0; n < kEvents; ++n) {
    for (auto& p : publishers) require(bool{p.publish_for(20s, payload)}, "publish");
  }
  require(other.wait() == test::End{}, "the subscriber");
  require(inspector.snapshot().topics.size() == kTopics, "topics");
  // The inspector maps the registry and the control segments once more.
  require_at_most(resident() - before, kMost + kRegistry + kTopics * (kControl + 16 * kKi), "a publisher's process");
  require_at_most(memory_of(name), kMost, "the files");
}

}  // namespace

TEST_CASE("a process that locks its memory holds only the backed part of a topic in memory", "[memory][limits]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent&) { use_bus(name.name(), true); }};
  CHECK(process.wait() == test::End{});
}

TEST_CASE("a process that locks its memory after it opened topics holds only their backed part in memory",
          "[memory][limits]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent&) { use_bus(name.name(), false); }};
  CHECK(process.wait() == test::End{});
}
