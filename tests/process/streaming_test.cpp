// The services of the example platform, each on its own and with bad input.

#include <catch2/catch.hpp>

#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "streaming_fixture.hpp"
#include "support/privileges.hpp"

using test::ChildProcess;
using test::End;
using test::Finished;
using test::Streaming;

namespace {

const std::vector<std::string> reacting_services{"user-service",         "ml-service",    "analytics-service",
                                                 "notification-service", "badge-service", "ranking-service"};

/// What a service that was never killed reports and publishes about the same watches.
struct Expected {
  Expected(const std::string& service, std::uint64_t watches) {
    const Streaming streaming;
    streaming.keep_results_of(service);
    streaming.publish({"--events", std::to_string(watches)});
    CHECK(test::run(streaming.reacting(service, {"--until", std::to_string(watches)})).end == End{});
    report = streaming.report(service);
    results = streaming.published_by(service);
  }

  nlohmann::json report;
  std::vector<std::string> results;
};

/// A service that was killed reports the same, and its results are on the bus once, in order.
void check_exactly_once(const Streaming& streaming, const std::string& service, Expected expected) {
  const auto report = streaming.report(service);
  CHECK(report.at("resumed_after") > 0);
  CHECK(report.at("hash") == streaming.report("video-service").at("hash"));
  expected.report["resumed_after"] = report.at("resumed_after");
  CHECK(report == expected.report);

  std::vector<std::string> results = streaming.published_by(service);
  if (service == "analytics-service") {  // their last number is a rate of publishing
    for (auto* list : {&results, &expected.results})
      for (std::string& result : *list) result.resize(result.size() - sizeof(double));
  }
  REQUIRE(results.size() == expected.results.size());
  CHECK(std::equal(results.begin(), results.end(), expected.results.begin()));
}

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

TEST_CASE("a service that is killed again and again handles every watch once, and publishes each result once",
          "[streaming]") {
  for (const std::string& service : reacting_services) {
    CAPTURE(service);
    const Streaming streaming;
    streaming.keep_results_of(service);
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
    CHECK(test::run(streaming.reacting(service, {"--until", std::to_string(watches)})).end == End{});
    check_exactly_once(streaming, service, Expected(service, watches));
  }
}

// Short transactions, so that many kills fall between a commit, the results that follow it and the next commit.
TEST_CASE("a service that is killed at random moments handles every watch once, and publishes each result once",
          "[streaming]") {
  std::mt19937_64 random(Catch::rngSeed());
  const auto below = [&](std::uint64_t end) {
    return std::uniform_int_distribution<std::uint64_t>(0, end - 1)(random);
  };
  for (const std::string& service : reacting_services) {
    CAPTURE(service);
    const Streaming streaming;
    streaming.keep_results_of(service);
    constexpr std::uint64_t watches = 20'000;
    streaming.publish({"--events", std::to_string(watches)});
    constexpr std::uint64_t kills = 20;
    for (std::uint64_t kill = 1; kill <= kills; ++kill) {
      ChildProcess killed(streaming.reacting(service, {"--save-interval", std::to_string(below(3))}));
      // Sometimes while it starts, and takes over what its predecessor left; sometimes while it works.
      if (below(4) > 0) streaming.wait_until_read(service, kill * watches / (2 * kills));
      std::this_thread::sleep_for(std::chrono::microseconds{below(20'000)});
      killed.kill(SIGKILL);
      const End end = killed.wait();
      CHECK((end == End{.signal = SIGKILL} || end == End{}));
    }
    CHECK(test::run(streaming.reacting(service, {"--until", std::to_string(watches)})).end == End{});
    check_exactly_once(streaming, service, Expected(service, watches));
  }
}

TEST_CASE("a service whose disk is full counts nothing meanwhile, and goes on when there is room", "[streaming]") {
  const Streaming streaming;
  const std::string disk = streaming.folder.file("disk");
  std::filesystem::create_directory(disk);
  streaming.publish({"--events", "1000"});
  auto process = test::in_namespaces(CLONE_NEWNS, [&](const test::Parent&) {
    test::require(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                      ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=40m") == 0,
                  "can't mount a disk");
    const std::string ballast = disk + "/ballast";
    const auto fill = [&] {
      std::ofstream file(ballast, std::ios::binary);
      const std::string page(4096, 'x');
      while (file.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
      }
    };
    const auto start = [&] {
      return streaming.command("user-service", {"--state", disk + "/user.state", "--report",
                                                streaming.folder.file("user-service.json"), "--save-interval", "0"});
    };
    const auto handled = [&] { return streaming.report("user-service").at("handled").get<std::uint64_t>(); };
    const auto publish = [&](const std::string& seed) {
      streaming.publish({"--events", "10000", "--seed", seed});
    };

    ChildProcess first(start());
    streaming.wait_until_read("user-service", 1000);
    first.wait_until_idle();
    fill();
    publish("2");
    first.wait_for_error("no room on its disk");
    first.kill(SIGTERM);
    const End end = first.wait();
    test::require(end == End{.status = 1} || end == End{}, "it failed: " + first.err());
    test::require(handled() < 11'000, "it counted what it could not save");

    std::filesystem::remove(ballast);
    ChildProcess second(start());
    streaming.wait_until_read("user-service", 11'000);
    second.kill(SIGTERM);
    test::require(second.wait() == End{}, "it did not save what it missed: " + second.err());
    test::require(handled() == 11'000, "it handled another number of watches");

    ChildProcess third(start());  // its log is empty, so that each page needs room
    third.wait_for_error("goes on after event 11000");
    third.wait_until_idle();
    fill();
    publish("3");
    third.wait_for_error("no room on its disk");
    std::filesystem::remove(ballast);
    third.wait_for_error("the state is saved again");
    streaming.wait_until_read("user-service", 21'000);
    third.kill(SIGTERM);
    test::require(third.wait() == End{}, "it did not save all: " + third.err());
    test::require(handled() == 21'000, "it handled another number of watches");
    test::require(streaming.report("user-service").at("lost") == 0, "it lost watches");
  });
  if (process) CHECK(process->wait() == End{});
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
  CHECK(badge.err.find("state file '" + path +
                       "': expected a database with the state of badge-service, found a file of another kind") !=
        std::string::npos);
}

TEST_CASE("two processes of one service can't share a state", "[streaming]") {
  const Streaming streaming;
  streaming.publish({"--events", "10"});
  ChildProcess badge(streaming.reacting("badge-service"));
  streaming.wait_until_read("badge-service", 10);
  const Finished second = test::run(streaming.reacting("badge-service"));
  CHECK(second.end == End{.status = 1});
  CHECK(second.err.find("found: another process that writes it") != std::string::npos);
  badge.kill(SIGTERM);
  CHECK(badge.wait() == End{});
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
  CHECK(after.ticks - before.ticks <= 1);  // 10 ms; one that had begun before may end
  CHECK(after.sleeps - before.sleeps <=
        6 * after.threads);  // once in each stall limit, which is a second, for each thread
}
