// shmbus groups, group, take and dead; and what who, doctor, ports say of groups.

#include <unistd.h>

#include <catch2/catch.hpp>

#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "tool_fixture.hpp"

using namespace std::chrono_literals;
using nlohmann::json;
using shmbus::Start;
using shmbus::Status;
using test::End;
using test::Finished;

namespace {

struct GroupTool : test::Tool {
  shmbus::Bus member = shmbus::Bus::open(bus.name());
  shmbus::Publisher publisher = member.publisher("t", {.block_size = 4096, .blocks = 4});

  void publish(int count) {
    for (int i = 1; i <= count; ++i) CHECK(publisher.publish("e" + std::to_string(i)));
  }
  shmbus::Group group(const std::string& name = "g") {
    return member.group("t", name, {.max_deliveries = 1, .backoff = {}, .start = Start::oldest(), .name = "worker"});
  }
  /// Rejects the next events of a group.
  void reject(int count, const std::string& name = "g") {
    shmbus::Group rejecting = group(name);
    for (int i = 0; i < count; ++i) CHECK(rejecting.take(10s).reject("no such customer") == Status::ok);
  }
  std::vector<json> lines(const std::vector<std::string>& command) const {
    const Finished finished = run(command);
    CHECK(finished.end == End{});
    CHECK(finished.err == "");
    std::vector<json> all;
    std::istringstream text(finished.out);
    for (std::string line; std::getline(text, line);) all.push_back(json::parse(line));
    return all;
  }
};

}  // namespace

TEST_CASE("groups lists them all, and group shows one with its unsettled events", "[tool][group]") {
  GroupTool tool;
  tool.publish(4);
  CHECK(tool.run({"groups"}).out == "");
  shmbus::Group group = tool.group();
  shmbus::Lease lease = group.take(10s);
  REQUIRE(lease);
  CHECK_THAT(tool.run({"groups"}).out, Catch::Matches("TOPIC.*\nt +g +1 +4 +1 +0 +[^ ]+ [a-z]+ +0 +0 +0 +ok\n"));
  const auto groups = tool.lines({"groups", "--json"});
  REQUIRE(groups.size() == 1);
  CHECK(groups[0]["group"] == "g");
  CHECK(groups[0]["lag"] == 4);
  CHECK(groups[0]["leased"] == 1);
  CHECK(groups[0]["unread"] == 3);
  CHECK(groups[0]["options"]["max_deliveries"] == 1);
  CHECK(groups[0]["members"][0]["pid"] == ::getpid());

  const Finished shown = tool.run({"group", "t", "g"});
  CHECK(shown.end == End{});
  CHECK_THAT(shown.out, Catch::Contains("group 'g' of topic 't'") && Catch::Contains("4 of 4 not settled: 1 leased") &&
                            Catch::Contains("dead letters go to t.dead") && Catch::Contains("worker ") &&
                            Catch::Contains("unread"));
  const auto one = tool.lines({"group", "t", "g", "--json", "--events", "2"});
  REQUIRE(one.size() == 1);
  REQUIRE(one[0]["events"].size() == 2);
  CHECK(one[0]["events"][0]["state"] == "leased");
  CHECK(one[0]["events"][1]["state"] == "unread");
  const Finished unknown = tool.run({"group", "t", "gg"});
  CHECK(unknown.end == End{.status = 1});
  CHECK_THAT(unknown.err, Catch::Contains("does not exist") && Catch::Contains("t g"));
}

TEST_CASE("group --remove refuses a group with a member, and removes one without", "[tool][group]") {
  GroupTool tool;
  {
    const shmbus::Group group = tool.group();
    const Finished refused = tool.run({"group", "t", "g", "--remove"});
    CHECK(refused.end == End{.status = 1});
    CHECK_THAT(refused.err, Catch::Contains("pid " + std::to_string(::getpid())));
  }
  CHECK(tool.run({"group", "t", "g", "--remove"}).out == "removed group 'g' of topic 't'\n");
  CHECK(tool.run({"groups"}).out == "");
  CHECK(tool.run({"group", "t", "g", "--remove"}).end == End{.status = 1});
}

TEST_CASE("take prints and gives back; with --ack it acknowledges what it printed", "[tool][group]") {
  GroupTool tool;
  tool.publish(3);
  const std::vector<std::string> take{"take", "t", "g", "--from", "oldest"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> command = take;
    command.insert(command.end(), more.begin(), more.end());
    return tool.run(command);
  };
  CHECK(with({}).out == "e1\n");
  CHECK(with({"--count", "2"}).out == "e1\ne2\n");
  const Finished acknowledged = with({"--ack", "--count", "2"});
  CHECK(acknowledged.end == End{});
  CHECK(acknowledged.out == "e1\ne2\n");
  CHECK(json::parse(with({"--ack", "--count", "1", "--json"}).out)["sequence"] == 3);
  const Finished none = with({"--timeout", "50ms"});
  CHECK(none.end == End{.status = 1});
  CHECK(none.out == "");
  CHECK(tool.lines({"group", "t", "g", "--json"})[0]["lag"] == 0);
}

