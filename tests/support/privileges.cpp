#include "support/privileges.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace test {

namespace {

enum Word : std::uint64_t { refused = 0x7e57, granted };

bool write_file(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  const bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  return written;
}

/// Maps every user to the same number, so that files in /dev/shm keep their owners.
bool map_to_itself(uid_t user, gid_t group) {
  const std::string u = std::to_string(user), g = std::to_string(group);
  return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", u + " " + u + " 1") &&
         write_file("/proc/self/gid_map", g + " " + g + " 1");
}

bool enter(int flags) {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(flags) == 0) return true;
  return errno == EPERM && ::unshare(flags | CLONE_NEWUSER) == 0 && map_to_itself(user, group);
}

}  // namespace

void skip(const std::string& need) {
  const char* forbidden = std::getenv("SHMBUS_NO_SKIP");
  if (forbidden != nullptr && std::strcmp(forbidden, "1") == 0) FAIL("must not be skipped here, but needs " << need);
  WARN("skipped: needs " << need);
}

bool have_root() {
  if (::geteuid() == 0) return true;
  skip("root");
  return false;
}

void become(const User& user) {
  require(::setgroups(user.groups.size(), user.groups.data()) == 0 &&
              ::setresgid(user.group, user.group, user.group) == 0 && ::setresuid(user.id, user.id, user.id) == 0,
          "can't become user " + std::to_string(user.id));
}

void run_as(const User& user, const std::function<void()>& body) {
  ForkedProcess process{[&](const Parent&) {
    become(user);
    body();
  }};
  CHECK(process.wait() == End{});
}

std::optional<ForkedProcess> in_namespaces(int flags, std::function<void(const Parent&)> body) {
  std::optional<ForkedProcess> process;
  process.emplace([&](const Parent& parent) {
    const bool entered = enter(flags);
    parent.say(entered ? granted : refused);
    if (!entered) return;
    if ((flags & CLONE_NEWPID) == 0) return body(parent);
    ForkedProcess first{[&](const Parent&) { body(parent); }};
    require(first.wait() == End{}, "the first process of the namespace failed");
  });
  if (process->hear() == granted) return process;
  process.reset();
  skip("the right to make namespaces");
  return process;
}

void with_memory_of(std::size_t bytes, const std::function<void()>& body) {
  const std::string size = "size=" + std::to_string(bytes);
  auto process = in_namespaces(CLONE_NEWNS, [&](const Parent&) {
    require(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                ::mount("tmpfs", "/dev/shm", "tmpfs", 0, size.c_str()) == 0,
            "can't mount a /dev/shm");
    body();
  });
  if (process) CHECK(process->wait() == End{});
}

}  // namespace test
