// Segments that are not as they should be: another version, owner or mode, cut short, overwritten. Each is refused with
// a message, no process aborts, and Bus::remove removes it.

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "layout/registry.hpp"
#include "layout/topic.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/privileges.hpp"
#include "support/refusal.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::ErrorCode;
using shmbus::layout::RegistryHeader;
using shmbus::layout::TopicHeader;
using test::expect_refusal;
using test::overwrite;

namespace {

/// A bus with one topic and ten events, and no member.
struct Fixture {
  Fixture() {
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4});
    for (int i = 0; i < 10; ++i) publisher.publish("ten events");
  }

  void refused(ErrorCode code, const std::string& expected = {}, const std::string& found = {}) const {
    const test::Refusal refusal{code, "bus '" + name.name() + "'", expected, found};
    expect_refusal(refusal, [&] { shmbus::Bus::open(name.name()); });
    expect_refusal(refusal, [&] { shmbus::Inspector{name.name()}; });
  }

  void topic_refused(ErrorCode code, const std::string& expected = {}, const std::string& found = {}) const {
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    const test::Refusal refusal{code, "topic 't'", expected, found};
    expect_refusal(refusal, [&] { bus.publisher("t"); });
    expect_refusal(refusal, [&] { bus.subscriber("t"); });
    expect_refusal(refusal, [&] { bus.find_topic("t"); });
    // A pattern attaches the topics that are good, and other topics work.
    shmbus::Subscriber all = bus.subscriber(">");
    CHECK(all.topics() == 0);
    CHECK(bus.publisher("other").publish("x"));
    CHECK(all.poll([](const shmbus::Event&) {}) == 1);
    CHECK_NOTHROW(shmbus::Inspector(name.name()).snapshot());
  }

  void removable() const {
    CHECK(shmbus::Bus::remove(name.name()));
    CHECK(segments.all().empty());
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    CHECK(bus.publisher("t").publish("as good as new").sequence() == 1);
  }

  test::TemporaryBus name;
  test::Segments segments{name.name()};
};

constexpr uid_t stranger = 54'321;

}  // namespace

TEST_CASE("a bus of another layout version is refused", "[bad_input]") {
  const Fixture f;
  overwrite(f.segments.registry(), offsetof(RegistryHeader, version), std::uint32_t{77});
  f.refused(ErrorCode::incompatible, "version 3", "version 77");
  f.removable();
}

TEST_CASE("a bus with features we don't know is refused", "[bad_input]") {
  const Fixture f;
  overwrite(f.segments.registry(), offsetof(RegistryHeader, incompatible_flags), std::uint32_t{4});
  f.refused(ErrorCode::incompatible, "", "4");
  f.removable();
}

TEST_CASE("a topic of another layout version is refused, and the other topics go on", "[bad_input]") {
  const Fixture f;
  overwrite(f.segments.control("t"), offsetof(TopicHeader, version), std::uint32_t{77});
  f.topic_refused(ErrorCode::incompatible, "version 3", "version 77");
  f.removable();
}

TEST_CASE("a registry of a user outside the accepted owners is refused", "[bad_input]") {
  if (!test::have_root()) return;
  const Fixture f;
  REQUIRE(::chown(f.segments.registry().c_str(), stranger, stranger) == 0);
  f.refused(ErrorCode::untrusted, "uid 0", std::to_string(stranger));
  expect_refusal({ErrorCode::untrusted, f.name.name()}, [&] { shmbus::Bus::remove(f.name.name()); });
  {
    shmbus::Bus bus = shmbus::Bus::open(f.name.name(), {.owners = {stranger}});
    CHECK(bus.publisher("t").publish("x").sequence() == 11);
  }
  REQUIRE(::chown(f.segments.registry().c_str(), 0, 0) == 0);
  f.removable();
}

TEST_CASE("a topic of a user outside the accepted owners is refused", "[bad_input]") {
  if (!test::have_root()) return;
  const Fixture f;
  const bool log = GENERATE(false, true);
  const std::string path = log ? f.segments.log("t") : f.segments.control("t");
  REQUIRE(::chown(path.c_str(), stranger, stranger) == 0);
  f.topic_refused(ErrorCode::untrusted, "uid 0", std::to_string(stranger));
  shmbus::Bus bus = shmbus::Bus::open(f.name.name(), {.owners = {stranger}});
  CHECK(bus.publisher("t").publish("x").sequence() == 11);
}

TEST_CASE("a segment whose mode is not the recorded one is refused", "[bad_input]") {
  const Fixture f;
  SECTION("registry") {
    REQUIRE(::chmod(f.segments.registry().c_str(), 0666) == 0);
    f.refused(ErrorCode::untrusted, "0600", "0666");
  }
  SECTION("control") {
    REQUIRE(::chmod(f.segments.control("t").c_str(), 0666) == 0);
    f.topic_refused(ErrorCode::untrusted, "0600", "0666");
  }
  SECTION("log") {
    REQUIRE(::chmod(f.segments.log("t").c_str(), 0640) == 0);
    f.topic_refused(ErrorCode::untrusted, "0600", "0640");
  }
}

