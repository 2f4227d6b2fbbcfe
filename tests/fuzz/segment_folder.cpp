#include "fuzz/segment_folder.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "platform/segment_file.hpp"

namespace fuzz {

namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

const std::string& prefix = *new std::string("shmbus.fuzz-");  // outlives the exit handler

void remove_bus(const std::string& process) {
  const std::string folder = std::string(shmbus::platform::SegmentFile::kFolder) + "/";
  for (const std::string& name : shmbus::platform::SegmentFile::list(prefix + process + "."))
    ::unlink((folder + name).c_str());
}

/// Removes files of earlier runs that ended with a finding.
void remove_buses_of_the_dead() {
  for (const std::string& name : shmbus::platform::SegmentFile::list(prefix)) {
    const std::string process = name.substr(prefix.size(), name.find('.', prefix.size()) - prefix.size());
    const auto pid = static_cast<pid_t>(std::strtol(process.c_str(), nullptr, 10));
    if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) remove_bus(process);
  }
}

}  // namespace

const std::string& bus_name() {
  static const std::string& name = []() -> const std::string& {
    const auto& made = *new std::string("fuzz-" + std::to_string(::getpid()));  // outlives the exit handler
    remove_buses_of_the_dead();
    std::atexit([] { remove_bus(std::to_string(::getpid())); });
    return made;
  }();
  return name;
}

SegmentCopy::SegmentCopy(std::string path, std::vector<Range> ranges)
    : path_(std::move(path)), ranges_(std::move(ranges)), descriptor_(::open(path_.c_str(), O_RDWR | O_CLOEXEC)) {
  struct stat s {};
  require(descriptor_ >= 0 && ::fstat(descriptor_, &s) == 0, "no segment to damage");
  size_ = static_cast<std::uint64_t>(s.st_size);
  mode_ = s.st_mode & 0777;
  for (const Range& r : ranges_) {
    auto& bytes = contents_.emplace_back(r.size);
    require(::pread(descriptor_, bytes.data(), r.size, static_cast<off_t>(r.offset)) == static_cast<ssize_t>(r.size),
            "can't read a segment");
  }
  ::close(descriptor_);
  create();
}

SegmentCopy::~SegmentCopy() {
  ::munmap(memory_, size_);
  ::close(descriptor_);
}

void SegmentCopy::create() {
  if (memory_ != nullptr) {
    ::munmap(memory_, size_);
    ::close(descriptor_);
    ::unlink(path_.c_str());
  } else {
    ::unlink(path_.c_str());
  }
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  require(
      descriptor_ >= 0 && ::fchmod(descriptor_, mode_) == 0 && ::ftruncate(descriptor_, static_cast<off_t>(size_)) == 0,
      "can't create a segment");
  void* at = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  require(at != MAP_FAILED, "can't map a segment");
  memory_ = static_cast<std::byte*>(at);
}

std::span<std::byte> SegmentCopy::range(std::size_t i) const noexcept {
  return {memory_ + ranges_[i].offset, ranges_[i].size};
}

void SegmentCopy::restore() {
  struct stat named {
  }, mine{};
  if (::stat(path_.c_str(), &named) != 0 || ::fstat(descriptor_, &mine) != 0 || named.st_ino != mine.st_ino) create();
  if (std::exchange(cut_, false) || static_cast<std::uint64_t>(mine.st_size) != size_)
    require(::ftruncate(descriptor_, static_cast<off_t>(size_)) == 0, "can't restore a segment");
  for (std::size_t i = 0; i < ranges_.size(); ++i)
    std::memcpy(memory_ + ranges_[i].offset, contents_[i].data(), contents_[i].size());
}

void SegmentCopy::cut(std::uint64_t size) {
  require(::ftruncate(descriptor_, static_cast<off_t>(size)) == 0, "can't cut a segment");
  cut_ = true;
}

void SegmentCopy::unlink() { ::unlink(path_.c_str()); }

void damage(std::span<std::byte> bytes, std::span<const std::uint16_t> fields, Input& input) noexcept {
  const std::uint8_t which = input.take();
  std::size_t at =
      (which & 1) == 0 && !fields.empty() ? fields[which / 2 % fields.size()] : input.take<std::uint16_t>();
  at = at % (bytes.size() - 8) & ~std::size_t{3};
  std::uint64_t word;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  const std::uint8_t kind = input.take();
  switch (kind % 8) {
    case 0:
      word = input.take<std::uint64_t>();
      break;
    case 1:
      word = (word & ~std::uint64_t{0xffff'ffff}) | input.take<std::uint32_t>();
      break;
    case 2:
      word = input.take();
      break;
    case 3:
      word = ~std::uint64_t{0} - input.take();
      break;
    case 4:
      word += input.take();
      break;
    case 5:
      word -= input.take();
      break;
    case 6:
      word ^= std::uint64_t{1} << (input.take() & 63);
      break;
    default:
      word = std::uint64_t{1} << (input.take() & 63);
  }
  std::memcpy(bytes.data() + at, &word, sizeof word);
}

void overwrite(std::span<std::byte> bytes, Input& input) noexcept {
  const auto rest = input.rest();
  if (rest.empty()) return;
  for (std::size_t i = 0; i < bytes.size(); i += rest.size())
    std::memcpy(bytes.data() + i, rest.data(), std::min(rest.size(), bytes.size() - i));
}

}  // namespace fuzz
