#include "common/state_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "common/reaction.hpp"
#include "common/state_archive.hpp"

namespace streaming {
namespace {

constexpr std::uint64_t magic = 0x3130'6574'6174'7373u;  // "sstate01"

// Eight bytes at a time, since a state may have a megabyte and is saved several times a second.
std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t sum = bytes.size();
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), size);
    sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
    sum ^= sum >> 32;
    bytes.remove_prefix(size);
  }
  return sum;
}

class File {
 public:
  File(const std::filesystem::path& path, int flags) : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (fd_ < 0) fail("open");
  }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("write");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void sync() {
    if (::fsync(fd_) != 0 && errno != EINVAL) fail("sync");  // EINVAL: this file system cannot
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw std::runtime_error(fmt::format(
        "state file '{}': expected to {} it, found: {}; give --state a path in a folder with room that you may write",
        path_.string(), what, std::strerror(errno)));
  }

  std::filesystem::path path_;
  int fd_;
};

}  // namespace

StateFile::StateFile(std::filesystem::path path, std::string service)
    : path_(std::move(path)), service_(std::move(service)) {}

bool StateFile::load(StreamPosition& position, Reaction& reaction) const {
  std::ifstream file(path_, std::ios::binary);
  if (!file && errno == ENOENT) return false;
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto refuse = [&](std::string_view found) {
    return std::runtime_error(
        fmt::format("state file '{}': expected a state of {}, found {}; give another path, or remove it to begin with "
                    "the oldest event",
                    path_.string(), service_, found));
  };
  if (!file) throw refuse(std::strerror(errno));
  try {
    StateReader head(bytes);
    if (head.value<std::uint64_t>() != magic) throw refuse("a file of another kind");
    const auto sum = head.value<std::uint64_t>();
    if (sum != checksum(std::string_view(bytes).substr(2 * sizeof sum))) throw refuse("a damaged one");
    if (const std::string service = head.text(); service != service_) throw refuse(fmt::format("one of {}", service));
    position = head.value<StreamPosition>();
    reaction.load(head);
    if (!head.at_end()) throw StateDamaged("more bytes than expected");
  } catch (const StateDamaged& damaged) {
    throw refuse(damaged.what());
  }
  return true;
}

void StateFile::save(const StreamPosition& position, const Reaction& reaction) const {
  StateWriter body;
  body.text(service_);
  body.value(position);
  reaction.save(body);
  StateWriter head;
  head.value(magic);
  head.value(checksum(body.bytes()));

  std::filesystem::path next = path_;
  next += ".next";
  {
    File file(next, O_WRONLY | O_CREAT | O_TRUNC);
    file.write(head.bytes());
    file.write(body.bytes());
    file.sync();  // before the rename: otherwise a power cut may leave an empty file under the name
  }
  std::filesystem::rename(next, path_);
  File(path_.has_parent_path() ? path_.parent_path() : std::filesystem::path("."), O_RDONLY | O_DIRECTORY).sync();
}

}  // namespace streaming
