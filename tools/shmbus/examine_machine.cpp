#include <linux/magic.h>
#include <linux/membarrier.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

#include "finding.hpp"
#include "process_view.hpp"
#include "quantity_text.hpp"

namespace shmbus::tool {
namespace {

constexpr const char* shm = "/dev/shm";
constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

Finding fault(std::string text, std::string remedy, std::string command = {}) {
  return {Finding::Kind::fault, {}, std::move(text), std::move(remedy), std::move(command)};
}
Finding note(std::string text, std::string remedy, std::string command = {}) {
  return {Finding::Kind::note, {}, std::move(text), std::move(remedy), std::move(command)};
}

void examine_kernel(std::vector<Finding>& findings) {
  utsname name{};
  unsigned major = 0, minor = 0;
  if (::uname(&name) != 0 || std::sscanf(name.release, "%u.%u", &major, &minor) != 2) return;
  if (major > 5 || (major == 5 && minor >= 10)) return;
  findings.push_back(
      fault(fmt::format("the kernel is {}; shmbus needs 5.10 or newer", name.release), "use a newer kernel"));
}

void examine_membarrier(std::vector<Finding>& findings) {
  const long commands = ::syscall(__NR_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  constexpr long needed = MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
  if (commands >= 0 && (commands & needed) == needed) return;
  findings.push_back(
      fault("the system refuses membarrier(2): publishers order commit and wake-up by themselves, which "
            "makes each publish slower while a subscriber sleeps",
            "allow membarrier in the seccomp profile (containers), or in the kernel (CONFIG_MEMBARRIER)"));
}

void examine_memory(std::vector<Finding>& findings) {
  struct statfs s {};
  if (::statfs(shm, &s) != 0) {
    findings.push_back(fault(fmt::format("{} does not exist", shm), "mount a tmpfs there",
                             "mkdir -p -m 1777 /dev/shm && mount -t tmpfs tmpfs /dev/shm"));
    return;
  }
  if (s.f_type != TMPFS_MAGIC && s.f_type != RAMFS_MAGIC)
    findings.push_back(
        fault(fmt::format("{} is not in memory: events would be written to a disk", shm), "mount a tmpfs there",
              "mount -t tmpfs tmpfs /dev/shm"));
  if ((static_cast<unsigned long>(s.f_flags) & ST_RDONLY) != 0)
    findings.push_back(fault(fmt::format("{} is mounted read-only: buses can be inspected, not used", shm),
                             "mount it writable; containers: give them a tmpfs there",
                             "mount -o remount,rw /dev/shm"));
  else if (::access(shm, W_OK | X_OK) != 0)
    findings.push_back(fault(fmt::format("this user may not create files in {}", shm), "let everyone create files there, as root",
                             "chmod 1777 /dev/shm"));
  if (s.f_blocks == 0)
    findings.push_back(
        note(fmt::format("{} has no limit of its own: when topics outgrow memory, publishers do not get no_memory, but "
        "the kernel kills processes",
                         shm),
             "give it one, for example half of the memory, as root", "mount -o remount,size=50% /dev/shm"));
  const std::uint64_t unit = static_cast<std::uint64_t>(s.f_bsize);
  const std::uint64_t size = s.f_blocks * unit, room = s.f_bavail * unit;
  if (size != 0 && (room < 16 * mebibyte || room < size / 20)) {
    findings.push_back(
        fault(fmt::format("{} is nearly full: {} of {} left; publishers get no_memory when it is", shm,
                          byte_count(room), byte_count(size)),
              "remove buses that are not needed (shmbus rm --bus NAME), use fewer or smaller blocks, or make it "
              "larger (mount -o remount,size=...; containers: --shm-size)",
              "shmbus ls --buses"));
  } else if (size != 0 && size <= 64 * mebibyte) {
    findings.push_back(note(fmt::format("{} has {}, which about a dozen topics fill", shm, byte_count(size)),
                            "make it larger, as root; containers: --shm-size=1g",
                            "mount -o remount,size=1g /dev/shm"));
  }
}

/// What is stored in /dev/shm counts as memory of the control group whose process used it first.
void examine_container(std::vector<Finding>& findings, const ProcessView& self) {
  struct statfs s {};
  if (!self.memory || ::statfs(shm, &s) != 0) return;
  const std::uint64_t size = s.f_blocks * static_cast<std::uint64_t>(s.f_bsize);
  if (size != 0 && size <= *self.memory) return;
  findings.push_back(
      note(fmt::format("this control group may use {} of memory, and {} may hold {}: what its processes store there "
                       "counts. Beyond that limit the kernel kills one of them, while a full {} gives no_memory",
                       byte_count(*self.memory), shm, size == 0 ? "more" : byte_count(size), shm),
           "make /dev/shm smaller than the limit (containers: --shm-size below --memory), or raise the limit"));
}

void examine_clock(std::vector<Finding>& findings) {
#if defined(__x86_64__)
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string source;
  if (!(file >> source)) return;
  // The kernel falls back to these when it finds that the cores' counters run apart.
  if (source != "hpet" && source != "acpi_pm" && source != "jiffies" && source != "refined-jiffies") return;
  findings.push_back(
      fault(fmt::format("the kernel's clock source is {}: it considers the cores' cycle counter unreliable, and "
                        "each reading of a clock is slow",
                        source),
            "find out why (dmesg | grep -i tsc); time stamps of different cores may not agree"));
#else
  static_cast<void>(findings);
#endif
}

}  // namespace

std::vector<Finding> examine_machine() {
  std::vector<Finding> findings;
  examine_kernel(findings);
  examine_membarrier(findings);
  examine_memory(findings);
  const ProcessView self = view_process("/proc/self");
  examine_container(findings, self);
  for (Finding& finding : examine_limits("a process started from here", self, 0)) {
    finding.kind = Finding::Kind::note;  // members may be started from elsewhere
    findings.push_back(std::move(finding));
  }
  examine_clock(findings);
  return findings;
}

}  // namespace shmbus::tool
