// A creator that is stopped for longer than a subscriber waits for it.

#include <sys/wait.h>

#include <catch2/catch.hpp>

#include "shmbus/detail/crash_point.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using test::ForkedProcess;

TEST_CASE("a reliable subscriber that stops waiting for a stopped creator misses none of its events", "[creator]") {
  const std::string point = GENERATE("topic.announced", "create.formatted", "create.linked", "topic.ready",
                                     "finish.placed", "finish.withdrawn", "topic.changed", "topic.notified");
  CAPTURE(point);
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 10ms});
  ForkedProcess creator{[&](const test::Parent& parent) {
    shmbus::platform::crash_plan.pause = shmbus::platform::crash_point_id(point);
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("t", {.block_size = 4096, .blocks = 2});
    std::uint64_t published = 0;
    while (published < 1000 && publisher.try_publish("some text, so that a few of these fill a block")) ++published;
    parent.say(published);
  }};
  int status = 0;
  REQUIRE(::waitpid(creator.pid(), &status, WUNTRACED) == creator.pid());
  REQUIRE(WIFSTOPPED(status));
  shmbus::Subscriber subscriber = bus.subscriber("t", {.delivery = shmbus::Delivery::reliable});
  creator.resume();
  const std::uint64_t published = creator.hear();
  CHECK(published < 1000);  // it was held back
  std::uint64_t seen = 0;
  while (const std::size_t n = subscriber.poll([](const shmbus::Event&) {})) seen += n;
  CHECK(seen == published);
  CHECK(subscriber.lost() == 0);
  CHECK(creator.wait() == test::End{});
}