TEST_CASE("take --exec hands the payload to a command, whose status decides", "[tool][group]") {
  GroupTool tool;
  tool.publish(2);
  const Finished good =
      tool.run({"take", "t", "g", "--from", "oldest", "--count", "1", "--exec", "cat; echo \" $SHMBUS_SEQUENCE\""});
  CHECK(good.end == End{});
  CHECK(good.out == "e1 1\n");
  const Finished bad = tool.run({"take", "t", "g", "--count", "1", "--exec", "exit 3"});
  CHECK(bad.end == End{.status = 1});
  const auto group = tool.lines({"group", "t", "g", "--json"})[0];
  CHECK(group["lag"] == 1);
  CHECK(group["oldest"]["sequence"] == 2);
  CHECK(group["oldest"]["deliveries"] == 1);
  CHECK(group["counts"]["given_back"] == 1);
  CHECK(tool.run({"take", "t", "g", "--ack", "--exec", "cat"}).end == End{.status = 2});
}

TEST_CASE("dead lists dead letters with their headers, and only looks", "[tool][group]") {
  GroupTool tool;
  CHECK(tool.run({"dead", "t"}).out == "");
  CHECK(tool.publisher.publish("payload", {.headers = {{"shop", "north"}}, .key = "u42"}));
  tool.publish(1);
  tool.reject(2);
  const Finished list = tool.run({"dead", "t"});
  CHECK(list.end == End{});
  CHECK_THAT(list.out, Catch::Contains("no such customer") && Catch::Contains("payload") && Catch::Contains("worker"));
  const auto letters = tool.lines({"dead", "t", "--json"});
  REQUIRE(letters.size() == 2);
  CHECK(letters[0]["text"] == "payload");
  CHECK(letters[0]["key"] == "u42");
  CHECK(letters[0]["group"] == "g");
  CHECK(letters[0]["deliveries"] == "1");
  CHECK(letters[0]["reason"] == "no such customer");
  const auto origin = shmbus::EventId::parse(letters[0]["origin"].get<std::string>());
  REQUIRE(origin);
  CHECK(origin->sequence == 1);
  for (const shmbus::GroupSnapshot& g : shmbus::Inspector{tool.bus.name()}.groups()) CHECK(g.topic == "t");
  CHECK(tool.lines({"dead", "t", "--json", "--group", "h"}).empty());
  const Finished unknown = tool.run({"dead", "tt"});
  CHECK(unknown.end == End{.status = 1});
  CHECK(tool.run({"dead", "t", "--all"}).end == End{.status = 2});
  CHECK(tool.run({"dead", "t", "--drop"}).end == End{.status = 2});
}

TEST_CASE("dead --drop and --redeliver take dead letters off the list; what is redelivered comes to the group again",
          "[tool][group]") {
  GroupTool tool;
  CHECK(tool.publisher.publish("first", {.headers = {{"shop", "north"}}, .key = "u42"}));
  tool.publish(3);
  tool.reject(4);
  const Finished dropped = tool.run({"dead", "t", "2,4", "--drop"});
  CHECK(dropped.end == End{});
  CHECK(dropped.out == "dropped 2 dead letters\n");
  auto left = tool.lines({"dead", "t", "--json"});
  REQUIRE(left.size() == 2);
  CHECK(left[0]["sequence"] == 1);
  CHECK(left[1]["sequence"] == 3);
  const Finished again = tool.run({"dead", "t", "4", "--drop"});
  CHECK(again.end == End{.status = 1});
  CHECK_THAT(again.err, Catch::Contains("dead letter 4"));

  const std::string origin = left[0]["origin"];
  CHECK(tool.run({"dead", "t", "1", "--redeliver"}).out == "redelivered 1 dead letter\n");
  {
    shmbus::Group group = tool.group();
    shmbus::Lease lease = group.take(10s);
    REQUIRE(lease);
    CHECK(lease.event().topic() == "t.retry.g");
    CHECK(lease.event().text() == "first");
    CHECK(lease.event().key() == "u42");
    CHECK(lease.event().header("shop") == "north");
    CHECK(lease.event().header("shmbus-origin") == origin);
    CHECK_FALSE(lease.event().header("shmbus-reason"));
    CHECK(lease.reject("still not") == Status::ok);
  }
  left = tool.lines({"dead", "t", "--json"});
  REQUIRE(left.size() == 2);
  CHECK(left[1]["reason"] == "still not");
  CHECK(left[1]["origin"] == origin);
  CHECK(tool.run({"dead", "t", "--all", "--redeliver", "--group", "g"}).out == "redelivered 2 dead letters\n");
  CHECK(tool.lines({"dead", "t", "--json"}).empty());
}

