// Many topics in a process that may have few descriptors: a topic uses none once it is open.

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Status;
using test::ForkedProcess;
using test::Parent;
using test::require;

namespace {

constexpr unsigned kTopics = 600;
const shmbus::TopicOptions kSmall{.block_size = 4096, .blocks = 2};

std::string topic(unsigned i) { return "topic." + std::to_string(i); }

unsigned open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  unsigned count = 0;
  while (::readdir(folder.get()) != nullptr) ++count;
  return count;
}

void allow_descriptors(rlim_t most) {
  const rlimit limit{most, most};
  require(::setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

/// Takes all descriptors that this process may have.
std::vector<int> take_all_descriptors() {
  std::vector<int> taken;
  for (int fd; (fd = ::open("/", O_PATH | O_CLOEXEC)) >= 0;) taken.push_back(fd);
  return taken;
}

}  // namespace

TEST_CASE("with 128 descriptors a process publishes to 600 topics and reads them reliably, and no publisher is blocked",
          "[limits][descriptors]") {
  const test::TemporaryBus name;
  constexpr std::uint64_t kEvents = 60;  // events of 200 bytes: more than a topic's ring holds
  ForkedProcess subscriber{[&](const Parent& test) {
    allow_descriptors(128);
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    shmbus::Subscriber all = bus.subscriber(">", {.delivery = Delivery::reliable});
    test.say();
    std::uint64_t seen = 0;
    const test::Deadline deadline;
    while (seen < kTopics * kEvents) {
      seen += all.poll([](const Event&) {});
      if (!all.wait(10ms)) deadline.check("all events");
    }
    require(all.topics() == kTopics && all.lost() == 0 && all.status() == Status::ok, "not all of it");
    require(open_descriptors() < 32, "descriptors: " + std::to_string(open_descriptors()));
    shmbus::Inspector inspector(name.name());
    require(inspector.snapshot().topics.size() == kTopics && open_descriptors() < 32, "the inspector");
  }};
  subscriber.hear();
  ForkedProcess publisher{[&](const Parent&) {
    allow_descriptors(128);
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    std::vector<shmbus::Publisher> publishers;
    for (unsigned i = 0; i < kTopics; ++i) publishers.push_back(bus.publisher(topic(i), kSmall));
    for (std::uint64_t n = 0; n < kEvents; ++n) {
      for (auto& p : publishers) {
        const auto result = p.publish_for(20s, std::string(200, 'x'));
        require(bool{result}, std::string(p.topic().name) + ": " + shmbus::to_string(result.status()));
      }
    }
    require(open_descriptors() < 32, "descriptors: " + std::to_string(open_descriptors()));
  }};
  CHECK(publisher.wait() == test::End{});
  CHECK(subscriber.wait() == test::End{});
}

TEST_CASE("a process without free descriptors publishes on, through more blocks than it had opened",
          "[limits][descriptors]") {
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent&) {
    allow_descriptors(64);
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    for (const auto writers : {shmbus::Writers::shared, shmbus::Writers::exclusive}) {
      const std::string topic = writers == shmbus::Writers::shared ? "shared" : "exclusive";
      shmbus::Publisher publisher = bus.publisher(topic, {.block_size = 4096, .blocks = 4, .writers = writers});
      shmbus::Subscriber subscriber = bus.subscriber(topic);
      std::vector<int> taken = take_all_descriptors();
      for (std::uint64_t n = 1; n <= 200; ++n) {
        require(publisher.publish(std::string(200, 'x')).sequence() == n, "publish");
        require(subscriber.poll([](const Event&) {}) == 1, "poll");
      }
      require(subscriber.lost() == 0, "lost");
      for (const int fd : taken) ::close(fd);
    }
  }};
  CHECK(process.wait() == test::End{});
}

TEST_CASE("publishing to a topic that was removed, and can't be opened again, causes no signal",
          "[limits][descriptors]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", kSmall);
  shmbus::Subscriber subscriber = bus.subscriber("t");
  REQUIRE(publisher.publish("one"));
  REQUIRE(bus.remove_topic("t"));
  CHECK(publisher.publish(std::string(3000, 'x')).status() == Status::closed);
  CHECK(subscriber.poll([](const Event& e) { CHECK(e.text() == "one"); }) == 1);
}
