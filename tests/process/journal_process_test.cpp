// What journals do to the processes that use them: forks, leaks, other pid namespaces.

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "journal_fixture.hpp"
#include "support/privileges.hpp"

using namespace std::chrono_literals;
using shmbus::Journal;
using shmbus::Record;
using shmbus::Start;
using shmbus::Status;
using test::ForkedProcess;
using test::JournaledBus;
using test::Parent;

namespace {

const shmbus::TopicOptions small{
    .block_size = 4096, .blocks = 4, .journal = Journal::page_cache(), .segment_file = 1 << 20};

std::size_t count_in(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

/// Mappings of this process that show a file of the library's, by the lines of /proc/self/maps.
std::size_t mappings() {
  std::ifstream maps("/proc/self/maps");
  std::size_t lines = 0;
  for (std::string line; std::getline(maps, line);) lines += line.find("/dev/shm/") != std::string::npos;
  return lines;
}

/// Publishes one event, and waits until it is durable.
void publish_durably(shmbus::Publisher& publisher) {
  const auto result = publisher.publish("x");
  test::require(result.status() == Status::ok, "not published");
  test::require(publisher.wait_durable(result.sequence(), test::patience) == Status::ok, "not durable");
}

}  // namespace

TEST_CASE("a child of a process that records can't use its journal, and does not disturb the recording",
          "[journal][fork]") {
  const JournaledBus home;
  std::optional<shmbus::Bus> bus = home.open();
  std::optional<shmbus::Publisher> publisher = bus->publisher("t", small);
  std::optional<shmbus::Subscriber> laggard = bus->subscriber("t", {.start = Start::oldest()});
  std::optional<shmbus::Subscriber> durable =
      bus->subscriber("t", {.start = Start::oldest(), .see = shmbus::See::durable});
  std::uint64_t last = 0;
  for (std::uint64_t n = 1; n <= 1000; ++n) last = test::publish_numbered(*publisher, 1, n).sequence();
  REQUIRE(publisher->wait_durable(last, test::patience) == Status::ok);
  CHECK(laggard->poll([](const shmbus::Event&) {}, 10) == 10);  // in the journal: it was lapped
  ForkedProcess child{[&](const Parent& parent) {
    test::require(publisher->publish("x").status() == Status::closed, "a child publishes");
    test::require(publisher->wait_durable(last + 1, 1h) == Status::closed, "a child waits for the disk");
    test::require(laggard->poll([](const shmbus::Event&) {}) == 0 && !laggard->wait(1h), "a child reads the journal");
    test::require(durable->poll([](const shmbus::Event&) {}) == 0 && !durable->wait(1h), "a child reads the journal");
    durable.reset();
    laggard.reset();
    publisher.reset();
    bus.reset();
    // A bus that the child opens itself works, and its parent records.
    shmbus::Bus own = home.open();
    shmbus::Publisher also = own.publisher("t");
    publish_durably(also);
    test::require(home.journal("t").pid == ::getppid(), "the child records");
    parent.say();
    parent.hear();
  }};
  child.hear();
  publish_durably(*publisher);
  CHECK(home.journal("t").pid == ::getpid());
  CHECK(home.journal("t").hand_overs == 1);
  child.say();
  CHECK(child.wait() == test::End{});
  test::NumberedReading reading;
  std::uint64_t others = 0;
  test::poll_until(
      *laggard, "the last event", [&](const shmbus::Event&) { ++others; }, [&] { return others == 992; });
  CHECK(laggard->lost() == 0);
}

TEST_CASE("a child does not keep the lock of its dead parent that recorded", "[journal][fork]") {
  const JournaledBus home;
  ForkedProcess recorder{[&](const Parent& test) {
    shmbus::Bus bus = home.open();
    shmbus::Publisher publisher = bus.publisher("t", small);
    publish_durably(publisher);
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(90);  // ends the child if the test fails
      ::pause();    // and keeps all that it inherited
      ::_exit(0);
    }
    test.say(static_cast<std::uint64_t>(child));
    test.hear();
  }};
  const auto child = static_cast<pid_t>(recorder.hear());
  shmbus::Bus bus = home.open();
  shmbus::Publisher publisher = bus.publisher("t");
  CHECK(home.journal("t").pid == recorder.pid());
  recorder.kill();
  REQUIRE(::kill(child, 0) == 0);
  publish_durably(publisher);
  CHECK(home.journal("t").pid == ::getpid());
  CHECK(::kill(child, SIGKILL) == 0);
}

