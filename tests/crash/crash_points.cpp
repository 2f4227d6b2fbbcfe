#include "crash/crash_points.hpp"

#include <sys/mman.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <stdexcept>

namespace crash {

using shmbus::platform::crash_point_id;
using shmbus::platform::kCrashPointIds;

const std::vector<std::string>& all_points() {
  static const std::vector<std::string> points = [] {
    std::set<std::string> names;
    const std::regex use(R"re(SHMBUS_CRASH_POINT\("([^"]+)"\))re");
    for (const auto& entry : std::filesystem::recursive_directory_iterator(SHMBUS_SOURCES)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp") continue;
      std::ifstream file(entry.path());
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      for (std::sregex_iterator i(text.begin(), text.end(), use), end; i != end; ++i) names.insert((*i)[1]);
    }
    return std::vector<std::string>(names.begin(), names.end());
  }();
  return points;
}

Reached::Reached() {
  void* at = ::mmap(nullptr, kCrashPointIds, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::runtime_error("no shared memory");
  flags_ = static_cast<std::atomic<std::uint8_t>*>(at);
}

Reached::~Reached() { ::munmap(flags_, kCrashPointIds); }

std::vector<std::string> Reached::points() const {
  std::vector<std::string> reached;
  for (const std::string& point : all_points()) {
    if (has(point)) reached.push_back(point);
  }
  return reached;
}

}  // namespace crash
