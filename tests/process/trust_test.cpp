// Segments planted in advance: files that another user put into /dev/shm under a bus's names are refused, unless that user
// is trusted.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/privileges.hpp"
#include "support/refusal.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using shmbus::ErrorCode;
using shmbus::Event;
using test::expect_refusal;

namespace {

constexpr uid_t mallory = 54'321, alice = 54'322;

/// Creates, as `user`, a bus or topic that all users may open. Whether they trust its owner is up to each of them.
void create_as(uid_t user, const std::string& bus, const std::string& topic = {}) {
  test::run_as({.id = user}, [&] {
    shmbus::Bus own = shmbus::Bus::open(bus, {.mode = 0666, .owners = {mallory, alice}});
    if (!topic.empty()) own.publisher(topic, {.mode = 0666}).publish("bait");
  });
}

}  // namespace

TEST_CASE("every user refuses a bus that a stranger planted", "[trust]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  create_as(mallory, name.name(), "t");
  const test::Refusal refusal{ErrorCode::untrusted, name.name(), "or root", std::to_string(mallory)};
  expect_refusal(refusal, [&] { shmbus::Bus::open(name.name()); });
  expect_refusal(refusal, [&] { shmbus::Bus::open(name.name(), {.owners = {alice, mallory + 1}}); });
  expect_refusal(refusal, [&] { shmbus::Inspector{name.name()}; });
  expect_refusal(refusal, [&] { shmbus::Bus::remove(name.name()); });
  test::run_as({.id = alice}, [&] {
    try {
      shmbus::Bus::open(name.name());
    } catch (const shmbus::Error& error) {
      return test::require(error.code() == ErrorCode::untrusted, error.what());
    }
    test::require(false, "trusted");
  });
  CHECK(shmbus::Bus::open(name.name(), {.owners = {alice, mallory}}).publisher("t").publish("x").sequence() == 2);
  test::run_as({.id = mallory}, [&] { test::require(shmbus::Bus::remove(name.name()), "remove"); });
}

TEST_CASE("accepted owners are exactly the user itself, root, and the listed users", "[trust]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666});
  create_as(mallory, name.name(), "mallorys");
  create_as(alice, name.name(), "alices");
  bus.publisher("roots", {.mode = 0666}).publish("x");
  const auto seen_with = [&](std::vector<uid_t> owners) {
    shmbus::Bus member = shmbus::Bus::open(name.name(), {.owners = std::move(owners)});
    shmbus::Subscriber all = member.subscriber("*", {.start = shmbus::Start::oldest()});
    std::string topics;
    all.poll([&](const Event& e) { topics += std::string{e.topic()} + " "; });
    return topics;
  };
  CHECK(seen_with({}) == "roots ");
  CHECK(seen_with({alice}) == "alices roots ");
  CHECK(seen_with({mallory}) == "mallorys roots ");
  CHECK(seen_with({mallory, alice}) == "mallorys alices roots ");
  test::run_as({.id = alice}, [&] { test::require(seen_with({}) == "alices roots ", "seen by the owner"); });
  for (const auto& use :
       {+[](shmbus::Bus& b) { b.subscriber("mallorys"); }, +[](shmbus::Bus& b) { b.publisher("mallorys"); }}) {
    expect_refusal({ErrorCode::untrusted, "mallorys", "root", std::to_string(mallory)}, [&] { use(bus); });
    shmbus::Bus trusting = shmbus::Bus::open(name.name(), {.owners = {mallory}});
    use(trusting);
  }
  expect_refusal({ErrorCode::untrusted, "mallorys", "root", std::to_string(mallory)},
                 [&] { bus.remove_topic("mallorys"); });
}

TEST_CASE("a topic that a stranger planted before its bus or publisher starts is refused, and gets no event",
          "[trust]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666});
  create_as(mallory, name.name(), "t");
  expect_refusal({ErrorCode::untrusted, "'t'", "root", std::to_string(mallory)}, [&] { bus.publisher("t"); });
  expect_refusal({ErrorCode::untrusted, "'t'", "root", std::to_string(mallory)},
                 [&] { bus.topic("t", {.mode = 0600}); });
  SECTION("the stranger's log under the bus's own control segment") {
    REQUIRE(::chown(segments.control("t").c_str(), 0, 0) == 0);
    expect_refusal({ErrorCode::untrusted, "its log", "root", std::to_string(mallory)}, [&] { bus.publisher("t"); });
  }
  SECTION("after its removal the topic's name can be used") {
    for (const std::string& path : {segments.control("t"), segments.log("t")}) std::filesystem::remove(path);
    CHECK(bus.publisher("t").publish("x").sequence() == 1);
  }
}

