#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace test {

/// The files of a bus, for tests that damage or inspect them. Removes all of them at the end, in whatever state they are.
class Segments {
 public:
  explicit Segments(std::string bus) : prefix_("shmbus." + std::move(bus) + ".") {}
  Segments(const Segments&) = delete;
  Segments& operator=(const Segments&) = delete;
  ~Segments() {
    for (const std::string& path : all()) std::filesystem::remove(path);
  }

  std::string registry() const { return folder + prefix_ + "registry"; }
  std::string control(const std::string& topic) const { return folder + prefix_ + topic + ".ctl"; }
  std::string log(const std::string& topic) const {
    for (const std::string& path : all()) {
      if (path.starts_with(folder + prefix_ + topic + ".log.")) return path;
    }
    throw std::runtime_error("no log of topic " + topic);
  }
  std::vector<std::string> all() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
      if (entry.path().filename().string().starts_with(prefix_)) paths.push_back(entry.path());
    }
    return paths;
  }

 private:
  inline static const std::string folder = "/dev/shm/";
  std::string prefix_;
};

template <class T>
void overwrite(const std::string& path, std::uint64_t offset, const T& value) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  const bool written = fd >= 0 && ::pwrite(fd, &value, sizeof value, static_cast<off_t>(offset)) == sizeof value;
  if (fd >= 0) ::close(fd);
  if (!written) throw std::runtime_error("can't overwrite " + path);
}

template <class T>
T read_at(const std::string& path, std::uint64_t offset) {
  T value{};
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool read = fd >= 0 && ::pread(fd, &value, sizeof value, static_cast<off_t>(offset)) == sizeof value;
  if (fd >= 0) ::close(fd);
  if (!read) throw std::runtime_error("can't read " + path);
  return value;
}

}  // namespace test
