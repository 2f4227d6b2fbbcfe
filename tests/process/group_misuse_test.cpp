// What groups refuse, and what they say.

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "group_bus.hpp"
#include "layout/group.hpp"
#include "support/privileges.hpp"
#include "support/segments.hpp"

using namespace std::chrono_literals;
using shmbus::ErrorCode;
using shmbus::Group;
using shmbus::Lease;
using shmbus::Publisher;
using shmbus::Status;
using test::expect_refusal;
using test::GroupBus;
using test::prompt;
using test::take;

namespace {

/// The file of group g of topic t.
std::string file_of(const GroupBus& f) {
  for (const auto& entry : std::filesystem::directory_iterator{"/dev/shm"}) {
    if (entry.path().filename().string().starts_with("shmbus." + f.name.name() + ".t.group.g.")) return entry.path();
  }
  throw std::runtime_error("no file of the group");
}

}  // namespace

TEST_CASE("names of groups outside the allowed characters or length are refused", "[group][bad_input]") {
  GroupBus f;
  for (const std::string& name :
       {std::string{}, std::string(64, 'g'), std::string("a.b"), std::string("a/b"), std::string("a b"),
        std::string("*"), std::string("a\0b", 3), std::string("\xc3\xa9")}) {
    CAPTURE(name);
    expect_refusal({ErrorCode::invalid_name, "group name"}, [&] { static_cast<void>(f.bus.group("t", name)); });
    expect_refusal({ErrorCode::invalid_name, "group name"}, [&] { f.bus.remove_group("t", name); });
  }
  for (const char* topic : {"", "t.*", ">", "a..b"}) {
    CAPTURE(topic);
    expect_refusal({ErrorCode::invalid_name, "topic name"}, [&] { static_cast<void>(f.bus.group(topic, "g")); });
    expect_refusal({ErrorCode::invalid_name, "topic name"}, [&] { f.bus.remove_group(topic, "g"); });
  }
  f.bus.topic("t");
  Group longest = f.bus.group("t", std::string(63, 'g'), prompt());
  CHECK(longest.name().size() == 63);
  CHECK(shmbus::Inspector(f.name.name()).snapshot().topics.size() == 1);
}

TEST_CASE("a topic's name so long that its retry topic has no name serves without one", "[group]") {
  GroupBus f;
  const std::string topic(120, 't');
  Publisher publisher = f.bus.publisher(topic);
  Group group = f.bus.group(topic, "g", prompt());
  test::publish(publisher, 1);
  Lease lease = take(group);
  CHECK(lease.give_back(0s) == Status::ok);
  CHECK(test::take_some(group, 1).size() == 1);
  group = f.bus.group(std::string(121, 't'), "other");
  shmbus::GroupOptions options = prompt();
  expect_refusal({ErrorCode::invalid_name, "topic name"},
                 [&] { static_cast<void>(f.bus.group(std::string(127, 't'), "g", options)); });  // ".dead" is too long
  options.dead_letters = "dead";
  CHECK_NOTHROW(f.bus.group(std::string(127, 't'), "g", options));
}

