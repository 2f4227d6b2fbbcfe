// Access rights: modes are exactly as asked for, and a process that lacks a right gets an error that says so.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/privileges.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using shmbus::ErrorCode;
using shmbus::Event;
using test::ForkedProcess;
using test::Parent;

namespace {

const test::User nobody{};

unsigned mode_of(const std::string& path) {
  struct stat s {};
  return ::stat(path.c_str(), &s) == 0 ? s.st_mode & 07777u : ~0u;
}

void require_refused(ErrorCode code, const std::function<void()>& use) {
  try {
    use();
  } catch (const shmbus::Error& error) {
    test::require(error.code() == code, error.what());
    test::require(
        !error.object().empty() && !error.expected().empty() && !error.found().empty() && !error.remedy().empty(),
        error.what());
    return;
  }
  test::require(false, "somebody without rights was let in");
}

}  // namespace

TEST_CASE("segments have exactly the mode that was asked for, whatever the umask", "[access]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  const auto mask = GENERATE(0u, 022u, 077u, 0777u);
  const auto bus_mode = GENERATE(0600u, 0660u, 0666u, 0777u);
  ForkedProcess process{[&](const Parent&) {
    ::umask(mask);
    shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = bus_mode});
    bus.topic("closed");
    bus.topic("group", {.mode = 0640});
    bus.topic("open", {.mode = 0666});
    bus.topic("all", {.mode = 0777});
    // Attaching leaves the modes as they are.
    shmbus::Bus again = shmbus::Bus::open(name.name(), {.mode = 0600});
    test::require(bool{again.publisher("open", {.mode = 0600}).publish("x")}, "publish");
  }};
  REQUIRE(process.wait() == test::End{});
  CHECK(mode_of(segments.registry()) == bus_mode);
  CHECK(mode_of(segments.log("closed")) == 0600);
  CHECK(mode_of(segments.control("closed")) == 0600);
  CHECK(mode_of(segments.log("group")) == 0640);
  CHECK(mode_of(segments.control("group")) == 0660);
  CHECK(mode_of(segments.log("open")) == 0666);
  CHECK(mode_of(segments.control("open")) == 0666);
  CHECK(mode_of(segments.log("all")) == 0777);
  CHECK(mode_of(segments.control("all")) == 0777);
}

TEST_CASE("segments get the group that was asked for", "[access]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0660, .group = "12345"});
  bus.topic("t", {.mode = 0640, .group = "12345"});
  for (const std::string& path : segments.all()) {
    struct stat s {};
    REQUIRE(::stat(path.c_str(), &s) == 0);
    CHECK(s.st_gid == 12'345);
  }
}

TEST_CASE("a user without rights on the bus gets an error that says so", "[access]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t");
  test::run_as(nobody, [&] {
    require_refused(ErrorCode::permission, [&] { shmbus::Bus::open(name.name()); });
    require_refused(ErrorCode::permission, [&] { shmbus::Inspector{name.name()}; });
    require_refused(ErrorCode::permission, [&] { shmbus::Bus::remove(name.name()); });
  });
  CHECK_FALSE(bus.removed());
  test::run_as({.groups = {0}}, [&] {  // the owner's group has no rights either
    require_refused(ErrorCode::permission, [&] { shmbus::Bus::open(name.name()); });
  });
}

TEST_CASE("a user without rights on a topic gets an error that says so, and a pattern skips the topic", "[access]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666});
  shmbus::Publisher hidden = bus.publisher("hidden");
  shmbus::Publisher open = bus.publisher("open", {.mode = 0644});
  open.publish("x");
  hidden.publish("x");
  test::run_as(nobody, [&] {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    require_refused(ErrorCode::permission, [&] { member.subscriber("hidden"); });
    require_refused(ErrorCode::permission, [&] { member.publisher("hidden"); });
    shmbus::Subscriber all = member.subscriber(">", {.start = shmbus::Start::oldest()});
    test::require(all.topics() == 1, "topics");
    test::require(all.poll([](const Event& e) { test::require(e.topic() == "open", "topic"); }) == 1, "events");
  });
}

TEST_CASE("a user with read access to a topic can subscribe, wait and gate, but can't write its events", "[access]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666});
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4, .mode = 0644});
  publisher.publish("first");
  ForkedProcess process{[&](const Parent& parent) {
    test::become(nobody);
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Subscriber subscriber =
        member.subscriber("t", {.start = shmbus::Start::oldest(), .delivery = shmbus::Delivery::reliable});
    require_refused(ErrorCode::permission, [&] { member.publisher("t"); });
    test::require(::open(segments.log("t").c_str(), O_RDWR) < 0, "the log can be opened for writing");
    parent.say();
    std::uint64_t seen = 0;
    const test::Deadline deadline;
    while (seen < 1001) {
      const std::size_t n = subscriber.poll([](const Event& event) {
        // The pages of the log can't be made writable either.
        const auto page = reinterpret_cast<std::uintptr_t>(event.payload().data()) & ~std::uintptr_t{4095};
        if (event.sequence() == 1)
          test::require(::mprotect(reinterpret_cast<void*>(page), 4096, PROT_READ | PROT_WRITE) != 0, "mprotect");
      });
      seen += n;
      if (n == 0) subscriber.wait();
      deadline.check("events");
    }
    test::require(subscriber.lost() == 0, "lost");
  }};
  process.hear();
  for (int i = 0; i < 1000; ++i) REQUIRE(publisher.publish("more"));
  CHECK(process.wait() == test::End{});
}