TEST_CASE("doctor names dead letters that wait, cautious groups, and groups without a member", "[tool][group]") {
  GroupTool tool;
  tool.publish(1);
  const auto doctor = [&] { return tool.run({"doctor"}).out; };
  {
    shmbus::Group group = tool.member.group("t", "h", {.max_deliveries = 0, .backoff = {}, .start = Start::oldest()});
    CHECK_THAT(doctor(), !Catch::Contains("group h"));
    for (int i = 0; i < 60 && !group.cautious(); ++i) CHECK(group.take(10s).give_back() == Status::ok);
    CHECK_THAT(doctor(), Catch::Contains("fault") && Catch::Contains("group h of topic t is cautious"));
    CHECK(group.take(10s).acknowledge() == Status::ok);
  }
  CHECK_THAT(doctor(), !Catch::Contains("cautious") && Catch::Contains("group h of topic t: it has no member"));
  tool.reject(1);
  CHECK_THAT(doctor(), Catch::Contains("topic t: 1 dead letter waits for a decision in t.dead") &&
                           Catch::Contains("$ shmbus dead --bus " + tool.bus.name() + " t"));
  CHECK(tool.run({"dead", "t", "--all", "--drop"}).end == End{});
  CHECK_THAT(doctor(), !Catch::Contains("dead letter"));
}

TEST_CASE("who and ports name a group that publishers wait for, with and without a member", "[tool][group]") {
  GroupTool tool;
  CHECK(tool.publisher.publish("first"));
  {
    shmbus::Group group =
        tool.member.group("t", "g", {.start = Start::oldest(), .abandon_after = 1h, .name = "worker"});
    const shmbus::Lease lease = group.take(10s);
    REQUIRE(lease);
    while (tool.publisher.try_publish("some text")) {
    }
    CHECK_THAT(tool.run({"who"}).out, Catch::Contains("t: group 'g'") && Catch::Contains("holds the ring back") &&
                                          Catch::Contains("oldest event 1: leased") && Catch::Contains("worker ") &&
                                          Catch::Contains("$ shmbus group t g"));
    CHECK_THAT(tool.run({"ports"}).out, Catch::Contains("group 'g'") && Catch::Contains("gating"));
  }
  CHECK_FALSE(tool.publisher.try_publish("some text"));
  CHECK_THAT(tool.run({"who"}).out, Catch::Contains("it has no member") && Catch::Contains("--remove"));
  CHECK_THAT(tool.run({"ports"}).out, Catch::Contains("without a member"));
  bool shown = false;
  for (const json& port : tool.lines({"ports", "--json"})) {
    if (port["kind"] != "group") continue;
    shown = true;
    CHECK(port["group"] == "g");
    CHECK(port["gating"] == true);
  }
  CHECK(shown);
  CHECK(tool.run({"group", "t", "g", "--remove"}).end == End{});
  CHECK(tool.run({"who"}).out.find("group") == std::string::npos);
  CHECK(tool.publisher.publish("some text"));
}

TEST_CASE("who names the holder of the event that a full window waits for", "[tool][group]") {
  const test::Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher publisher = bus.publisher("t", {.blocks = 16});
  shmbus::Group group = bus.group("t", "g", {.window = 1024, .start = Start::oldest(), .name = "worker"});
  for (int i = 0; i < 1100; ++i) CHECK(publisher.publish("x"));
  const shmbus::Lease oldest = group.take(10s);
  REQUIRE(oldest);
  for (int i = 0; i < 1023; ++i) CHECK(group.take(10s).acknowledge() == Status::ok);
  CHECK_FALSE(group.take(50ms));
  CHECK_THAT(tool.run({"who"}).out, Catch::Contains("holds the event that the group's full window waits for") &&
                                        Catch::Contains("oldest event 1: leased") &&
                                        Catch::Contains("(pid " + std::to_string(::getpid())));
  const auto who = json::parse(tool.run({"who", "--json"}).out);
  CHECK(who["holds"] == "window");
  CHECK(who["name"] == "group 'g'");
  CHECK_THAT(tool.run({"doctor"}).out, Catch::Contains("its window of 1024 events is full"));
  CHECK_THAT(tool.run({"groups"}).out, Catch::Contains("window full"));
}
