#include "process_use.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace shmbus::bench {

namespace {

std::string whole_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Of a /proc status file, the number after a key.
std::uint64_t number_after(const std::string& text, const std::string& key) {
  const std::size_t at = text.find("\n" + key + ":");
  if (at == std::string::npos) return 0;
  std::istringstream rest(text.substr(at + key.size() + 2));
  std::uint64_t number = 0;
  rest >> number;
  return number;
}

}  // namespace

std::vector<ThreadUse> threads_of(pid_t pid) {
  std::vector<ThreadUse> threads;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), gone)) {
    ThreadUse use;
    use.thread = static_cast<pid_t>(std::stol(entry.path().filename().string()));
    use.sleeps = number_after(whole_file(entry.path() / "status"), "voluntary_ctxt_switches");
    const std::string stat = whole_file(entry.path() / "stat");
    std::istringstream fields(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));  // a name may have spaces
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    std::uint64_t user = 0;
    std::uint64_t kernel = 0;
    fields >> user >> kernel;
    use.ticks = user + kernel;
    std::istringstream(whole_file(entry.path() / "schedstat")) >> use.nanoseconds;
    threads.push_back(use);
  }
  return threads;
}

ResidentMemory resident_memory(pid_t pid) {
  const std::string status = whole_file(fmt::format("/proc/{}/status", pid));
  return {.anonymous = number_after(status, "RssAnon") * 1024, .shared = number_after(status, "RssShmem") * 1024};
}

std::uint64_t shm_use(const std::string& bus) {
  std::uint64_t bytes = 0;
  const std::string prefix = "shmbus." + bus + ".";
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", gone)) {
    struct stat status {};
    if (entry.path().filename().string().rfind(prefix, 0) == 0 && ::stat(entry.path().c_str(), &status) == 0)
      bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  return bytes;
}

}  // namespace shmbus::bench
