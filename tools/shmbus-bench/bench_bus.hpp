#pragma once

#include <cstdint>
#include <string>

namespace shmbus::bench {

/// A bus of this run's own, `bench-<pid>`, removed with the object. It is not opened here: that is for the processes
/// forked later.
class BenchBus {
 public:
  BenchBus();
  BenchBus(const BenchBus&) = delete;
  BenchBus& operator=(const BenchBus&) = delete;
  ~BenchBus();

  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
};

/// Throws Failure if /dev/shm does not have room for this many more bytes.
void need_shm(std::uint64_t bytes);

}  // namespace shmbus::bench