TEST_CASE("a journaled bus that is opened and closed often leaks no descriptor, thread or mapping", "[journal]") {
  const JournaledBus home;
  ForkedProcess process{[&](const Parent&) {
    // Another process's bus stays, so that topics and numbers go on.
    const shmbus::Bus stays = home.open(Record::none);
    std::uint64_t last = 0;
    const auto use = [&] {
      shmbus::Bus bus = home.open();
      shmbus::Publisher publisher = bus.publisher("t", small);
      for (int i = 0; i < 150; ++i) last = publisher.publish("some event").sequence();
      test::require(publisher.wait_durable(last, test::patience) == Status::ok, "not durable");
      shmbus::Subscriber from_disk = bus.subscriber("t", {.start = Start::last(140)});
      shmbus::Subscriber durable =
          bus.subscriber("t", {.start = Start::last(140), .see = shmbus::See::durable, .durable = "billing"});
      test::require(from_disk.poll([](const shmbus::Event&) {}, 100) != 0, "nothing is read");
      test::require(durable.poll([](const shmbus::Event&) {}, 100) != 0, "nothing is read");
      durable.poll([](const shmbus::Event&) {}, 0);
      shmbus::Inspector(home.name()).snapshot();
    };
    for (int i = 0; i < 3; ++i) use();
    const std::size_t descriptors = count_in("/proc/self/fd"), threads = count_in("/proc/self/task"), maps = mappings();
    for (int i = 0; i < 200; ++i) use();
    test::require(count_in("/proc/self/fd") == descriptors, "descriptors leaked");
    test::require(count_in("/proc/self/task") == threads, "threads leaked");
    test::require(mappings() == maps, "mappings leaked");
    test::require(last == 203 * 150, "events are missing");
  }};
  CHECK(process.wait() == test::End{});
}

TEST_CASE("a process in another pid namespace takes over from a recorder that dies", "[journal][namespace]") {
  const JournaledBus home;
  ForkedProcess recorder{[&](const Parent& parent) {
    shmbus::Bus bus = home.open();
    shmbus::Publisher publisher = bus.publisher("t", small);
    publish_durably(publisher);
    parent.say();
    parent.hear();
  }};
  recorder.hear();
  auto other = test::in_namespaces(CLONE_NEWPID, [&](const Parent& parent) {
    test::require(::getpid() == 1, "not the first process");
    shmbus::Bus bus = home.open();
    shmbus::Publisher publisher = bus.publisher("t");
    publish_durably(publisher);
    parent.say(bus.node());
    parent.hear();
    publish_durably(publisher);
    parent.say();
    parent.hear();
  });
  if (!other) return;
  const std::uint64_t node = other->hear();
  CHECK(home.journal("t").pid == recorder.pid());
  shmbus::Bus bus = home.open(Record::none);
  shmbus::Publisher publisher = bus.publisher("t");
  recorder.kill();
  publish_durably(publisher);  // only the process over there can have made it so
  CHECK(home.journal("t").node == node);
  other->say();
  other->hear();
  // And back, when the first process of that namespace is killed with all of it.
  ForkedProcess next{[&](const Parent& parent) {
    shmbus::Bus own = home.open();
    shmbus::Publisher also = own.publisher("t");
    parent.say(own.node());
    parent.hear();
  }};
  const std::uint64_t next_node = next.hear();
  other->kill();
  publish_durably(publisher);
  CHECK(home.journal("t").node == next_node);
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::oldest()});
  std::uint64_t seen = 0;
  test::poll_until(
      subscriber, "all events", [&](const shmbus::Event&) { ++seen; }, [&] { return seen == 5; });
  CHECK(subscriber.lost() == 0);
}
