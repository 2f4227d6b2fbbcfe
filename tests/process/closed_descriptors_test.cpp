// A program that closes all descriptors it does not know: its node stays alive, and all that it opened goes on.

#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/bus_members.hpp"
#include "support/closed_descriptors.hpp"
#include "support/forked_process.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"
#include "support/temporary_folder.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Status;
using test::ForkedProcess;
using test::lives;
using test::may_publish;
using test::Parent;
using test::require;

namespace {

constexpr unsigned kEvents = 2000;  // several times round the ring

const shmbus::TopicOptions alone{
    .block_size = 4096, .blocks = 4, .reserve = true, .writers = shmbus::Writers::exclusive};

std::size_t nothing_freed(const shmbus::ReapReport& r) {
  return r.nodes + r.publishers + r.subscribers + r.subscriptions + r.segments;
}

}  // namespace

TEST_CASE("a process that closed all descriptors publishes and reads, and is not reaped", "[closed_descriptors]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher to_it = bus.publisher("u", {.block_size = 4096, .blocks = 4});
  shmbus::Subscriber from_it = bus.subscriber("t", {.delivery = Delivery::reliable});
  const bool number_is_reused = GENERATE(false, true);
  const test::TemporaryFolder folder;
  const std::string file = folder.write("file", "x");

  ForkedProcess process{[&](const Parent& parent) {
    const test::KnownDescriptors known;
    std::vector<int> taken;
    {
      shmbus::Bus member = shmbus::Bus::open(name.name());
      shmbus::Publisher publisher = member.publisher("t", alone);
      shmbus::Subscriber reader = member.subscriber("u", {.delivery = Delivery::reliable});
      shmbus::Subscriber polled = member.subscriber("t");
      polled.fd();  // a descriptor that the library reads and writes
      const auto close_all = [&] {
        if (number_is_reused)
          taken = known.replace_others(file);
        else
          known.close_others();
      };
      close_all();
      parent.say(member.node());
      parent.hear();
      for (unsigned n = 0; n < kEvents; ++n) require(bool{publisher.publish_for(90s, std::to_string(n))}, "publish");
      std::uint64_t seen = 0;
      const test::Deadline deadline;
      while (seen < kEvents) {
        seen += reader.poll([](const Event&) {});
        deadline.check("events");
        if (seen < kEvents) reader.wait(10ms);
      }
      require(reader.lost() == 0 && reader.status() == Status::ok, "reader");
      // Objects opened now work as before, and can be closed again.
      require(bool{member.publisher("new").publish("x")}, "a new topic");
      close_all();
      require(member.find_topic("new").has_value() && member.remove_topic("new"), "a topic removed");
      require(!member.find_topic("new"), "a topic that is gone");
      require(shmbus::Inspector(name.name()).snapshot().topics.size() == 2, "look");
      parent.say();
      parent.hear();
      polled.poll([](const Event&) {});
      polled.poll([](const Event&) {});
      // It can check liveness, since it opens the registry again for its locks.
      require(may_publish(member, "dead", alone) && !may_publish(member, "living", alone), "it judges others");
      close_all();
      require(member.reap().nodes == 1, "a dead node reaped");
      close_all();
    }
    for (const int fd : taken) {  // the library's destructors close no descriptor of the program
      struct stat s {};
      require(::fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size == 1, "the program's file");
    }
  }};
  const std::uint64_t node = process.hear();
  CHECK(lives(name.name(), node));
  CHECK_FALSE(may_publish(bus, "t", alone));
  CHECK(nothing_freed(bus.reap()) == 0);
  process.say();
  const test::Deadline deadline;
  std::uint64_t seen = 0;
  for (unsigned sent = 0; sent < kEvents || seen < kEvents;) {
    if (sent < kEvents && to_it.publish_for(1ms, std::to_string(sent))) ++sent;
    seen += from_it.poll([&](const Event& event) { REQUIRE(event.text() == std::to_string(event.sequence() - 1)); });
    if (sent % 100 == 0) REQUIRE(nothing_freed(bus.reap()) == 0);
    deadline.check("events");
  }
  CHECK(from_it.lost() == 0);
  process.hear();
  ForkedProcess living{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("living", alone);
    parent.say();
    parent.hear();
  }};
  ForkedProcess dead{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("dead", alone);
    parent.say();
    parent.hear();
  }};
  living.hear();
  dead.hear();
  dead.kill();
  process.say();
  CHECK(process.wait() == test::End{});
  CHECK_FALSE(lives(name.name(), node));
  CHECK(nothing_freed(bus.reap()) == 0);
  living.say();
  CHECK(living.wait() == test::End{});
}

TEST_CASE("where the registry can't be opened again, no node is taken for dead", "[closed_descriptors]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  const std::string aside = "/dev/shm/aside." + name.name();
  ForkedProcess dead{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("t", alone);
    parent.say();
    parent.hear();
  }};
  dead.hear();
  ForkedProcess process{[&](const Parent& parent) {
    const test::KnownDescriptors known;
    shmbus::Bus member = shmbus::Bus::open(name.name());
    parent.say();
    parent.hear();
    std::filesystem::rename(segments.registry(), aside);
    known.close_others();
    bool taken_for_dead = member.reap().nodes != 0;
    std::filesystem::rename(aside, segments.registry());
    require(!taken_for_dead, "a node was taken for dead on no evidence");
    require(member.reap().nodes == 1, "a dead node reaped");
  }};
  process.hear();
  dead.kill();
  process.say();
  CHECK(process.wait() == test::End{});
  std::filesystem::remove(aside);
}

TEST_CASE("a child made by the bare system call does not keep its parent's node alive, and may not use it",
          "[closed_descriptors]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  ForkedProcess parent{[&](const Parent& test) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("t", alone);
    const auto child = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (child == 0) {  // no fork handler has run
      bool refused = false;
      try {
        member.publisher("new");
      } catch (const shmbus::Error& error) {
        refused = error.code() == shmbus::ErrorCode::closed;
      }
      test.say(refused ? 1 : 0);
      test.say(static_cast<std::uint64_t>(::getpid()));
      ::alarm(90);
      ::pause();
      ::_exit(0);
    }
    ::pause();
  }};
  CHECK(parent.hear() == 1);
  const auto child = static_cast<pid_t>(parent.hear());
  CHECK_FALSE(may_publish(bus, "t", alone));
  parent.kill();
  REQUIRE(::kill(child, 0) == 0);
  CHECK(may_publish(bus, "t", alone));
  CHECK(bus.reap().nodes == 1);
  CHECK(::kill(child, SIGKILL) == 0);
}

TEST_CASE("a process that executes another program ends its node", "[closed_descriptors]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  ForkedProcess process{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("t", alone);
    parent.say(member.node());
    parent.hear();
    ::execlp("sleep", "sleep", "90", nullptr);
  }};
  const std::uint64_t node = process.hear();
  CHECK(lives(name.name(), node));
  process.say();
  test::wait_until("the node's end", [&] { return !lives(name.name(), node); });
  CHECK(::kill(process.pid(), 0) == 0);
  CHECK(may_publish(bus, "t", alone));
  CHECK(bus.reap().nodes == 1);
}
