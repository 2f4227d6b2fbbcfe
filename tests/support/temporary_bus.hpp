#pragma once

#include <unistd.h>

#include <atomic>
#include <string>

#include "shmbus/bus.hpp"
#include "shmbus/error.hpp"

namespace test {

/// A bus name that no other run has. At its end it removes everything that was created under the name. Make it before the
/// objects that use the bus.
class TemporaryBus {
 public:
  TemporaryBus() {
    static std::atomic<unsigned> count{0};
    name_ = "test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  }
  TemporaryBus(const TemporaryBus&) = delete;
  TemporaryBus& operator=(const TemporaryBus&) = delete;
  ~TemporaryBus() {
    try {
      shmbus::Bus::remove(name_);
    } catch (const shmbus::Error&) {  // there is nothing that this test may remove
    }
  }

  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
};

}  // namespace test
