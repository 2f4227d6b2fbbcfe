#include "process_view.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace shmbus::tool {
namespace {

namespace fs = std::filesystem;

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

/// The number at the begin of a text; nothing if the text begins with something else, such as "unlimited" or "max".
std::optional<std::uint64_t> number(std::string_view text, int base = 10) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end != text.data() ? std::optional(value) : std::nullopt;
}

/// The rest of the first line that begins with a text.
std::string_view after(std::string_view text, std::string_view begin) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.starts_with(begin)) return line.substr(begin.size());
    at = end + 1;
  }
  return {};
}

void keep_lower(std::optional<std::uint64_t>& lowest, std::optional<std::uint64_t> other) {
  if (other && (!lowest || *other < *lowest)) lowest = other;
}

/// The lowest limit from a group up to the root of its hierarchy. A container that sees its own group as the root finds
/// its limit there.
std::optional<std::uint64_t> lowest_limit(const fs::path& root, const std::string& group, const char* file) {
  std::optional<std::uint64_t> lowest;
  constexpr std::uint64_t unlimited = std::uint64_t{1} << 62;  // of version 1: the largest number of pages
  const auto look = [&](const fs::path& folder) {
    const auto limit = number(content(folder / file));
    if (limit && *limit < unlimited) keep_lower(lowest, limit);
  };
  for (fs::path part = fs::path(group).relative_path(); !part.empty(); part = part.parent_path()) look(root / part);
  look(root);
  return lowest;
}

std::optional<std::uint64_t> memory_limit(const std::string& process, const std::string& groups) {
  std::optional<std::uint64_t> lowest;
  std::istringstream lines(content(process + "/cgroup"));  // hierarchy:controllers:group
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), group = line.substr(second + 1);
    if (controllers.empty()) {
      keep_lower(lowest, lowest_limit(groups, group, "memory.max"));
      keep_lower(lowest, lowest_limit(groups + "/unified", group, "memory.max"));
    } else if (("," + controllers + ",").find(",memory,") != std::string::npos) {
      keep_lower(lowest, lowest_limit(groups + "/memory", group, "memory.limit_in_bytes"));
    }
  }
  return lowest;
}

}  // namespace

ProcessView view_process(const std::string& process, const std::string& groups) {
  ProcessView view;
  const std::string limits = content(process + "/limits"), status = content(process + "/status");
  constexpr std::uint64_t kibi = 1024;
  constexpr unsigned ipc_lock = 14;  // CAP_IPC_LOCK
  view.address_space = number(after(limits, "Max address space"));
  view.file_size = number(after(limits, "Max file size"));
  view.descriptors = number(after(limits, "Max open files"));
  if ((number(after(status, "CapEff:"), 16).value_or(0) >> ipc_lock & 1) == 0)
    view.locked_memory = number(after(limits, "Max locked memory"));
  view.memory = memory_limit(process, groups);
  view.address_space_used = number(after(status, "VmSize:")).value_or(0) * kibi;
  view.locked = number(after(status, "VmLck:")).value_or(0) * kibi;
  std::error_code none;
  for (fs::directory_iterator at(process + "/fd", none), end; !none && at != end; at.increment(none))
    ++view.descriptors_used;
  return view;
}

}  // namespace shmbus::tool