TEST_CASE("options of a group out of their ranges are refused, and named", "[group][bad_input]") {
  GroupBus f;
  const auto refused = [&](const char* option, auto change, ErrorCode code = ErrorCode::invalid_option) {
    CAPTURE(option);
    shmbus::GroupOptions options = prompt();
    change(options);
    expect_refusal({code, option}, [&] { static_cast<void>(f.bus.group("t", "g", options)); });
  };
  using Options = shmbus::GroupOptions;
  refused("window", [](Options& o) { o.window = 1023; });
  refused("window", [](Options& o) { o.window = 262'145; });
  refused("window", [](Options& o) { o.window = ~std::size_t{0}; });
  refused("in_flight", [](Options& o) { o.in_flight = 1025; });
  refused("lease", [](Options& o) { o.lease = 9ms; });
  refused("lease", [](Options& o) { o.lease = -1s; });
  refused("lease", [](Options& o) { o.lease = std::chrono::nanoseconds::max(); });
  refused("lease_most", [](Options& o) { o.lease_most = 1s; });
  refused("lease_most", [](Options& o) { o.lease_most = 24h * 8; });
  refused("max_deliveries", [](Options& o) { o.max_deliveries = 60'001; });
  refused("backoff", [](Options& o) { o.backoff.assign(9, 1s); });
  refused("backoff", [](Options& o) { o.backoff = {-1ns}; });
  refused("backoff", [](Options& o) { o.backoff = {24h * 8}; });
  refused("abandon_after", [](Options& o) { o.abandon_after = 0ns; });
  refused("abandon_after", [](Options& o) { o.abandon_after = 24h * 8; });
  refused("dead_letters", [](Options& o) { o.dead_letters = "t"; });
  refused(
      "topic name", [](Options& o) { o.dead_letters = "a b"; }, ErrorCode::invalid_name);
  refused("key", [](Options& o) { o.key = [](const shmbus::Event&) { return std::string{}; }; });
  refused("name", [](Options& o) { o.name = std::string(64, 'n'); });
  shmbus::GroupOptions rounded = prompt();
  rounded.window = 1025;
  f.bus.topic("t");
  Group first = f.bus.group("t", "g", rounded);
  rounded.window = 2048;
  Group second = f.bus.group("t", "g", rounded);
  CHECK(second.different().empty());
}

TEST_CASE("the retry topic as its group's dead letters would never end", "[group][bad_input]") {
  GroupBus f;
  shmbus::GroupOptions options = prompt();
  options.dead_letters = "t.retry.g";
  expect_refusal({ErrorCode::invalid_option, "dead_letters"},
                 [&] { static_cast<void>(f.bus.group("t", "g", options)); });
}

TEST_CASE("an interrupted Group takes nothing any more, and its leases are good", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", prompt());
  test::publish(publisher, 2);
  Lease lease = take(group);
  std::thread interrupter([&] {
    std::this_thread::sleep_for(20ms);
    group.interrupt();
  });
  test::take_some(group, 1);
  CHECK_FALSE(group.take());
  interrupter.join();
  CHECK_FALSE(group.try_take());
  test::publish(publisher, 1);
  CHECK_FALSE(group.take());
  CHECK(lease.acknowledge() == Status::ok);
  Group other = f.bus.group("t", "g", prompt());
  CHECK(test::take_all(other) == test::Sequences{3});
}

TEST_CASE("after the removal of its bus a Group says closed, and takes nothing", "[group]") {
  GroupBus f;
  std::optional<Publisher> publisher(f.bus.publisher("t"));
  std::optional<Group> group(f.bus.group("t", "g", prompt()));
  test::publish(*publisher, 2);
  Lease held = take(*group), rejected = take(*group);
  std::thread waiter([&] { CHECK_FALSE(group->take()); });
  std::this_thread::sleep_for(10ms);
  CHECK(shmbus::Bus::remove(f.name.name()));
  waiter.join();
  CHECK(group->status() == Status::closed);
  CHECK_FALSE(group->take());
  CHECK(held.event().text() == "x");
  static_cast<void>(held.extend(1s));
  static_cast<void>(held.acknowledge());
  CHECK(rejected.reject("no") != Status::ok);
  expect_refusal({ErrorCode::closed, ""}, [&] { static_cast<void>(f.bus.group("t", "g")); });
  expect_refusal({ErrorCode::closed, ""}, [&] { f.bus.remove_group("t", "g"); });
  group.reset();
  publisher.reset();
}

TEST_CASE("after the removal of its topic a Group goes on with the topic's successor", "[group]") {
  GroupBus f;
  std::optional<Publisher> publisher(f.bus.publisher("t"));
  Group group = f.bus.group("t", "g", prompt());
  test::publish(*publisher, 2);
  Lease held = take(group);
  publisher.reset();
  CHECK(f.bus.remove_topic("t"));
  static_cast<void>(held.acknowledge());
  publisher.emplace(f.bus.publisher("t"));
  test::publish(*publisher, 1);
  test::Sequences taken = test::take_some(group, 2);  // one is what was left of the old topic
  std::sort(taken.begin(), taken.end());
  CHECK(taken == test::Sequences{1, 2});
  test::wait_until("it has let go of the old topic", [&] {
    static_cast<void>(group.try_take());
    return group.status() == Status::ok;
  });
}

TEST_CASE("a file of a group that is damaged is refused, and the way out is named", "[group][bad_input]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  { const Group group = f.bus.group("t", "g", prompt()); }
  const std::string file = file_of(f);
  using shmbus::layout::GroupRecord;
  SECTION("magic") { test::overwrite(file, 0, std::uint64_t{1}); }
  SECTION("window") { test::overwrite(file, offsetof(GroupRecord, window), std::uint32_t{1u << 31}); }
  SECTION("lease") { test::overwrite(file, offsetof(GroupRecord, lease_ns), std::uint64_t{0}); }
  SECTION("the name of the dead letters") { test::overwrite(file, offsetof(GroupRecord, dead_letters), '/'); }
  SECTION("shorter") { std::filesystem::resize_file(file, 8192); }
  SECTION("empty") { std::filesystem::resize_file(file, 0); }
  SECTION("longer") { std::filesystem::resize_file(file, std::filesystem::file_size(file) * 2); }
  try {
    static_cast<void>(f.bus.group("t", "g", prompt()));
    FAIL_CHECK("accepted");
  } catch (const shmbus::Error& error) {
    INFO(error.what());
    CHECK(error.code() == ErrorCode::corrupt);
    CHECK_THAT(error.object(), Catch::Contains("group 'g'") && Catch::Contains("'t'"));
    CHECK_THAT(error.remedy(), Catch::Contains("--remove"));
  }
  std::filesystem::remove(file);
  Group anew = f.bus.group("t", "g", prompt());
  CHECK_FALSE(anew.try_take());
}

TEST_CASE("another user's file in a group's place is refused", "[group][trust]") {
  if (!test::have_root()) return;
  GroupBus f;
  f.bus.topic("t");
  { const Group group = f.bus.group("t", "g", prompt()); }
  const std::string file = file_of(f);
  REQUIRE(::chown(file.c_str(), 54'321, 54'321) == 0);
  expect_refusal({ErrorCode::untrusted, "group 'g'", "", "54321"},
                 [&] { static_cast<void>(f.bus.group("t", "g", prompt())); });
  std::filesystem::remove(file);
}

TEST_CASE("a link in a group's place is refused", "[group][trust]") {
  GroupBus f;
  f.bus.topic("t");
  { const Group group = f.bus.group("t", "g", prompt()); }
  const std::string file = file_of(f);
  std::filesystem::rename(file, file + "x");
  std::filesystem::create_symlink(file + "x", file);
  expect_refusal({ErrorCode::untrusted, "group 'g'", "a regular file"},
                 [&] { static_cast<void>(f.bus.group("t", "g", prompt())); });
  std::filesystem::remove(file);
  std::filesystem::remove(file + "x");
}

TEST_CASE("a member whose group's file is cut short or removed says closed, and is not killed", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Group group = f.bus.group("t", "g", prompt());
  test::publish(publisher, 3);
  Lease lease = take(group);
  std::filesystem::remove(file_of(f));
  CHECK(group.status() == Status::closed);
  CHECK(lease.acknowledge() == Status::ok);
  static_cast<void>(group.try_take());
}
