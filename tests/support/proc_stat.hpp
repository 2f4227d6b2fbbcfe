#pragma once

#include <sys/types.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

// What /proc shows of a process or thread, given its folder there.
namespace test {

/// The text of `stat` after the name, which may hold any characters: the fields from the third on. Empty if there is none.
inline std::string stat_after_name(const std::filesystem::path& folder) {
  std::ifstream stat{folder / "stat"};
  const std::string text{std::istreambuf_iterator<char>{stat}, {}};
  const std::size_t name_end = text.rfind(')');
  return name_end == std::string::npos ? "" : text.substr(name_end + 1);
}

/// Its state: 'S' asleep, 'T' stopped, 'Z' a zombie; '-' if there is no such process.
inline char state_in(const std::filesystem::path& folder) {
  const std::string fields = stat_after_name(folder);
  return fields.size() < 2 ? '-' : fields[1];
}

inline char state_of(pid_t pid) { return state_in("/proc/" + std::to_string(pid)); }

}  // namespace test
