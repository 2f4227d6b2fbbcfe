// Who may do what: modes are exactly as asked for, and who lacks a right is told so.

#include <fcntl.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>

#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/patience.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using shmbus::ErrorCode;
using shmbus::Event;
using test::ForkedProcess;
using test::Parent;

namespace {

constexpr uid_t nobody = 65'534;

unsigned mode_of(const std::string& path) {
  struct stat s {};
  return ::stat(path.c_str(), &s) == 0 ? s.st_mode & 07777u : ~0u;
}

void as_nobody(const std::function<void()>& body) {
  if (::geteuid() != 0) {
    WARN("skipped: needs root");
    return;
  }
  ForkedProcess process{[&](const Parent&) {
    test::require(::setgroups(0, nullptr) == 0 && ::setgid(nobody) == 0 && ::setuid(nobody) == 0, "become nobody");
    body();
  }};
  CHECK(process.wait() == test::End{});
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
  ForkedProcess process{[&](const Parent&) {
    ::umask(mask);
    shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666});
    bus.topic("closed");
    bus.topic("group", {.mode = 0640});
    bus.topic("open", {.mode = 0666});
  }};
  REQUIRE(process.wait() == test::End{});
  CHECK(mode_of(segments.registry()) == 0666);
  CHECK(mode_of(segments.log("closed")) == 0600);
  CHECK(mode_of(segments.control("closed")) == 0600);
  CHECK(mode_of(segments.log("group")) == 0640);
  CHECK(mode_of(segments.control("group")) == 0660);
  CHECK(mode_of(segments.log("open")) == 0666);
  CHECK(mode_of(segments.control("open")) == 0666);
}

TEST_CASE("segments get the group that was asked for", "[access]") {
  if (::geteuid() != 0) {
    WARN("skipped: needs root");
    return;
  }
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

TEST_CASE("a user without rights on the bus is told so", "[access]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t");
  as_nobody([&] {
    require_refused(ErrorCode::permission, [&] { shmbus::Bus::open(name.name()); });
    require_refused(ErrorCode::permission, [&] { shmbus::Inspector{name.name()}; });
    require_refused(ErrorCode::permission, [&] { shmbus::Bus::remove(name.name()); });
  });
  CHECK_FALSE(bus.removed());
}

TEST_CASE("a user without rights on a topic is told so, and a pattern passes it by", "[access]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666});
  shmbus::Publisher hidden = bus.publisher("hidden");
  shmbus::Publisher open = bus.publisher("open", {.mode = 0644});
  open.publish("x");
  hidden.publish("x");
  as_nobody([&] {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    require_refused(ErrorCode::permission, [&] { member.subscriber("hidden"); });
    require_refused(ErrorCode::permission, [&] { member.publisher("hidden"); });
    shmbus::Subscriber all = member.subscriber(">", {.start = shmbus::Start::oldest()});
    test::require(all.topics() == 1, "topics");
    test::require(all.poll([](const Event& e) { test::require(e.topic() == "open", "topic"); }) == 1, "events");
  });
}

TEST_CASE("who may read a topic can subscribe, wait and gate, and can't write its events", "[access]") {
  if (::geteuid() != 0) {
    WARN("skipped: needs root");
    return;
  }
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666});
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4, .mode = 0644});
  publisher.publish("first");
  ForkedProcess process{[&](const Parent& parent) {
    test::require(::setgroups(0, nullptr) == 0 && ::setgid(nobody) == 0 && ::setuid(nobody) == 0, "become nobody");
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
        // Its pages can't be made writable either.
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

TEST_CASE("who may not unlink a bus or topic can't break it by trying to remove it", "[access]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666});
  shmbus::Publisher publisher = bus.publisher("t", {.mode = 0666});
  as_nobody([&] {
    require_refused(ErrorCode::permission, [&] { shmbus::Bus::open(name.name()).remove_topic("t"); });
    require_refused(ErrorCode::permission, [&] { shmbus::Bus::remove(name.name()); });
  });
  CHECK_FALSE(bus.removed());
  CHECK(publisher.publish("still there").status() == shmbus::Status::ok);
  CHECK(bus.find_topic("t"));
}
