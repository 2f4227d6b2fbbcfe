#include "socket_owner.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace shmbus::daemon {
namespace {

namespace fs = std::filesystem;

/// Finds a process by the inodes of its sockets in /proc/PID/fd.
std::optional<SocketOwner> owner_of(const std::set<std::string>& inodes) {
  if (inodes.empty()) return std::nullopt;
  std::error_code none;
  for (fs::directory_iterator process("/proc", none), end; !none && process != end; process.increment(none)) {
    const std::string pid = process->path().filename();
    if (!std::all_of(pid.begin(), pid.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) continue;
    std::error_code refused;
    for (fs::directory_iterator file(process->path() / "fd", refused); !refused && file != end;
         file.increment(refused)) {
      std::error_code gone;
      const std::string target = fs::read_symlink(file->path(), gone);
      static constexpr std::string_view prefix = "socket:[";
      if (gone || !target.starts_with(prefix) || !target.ends_with(']')) continue;
      if (!inodes.contains(target.substr(prefix.size(), target.size() - prefix.size() - 1))) continue;
      SocketOwner owner{.program = {}, .pid = static_cast<pid_t>(std::stol(pid))};
      std::ifstream name(process->path() / "comm");
      std::getline(name, owner.program);
      return owner;
    }
  }
  return std::nullopt;
}

}  // namespace

/// Lines of /proc/net/tcp: "sl local_address rem_address st ...", in hexadecimal; state 0A listens.
std::optional<SocketOwner> tcp_listener(std::uint16_t port) {
  const std::string suffix = fmt::format(":{:04X}", port);
  std::set<std::string> inodes;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
      words >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
      if (state == "0A" && local.ends_with(suffix)) inodes.insert(inode);
    }
  }
  return owner_of(inodes);
}

/// Lines of /proc/net/unix: "Num RefCount Protocol Flags Type St Inode Path"; flag 00010000 listens.
std::optional<SocketOwner> unix_listener(const std::string& path) {
  std::set<std::string> inodes;
  std::ifstream lines("/proc/net/unix");
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, references, protocol, flags, type, state, inode, name;
    words >> number >> references >> protocol >> flags >> type >> state >> inode >> std::ws;
    std::getline(words, name);
    if (flags == "00010000" && name == path) inodes.insert(inode);
  }
  return owner_of(inodes);
}

}  // namespace shmbus::daemon
