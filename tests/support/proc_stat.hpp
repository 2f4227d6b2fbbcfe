#pragma once

#include <sys/types.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

// What /proc tells of a process or a thread, by its folder there.
namespace test {

/// What stands in `stat` after the name, which may hold anything: the fields from the third on. Empty for none.
inline std::string stat_after_name(const std::filesystem::path& folder) {
  std::ifstream stat{folder / "stat"};
  const std::string text{std::istreambuf_iterator<char>{stat}, {}};
  const std::size_t name_end = text.rfind(')');
  return name_end == std::string::npos ? "" : text.substr(name_end + 1);
}

/// 'S' for one that sleeps, 'T' for a stopped one, 'Z' for a zombie; '-' for none.
inline char state_in(const std::filesystem::path& folder) {
  const std::string fields = stat_after_name(folder);
  return fields.size() < 2 ? '-' : fields[1];
}

inline char state_of(pid_t pid) { return state_in("/proc/" + std::to_string(pid)); }

}  // namespace test
