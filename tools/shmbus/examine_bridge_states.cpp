#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "bridge.hpp"
#include "finding.hpp"
#include "quantity_text.hpp"

namespace shmbus::tool {
namespace {

namespace fs = std::filesystem;

/// Whether a bridge runs that has this state. A file that can't be read is another user's: then it is not known.
bool in_use(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool locked = ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(descriptor);
  return locked;
}

}  // namespace

std::vector<Finding> examine_bridge_states(const std::vector<BusFiles>& buses, const std::string& folder) {
  constexpr std::string_view prefix = "shmbus-nats.";  // then BUS.BRIDGE
  std::vector<Finding> findings;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const std::string file = entry.path().filename();
    const std::size_t dot = file.find('.', prefix.size());
    if (!file.starts_with(prefix) || dot == std::string::npos) continue;
    const std::string bus = file.substr(prefix.size(), dot - prefix.size());
    const bool exists = std::any_of(buses.begin(), buses.end(), [&](const BusFiles& b) { return b.bus == bus; });
    struct stat state {};
    if (exists || ::lstat(entry.path().c_str(), &state) != 0 || !S_ISREG(state.st_mode) || in_use(entry.path()))
      continue;
    const std::uint64_t bytes = static_cast<std::uint64_t>(state.st_blocks) * 512;
    findings.push_back({Finding::Kind::note, bus,
                        fmt::format("the bus is gone, and the {} left its state: {} ({})",
                                    bridge_text(file.substr(dot + 1)), entry.path().string(), byte_count(bytes)),
                        "remove it: it says how far the bridge was with the events of that bus",
                        fmt::format("rm '{}'", entry.path().string())});
  }
  std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) { return a.text < b.text; });
  return findings;
}

}  // namespace shmbus::tool
