// Nothing is unlinked because a segment says so: whoever may read one topic may write its control segment.

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

/// Writes into `control` that its log is `log`, whose name says which topic's it is, by which node and under which id.
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

TEST_CASE("who may read one topic can't have another topic's log unlinked", "[unlink_trust]") {
  if (!test::have_root()) return;
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  const std::string prefix = "/dev/shm/shmbus." + name.name() + ".", aside = "/dev/shm/aside." + name.name();
  const test::User owner = GENERATE(test::User{.id = alice}, test::User{.id = 0, .group = 0});
  const unsigned mode = GENERATE(0600u, 0644u);  // of the other topic; the same as that of the one he may read, too
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
  SECTION("by a link to a topic that goes on: it is not told that it was removed") {
    test::run_as({.id = mallory}, [&] { std::filesystem::create_hard_link(open, prefix + "~1"); });
    as_owner([](shmbus::Bus& bus) { bus.reap(); });
    CHECK_FALSE(std::filesystem::exists(prefix + "~1"));
    CHECK_FALSE(marked_removed(open));
    CHECK(std::filesystem::exists(segments.log("open")));
  }
  SECTION("by a link that stayed when the topic was removed") {
    test::run_as({.id = mallory}, [&] {
      std::filesystem::create_directory(aside);
      std::filesystem::create_hard_link(open, aside + "/kept");
    });
    as_owner([](shmbus::Bus& bus) { require(bus.remove_topic("open"), "remove"); });
    CHECK_FALSE(std::filesystem::exists(open));
    test::run_as({.id = mallory}, [&] {
      const int kept = ::open((aside + "/kept").c_str(), O_RDWR | O_CLOEXEC);
      if (kept >= 0) {  // it is his to write no more; a mapping of before would be
        ::close(kept);
        name_log(aside + "/kept", name.name(), log);
      }
      std::filesystem::rename(aside + "/kept", prefix + "~2");
      std::filesystem::remove(aside);
    });
    name_log(prefix + "~2", name.name(), log);  // by a mapping of before
    as_owner([](shmbus::Bus& bus) { bus.reap(); });
    CHECK_FALSE(std::filesystem::exists(prefix + "~2"));
  }
  SECTION("by what the control segment says when its own topic is removed") {
    test::run_as({.id = mallory}, [&] { name_log(open, name.name(), log); });
    as_owner([](shmbus::Bus& bus) { require(bus.remove_topic("open"), "remove"); });
    CHECK_FALSE(std::filesystem::exists(open));
  }
  SECTION("by saying that it is of an earlier bus") {
    test::run_as({.id = mallory}, [&] {
      name_log(open, name.name(), log);
      test::overwrite(open, offsetof(TopicHeader, bus), std::uint64_t{1});
    });
    as_owner([](shmbus::Bus& bus) {
      try {
        bus.find_topic("open");
      } catch (const shmbus::Error&) {  // it is damaged
      }
    });
  }
  CHECK(std::filesystem::exists(log));
  as_owner([](shmbus::Bus& bus) { require(bus.publisher("secret").publish("y").sequence() == 2, "the other topic"); });
}

TEST_CASE("a removal that somebody began is finished, by what its files tell", "[unlink_trust]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  const std::string prefix = "/dev/shm/shmbus." + name.name() + ".";
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.publisher("t").publish("x");
  const std::string log = segments.log("t"), removed = prefix + "~7";
  std::filesystem::rename(segments.control("t"), removed);

  SECTION("its log goes with it") {
    CHECK(bus.reap().segments == 1);
    CHECK_FALSE(std::filesystem::exists(log));
    CHECK_FALSE(std::filesystem::exists(removed));
  }
  SECTION("its log goes with it beside a topic that was made anew") {
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
  SECTION("a log that another control segment in its place names stays") {
    bus.publisher("u").publish("x");
    name_log(removed, name.name(), segments.log("u"));
    bus.reap();
    CHECK_FALSE(std::filesystem::exists(removed));
    CHECK(bus.publisher("u").publish("y").sequence() == 2);
  }
}
