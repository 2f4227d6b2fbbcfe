// What Inspector shows of groups, and what becomes of their files.

#include <catch2/catch.hpp>

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "journal_fixture.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::GroupEventState;
using shmbus::GroupSnapshot;
using shmbus::Inspector;
using shmbus::Lease;
using shmbus::Start;

namespace {

struct GroupBus {
  test::TemporaryBus name{};
  test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4});

  void publish(int count) {
    for (int i = 0; i < count; ++i) test::require(bool{publisher.publish("x")}, "a publish");
  }
  GroupSnapshot group(const std::string& group = "g", const std::string& topic = "t") const {
    for (GroupSnapshot& g : Inspector{name.name()}.groups()) {
      if (g.topic == topic && g.group == group) return std::move(g);
    }
    throw std::runtime_error("no group " + group);
  }
  /// The file of a group in shared memory; empty where there is none.
  std::string file(const std::string& group = "g") const {
    for (const std::string& path : segments.all()) {
      if (path.find(".t.group." + group + ".") != std::string::npos) return path;
    }
    return {};
  }
};

}  // namespace

TEST_CASE("a snapshot shows a group's options, members, and what is leased and waits", "[group]") {
  GroupBus f;
  f.publish(6);
  shmbus::Group group = f.bus.group(
      "t", "g",
      {.window = 2000, .lease = 7s, .max_deliveries = 3, .backoff = {1h}, .start = Start::oldest(), .name = "worker"});
  Lease first = group.take(10s), second = group.take(10s), third = group.take(10s);
  REQUIRE(third);
  CHECK(second.acknowledge() == shmbus::Status::ok);
  CHECK(third.give_back() == shmbus::Status::ok);

  const GroupSnapshot g = f.group();
  CHECK(g.problem == "");
  CHECK(g.options.window == 2048);
  CHECK(g.options.lease == 7s);
  CHECK(g.options.lease_most == 70s);
  CHECK(g.options.max_deliveries == 3);
  CHECK(g.options.backoff == std::vector<std::chrono::nanoseconds>{1h});
  CHECK(g.options.dead_letters == "t.dead");
  CHECK(g.options.order == shmbus::Order::any);
  CHECK_FALSE(g.in_journal);
  CHECK(g.floor == 1);
  CHECK(g.walked == 4);
  CHECK(g.published == 6);
  CHECK(g.leased == 1);
  CHECK(g.waiting == 1);
  CHECK(g.unread() == 3);
  CHECK(g.lag == 5);
  CHECK(g.counts.leases == 3);
  CHECK(g.counts.acknowledged == 1);
  CHECK(g.counts.given_back == 1);
  REQUIRE(g.oldest);
  CHECK(g.oldest->sequence == 1);
  CHECK(g.oldest->state == GroupEventState::leased);
  CHECK(g.oldest->deliveries == 1);
  CHECK(g.oldest->pid == ::getpid());
  CHECK_THAT(g.oldest->member, Catch::StartsWith("worker "));
  CHECK(g.oldest_age);
  REQUIRE(g.members.size() == 1);
  CHECK(g.members[0].leased == 1);
  CHECK(g.members[0].state == shmbus::NodeState::alive);
  CHECK(g.members[0].pid == ::getpid());

  const auto events = Inspector{f.name.name()}.group_events("t", "g", 100);
  REQUIRE(events.size() == 5);
  CHECK(events[0].sequence == 1);
  REQUIRE(events[0].left);
  CHECK(*events[0].left <= 7100ms);
  CHECK(events[1].sequence == 3);
  CHECK(events[1].state == GroupEventState::waiting);
  REQUIRE(events[1].left);
  CHECK(*events[1].left > 50min);
  CHECK(events[1].node == 0);
  CHECK(events[2].sequence == 4);
  CHECK(events[2].state == GroupEventState::unread);
  CHECK(events[2].deliveries == 0);
  CHECK(Inspector{f.name.name()}.group_events("t", "g", 2).size() == 2);
  CHECK(Inspector{f.name.name()}.group_events("t", "none", 2).empty());
  CHECK(Inspector{f.name.name()}.group_events("no name", "g", 2).empty());
}

