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
#include "support/privileges.hpp"

using test::ChildProcess;
using test::End;
using test::Finished;
using test::Streaming;

namespace {

/// Demonstrations whose temporary files lie in a folder of their own.
struct Demo {
  test::TemporaryFolder temporary;

  std::vector<std::string> command(std::vector<std::string> arguments = {}, const std::string& seconds = "4") const {
    arguments.insert(arguments.begin(), {"/usr/bin/env", "TMPDIR=" + temporary.file(""), SHMBUS_DEMO, "--services",
                                         SHMBUS_SERVICES, "--seconds", seconds, "--service-time", "20"});
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
  for (const char* part : {"1  Before", "2  After", "3  The stream", "4  The machine restarts"}) {
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

#ifdef SHMBUS_NATS_SERVER

namespace {

/// Arguments that start NATS's server; nothing if there is none, and the test is skipped.
std::vector<std::string> two_hosts() {
  if (std::filesystem::exists(SHMBUS_NATS_SERVER)) return {"--two-hosts", "--nats-server", SHMBUS_NATS_SERVER};
  test::skip("nats-server (tests/run fetches it)");
  return {};
}

/// Whether a file in shared memory has this in its name.
bool in_shared_memory(const std::string& name) {
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    if (entry.path().filename().string().find(name) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("the demonstration of two hosts passes", "[streaming][demo][bridge][serial]") {
  std::vector<std::string> arguments = two_hosts();
  if (arguments.empty()) return;
  const Demo demo;
  arguments.insert(arguments.end(), {"--events", "20000"});
  const Finished finished = test::run(demo.command(arguments, "6"));
  CAPTURE(finished.out, finished.err);
  CHECK(finished.end == End{});
  CHECK(finished.err == "");
  CHECK(finished.out.find("ok      all seven hashes agree") != std::string::npos);
  CHECK(demo.names().empty());
}

TEST_CASE("a demonstration of two hosts that is interrupted leaves nothing behind", "[streaming][demo][bridge][serial]") {
  const std::vector<std::string> arguments = two_hosts();
  if (arguments.empty()) return;
  for (const char* part : {"cable is cut", "nats-server is killed"}) {
    CAPTURE(part);
    const Demo demo;
    ChildProcess interrupted(demo.command(arguments));
    interrupted.wait_for_output(part);
    REQUIRE(demo.names().size() == 1);
    const std::string name = demo.names().front();
    CHECK(in_shared_memory("shmbus-nats." + name));
    interrupted.kill(SIGINT);
    CHECK(interrupted.wait() == End{.status = 130});
    CHECK(demo.names().empty());
    CHECK_FALSE(in_shared_memory(name));
  }
}

TEST_CASE("the next demonstration removes what a killed one of two hosts left", "[streaming][demo][bridge][serial]") {
  const std::vector<std::string> arguments = two_hosts();
  if (arguments.empty()) return;
  const Demo demo;
  ChildProcess killed(demo.command(arguments));
  killed.wait_for_output("cable is cut");
  killed.kill(SIGKILL);
  CHECK(killed.wait() == End{.signal = SIGKILL});
  REQUIRE(demo.names().size() == 1);
  const std::string name = demo.names().front();
  CHECK(in_shared_memory("shmbus-nats." + name));
  CHECK(test::run(demo.command({"--events", "1"})).end == End{.status = 1});  // too few events to pass, but it cleaned up first
  CHECK(demo.names().empty());
  CHECK_FALSE(in_shared_memory(name));
}

TEST_CASE("the demonstration of two hosts says which server it does not find", "[streaming][demo][bridge]") {
  const Demo demo;
  const Finished finished = test::run(demo.command({"--two-hosts", "--nats-server", "/nowhere/nats-server"}));
  CHECK(finished.end == End{.status = 1});
  CHECK_THAT(finished.err, Catch::Contains("program '/nowhere/nats-server': expected NATS's server, found none"));
  CHECK(demo.names().empty());
}

#endif

TEST_CASE("a demonstration whose output is no longer read cleans up", "[streaming][demo][serial]") {
  const Demo demo;
  ChildProcess unread(demo.command());
  unread.wait_for_output("1  Before");
  unread.close_output();
  CHECK(unread.wait() == End{.status = 1});
  CHECK(unread.err().find("standard output") != std::string::npos);
  CHECK(demo.names().empty());
}
