// No file is unlinked only because a segment names it: every user that may read a topic may write its control segment.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <filesystem>
#include <string>

#include "layout/topic.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/privileges.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using shmbus::layout::TopicHeader;
using test::require;

namespace {

constexpr uid_t alice = 54'322, mallory = 54'321;

struct FixedName {
  char text[128] = {};
};

/// Makes `control` name `log` as its log. The log's file name gives the topic, node and id to write.
void name_log(const std::string& control, const std::string& bus, const std::string& log) {
  const std::string prefix = "/dev/shm/shmbus." + bus + ".";
  const std::size_t mark = log.rfind(".log.");
  std::size_t dot = 0;
  const std::uint64_t node = std::stoull(log.substr(mark + 5), &dot);
  const std::uint64_t id = std::stoull(log.substr(mark + 5 + dot + 1), nullptr, 16);
  FixedName name;
  log.copy(name.text, mark - prefix.size(), prefix.size());
  test::overwrite(control, offsetof(TopicHeader, name), name);
  test::overwrite(control, offsetof(TopicHeader, id), id);
  test::overwrite(control, offsetof(TopicHeader, log_node), node);
}

bool marked_removed(const std::string& control) {
  return (test::read_at<std::uint64_t>(control, offsetof(TopicHeader, words.attention)) &
          shmbus::layout::kTopicRemoved) != 0;
}

}  // namespace

TEST_CASE("a user that may read one topic can't cause another topic's log to be unlinked", "[unlink_trust]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  const std::string prefix = "/dev/shm/shmbus." + name.name() + ".", aside = "/dev/shm/aside." + name.name();
  const test::User owner = GENERATE(test::User{.id = alice}, test::User{.id = 0, .group = 0});
  const unsigned mode = GENERATE(0600u, 0644u);  // mode of the other topic, in one case the same as that of the readable topic
  test::run_as(owner, [&] {
    shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0666, .owners = {alice}});
    bus.publisher("open", {.mode = 0644}).publish("x");
    bus.publisher("secret", {.mode = mode}).publish("x");
  });
  const std::string log = segments.log("secret"), open = segments.control("open");
  const auto as_owner = [&](const std::function<void(shmbus::Bus&)>& body) {
    test::run_as(owner, [&] {
      shmbus::Bus bus = shmbus::Bus::open(name.name(), {.owners = {alice}});
      body(bus);
      bus.reap();
    });
  };

  SECTION("by a link under the name of a removed topic") {
    test::run_as({.id = mallory}, [&] {
      name_log(open, name.name(), log);
      std::filesystem::create_hard_link(open, prefix + "~1");
    });
    as_owner([](shmbus::Bus& bus) { bus.reap(); });
    CHECK_FALSE(std::filesystem::exists(prefix + "~1"));
    CHECK(std::filesystem::exists(open));
  }
  SECTION("by a link to a topic that goes on, which is not marked as removed") {
    test::run_as({.id = mallory}, [&] { std::filesystem::create_hard_link(open, prefix + "~1"); });
    as_owner([](shmbus::Bus& bus) { bus.reap(); });
    CHECK_FALSE(std::filesystem::exists(prefix + "~1"));
    CHECK_FALSE(marked_removed(open));
    CHECK(std::filesystem::exists(segments.log("open")));
  }
  SECTION("by a link that was kept when the topic was removed") {
    test::run_as({.id = mallory}, [&] {
      std::filesystem::create_directory(aside);
      std::filesystem::create_hard_link(open, aside + "/kept");
    });
    as_owner([](shmbus::Bus& bus) { require(bus.remove_topic("open"), "remove"); });
    CHECK_FALSE(std::filesystem::exists(open));
    test::run_as({.id = mallory}, [&] {
      const int kept = ::open((aside + "/kept").c_str(), O_RDWR | O_CLOEXEC);
      if (kept >= 0) {  // removing took away the right to open it for writing; an earlier mapping can still be written
        ::close(kept);
        name_log(aside + "/kept", name.name(), log);
      }
      std::filesystem::rename(aside + "/kept", prefix + "~2");
      std::filesystem::remove(aside);
    });
    name_log(prefix + "~2", name.name(), log);  // as through an earlier mapping
    as_owner([](shmbus::Bus& bus) { bus.reap(); });
    CHECK_FALSE(std::filesystem::exists(prefix + "~2"));
  }
  SECTION("by naming it in the control segment before its own topic is removed") {
    test::run_as({.id = mallory}, [&] { name_log(open, name.name(), log); });
    as_owner([](shmbus::Bus& bus) { require(bus.remove_topic("open"), "remove"); });
    CHECK_FALSE(std::filesystem::exists(open));
  }
  SECTION("by marking the control segment as one of an earlier bus") {
    test::run_as({.id = mallory}, [&] {
      name_log(open, name.name(), log);
      test::overwrite(open, offsetof(TopicHeader, bus), std::uint64_t{1});
    });
    as_owner([](shmbus::Bus& bus) {
      try {
        bus.find_topic("open");
      } catch (const shmbus::Error&) {  // the topic is damaged
      }
    });
  }
  CHECK(std::filesystem::exists(log));
  as_owner([](shmbus::Bus& bus) { require(bus.publisher("secret").publish("y").sequence() == 2, "the other topic"); });
}

TEST_CASE("a removal that another process began is finished from what its files hold", "[unlink_trust]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  const std::string prefix = "/dev/shm/shmbus." + name.name() + ".";
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.publisher("t").publish("x");
  const std::string log = segments.log("t"), removed = prefix + "~7";
  std::filesystem::rename(segments.control("t"), removed);

  SECTION("its log is removed, too") {
    CHECK(bus.reap().segments == 1);
    CHECK_FALSE(std::filesystem::exists(log));
    CHECK_FALSE(std::filesystem::exists(removed));
  }
  SECTION("its log is removed, too, beside a topic that was created anew") {
    bus.publisher("t").publish("x");
    CHECK(bus.reap().segments == 1);
    CHECK_FALSE(std::filesystem::exists(log));
    CHECK(bus.publisher("t").publish("y").sequence() == 2);
  }
  SECTION("a log of another mode stays") {
    REQUIRE(::chmod(log.c_str(), 0640) == 0);
    bus.reap();
    CHECK(std::filesystem::exists(log));
    CHECK_FALSE(std::filesystem::exists(removed));
  }
  SECTION("a symbolic link under the log's name stays") {
    std::filesystem::rename(log, prefix + "elsewhere");
    std::filesystem::create_symlink(prefix + "elsewhere", log);
    bus.reap();
    CHECK(std::filesystem::is_symlink(log));
    CHECK(std::filesystem::exists(prefix + "elsewhere"));
  }
  SECTION("a log that belongs to another topic stays, though the control segment names it") {
    bus.publisher("u").publish("x");
    name_log(removed, name.name(), segments.log("u"));
    bus.reap();
    CHECK_FALSE(std::filesystem::exists(removed));
    CHECK(bus.publisher("u").publish("y").sequence() == 2);
  }
}
