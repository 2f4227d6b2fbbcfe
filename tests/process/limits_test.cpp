// Limits of a process and of /dev/shm: each error names the limit that caused it, its value and what to do. No process
// dies of a signal, and what was open before goes on.

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/privileges.hpp"
#include "support/temporary_bus.hpp"
#include "tool_fixture.hpp"

using shmbus::ErrorCode;
using test::ForkedProcess;
using test::Parent;
using test::require;

namespace {

constexpr std::uint64_t kMi = std::uint64_t{1} << 20;

void set_limit(int resource, std::uint64_t most) {
  const rlimit limit{most, most};
  require(::setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0, "setrlimit");
}

/// The body must throw an Error with this code, whose found and remedy contain these texts.
void require_error(ErrorCode code, const std::string& found, const std::string& remedy,
                   const std::function<void()>& body) {
  try {
    body();
  } catch (const shmbus::Error& error) {
    require(error.code() == code && error.found().find(found) != std::string::npos &&
                error.remedy().find(remedy) != std::string::npos,
            error.what());
    return;
  }
  require(false, "no error: expected " + found);
}

void in_process(const std::function<void()>& body) {
  ForkedProcess process{[&](const Parent&) { body(); }};
  CHECK(process.wait() == test::End{});
}

/// Runs a body with a /dev/shm of its own, mounted by these options, after `before` ran in it while it was writable.
void with_mount(const std::string& options, const std::function<void()>& before, unsigned long remount,
                const std::function<void()>& body) {
  auto process = test::in_namespaces(CLONE_NEWNS, [&](const Parent&) {
    require(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                ::mount("tmpfs", "/dev/shm", "tmpfs", 0, options.c_str()) == 0,
            "can't mount a /dev/shm");
    before();
    if (remount != 0) require(::mount("tmpfs", "/dev/shm", "tmpfs", MS_REMOUNT | remount, nullptr) == 0, "remount");
    body();
  });
  if (process) CHECK(process->wait() == test::End{});
}

}  // namespace

TEST_CASE("a limit of file sizes gives an error that names it, not SIGXFSZ", "[limits]") {
  const test::TemporaryBus name;
  in_process([&] {
    set_limit(RLIMIT_FSIZE, kMi);
    require_error(ErrorCode::limit, "RLIMIT_FSIZE is 1048576 bytes", "ulimit -f",
                  [&] { shmbus::Bus::open(name.name()); });
  });
  CHECK(shmbus::Inspector::buses() == [&] {
    auto buses = shmbus::Inspector::buses();
    std::erase(buses, name.name());
    return buses;
  }());
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t");
  in_process([&] {
    set_limit(RLIMIT_FSIZE, 4 * kMi);
    shmbus::Bus own = shmbus::Bus::open(name.name());
    require_error(ErrorCode::limit, "RLIMIT_FSIZE is 4194304 bytes", "LimitFSIZE", [&] { own.topic("large"); });
    require(!own.find_topic("large"), "half-made");
    shmbus::Publisher publisher = own.publisher("t");  // another process's topic: its files do not grow
    for (int i = 0; i < 10'000; ++i) require(bool{publisher.publish(std::string(200, 'x'))}, "publish");
  });
}

TEST_CASE("a limit of address space gives an error that names it and what is in use", "[limits]") {
  if (test::sanitized) return;  // sanitizers reserve more address space than any limit
  const test::TemporaryBus name;
  shmbus::Bus::open(name.name()).topic("t");
  in_process([&] {
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    set_limit(RLIMIT_AS, 150 * kMi);  // a topic of the default options reserves some 180 MiB
    for (const char* topic : {"t", "another"}) {
      require_error(ErrorCode::limit, "RLIMIT_AS is 157286400 bytes, of which ", "ulimit -v",
                    [&] { bus.publisher(topic); });
    }
    require(!bus.find_topic("another"), "half-made");
    shmbus::Publisher small = bus.publisher("small", {.block_size = 4096, .blocks = 2});
    require(bool{small.publish("x")}, "publish");
  });
}

TEST_CASE("a limit of locked memory gives an error that names it", "[limits]") {
  if (test::sanitized || !test::have_root()) return;
  test::run_as({}, [] {
    const test::TemporaryBus name;
    set_limit(RLIMIT_MEMLOCK, 4 * kMi);
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    require(::mlockall(MCL_FUTURE) == 0, "mlockall");
    require_error(ErrorCode::limit, "RLIMIT_MEMLOCK is 4194304 bytes", "ulimit -l", [&] { bus.publisher("t"); });
    require(!bus.find_topic("t"), "half-made");
    require(bool{bus.publisher("small", {.block_size = 4096, .blocks = 2}).publish("x")}, "publish");
  });
}

TEST_CASE("a /dev/shm that is mounted read-only is named, and can be inspected", "[limits]") {
  const auto fill = [] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    require(bool{bus.publisher("t").publish("x")}, "publish");
  };
  with_mount("size=8m", fill, MS_RDONLY, [] {
    for (const char* bus : {"b", "another"}) {
      require_error(ErrorCode::permission, "/dev/shm is mounted read-only", "remount,rw",
                    [&] { shmbus::Bus::open(bus); });
    }
    const auto snapshot = shmbus::Inspector("b").snapshot();
    require(snapshot.topics.size() == 1 && snapshot.topics[0].published == 1 && snapshot.topics[0].problem.empty(),
            "the inspector");
  });
}

