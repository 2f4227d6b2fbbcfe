// The disk alone: one client writes to a file that has its blocks, and syncs it. All that makes events durable one by one
// needs that long.

#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "descriptor.hpp"
#include "durable_rate.hpp"

namespace {

constexpr off_t kFile = off_t{64} << 20;  // bytes; begins anew when it is full

class Disk final : public peers::DurableClient {
 public:
  explicit Disk(const peers::DurableJob& job)
      : file_(::open((job.at + "/file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)),
        bytes_(job.size * job.outstanding) {
    peers::require(file_ >= 0 && ::posix_fallocate(file_, 0, kFile) == 0 && ::fsync(file_) == 0, "making a file");
  }
  ~Disk() override { ::close(file_); }

  void write() override {
    if (at_ + static_cast<off_t>(bytes_.size()) > kFile) at_ = 0;
    peers::require(::pwrite(file_, bytes_.data(), bytes_.size(), at_) == static_cast<ssize_t>(bytes_.size()),
                   "a write");
    peers::require(::fdatasync(file_) == 0, "a sync");
    at_ += static_cast<off_t>(bytes_.size());
  }

 private:
  int file_;
  std::vector<char> bytes_;
  off_t at_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  return peers::measure_durable({.name = "disk",
                                 .description = "The disk alone: a write and fdatasync",
                                 .client = [](const peers::DurableJob& job) { return std::make_unique<Disk>(job); }},
                                argc, argv);
}