TEST_CASE("a registry cut short is refused", "[bad_input]") {
  const Fixture f;
  const auto size = GENERATE(0, 1, 100, 4096, 100'000);
  std::filesystem::resize_file(f.segments.registry(), static_cast<std::uintmax_t>(size));
  f.refused(ErrorCode::corrupt, std::to_string(sizeof(RegistryHeader)), std::to_string(size) + " bytes");
  f.removable();
}

TEST_CASE("a control segment or log cut short is refused", "[bad_input]") {
  const Fixture f;
  const auto size = GENERATE(0, 100, 4096, 40'000);
  SECTION("control") {
    std::filesystem::resize_file(f.segments.control("t"), static_cast<std::uintmax_t>(size));
    f.topic_refused(ErrorCode::corrupt, "", std::to_string(size) + " bytes");
  }
  SECTION("log") {
    std::filesystem::resize_file(f.segments.log("t"), static_cast<std::uintmax_t>(size));
    f.topic_refused(ErrorCode::corrupt, "", std::to_string(size) + " bytes");
  }
  f.removable();
}

TEST_CASE("a topic whose log is gone is refused", "[bad_input]") {
  const Fixture f;
  std::filesystem::remove(f.segments.log("t"));
  f.topic_refused(ErrorCode::corrupt, "log");
  f.removable();
}

TEST_CASE("a foreign file in the place of a segment is refused", "[bad_input]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  SECTION("zeros") {
    const int fd = ::open(segments.registry().c_str(), O_CREAT | O_RDWR, 0600);
    REQUIRE(::ftruncate(fd, sizeof(RegistryHeader)) == 0);
    ::close(fd);
    expect_refusal({ErrorCode::corrupt, name.name(), "shmbus"}, [&] { shmbus::Bus::open(name.name()); });
  }
  SECTION("a folder") {
    REQUIRE(::mkdir(segments.registry().c_str(), 0700) == 0);
    CHECK_THROWS_AS(shmbus::Bus::open(name.name()), shmbus::Error);
    CHECK_THROWS_AS(shmbus::Inspector{name.name()}, shmbus::Error);
    CHECK_THROWS_AS(shmbus::Bus::remove(name.name()), shmbus::Error);
  }
  SECTION("a symbolic link") {
    REQUIRE(::symlink("/etc/passwd", segments.registry().c_str()) == 0);
    CHECK_THROWS_AS(shmbus::Bus::open(name.name()), shmbus::Error);
    CHECK_THROWS_AS(shmbus::Bus::remove(name.name()), shmbus::Error);
  }
  SECTION("a fifo does not make it hang") {
    REQUIRE(::mkfifo(segments.registry().c_str(), 0600) == 0);
    CHECK_THROWS_AS(shmbus::Bus::open(name.name()), shmbus::Error);
    CHECK_THROWS_AS(shmbus::Inspector{name.name()}, shmbus::Error);
  }
}

TEST_CASE("random bytes in the headers of registry and topic crash no process", "[bad_input]") {
  std::mt19937_64 random{Catch::rngSeed()};
  for (unsigned round = 0; round < 300 / test::slowness; ++round) {
    const Fixture f;
    const bool registry = random() % 2 == 0;
    const std::string path = registry ? f.segments.registry() : f.segments.control("t");
    const std::uint64_t begin = random() % 2 == 0 ? 0 : 16;  // spares magic and version
    const std::uint64_t end = registry ? 4096 + 1024 : 1500;
    const std::uint64_t flips = 1 + random() % 8;
    for (std::uint64_t i = 0; i < flips; ++i)
      overwrite(path, begin + random() % (end - begin - 8), random() % 2 == 0 ? random() : ~std::uint64_t{0});
    test::ForkedProcess process{[&](const test::Parent&) {
      const auto ignore = [](const shmbus::Event&) {};
      try {
        shmbus::Inspector(f.name.name()).snapshot();
      } catch (const shmbus::Error&) {
      }
      try {
        shmbus::Bus bus = shmbus::Bus::open(f.name.name());
        std::optional<shmbus::Subscriber> subscriber;
        try {
          subscriber = bus.subscriber("t", {.start = shmbus::Start::oldest()});
          subscriber->poll(ignore);
        } catch (const shmbus::Error&) {
        }
        shmbus::Publisher publisher = bus.publisher("t");
        for (int i = 0; i < 100; ++i) static_cast<void>(publisher.try_publish("0123456789012345678901234567890123"));
        if (subscriber) subscriber->poll(ignore, 1000);
      } catch (const shmbus::Error&) {
      }
      try {
        shmbus::Bus::remove(f.name.name());
      } catch (const shmbus::Error&) {
      }
    }};
    REQUIRE(process.wait() == test::End{});
  }
}

TEST_CASE("overwritten bytes in the log give corrupt or are skipped, and crash no process", "[bad_input]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4});
  publisher.publish("0123456789");
  const auto meta_offset = 8;  // of the first record: size, port, flags
  const auto value = GENERATE(std::uint64_t{0}, std::uint64_t{15}, std::uint64_t{0xffff'ffff}, ~std::uint64_t{0},
                              std::uint64_t{0x0000'0000'0000'1001});
  overwrite(segments.log("t"), meta_offset, value);
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = shmbus::Start::oldest()});
  CHECK(subscriber.poll([](const shmbus::Event& event) { CHECK(event.payload().size() < 4096); }) <= 1);
  CHECK(subscriber.poll([](const shmbus::Event&) {}) == 0);
  if (value != 0x1001) CHECK(subscriber.status() == shmbus::Status::corrupt);
  subscriber.wait(1ms);
}