TEST_CASE("a group that has settled all shows no lag, and counts of members that have left", "[group]") {
  GroupBus f;
  f.publish(3);
  {
    shmbus::Group group = f.bus.group("t", "g", {.start = Start::oldest()});
    for (int i = 0; i < 3; ++i) CHECK(group.take(10s).acknowledge() == shmbus::Status::ok);
  }
  const GroupSnapshot g = f.group();
  CHECK(g.members.empty());
  CHECK(g.lag == 0);
  CHECK_FALSE(g.oldest);
  CHECK(g.floor == 4);
  CHECK(g.counts.acknowledged == 3);
}

TEST_CASE("a group whose leases fail is shown as cautious", "[group]") {
  GroupBus f;
  f.publish(1);
  shmbus::Group group = f.bus.group("t", "g", {.max_deliveries = 0, .backoff = {}, .start = Start::oldest()});
  for (int i = 0; i < 60 && !group.cautious(); ++i) CHECK(group.take(10s).give_back() == shmbus::Status::ok);
  REQUIRE(group.cautious());
  const GroupSnapshot g = f.group();
  CHECK(g.cautious);
  CHECK(g.cautious_times == 1);
  CHECK(g.cautious_for <= 1s);
  CHECK(g.counts.redelivered >= 50);
}

TEST_CASE("a damaged group is shown with its problem, and the others without", "[group]") {
  GroupBus f;
  { const auto a = f.bus.group("t", "g"), b = f.bus.group("t", "h"); }
  const std::string file = f.file();
  REQUIRE_FALSE(file.empty());
  SECTION("cut short") { std::filesystem::resize_file(file, 5000); }
  SECTION("too large") { std::filesystem::resize_file(file, 1 << 30); }
  CHECK_THAT(f.group("g").problem, Catch::Contains("group 'g'"));
  CHECK(f.group("h").problem == "");
  CHECK_THROWS_AS(Inspector{f.name.name()}.group_events("t", "g", 1), shmbus::Error);
}

TEST_CASE("overwritten slots of a group are shown as they are, and read within bounds", "[group]") {
  GroupBus f;
  f.publish(3);
  { const auto group = f.bus.group("t", "g", {.window = 1024, .start = Start::oldest()}); }
  const std::string file = f.file();
  const auto size = std::filesystem::file_size(file);
  {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(2048);
    const std::string junk(static_cast<std::size_t>(size) - 2048, '\xff');
    bytes.write(junk.data(), static_cast<std::streamsize>(junk.size()));
  }
  const GroupSnapshot g = f.group();
  CHECK(g.problem == "");
  CHECK(g.leased + g.waiting <= 1024);
  CHECK(Inspector{f.name.name()}.group_events("t", "g", 5000).size() <= 5000);
}

TEST_CASE("removing a topic removes its groups, and one made anew has none", "[group]") {
  GroupBus f;
  { const auto a = f.bus.group("t", "g"), b = f.bus.group("t", "h"); }
  CHECK(Inspector{f.name.name()}.groups().size() == 2);
  CHECK(f.bus.remove_topic("t"));
  CHECK(f.file("g").empty());
  CHECK(f.file("h").empty());
  const auto again = f.bus.publisher("t");
  CHECK(Inspector{f.name.name()}.groups().empty());
}

TEST_CASE("a group of a former topic is a leftover, which reap frees", "[group]") {
  GroupBus f;
  { const auto group = f.bus.group("t", "g"); }
  CHECK(Inspector{f.name.name()}.leftovers().empty());
  const std::string file = f.file(), copy = "/dev/shm/shmbus-test-" + f.name.name();
  REQUIRE_FALSE(file.empty());
  std::filesystem::copy_file(file, copy);
  CHECK(f.bus.remove_topic("t"));
  std::filesystem::rename(copy, file);  // as if its remover had died
  const auto again = f.bus.publisher("t");
  const auto leftovers = Inspector{f.name.name()}.leftovers();
  REQUIRE(leftovers.size() == 1);
  CHECK(leftovers[0].kind == shmbus::Leftover::Kind::group);
  CHECK(leftovers[0].reapable());
  CHECK(std::string{to_string(leftovers[0].kind)} == "group");
  CHECK(f.bus.reap().segments == 1);
  CHECK_FALSE(std::filesystem::exists(file));
  CHECK(Inspector{f.name.name()}.leftovers().empty());
}

