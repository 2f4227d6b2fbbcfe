#pragma once

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "shmbus/error.hpp"
#include "support/forked_process.hpp"

namespace test {

inline std::uint64_t room_of_memory() {
  struct statvfs s {};
  return ::statvfs("/dev/shm", &s) == 0 ? std::uint64_t{s.f_bavail} * s.f_bsize : 0;
}

/// Fills the test's own /dev/shm except for some bytes, and frees that room when it is destroyed.
class Ballast {
 public:
  explicit Ballast(std::uint64_t leave = 0) {
    const int fd = ::open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    const std::uint64_t room = room_of_memory();
    require(fd >= 0 && room >= leave, "no ballast");
    require(room == leave || ::posix_fallocate(fd, 0, static_cast<off_t>(room - leave)) == 0, "no ballast");
    ::close(fd);
  }
  ~Ballast() { ::unlink(path); }
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;

 private:
  static constexpr const char* path = "/dev/shm/ballast";
};

/// Requires that `use` fails for want of memory, with a text that says how many bytes are needed and that `least` to `most`
/// bytes are left.
template <class Use>
void require_no_memory(Use use, std::uint64_t least = 0, std::uint64_t most = 0) {
  try {
    use();
  } catch (const shmbus::Error& error) {
    require(error.code() == shmbus::ErrorCode::no_memory, error.what());
    require(!error.object().empty() && !error.remedy().empty(), error.what());
    require(std::strtoull(error.expected().c_str(), nullptr, 10) > most, error.what());
    char* after = nullptr;
    const std::uint64_t left = std::strtoull(error.found().c_str(), &after, 10);
    require(left >= least && left <= most, error.what());
    require(error.expected().find(" bytes of /dev/shm") != std::string::npos, error.what());
    require(std::string(after).starts_with(" bytes"), error.what());
    return;
  }
  require(false, "went on with a full /dev/shm");
}

}  // namespace test
