// Liveness between pid namespaces, and where pids are reused: a node's liveness is a lock, not a pid.

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/bus_members.hpp"
#include "support/forked_process.hpp"
#include "support/privileges.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using test::ForkedProcess;
using test::lives;
using test::may_publish;
using test::Parent;

namespace {

const shmbus::TopicOptions alone{.block_size = 4096, .blocks = 4, .writers = shmbus::Writers::exclusive};

/// The first process of a pid namespace: publishes to a topic of its own, and reports whether given nodes live.
void member(const std::string& name, const std::string& topic, const Parent& test) {
  test::require(::getpid() == 1, "not the first process");
  shmbus::Bus bus = shmbus::Bus::open(name);
  shmbus::Publisher publisher = bus.publisher(topic, alone);
  test.say(bus.node());
  for (;;) {
    const std::uint64_t asked = test.hear();
    if (asked == 0) return;
    test::require(bool{publisher.publish("alive")}, "publish");
    test::require(bus.reap().publishers == 0 || !lives(name, asked), "reaped a living one");
    test.say(lives(name, asked) ? 1 : 0);
  }
}

/// Makes the next process of this pid namespace get `pid`.
bool set_next_pid(pid_t pid) {
  const std::string last = std::to_string(pid - 1);
  const int fd = ::open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
  const bool written = fd >= 0 && ::write(fd, last.data(), last.size()) == static_cast<ssize_t>(last.size());
  if (fd >= 0) ::close(fd);
  return written;
}

constexpr pid_t kPid = 42;

}  // namespace

TEST_CASE("liveness is right between pid namespaces, also for equal pids", "[liveness][namespace]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 50ms});
  bus.topic("one", alone);
  bus.topic("two", alone);
  auto one = test::in_namespaces(CLONE_NEWPID, [&](const Parent& p) { member(name.name(), "one", p); });
  if (!one) return;
  auto two = test::in_namespaces(CLONE_NEWPID, [&](const Parent& p) { member(name.name(), "two", p); });
  if (!two) return;
  const std::uint64_t first = one->hear(), second = two->hear();
  const auto judges = [](ForkedProcess& process, std::uint64_t node) {
    process.say(node);
    return process.hear() == 1;
  };
  shmbus::Subscriber subscriber = bus.subscriber("*");
  for (int i = 0; i < 10; ++i) {
    REQUIRE((lives(name.name(), first) && lives(name.name(), second)));
    REQUIRE((judges(*one, second) && judges(*two, first)));
    REQUIRE((judges(*one, bus.node()) && judges(*two, bus.node())));
    REQUIRE_FALSE((may_publish(bus, "one", alone) || may_publish(bus, "two", alone)));
    const auto report = bus.reap();
    REQUIRE(report.nodes + report.publishers == 0);
  }
  for (const auto& node : shmbus::Inspector(name.name()).snapshot().nodes)
    CHECK((node.id == bus.node() ? node.pid == ::getpid() : node.pid == 1));
  CHECK(subscriber.poll([](const Event& e) { CHECK(e.text() == "alive"); }) == 40);

  one->kill();  // this ends the namespace, too
  test::wait_until("the namespace's end", [&] { return !lives(name.name(), first); });
  CHECK(lives(name.name(), second));
  CHECK_FALSE(judges(*two, first));
  CHECK(may_publish(bus, "one", alone));
  CHECK_FALSE(may_publish(bus, "two", alone));
  bus.reap();
  CHECK(shmbus::Inspector(name.name()).snapshot().nodes.size() == 2);
  two->say(0);
  CHECK(two->wait() == test::End{});
}

TEST_CASE("a dead node stays dead when its pid is reused", "[liveness][namespace]") {
  const test::TemporaryBus name;
  const bool attaches = GENERATE(false, true);
  auto space = test::in_namespaces(CLONE_NEWPID, [&](const Parent& test) {
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    bus.topic("t", alone);
    const auto hold = [&](const Parent& parent) {
      shmbus::Bus own = shmbus::Bus::open(name.name());
      shmbus::Publisher publisher = own.publisher("t");
      test::require(bool{publisher.publish("x")}, "publish");
      parent.say(own.node());
      parent.hear();
    };
    const bool can = set_next_pid(kPid);
    test.say(can);
    if (!can) return;
    ForkedProcess old{hold};
    test::require(old.pid() == kPid, "the pid could not be chosen");
    const std::uint64_t node = old.hear();
    test::require(lives(name.name(), node) && !may_publish(bus, "t", alone), "it does not live");
    old.kill();

    test::require(set_next_pid(kPid), "set_next_pid");
    ForkedProcess next{[&](const Parent& parent) {
      if (attaches) return hold(parent);
      parent.say();
      parent.hear();
    }};
    test::require(next.pid() == kPid, "the pid was not used again");
    const std::uint64_t other = next.hear();
    test::require(!lives(name.name(), node), "the dead node lives by the new process");
    test::require(other != node, "a node id came again");
    test::require(may_publish(bus, "t", alone) != attaches, attaches ? "the new one has no right" : "the dead one has");
    test::require(bus.reap().nodes == 1, "the dead node is not reaped");
    test::require(!attaches || lives(name.name(), other), "the new node is dead");
    next.say();
    test::require(next.wait() == test::End{}, "the new process");
  });
  if (!space) return;
  if (space->hear() == 0) test::skip("the right to choose the next pid");
  CHECK(space->wait() == test::End{});
}