TEST_CASE("a file that only has a group's name is a stray", "[group]") {
  GroupBus f;
  { const auto group = f.bus.group("t", "g"); }
  const std::string file = f.file();
  std::filesystem::remove(file);
  { std::ofstream(file) << "something else"; }
  const auto leftovers = Inspector{f.name.name()}.leftovers();
  REQUIRE(leftovers.size() == 1);
  CHECK(leftovers[0].kind == shmbus::Leftover::Kind::stray);
  CHECK(f.bus.reap().segments == 0);
  CHECK(std::filesystem::exists(file));
  std::filesystem::remove(file);
}

TEST_CASE("removing a bus removes its groups", "[group]") {
  test::TemporaryBus name;
  {
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    const auto publisher = bus.publisher("t");
    const auto group = bus.group("t", "g");
  }
  CHECK(shmbus::Bus::remove(name.name()));
  CHECK(test::Segments{name.name()}.all().empty());
}

TEST_CASE("a group beside a journal goes with the journal, and not with the topic", "[group][journal]") {
  const test::JournaledBus f;
  shmbus::Bus bus = f.open();
  const std::filesystem::path folder = f.folder("t") + "/groups";
  {
    shmbus::Publisher publisher = bus.publisher("t", {.journal = shmbus::Journal::page_cache()});
    CHECK(Inspector{f.name()}.groups().empty());
    CHECK_FALSE(std::filesystem::exists(folder));  // to look makes nothing
    CHECK(Inspector{f.name()}.group_events("t", "g", 1).empty());
    CHECK_FALSE(std::filesystem::exists(folder));
    CHECK(publisher.publish("x"));
    shmbus::Group group = bus.group("t", "g", {.start = Start::oldest()});
    const Lease lease = group.take(10s);
    REQUIRE(lease);
    const auto groups = Inspector{f.name()}.groups();
    REQUIRE(groups.size() == 1);
    CHECK(groups[0].in_journal);
    CHECK(groups[0].leased == 1);
    CHECK(groups[0].problem == "");
  }
  CHECK(bus.remove_topic("t"));
  CHECK(std::filesystem::exists(folder / "g"));
  { const auto publisher = bus.publisher("t", {.journal = shmbus::Journal::page_cache()}); }
  CHECK(Inspector{f.name()}.groups().size() == 1);
  CHECK(bus.remove_topic("t", shmbus::Journals::erase));
  CHECK_FALSE(std::filesystem::exists(folder));
}

TEST_CASE("after the machine's end a group's leases are shown as waiting, until a member takes it over",
          "[group][journal]") {
  const test::JournaledBus f;
  test::ForkedProcess member([&](const test::Parent& parent) {
    shmbus::Bus bus = f.open();
    shmbus::Publisher publisher = bus.publisher("t", {.journal = shmbus::Journal::batch()});
    const auto published = publisher.publish("x");
    test::require(publisher.wait_durable(published.sequence(), 10s) == shmbus::Status::ok, "it is on disk");
    shmbus::Group group = bus.group("t", "g", {.start = Start::oldest()});
    const Lease lease = group.take(10s);
    test::require(bool{lease}, "a lease");
    parent.say();
    parent.hear();  // until it is killed
  });
  member.hear();
  member.kill();
  f.reboot();
  shmbus::Bus bus = f.open();
  const auto groups = Inspector{f.name()}.groups();
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].members.empty());
  CHECK(groups[0].leased == 0);
  CHECK(groups[0].waiting == 1);
}
