// The demonstration passes, and cleans up however it ends. The tests run a shorter one than tools/demo does.

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "streaming_fixture.hpp"

using test::ChildProcess;
using test::End;
using test::Finished;
using test::Streaming;

namespace {

/// Demonstrations whose temporary files lie in a folder of their own.
struct Demo {
  test::TemporaryFolder temporary;

  std::vector<std::string> command(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), {"/usr/bin/env", "TMPDIR=" + temporary.file(""), SHMBUS_DEMO, "--services",
                                         SHMBUS_SERVICES, "--seconds", "4", "--service-time", "20"});
    return arguments;
  }

  /// The names of demonstrations that have left files. The names of their buses begin with these names.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(temporary.file(""))) {
      names.push_back(entry.path().filename().string().substr(std::string("shmbus-").size()));
    }
    return names;
  }

  static std::string bus_of(const std::string& name) {
    for (const std::string& bus : shmbus::Inspector::buses()) {
      if (bus.starts_with(name)) return bus;
    }
    return {};
  }
  static bool has_bus(const std::string& name) { return !bus_of(name).empty(); }
};

}  // namespace

TEST_CASE("the demonstration passes", "[streaming][demo][serial]") {
  const Demo demo;
  const Finished finished = test::run(demo.command({"--events", "20000"}));
  CAPTURE(finished.out, finished.err);
  CHECK(finished.end == End{});
  CHECK(finished.err == "");
  CHECK(finished.out.find('\x1b') == std::string::npos);  // no colours where there is no terminal
  CHECK(demo.names().empty());
}

TEST_CASE("the demonstration passes with malformed rows", "[streaming][demo][serial]") {
  const Demo demo;
  const Streaming streaming;
  std::string rows = "userId,movieId,rating,timestamp\n";
  for (int i = 1; i <= 6000; ++i) {
    rows += std::to_string(i % 50 + 1) + "," + std::to_string(i % 300 + 1) + ",4.5," + std::to_string(i) + "\n";
    if (i % 600 == 0) rows += "no row at all\n";
  }
  const Finished finished = test::run(demo.command({"--input", streaming.folder.write("ratings.csv", rows)}));
  CAPTURE(finished.out, finished.err);
  CHECK(finished.end == End{});
  CHECK(finished.out.find("malformed rows 10") != std::string::npos);
}

TEST_CASE("the demonstration reports what is wrong with its input", "[streaming][demo]") {
  const Demo demo;
  const Streaming streaming;
  const auto fails = [&](const std::string& path, const std::string& found) {
    const Finished finished = test::run(demo.command({"--input", path}));
    CHECK(finished.end != End{});
    CHECK((finished.out + finished.err).find(path) != std::string::npos);
    CHECK((finished.out + finished.err).find(found) != std::string::npos);
  };
  fails(streaming.folder.file("missing.csv"), "a file that exists");
  fails(streaming.folder.write("short.csv", "userId,movieId,rating,timestamp\n1,2,3,4\n"),
        "expected at least 4,000 watches");
  fails(streaming.folder.write("other.csv", "a,b\n1,2\n"), "expected a header");
}

TEST_CASE("a demonstration that is interrupted leaves nothing behind", "[streaming][demo][serial]") {
  for (const char* part : {"1  Before", "2  After", "3  The stream"}) {
    CAPTURE(part);
    const Demo demo;
    ChildProcess interrupted(demo.command());
    interrupted.wait_for_output(part);
    REQUIRE(demo.names().size() == 1);
    const std::string name = demo.names().front();
    interrupted.kill(SIGINT);
    CHECK(interrupted.wait() == End{.status = 130});
    CHECK(demo.names().empty());
    CHECK_FALSE(Demo::has_bus(name));
  }
}

TEST_CASE("the next demonstration removes what a killed one left", "[streaming][demo][serial]") {
  const Demo demo;
  ChildProcess killed(demo.command());
  killed.wait_for_output("five services run");
  killed.kill(SIGKILL);
  CHECK(killed.wait() == End{.signal = SIGKILL});
  REQUIRE(demo.names().size() == 1);
  const std::string name = demo.names().front();
  CHECK(Demo::has_bus(name));
  CHECK(test::run(demo.command({"--events", "1"})).end == End{.status = 1});  // too few events to pass, but it cleaned up first
  CHECK(demo.names().empty());
  CHECK_FALSE(Demo::has_bus(name));
}

TEST_CASE("what a killed demonstration left is removed although one of its processes has not ended yet",
          "[streaming][demo]") {
  const Demo demo;
  const std::string left = demo.temporary.file("shmbus-demo-xxxxxx");
  REQUIRE(std::filesystem::create_directory(left));
  const int lock = ::open(left.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(::flock(lock, LOCK_EX | LOCK_NB) == 0);
  ChildProcess next(demo.command({"--events", "1"}));
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  ::close(lock);
  CHECK(next.wait() == End{.status = 1});  // too few events to pass, but it cleaned up first
  CHECK(demo.names().empty());
}

TEST_CASE("a demonstration reports what it can't remove of an earlier one", "[streaming][demo][serial]") {
  const Demo demo;
  const std::string name = "demo-" + test::TemporaryBus().name(), left = demo.temporary.file("shmbus-" + name);
  const std::filesystem::path no_registry = "/dev/shm/shmbus." + name + "-x.registry";
  REQUIRE(std::filesystem::create_directory(left));
  REQUIRE(std::filesystem::create_directory(no_registry));
  const Finished finished = test::run(demo.command({"--events", "1"}));
  std::filesystem::remove(no_registry);
  CHECK(finished.err.find("an earlier demonstration left " + left) != std::string::npos);
  CHECK(std::filesystem::exists(left));
}

TEST_CASE("a demonstration whose output is no longer read cleans up", "[streaming][demo][serial]") {
  const Demo demo;
  ChildProcess unread(demo.command());
  unread.wait_for_output("1  Before");
  unread.close_output();
  CHECK(unread.wait() == End{.status = 1});
  CHECK(unread.err().find("standard output") != std::string::npos);
  CHECK(demo.names().empty());
}
