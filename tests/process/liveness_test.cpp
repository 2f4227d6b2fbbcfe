// Liveness follows the kernel's file lock, whatever happens to the process.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "shmbus/shmbus.hpp"
#include "support/bus_members.hpp"
#include "support/forked_process.hpp"
#include "support/proc_stat.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Start;
using shmbus::Status;
using test::ForkedProcess;
using test::lives;
using test::may_publish;
using test::Parent;
using test::state_of;

namespace {

const shmbus::TopicOptions alone{.block_size = 4096, .blocks = 4, .writers = shmbus::Writers::exclusive};

/// A member with the exclusive right that releases nothing when it ends.
void hold(const std::string& name, const Parent& parent) {
  shmbus::Bus bus = shmbus::Bus::open(name);
  shmbus::Publisher publisher = bus.publisher("t", alone);
  parent.say(bus.node());
  parent.hear();
  ::_exit(0);
}

}  // namespace

TEST_CASE("a process stopped for 10 s is not taken for dead, and then goes on as before", "[liveness]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 100ms});
  shmbus::Publisher shared = bus.publisher("shared", {.block_size = 4096, .blocks = 64});
  ForkedProcess process{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("t", alone);
    shmbus::Publisher lender = member.publisher("shared");
    shmbus::Subscriber reader = member.subscriber("shared", {.delivery = Delivery::reliable});
    shmbus::Loan loan = lender.loan(4);
    std::ranges::fill(loan.payload(), std::byte{'l'});
    parent.say(member.node());
    parent.hear();
    test::require(bool{loan.commit()}, "commit of an old loan");
    test::require(bool{publisher.publish("mine")}, "the exclusive right is gone");
    std::string seen;
    const test::Deadline deadline;
    while (reader.poll([&](const Event& e) { seen += std::string{e.text()} + " "; }) != 0 || seen.size() < 5 + 7 * 3)
      deadline.check("events");
    test::require(seen == "llll before during during ", seen);
    test::require(reader.lost() == 0 && reader.status() == Status::ok, "reader");
  }};
  const std::uint64_t node = process.hear();
  shared.publish("before");
  process.stop();
  const auto stopped = std::chrono::steady_clock::now();
  int looks = 0;
  for (; std::chrono::steady_clock::now() - stopped < 10s; ++looks) {
    if (looks == 3 || looks == 20) shared.publish("during");
    REQUIRE(lives(name.name(), node));
    REQUIRE_FALSE(may_publish(bus, "t", alone));
    const auto report = bus.reap();
    REQUIRE(report.nodes + report.publishers + report.subscribers + report.subscriptions + report.segments == 0);
    std::this_thread::sleep_for(250ms);
  }
  REQUIRE(looks > 20);
  REQUIRE(state_of(process.pid()) == 'T');
  process.resume();
  process.say();
  CHECK(process.wait() == test::End{});
}

TEST_CASE("a zombie that its parent has not reaped is dead", "[liveness]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t", alone);
  ForkedProcess process{[&](const Parent& parent) { hold(name.name(), parent); }};
  const std::uint64_t node = process.hear();
  CHECK(lives(name.name(), node));
  CHECK_FALSE(may_publish(bus, "t", alone));
  if (GENERATE(false, true))
    ::kill(process.pid(), SIGKILL);
  else
    process.say();  // it exits
  siginfo_t end{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(process.pid()), &end, WEXITED | WNOWAIT) == 0);
  REQUIRE(state_of(process.pid()) == 'Z');
  CHECK_FALSE(lives(name.name(), node));
  CHECK(may_publish(bus, "t", alone));
  CHECK(bus.reap().nodes == 1);
  CHECK(state_of(process.pid()) == 'Z');
}

TEST_CASE("a process whose first thread has ended is alive while another thread runs", "[liveness]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t", alone);
  ForkedProcess process{[&](const Parent& parent) {
    const pid_t self = ::getpid();
    // The thread is not joined, and the stack it reads stays: only the first thread ends below, not the process.
    std::thread([&] {
      while (state_of(self) != 'Z') std::this_thread::sleep_for(1ms);
      hold(name.name(), parent);
    }).detach();
    ::syscall(SYS_exit, 0);
  }};
  const std::uint64_t node = process.hear();
  CHECK(state_of(process.pid()) == 'Z');
  CHECK(lives(name.name(), node));
  CHECK_FALSE(may_publish(bus, "t", alone));
  CHECK(bus.reap().nodes == 0);
  process.say();
  CHECK(process.wait() == test::End{});
  CHECK_FALSE(lives(name.name(), node));
  CHECK(may_publish(bus, "t", alone));
}

TEST_CASE("several nodes in one process live and end independently", "[liveness]") {
  const test::TemporaryBus name;
  std::optional<shmbus::Bus> one = shmbus::Bus::open(name.name()), two = shmbus::Bus::open(name.name());
  shmbus::Bus judge = shmbus::Bus::open(name.name());
  const std::uint64_t first = one->node(), second = two->node();
  REQUIRE(first != second);
  std::optional<shmbus::Publisher> publisher = one->publisher("t", alone);
  CHECK_FALSE(may_publish(*two, "t", alone));
  CHECK_FALSE(may_publish(judge, "t", alone));
  CHECK(two->reap().nodes == 0);
  CHECK((lives(name.name(), first) && lives(name.name(), second) && lives(name.name(), judge.node())));

  SECTION("one leaves") {
    publisher.reset();
    one.reset();
    CHECK((!lives(name.name(), first) && lives(name.name(), second)));
    CHECK(may_publish(*two, "t", alone));
    CHECK(judge.reap().nodes == 0);
  }
  SECTION("the program closes the other's file, and opens and closes it again") {
    // Locks of the older kind go when a process closes any descriptor of the file.
    const std::string path = "/dev/shm/shmbus." + name.name() + ".registry";
    for (int i = 0; i < 3; ++i) ::close(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    two.reset();
    CHECK(lives(name.name(), first));
    CHECK_FALSE(may_publish(judge, "t", alone));
    CHECK(publisher->publish("x"));
  }
  SECTION("the program closes all descriptors that are open") {
    for (int fd = 3; fd < 1024; ++fd) {
      struct stat file {};
      if (::fstat(fd, &file) == 0 && S_ISREG(file.st_mode)) ::close(fd);
    }
    CHECK((lives(name.name(), first) && lives(name.name(), second)));
    CHECK_FALSE(may_publish(*two, "t", alone));
    CHECK(judge.reap().nodes == 0);
    CHECK(one->publisher("other").publish("x"));
    CHECK(two->publisher("other").publish("x"));
    publisher.reset();
    one.reset();
    CHECK((!lives(name.name(), first) && lives(name.name(), second)));
  }
  SECTION("all die with the process, and each is reaped") {
    ForkedProcess process{[&](const Parent& parent) {
      shmbus::Bus a = shmbus::Bus::open(name.name()), b = shmbus::Bus::open(name.name());
      shmbus::Subscriber s = a.subscriber("t"), t = b.subscriber("t");
      parent.say(a.node());
      parent.say(b.node());
      parent.hear();
    }};
    const std::uint64_t a = process.hear(), b = process.hear();
    CHECK((lives(name.name(), a) && lives(name.name(), b)));
    process.kill();
    CHECK((!lives(name.name(), a) && !lives(name.name(), b)));
    const auto report = judge.reap();
    CHECK((report.nodes == 2 && report.subscribers == 2 && report.subscriptions == 2));
    CHECK((lives(name.name(), first) && lives(name.name(), second)));
  }
}
