// A process that waits uses no processor time, and a publisher makes no system call while no reader sleeps.

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstddef>
#include <ctime>
#include <thread>

#include "journal_fixture.hpp"
#include "shmbus/shmbus.hpp"
#include "support/child_process.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/shared_value.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using test::ForkedProcess;
using test::Parent;

namespace {

std::chrono::nanoseconds processor_time(pid_t pid) {
  clockid_t clock{};
  struct timespec t {};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &t) != 0)
    throw std::runtime_error("no clock of the process");
  return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

/// Processes that wait, and how often their threads may wake in a second: once for each thread, where the stall limit is a
/// second and nothing is to be looked at more often.
class IdleProcesses {
 public:
  template <class Body>
  void add(unsigned wakes, Body body) {
    processes_.push_back(ForkedProcess{body});
    wakes_.push_back(wakes);
    processes_.back().hear();
  }

  /// Watches them for some seconds: none uses a tick of processor time for ten wake-ups a second, and none wakes more often
  /// than that.
  void check() const {
    std::this_thread::sleep_for(1s);
    std::vector<test::ProcessUse> before;
    std::vector<std::chrono::nanoseconds> time_before;
    for (const ForkedProcess& process : processes_) {
      before.push_back(test::use_of(process.pid()));
      time_before.push_back(processor_time(process.pid()));
    }
    const auto start = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(5s);
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      CAPTURE(i);
      const auto spent = processor_time(processes_[i].pid()) - time_before[i];
      const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
      const test::ProcessUse use = test::use_of(processes_[i].pid());
      const unsigned ticks = 1 + wakes_[i] / 10;  // none is seen by `top` as busy
      CHECK(std::chrono::duration<double>(spent).count() < ticks / static_cast<double>(::sysconf(_SC_CLK_TCK)));
      const auto seconds = static_cast<unsigned>(passed.count()) + 1;
      CHECK(use.sleeps - before[i].sleeps <= std::size_t{wakes_[i]} * seconds);
    }
  }

 private:
  std::vector<ForkedProcess> processes_{};
  std::vector<unsigned> wakes_{};
};

/// The system calls that the tested process may make: those it needs to report that it is done.
void forbid_system_calls() {
  std::array filter{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const sock_fprog program{.len = filter.size(), .filter = filter.data()};
  test::require(
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0,
      "no seccomp filter");
}

void expect_no_system_call(shmbus::Writers writers) {
  const test::TemporaryBus bus;
  const test::SharedValue<std::atomic<bool>> done;
  const std::uint64_t events = 10'000;
  ForkedProcess reader{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(bus.name());
    shmbus::Subscriber subscriber = member.subscriber("quiet");
    parent.say();
    std::uint64_t seen = 0;
    const test::Deadline deadline;
    while (seen < events) {
      seen += subscriber.poll([](const shmbus::Event&) {});
      deadline.check("events");
    }
  }};
  reader.hear();
  ForkedProcess publisher{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(bus.name());
    shmbus::Publisher p = member.publisher("quiet", {.block_size = 1 << 20, .writers = writers});
    test::require(p.publish("opens the first block").sequence() == 1, "publish");
    forbid_system_calls();
    bool all = true;
    for (std::uint64_t n = 2; n <= events; ++n) all = p.publish("hello").sequence() == n && all;
    parent.say(all ? 1 : 0);
    ::syscall(SYS_exit_group, 0);
  }};
  CHECK(publisher.wait() == test::End{});
  CHECK(publisher.hear() == 1);
  CHECK(reader.wait() == test::End{});
}

}  // namespace

TEST_CASE("a process that waits uses no processor time, and wakes at most once in each stall limit", "[idle][serial]") {
  const test::TemporaryBus bus;
  shmbus::Bus here = shmbus::Bus::open(bus.name());
  here.topic("a");

  IdleProcesses idle;
  idle.add(1, [&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(bus.name());
    shmbus::Subscriber subscriber = member.subscriber(">");
    parent.say();
    for (;;) {
      subscriber.poll([](const shmbus::Event&) {});
      subscriber.wait();
    }
  });
  idle.add(2, [&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(bus.name());
    const auto ignore = [](const shmbus::Event&) {};
    const shmbus::Subscription one = member.subscribe("a", ignore);
    const shmbus::Subscription two = member.subscribe("b.>", ignore, {.workers = 3});
    parent.say();
    ::pause();
  });
  idle.add(2, [&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(bus.name());
    shmbus::Subscriber subscriber = member.subscriber("a");
    const int epoll = ::epoll_create1(0);
    epoll_event event{.events = EPOLLIN, .data = {}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, subscriber.fd(), &event);
    parent.say();
    for (;;) {
      ::epoll_wait(epoll, &event, 1, -1);
      while (subscriber.poll([](const shmbus::Event&) {}) != 0) {
      }
    }
  });
  idle.add(1, [&](const Parent& parent) {  // held back by a reliable subscriber
    shmbus::Bus member = shmbus::Bus::open(bus.name());
    shmbus::Publisher publisher = member.publisher("held", {.block_size = 4096, .blocks = 2});
    const shmbus::Subscriber reliable = member.subscriber("held", {.delivery = shmbus::Delivery::reliable});
    parent.say();
    while (publisher.publish("more")) {
    }
  });
  idle.check();
}

TEST_CASE("processes of a journaled bus that has nothing to do use no processor time", "[idle][serial]") {
  const test::JournaledBus home;
  shmbus::BusOptions options = home.options();
  options.stall_limit = 1s;
  IdleProcesses idle;
  std::uint64_t last = 0;
  // Records and watches; a wait for the disk looks ten times a second whether it was given up.
  idle.add(2 + 10, [&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(home.name(), options);
    shmbus::Publisher publisher = member.publisher("a", {.journal = shmbus::Journal::batch()});
    for (int i = 0; i < 100; ++i) last = publisher.publish("some event").sequence();
    test::require(publisher.wait_durable(last) == shmbus::Status::ok, "a wait");
    parent.say();
    publisher.wait_durable(last + 1);
  });
  options.record = shmbus::Record::all;
  idle.add(2, [&](const Parent& parent) {  // would record if the first one died
    shmbus::Bus member = shmbus::Bus::open(home.name(), options);
    const shmbus::Publisher publisher = member.publisher("a");
    parent.say();
    ::pause();
  });
  options.record = shmbus::Record::none;
  // One holds a durable name; one stands by for it, and looks at the lock twenty times a second.
  for (const unsigned wakes : {1u, 2u + 20}) {
    idle.add(wakes, [&](const Parent& parent) {
      shmbus::Bus member = shmbus::Bus::open(home.name(), options);
      shmbus::Subscriber subscriber =
          member.subscriber("a", {.see = shmbus::See::durable, .durable = "billing", .standby = true});
      parent.say();
      for (;;) {
        subscriber.poll([](const shmbus::Event&) {});
        subscriber.wait();
      }
    });
  }
  idle.check();
}

TEST_CASE("an exclusive publisher makes no system call while no reader sleeps and the block has room", "[idle]") {
  expect_no_system_call(shmbus::Writers::exclusive);
}

TEST_CASE("a shared publisher makes no system call while no reader sleeps and the block has room", "[idle]") {
  expect_no_system_call(shmbus::Writers::shared);
}