TEST_CASE("a user with read access to a topic can't change an event: a write to it kills the writer", "[access]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666});
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4, .mode = 0644});
  publisher.publish("event");
  const bool other_user = GENERATE(false, true);
  if (other_user && !test::have_root()) return;
  ForkedProcess process{[&](const Parent&) {
    if (other_user) test::become(nobody);
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Subscriber subscriber = member.subscriber("t", {.start = shmbus::Start::oldest()});
    subscriber.poll([](const Event& event) {
      // The mapping forbids it, also to a user that may map the file writable.
      *const_cast<volatile char*>(event.text().data()) = 'E';
    });
  }};
  CHECK(process.wait() == test::End{.status = 0, .signal = SIGSEGV});
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = shmbus::Start::oldest()});
  CHECK(subscriber.poll([](const Event& event) { CHECK(event.text() == "event"); }) == 1);
}

TEST_CASE("a user with read access to a topic gets no write access by the log's name or by a descriptor", "[access]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666});
  shmbus::Publisher publisher = bus.publisher("t", {.mode = 0644});
  publisher.publish("event");
  const std::string log = segments.log("t");
  test::run_as(nobody, [&] {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Subscriber subscriber = member.subscriber("t", {.start = shmbus::Start::oldest()});
    test::require(::open(log.c_str(), O_RDWR | O_CLOEXEC) < 0 && errno == EACCES, "opened for writing");
    test::require(::open(log.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC) < 0 && errno == EACCES, "truncated");
    test::require(::truncate(log.c_str(), 0) < 0 && errno == EACCES, "truncated");
    for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
      std::error_code ignored;
      test::require(std::filesystem::read_symlink(entry.path(), ignored) != log, "a topic keeps a descriptor");
    }
    const int fd = ::open(log.c_str(), O_RDONLY | O_CLOEXEC);
    test::require(fd >= 0 && ::write(fd, "x", 1) < 0 && errno == EBADF, "written");
    test::require(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED, "mapped");
    test::require(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_CLOEXEC) < 0 && errno == EACCES,
                  "opened anew");
  });
}

TEST_CASE("options give a group access to read, or to publish too, and give other users none", "[access]") {
  if (!test::have_root()) return;
  constexpr gid_t team = 23'456;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0660, .group = std::to_string(team)});
  shmbus::Publisher read = bus.publisher("read", {.mode = 0640, .group = std::to_string(team)});
  shmbus::Publisher write = bus.publisher("write", {.mode = 0660, .group = std::to_string(team)});
  shmbus::Publisher hidden = bus.publisher("hidden");
  read.publish("x");
  write.publish("x");
  hidden.publish("x");
  const auto use = [&] {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Subscriber all = member.subscriber(">", {.start = shmbus::Start::oldest()});
    test::require(all.topics() == 2 && all.poll([](const Event&) {}) == 2, "subscribe");
    require_refused(ErrorCode::permission, [&] { member.subscriber("hidden"); });
    require_refused(ErrorCode::permission, [&] { member.publisher("read"); });
    test::require(bool{member.publisher("write").publish("y")}, "publish");
    test::require(all.poll([](const Event& e) { test::require(e.text() == "y", "text"); }) == 1, "poll");
  };
  SECTION("it is the user's own group") { test::run_as({.group = team}, use); }
  SECTION("it is a supplementary group") { test::run_as({.groups = {1, team, 99'999}}, use); }
  SECTION("the user is not in the group") {
    test::run_as(nobody, [&] { require_refused(ErrorCode::permission, [&] { shmbus::Bus::open(name.name()); }); });
    test::run_as({.group = team + 1, .groups = {team + 2}},
                 [&] { require_refused(ErrorCode::permission, [&] { shmbus::Bus::open(name.name()); }); });
  }
  SECTION("a group that does not exist is refused") {
    require_refused(ErrorCode::invalid_option, [&] { bus.topic("t", {.group = "no such group"}); });
    CHECK_FALSE(bus.find_topic("t"));
  }
  SECTION("a user that is not in a group can't give access to it") {
    test::run_as(nobody, [&] {
      require_refused(ErrorCode::permission,
                      [&] { shmbus::Bus::open(name.name() + "-2", {.group = std::to_string(team)}); });
    });
  }
}

TEST_CASE("a user that may not unlink a bus or topic does no damage by trying to remove it", "[access]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666});
  shmbus::Publisher publisher = bus.publisher("t", {.mode = 0666});
  test::run_as(nobody, [&] {
    require_refused(ErrorCode::permission, [&] { shmbus::Bus::open(name.name()).remove_topic("t"); });
    require_refused(ErrorCode::permission, [&] { shmbus::Bus::remove(name.name()); });
  });
  CHECK_FALSE(bus.removed());
  CHECK(publisher.publish("still there").status() == shmbus::Status::ok);
  CHECK(bus.find_topic("t"));
}
