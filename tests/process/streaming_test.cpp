// The services of the example platform, each on its own and with bad input.

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "streaming_fixture.hpp"

using test::ChildProcess;
using test::End;
using test::Finished;
using test::Streaming;

namespace {

const std::vector<std::string> reacting_services{"user-service",         "ml-service",    "analytics-service",
                                                 "notification-service", "badge-service", "ranking-service"};

const std::string header = "userId,movieId,rating,timestamp\n";

}  // namespace

TEST_CASE("each service that starts later sees all watches from the first", "[streaming]") {
  const Streaming streaming;
  const auto video = streaming.publish({"--events", "20000", "--seed", "3"});
  CHECK(video.at("published") == 20'000);
  for (const std::string& service : reacting_services) {
    CAPTURE(service);
    const Finished finished = test::run(streaming.reacting(service, {"--until", "20000"}));
    CHECK(finished.end == End{});
    CHECK(finished.err == "");
    const auto report = streaming.report(service);
    CHECK(report.at("handled") == 20'000);
    CHECK(report.at("lost") == 0);
    CHECK(report.at("first") == 1);
    CHECK(report.at("hash") == video.at("hash"));
    CHECK(finished.out.starts_with(service + ": handled 20000, lost 0, hash " + video.at("hash").get<std::string>()));
  }
}

TEST_CASE("a service that starts before the topic exists misses nothing", "[streaming]") {
  const Streaming streaming;
  ChildProcess badge(streaming.reacting("badge-service", {"--until", "5000"}));
  badge.wait_until_idle();
  const auto video = streaming.publish({"--events", "5000"});
  CHECK(badge.wait() == End{});
  CHECK(streaming.report("badge-service").at("hash") == video.at("hash"));
}

TEST_CASE("a service that is killed again and again handles every watch once", "[streaming]") {
  for (const std::string& service : reacting_services) {
    CAPTURE(service);
    const Streaming streaming;
    constexpr std::uint64_t watches = 30'000;
    ChildProcess video(streaming.command("video-service", {"--events", std::to_string(watches), "--pace-seconds", "1.5",
                                                           "--report", streaming.folder.file("video-service.json")}));
    for (std::uint64_t kill_at = 2000; kill_at < watches; kill_at += 7000) {
      ChildProcess killed(streaming.reacting(service, {"--save-interval", "20"}));
      streaming.wait_until_published(kill_at);
      streaming.wait_until_read(service, kill_at);
      killed.kill(SIGKILL);
      CHECK(killed.wait() == End{.signal = SIGKILL});
    }
    CHECK(video.wait() == End{});
    const Finished last = test::run(streaming.reacting(service, {"--until", std::to_string(watches)}));
    CHECK(last.end == End{});
    const auto report = streaming.report(service);
    CHECK(report.at("resumed_after") > 0);
    CHECK(report.at("handled") == watches);
    CHECK(report.at("lost") == 0);
    CHECK(report.at("hash") == streaming.report("video-service").at("hash"));

    // The same watches without any kill give the same counts.
    Streaming through;
    through.publish({"--events", std::to_string(watches)});
    CHECK(test::run(through.reacting(service, {"--until", std::to_string(watches)})).end == End{});
    auto expected = through.report(service);
    expected["resumed_after"] = report.at("resumed_after");
    CHECK(report == expected);
  }
}

TEST_CASE("SIGTERM ends a service at once, and its state is saved", "[streaming]") {
  const Streaming streaming;
  streaming.publish({"--events", "1000"});
  {
    ChildProcess ranking(streaming.reacting("ranking-service", {"--save-interval", "3600000"}));
    streaming.wait_until_read("ranking-service", 1000);
    ranking.kill(SIGTERM);
    CHECK(ranking.wait() == End{});
  }
  streaming.publish({"--events", "500"});
  ChildProcess again(streaming.reacting("ranking-service"));
  streaming.wait_until_read("ranking-service", 1500);
  again.kill(SIGINT);
  CHECK(again.wait() == End{});
  CHECK(again.err() == "ranking-service: goes on after event 1000\n");
  CHECK(streaming.report("ranking-service").at("handled") == 1500);
}

TEST_CASE("a service with the state of a removed bus keeps its counts, and begins with the oldest event",
          "[streaming]") {
  const Streaming streaming;
  streaming.publish({"--events", "1000"});
  CHECK(test::run(streaming.reacting("analytics-service", {"--until", "1000"})).end == End{});
  REQUIRE(shmbus::Bus::remove(streaming.bus.name()));
  const auto video = streaming.publish({"--events", "700"});
  const Finished again = test::run(streaming.reacting("analytics-service", {"--until", "700"}));
  CHECK(again.end == End{});
  CHECK(again.err.find("no longer on bus") != std::string::npos);
  const auto report = streaming.report("analytics-service");
  CHECK(report.at("handled") == 700);
  CHECK(report.at("hash") == video.at("hash"));
  CHECK(report.at("watches") == 1700);
}

TEST_CASE("a service whose bus is removed says so and ends", "[streaming]") {
  const Streaming streaming;
  streaming.publish({"--events", "10"});
  ChildProcess badge(streaming.reacting("badge-service"));
  streaming.wait_until_read("badge-service", 10);
  REQUIRE(shmbus::Bus::remove(streaming.bus.name()));
  CHECK(badge.wait() == End{.status = 1});
  CHECK(badge.err().find("bus '" + streaming.bus.name() + "'") != std::string::npos);
}

TEST_CASE("two video-services publish one stream", "[streaming]") {
  const Streaming streaming;
  ChildProcess badge(streaming.reacting("badge-service", {"--until", "20000"}));
  ChildProcess user(streaming.reacting("user-service", {"--until", "20000"}));
  ChildProcess one(streaming.command("video-service", {"--events", "10000", "--seed", "1"}));
  ChildProcess other(streaming.command("video-service", {"--events", "10000", "--seed", "2"}));
  for (ChildProcess* process : {&one, &other, &badge, &user}) CHECK(process->wait() == End{});
  CHECK(streaming.report("badge-service").at("handled") == 20'000);
  CHECK(streaming.report("badge-service").at("hash") == streaming.report("user-service").at("hash"));
}

TEST_CASE("a malformed row is named by file and line, skipped and counted", "[streaming]") {
  const Streaming streaming;
  const std::string path =
      streaming.folder.write("ratings.csv", header + "1,2,3.5,4\nx,2,3,4\n1,2\n\n5,6,7,8\n9,10,5,12\n");
  const Finished video = test::run(streaming.command("video-service", {"--input", path}));
  CHECK(video.end == End{});
  CHECK(video.out.starts_with("video-service: published 2, "));
  CHECK(video.out.find("malformed rows 3") != std::string::npos);
  CHECK(video.err == path + ", line 3: expected a userId, a whole number from 1, found 'x'; the row is skipped\n" +
                         path + ", line 4: expected 4 fields, found 2 in '1,2'; the row is skipped\n" + path +
                         ", line 6: expected a rating from 0 to 5, found '7'; the row is skipped\n");
}

TEST_CASE("an input that cannot be read creates nothing on the bus", "[streaming]") {
  const Streaming streaming;
  const auto fails = [&](const std::string& path, const std::string& found) {
    const Finished video = test::run(streaming.command("video-service", {"--input", path}));
    CHECK(video.end == End{.status = 1});
    CHECK(video.err.find(path) != std::string::npos);
    CHECK(video.err.find(found) != std::string::npos);
    const auto buses = shmbus::Inspector::buses();
    CHECK(std::find(buses.begin(), buses.end(), streaming.bus.name()) == buses.end());
  };
  fails(streaming.folder.file("missing.csv"), "No such file or directory");
  fails(streaming.folder.file(""), "Is a directory");
  fails(streaming.folder.write("empty.csv", ""), "found none");
  fails(streaming.folder.write("other.csv", "a,b\n1,2\n"), "found 'a,b'");
}

TEST_CASE("video-service publishes standard input as it arrives, and a signal ends it while it reads", "[streaming]") {
  const Streaming streaming;
  ChildProcess video(streaming.command("video-service", {"--input", "-"}));
  video.write(header + "1,2,3,4\n");
  streaming.wait_until_published(1);
  video.write("5,6,5,8\n");
  streaming.wait_until_published(2);
  video.kill(SIGTERM);
  CHECK(video.wait() == End{.status = 128 + SIGTERM});
  CHECK(video.out().starts_with("video-service: published 2, "));
}

TEST_CASE("a service refuses another service's state", "[streaming]") {
  const Streaming streaming;
  const std::string path = streaming.folder.write("badge-service.state", "not a state at all");
  const Finished badge = test::run(streaming.reacting("badge-service"));
  CHECK(badge.end == End{.status = 1});
  CHECK(badge.err.find("state file '" + path + "': expected a state of badge-service, found a file of another kind") !=
        std::string::npos);
}

TEST_CASE("a publisher of another type is refused on the topic of watches", "[streaming]") {
  const Streaming streaming;
  streaming.publish({"--events", "10"});
  shmbus::Bus bus = shmbus::Bus::open(streaming.bus.name());
  try {
    bus.publisher<std::uint64_t>("video.watch_started");
    FAIL("a publisher of another type was accepted");
  } catch (const shmbus::Error& error) {
    CHECK(error.code() == shmbus::ErrorCode::type_mismatch);
  }
}

TEST_CASE("a service that only waits uses no processor time", "[streaming][serial]") {
  const Streaming streaming;
  streaming.publish({"--events", "1000"});
  ChildProcess badge(streaming.reacting("badge-service"));
  streaming.wait_until_read("badge-service", 1000);
  badge.wait_until_idle();
  const test::ProcessUse before = test::use_of(badge.pid());
  std::this_thread::sleep_for(std::chrono::seconds{5});
  const test::ProcessUse after = test::use_of(badge.pid());
  CHECK(after.ticks == before.ticks);
  CHECK(after.sleeps - before.sleeps <= 6 * after.threads);  // once in each stall limit, which is a second, for each thread
}
