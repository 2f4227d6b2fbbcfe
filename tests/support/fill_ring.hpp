#pragma once

#include <cstddef>
#include <cstdint>

#include "support/log_fixture.hpp"

namespace test {

inline constexpr std::size_t kQuarter = 1000;  // bytes: three events of that size fill a block

struct FilledRing {
  shmbus::Status status = shmbus::Status::ok;  ///< why the last publish was refused; ok: it was not
  std::uint64_t last = 0;                      ///< the newest sequence
};

/// Publishes events of kQuarter until one is refused, at most a hundred.
inline FilledRing fill_ring(TestPublisher& p) {
  FilledRing filled;
  for (int i = 0; i < 100 && filled.status == shmbus::Status::ok; ++i) {
    const auto result = p.publish_bytes(kQuarter);
    filled.status = result.status();
    if (result) filled.last = result.sequence();
  }
  return filled;
}

}  // namespace test
