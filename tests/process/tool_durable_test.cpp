// shmbus durable, shmbus forget, sub --durable, and what doctor says of durable names.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <optional>

#include "shmbus/shmbus.hpp"
#include "tool_fixture.hpp"

using test::End;
using test::Finished;
using test::run;

namespace {

std::string publish(const test::Tool& tool, int count) {
  for (int i = 1; i <= count; ++i)
    CHECK(run({SHMBUS_TOOL, "pub", "t", "e" + std::to_string(i), "--bus", tool.bus.name()}).end == End{});
  return tool.bus.name();
}

Finished sub(const std::string& bus, const std::string& count) {
  return run(
      {SHMBUS_TOOL, "sub", "t", "--bus", bus, "--durable", "audit", "--from", "oldest", "--count", count, "--raw"});
}

}  // namespace

TEST_CASE("sub --durable goes on where the one before ended", "[tool][durable]") {
  const test::Tool tool;
  const std::string bus = publish(tool, 4);
  CHECK(sub(bus, "1").out == "e1\n");
  CHECK(sub(bus, "2").out == "e2\ne3\n");
  CHECK(sub(bus, "1").out == "e4\n");
  const Finished forgot = run({SHMBUS_TOOL, "forget", "audit", "--bus", bus});
  CHECK(forgot.end == End{});
  CHECK_THAT(forgot.out, Catch::Contains("forgot durable subscription 'audit'"));
  CHECK(sub(bus, "1").out == "e1\n");
}

TEST_CASE("sub --hold-for lets publishers wait for the next one of the name", "[tool][durable]") {
  const test::Tool tool;
  const std::string bus = tool.bus.name();
  shmbus::Bus member = shmbus::Bus::open(bus);
  shmbus::Publisher publisher = member.publisher("t", {.block_size = 4096, .blocks = 2});
  const std::string payload(1000, 'x');
  publisher.publish(payload);
  const auto sub = [&](const std::string& count) {
    return run({SHMBUS_TOOL, "sub", "t", "--bus", bus, "--durable", "audit", "--from", "oldest", "--count", count,
                "--raw", "--reliable", "--hold-for", "10m"});
  };
  CHECK(sub("1").out == payload + "\n");
  std::size_t published = 0;
  while (published < 100 && publisher.try_publish(payload)) ++published;
  CHECK(published < 100);
  const auto places = shmbus::Inspector(bus).snapshot().topics.at(0).places;
  REQUIRE(places.size() == 1);
  CHECK(places[0].hold_for == std::chrono::minutes{10});
  const Finished rest = sub(std::to_string(published));
  CHECK(rest.out.size() == published * (payload.size() + 1));
  CHECK(rest.err.empty());
  CHECK(publisher.try_publish(payload));
}

TEST_CASE("durable lists names, holders and positions", "[tool][durable]") {
  const test::Tool tool;
  const std::string bus = publish(tool, 4);
  sub(bus, "1");
  const auto list = [&] { return run({SHMBUS_TOOL, "durable", "--bus", bus}).out; };
  CHECK_THAT(list(), Catch::Matches("NAME.*\naudit +t +none +0 +t +1 +3 +0\n"));
  shmbus::Bus member = shmbus::Bus::open(bus);
  const shmbus::SubscriberOptions audit{.durable = "audit", .standby = true};
  shmbus::Subscriber holder = member.subscriber("t", audit);
  const shmbus::Subscriber second = member.subscriber("t", audit);
  CHECK_THAT(list(), Catch::Contains("(pid " + std::to_string(::getpid()) + ")"));
  const auto json = nlohmann::json::parse(run({SHMBUS_TOOL, "durable", "--bus", bus, "--json"}).out);
  CHECK(json["durable"] == "audit");
  CHECK(json["held"] == true);
  CHECK(json["standing_by"] == 1);
  CHECK(json["topics"][0]["acknowledged"] == 1);
  const Finished refused = run({SHMBUS_TOOL, "forget", "audit", "--bus", bus});
  CHECK(refused.end == End{.status = 1});
  CHECK_THAT(refused.err, Catch::Contains("pid " + std::to_string(::getpid())));
  const Finished unknown = run({SHMBUS_TOOL, "forget", "audits", "--bus", bus});
  CHECK(unknown.end == End{.status = 1});
  CHECK_THAT(unknown.err, Catch::Contains("does not exist") && Catch::Contains("audit"));
}

TEST_CASE("doctor names a durable name that nobody holds, and what it loses", "[tool][durable]") {
  const test::Tool tool;
  const std::string bus = tool.bus.name();
  shmbus::Bus member = shmbus::Bus::open(bus);
  shmbus::Publisher publisher = member.publisher("t", {.block_size = 4096, .blocks = 2});
  const auto doctor = [&] { return run({SHMBUS_TOOL, "doctor", "--bus", bus}); };
  {
    const shmbus::Subscriber holder = member.subscriber("t", {.durable = "audit"});
    publisher.publish("x");
    CHECK_THAT(doctor().out, !Catch::Contains("audit"));
  }
  CHECK_THAT(doctor().out,
             Catch::Contains("note") &&
                 Catch::Contains("durable subscription audit: no process holds it; it is 1 event behind"));
  for (int i = 0; i < 2000; ++i) publisher.publish("x");
  const Finished fault = doctor();
  CHECK(fault.end == End{.status = 1});
  CHECK_THAT(fault.out, Catch::Contains("left the ring") && Catch::Contains("shmbus forget --bus " + bus + " audit"));
}

TEST_CASE("who names a durable name whose place publishers wait for, and how to give it up", "[tool][durable]") {
  const test::Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4});
  {
    const shmbus::Subscriber holder = bus.subscriber(
        "t", {.delivery = shmbus::Delivery::reliable, .durable = "billing", .hold_for = std::chrono::hours{1}});
  }
  CHECK(tool.run({"who"}).end == End{});
  while (publisher.try_publish("some text")) {
  }
  const std::string who = tool.run({"who"}).out;
  CHECK_THAT(who, Catch::Contains("t: billing of ") && Catch::Contains("holds the ring back") &&
                      Catch::Contains("durable subscription 'billing'") && Catch::Contains("not acknowledged") &&
                      Catch::Contains("its holder has ended") && Catch::Contains("$ shmbus forget billing"));
  const auto json = nlohmann::json::parse(tool.run({"who", "--json"}).out);
  CHECK(json["holds"] == "ring");
  CHECK(json["name"] == "billing");
  CHECK(tool.run({"forget", "billing"}).end == End{});
  CHECK(tool.run({"who"}).out.find("billing") == std::string::npos);
  CHECK(publisher.publish("some text"));
}
