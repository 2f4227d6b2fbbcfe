#include "measure/machine.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "measure/placement.hpp"

namespace shmbus::measure {

namespace {

constexpr const char* kUnknown = "unknown";

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line.empty() ? kUnknown : line;
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) return line.substr(colon + 2);
  }
  return kUnknown;
}

/// Of "always [never] advise" what stands in brackets.
std::string chosen(const std::string& text) {
  const auto open = text.find('[');
  const auto close = text.find(']');
  return open == std::string::npos || close < open ? text : text.substr(open + 1, close - open - 1);
}

std::string mebibytes(std::uint64_t bytes) { return fmt::format("{} MiB", bytes >> 20); }

}  // namespace

Machine this_machine() {
  Machine machine;
  machine.cpu = cpu_model();
  machine.cores = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN));
  machine.allowed = static_cast<unsigned>(allowed_cores().size());
  utsname name{};
  if (::uname(&name) == 0) {
    machine.architecture = name.machine;
    machine.kernel = fmt::format("{} {}", name.sysname, name.release);
  }
  machine.governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  machine.clock_source = first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  machine.shm_huge_pages = chosen(first_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled"));
  machine.memory =
      static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  struct statvfs shm {};
  if (::statvfs("/dev/shm", &shm) == 0) {
    machine.shm_bytes = std::uint64_t{shm.f_blocks} * shm.f_frsize;
    machine.shm_free = std::uint64_t{shm.f_bavail} * shm.f_frsize;
  }
  return machine;
}

std::string to_text(const Machine& m) {
  return fmt::format(
      "machine   {}, {} cores ({} allowed), {}, {} of memory\n"
      "kernel    {}, governor {}, clock source {}, huge pages for shared memory: {}\n"
      "/dev/shm  {}, {} free\n",
      m.cpu, m.cores, m.allowed, m.architecture, mebibytes(m.memory), m.kernel, m.governor, m.clock_source,
      m.shm_huge_pages, mebibytes(m.shm_bytes), mebibytes(m.shm_free));
}

nlohmann::ordered_json to_json(const Machine& m) {
  return {{"cpu", m.cpu},
          {"cores", m.cores},
          {"allowed", m.allowed},
          {"architecture", m.architecture},
          {"kernel", m.kernel},
          {"governor", m.governor},
          {"clock_source", m.clock_source},
          {"shm_huge_pages", m.shm_huge_pages},
          {"memory", m.memory},
          {"shm_bytes", m.shm_bytes},
          {"shm_free", m.shm_free}};
}

}  // namespace shmbus::measure
