// What doctor reports about the limits of a process, from samples of /proc and control groups of real machines.

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "finding.hpp"
#include "process_view.hpp"
#include "support/temporary_folder.hpp"

using shmbus::tool::examine_limits;
using shmbus::tool::Finding;
using shmbus::tool::ProcessView;
using shmbus::tool::view_process;

namespace {

constexpr std::uint64_t kMi = std::uint64_t{1} << 20;

/// A process as /proc shows one.
struct Fixture {
  test::TemporaryFolder folder;

  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder.file(path)).parent_path());
    folder.write(path, text);
  }
  ProcessView view() { return view_process(folder.file("1"), folder.file("cgroup")); }
};

constexpr const char* kLimits =
    "Limit                     Soft Limit           Hard Limit           Units     \n"
    "Max cpu time              unlimited            unlimited            seconds   \n"
    "Max file size             1048576              unlimited            bytes     \n"
    "Max open files            1024                 524288               files     \n"
    "Max locked memory         8388608              8388608              bytes     \n"
    "Max address space         unlimited            unlimited            bytes     \n";

Finding only(const ProcessView& view, std::uint64_t topics = 0) {
  const auto findings = examine_limits("x (pid 1)", view, topics);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].kind == Finding::Kind::fault);
  CHECK_THAT(findings[0].text, Catch::StartsWith("x (pid 1) "));
  CHECK(!findings[0].remedy.empty());
  return findings[0];
}

}  // namespace

TEST_CASE("the limits of a process are read from /proc", "[tool][limits]") {
  Fixture f;
  f.write("1/limits", kLimits);
  f.write("1/status", "Name:\tx\nVmSize:\t  2048 kB\nVmLck:\t    12 kB\nCapEff:\t0000000000000000\n");
  ProcessView view = f.view();
  CHECK(view.file_size == kMi);
  CHECK(view.descriptors == 1024u);
  CHECK(view.locked_memory == 8 * kMi);
  CHECK(!view.address_space);
  CHECK(view.address_space_used == 2 * kMi);
  CHECK(view.locked == 12 * 1024);
  CHECK(!view.memory);

  f.write("1/status", "CapEff:\t0000000000004000\n");  // CAP_IPC_LOCK: the limit does not apply
  CHECK(!f.view().locked_memory);
  CHECK(!view_process(f.folder.file("2"), f.folder.file("cgroup")).descriptors);
}

TEST_CASE("a process's memory limit is the lowest of its control groups up to the root, in versions 1 and 2",
          "[tool][limits]") {
  Fixture f;
  f.write("1/cgroup", "0::/a/b\n");
  f.write("cgroup/a/b/memory.max", "max\n");
  CHECK(!f.view().memory);
  f.write("cgroup/a/memory.max", "67108864\n");
  CHECK(f.view().memory == 64 * kMi);
  f.write("cgroup/a/b/memory.max", "1048576\n");
  CHECK(f.view().memory == kMi);

  f.write("1/cgroup", "12:cpu,cpuacct:/\n5:memory:/docker/1\n0::/none\n");
  f.write("cgroup/memory/docker/1/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(!f.view().memory);
  f.write("cgroup/memory/docker/1/memory.limit_in_bytes", "2097152\n");
  CHECK(f.view().memory == 2 * kMi);

  f.write("1/cgroup", "0::/\n");  // as a container sees its own group
  f.write("cgroup/memory.max", "4194304\n");
  CHECK(f.view().memory == 4 * kMi);
}

TEST_CASE("each limit that topics run into is found, with its remedy, and no other limit", "[tool][limits]") {
  ProcessView view;
  CHECK(examine_limits("x", view, 1000 * kMi).empty());
  view = {};
  view.address_space = 200 * kMi;
  CHECK(examine_limits("x", view, 0).empty());
  view.address_space_used = 100 * kMi;
  CHECK_THAT(only(view).text, Catch::Contains("RLIMIT_AS"));
  CHECK_THAT(only(view).remedy, Catch::Contains("ulimit -v"));
  view = {};
  view.file_size = 100 * kMi;
  CHECK_THAT(only(view).text, Catch::Contains("RLIMIT_FSIZE"));
  view = {};
  view.locked_memory = 8 * kMi;  // the usual limit, which does not matter to a process that locks nothing
  CHECK(examine_limits("x", view, 0).empty());
  view.locked = kMi;
  CHECK_THAT(only(view).text, Catch::Contains("RLIMIT_MEMLOCK"));
  view = {};
  view.descriptors = 1024;
  view.descriptors_used = 1000;
  CHECK(examine_limits("x", view, 0).empty());
  view.descriptors_used = 1020;
  CHECK_THAT(only(view).text, Catch::Contains("1020 of its 1024 descriptors"));
  view = {};
  view.memory = 64 * kMi;
  CHECK(examine_limits("x", view, 64 * kMi).empty());
  CHECK_THAT(only(view, 65 * kMi).text, Catch::Contains("control group") && Catch::Contains("65.0 MiB"));
}
