#include "demo/workspace.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <thread>

#include <fmt/format.h>

#include <shmbus/bus.hpp>
#include <shmbus/error.hpp>
#include <shmbus/inspector.hpp>

#include "demo/failure.hpp"

namespace demo {
namespace {

constexpr std::string_view folder_prefix = "shmbus-";
constexpr std::string_view name_prefix = "demo-";

// Takes the lock on a folder; returns -1 if another process has it, or if there is no such folder. The kernel drops the lock
// when its owner dies.
int lock_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

void remove_buses(const std::string& name) {
  for (const std::string& bus : shmbus::Inspector::buses()) {
    if (bus.starts_with(name + "-")) shmbus::Bus::remove(bus, shmbus::Journals::erase);
  }
  remove_bridge_states(name + "-");
}

// The processes of a demonstration that was killed are killed with it, but may still be ending: until then one may hold
// the folder's lock, which it inherited, or write a file into the folder.
constexpr auto patience = std::chrono::seconds{2};
constexpr auto pause = std::chrono::milliseconds{20};

int lock_leftover(const std::filesystem::path& folder) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const int lock = lock_folder(folder);
    if (lock >= 0 || std::chrono::steady_clock::now() >= deadline) return lock;
    std::this_thread::sleep_for(pause);
  }
}

void remove_leftover(const std::filesystem::path& folder, const std::string& name) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    try {
      remove_buses(name);
      std::filesystem::remove_all(folder);
      return;
    } catch (const std::exception&) {
      if (std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

void remove_bridge_states(const std::string& buses) {
  std::error_code unreadable;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", unreadable)) {
    if (entry.path().filename().string().starts_with("shmbus-nats." + buses)) std::filesystem::remove(entry.path());
  }
}

Workspace::Workspace() {
  // Before the new folder is locked, another demonstration may take it for a leftover, and remove it.
  while (lock_ < 0 || !std::filesystem::exists(folder_)) {
    std::string path = std::filesystem::temp_directory_path() / fmt::format("{}{}XXXXXX", folder_prefix, name_prefix);
    if (::mkdtemp(path.data()) == nullptr) {
      throw Failure(fmt::format("folder '{}': expected to make it, found: {}; set TMPDIR to a folder you may write",
                                path, std::strerror(errno)));
    }
    folder_ = path;
    if (lock_ >= 0) ::close(lock_);
    lock_ = lock_folder(folder_);
  }
  name_ = folder_.filename().string().substr(folder_prefix.size());
  ::setenv("SHMBUS_JOURNALS", (folder_ / "journals").c_str(), 1);  // they go with the folder
}

Workspace::~Workspace() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
  ::close(lock_);
}

void remove_leftovers() {
  std::error_code unreadable;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path(), unreadable)) {
    const std::string folder = entry.path().filename();
    if (!folder.starts_with(fmt::format("{}{}", folder_prefix, name_prefix))) continue;
    const int lock = lock_leftover(entry.path());
    if (lock < 0) continue;  // another user's, or its demonstration runs
    try {
      remove_leftover(entry.path(), folder.substr(folder_prefix.size()));
    } catch (const std::exception& error) {
      fmt::print(stderr, "shmbus-demo: an earlier demonstration left {}, which can't be removed: {}\n",
                 entry.path().string(), error.what());
    }
    ::close(lock);
  }
}

std::vector<std::string> shared_memory_named(const std::string& name) {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", ignored)) {
    if (entry.path().filename().string().find(name) != std::string::npos) found.push_back(entry.path().filename());
  }
  return found;
}

}  // namespace demo