TEST_CASE("a /dev/shm without a limit of its own is not taken for full", "[limits][memory]") {
  with_mount(
      "size=0", [] {}, 0,
      [] {
        shmbus::Bus bus = shmbus::Bus::open("b");
        shmbus::Publisher reserved =
            bus.publisher("reserved", {.block_size = std::size_t{1} << 18, .blocks = 4, .reserve = true});
        require(bool{reserved.publish("x")}, "publish into reserved memory");
        shmbus::Publisher large = bus.publisher("large", {.block_size = std::size_t{8} << 20, .blocks = 2});
        const std::vector<std::byte> payload(large.topic().max_payload);
        require(bool{large.publish(payload)}, "publish into a large block");
        const auto snapshot = shmbus::Inspector("b").snapshot();
        require(snapshot.shm_size == 0 && snapshot.shm_free == 0, "a size where there is no limit");
      });
}

TEST_CASE("doctor finds those limits of a member that its topics exceed", "[limits][tool]") {
  const test::Tool tool;
  ForkedProcess member{[&](const Parent& test) {
    shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
    set_limit(RLIMIT_FSIZE, 16 * kMi);
    set_limit(RLIMIT_NOFILE, 8);
    test.say();
    test.hear();
  }};
  member.hear();
  const test::Finished doctor = tool.run({"doctor"});
  CHECK(doctor.end == test::End{.status = 1});
  const std::string who = "bus '" + tool.bus.name() + "': ", pid = "(pid " + std::to_string(member.pid()) + ") ";
  CHECK_THAT(doctor.out, Catch::Contains(who) && Catch::Contains(pid + "may make files of 16.0 MiB at most") &&
                             Catch::Contains("LimitFSIZE=") && Catch::Contains("of its 8 descriptors in use"));
  member.say();
  CHECK(member.wait() == test::End{});
}

TEST_CASE("doctor finds a /dev/shm that is read-only or without a limit", "[limits][tool]") {
  const auto doctor = [](const std::string& expected) {
    const test::Finished finished = test::run({SHMBUS_TOOL, "doctor"});
    require(finished.out.find(expected) != std::string::npos, finished.out);
  };
  with_mount(
      "size=8m", [] {}, MS_RDONLY, [&] { doctor("fault: /dev/shm is mounted read-only"); });
  with_mount(
      "size=0", [] {}, 0, [&] { doctor("note: /dev/shm has no limit of its own"); });
}