TEST_CASE("a file in the place of a segment that is not a regular file is refused, and its kind is named", "[trust]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  std::optional<shmbus::Bus> bus;
  const bool topic = GENERATE(false, true);
  if (topic) bus = shmbus::Bus::open(name.name());
  const std::string path = topic ? segments.control("t") : segments.registry();
  const std::string object = topic ? "'t'" : name.name();
  const auto refused = [&](const std::string& found) {
    const test::Refusal refusal{ErrorCode::untrusted, object, "regular file", found};
    if (topic) {
      expect_refusal(refusal, [&] { bus->publisher("t"); });
      expect_refusal(refusal, [&] { bus->topic("t"); });
    } else {
      expect_refusal(refusal, [&] { shmbus::Bus::open(name.name()); });
      expect_refusal({ErrorCode::untrusted, object}, [&] { shmbus::Inspector{name.name()}; });
      expect_refusal({ErrorCode::untrusted, object}, [&] { shmbus::Bus::remove(name.name()); });
    }
  };
  SECTION("a symbolic link to another bus") {
    const test::TemporaryBus other;
    const test::Segments targets{other.name()};
    shmbus::Bus member = shmbus::Bus::open(other.name());
    member.topic("t");
    const std::string target = topic ? targets.control("t") : targets.registry();
    REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
    refused("symbolic link");
    CHECK_FALSE(member.removed());
  }
  SECTION("a symbolic link to nothing, which is not created") {
    const std::string target = path + "-target";
    REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
    refused("symbolic link");
    CHECK_FALSE(std::filesystem::exists(target));
  }
  SECTION("a folder") {
    REQUIRE(::mkdir(path.c_str(), 0777) == 0);
    refused("folder");
  }
  SECTION("a fifo, which makes no process wait") {
    REQUIRE(::mkfifo(path.c_str(), 0666) == 0);
    refused("something else");
  }
  SECTION("a socket") {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    refused("socket");
    ::close(fd);
  }
}

TEST_CASE("a hard link does not make one bus or topic pass for another", "[trust]") {
  const test::TemporaryBus name, other;
  const test::Segments segments{name.name()}, others{other.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.publisher("real").publish("x");
  SECTION("a registry") {
    std::filesystem::create_hard_link(segments.registry(), others.registry());
    const test::Refusal refusal{ErrorCode::untrusted, other.name(), other.name(), name.name()};
    expect_refusal(refusal, [&] { shmbus::Bus::open(other.name()); });
    expect_refusal(refusal, [&] { shmbus::Inspector{other.name()}; });
    CHECK(shmbus::Bus::remove(other.name()));  // removes the name, and does no harm to others
    CHECK_FALSE(bus.removed());
    CHECK(shmbus::Bus::open(other.name()).incarnation() != bus.incarnation());
  }
  SECTION("a topic") {
    const std::string log = segments.log("real");
    std::filesystem::create_hard_link(segments.control("real"), segments.control("false"));
    std::string false_log = log;
    false_log.replace(false_log.find(".real."), 6, ".false.");
    std::filesystem::create_hard_link(log, false_log);
    const test::Refusal refusal{ErrorCode::untrusted, "'false'", "false", "real"};
    expect_refusal(refusal, [&] { bus.publisher("false"); });
    expect_refusal(refusal, [&] { bus.topic("false"); });
    CHECK(bus.remove_topic("false"));
    CHECK(bus.publisher("false").publish("x").sequence() == 1);
  }
  CHECK(bus.publisher("real").publish("x").sequence() == 2);
}

TEST_CASE("a bus can be used, reaped and removed whatever a stranger puts under its names", "[trust]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  const std::string prefix = "/dev/shm/shmbus." + name.name() + ".";
  const std::vector<std::string> bait{prefix + "evil.ctl", prefix + "~1", prefix + "t.log.99.00000000000000ab",
                                      prefix + "evil.log.99.00000000000000ab", prefix + "other"};
  const bool owner_is_root = GENERATE(true, false);
  const test::User owner = owner_is_root ? test::User{.id = 0, .group = 0} : test::User{.id = alice};
  test::run_as({.id = mallory}, [&] {
    for (const std::string& path : bait) {
      const int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
      test::require(fd >= 0 && ::ftruncate(fd, 100'000) == 0, "lay bait");
      ::close(fd);
    }
  });
  test::run_as(owner, [&] {
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    shmbus::Subscriber all = bus.subscriber(">");
    test::require(bool{bus.publisher("t").publish("x")} && all.poll([](const Event&) {}) == 1, "use");
    bus.reap();
    test::require(shmbus::Inspector{name.name()}.snapshot().topics.size() == 1, "topics");
    test::require(shmbus::Bus::remove(name.name()) && bus.removed(), "remove");
    for (const std::string& path : segments.all())
      test::require(!owner_is_root && std::ranges::find(bait, path) != bait.end(), path);
    shmbus::Bus next = shmbus::Bus::open(name.name());
    test::require(bool{next.publisher("t").publish("x")}, "the next bus of that name");
    test::require(shmbus::Bus::remove(name.name()), "remove the next");
  });
}
