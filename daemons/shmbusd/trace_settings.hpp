#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace shmbus::daemon {

/// What the table [trace] of the configuration says; shmbusd(8) describes each key.
struct TraceSettings {
  std::string endpoint{};  ///< http://HOST[:PORT][/PATH]; empty: no export
  // One reason is enough:
  std::chrono::nanoseconds slower_than = std::chrono::milliseconds{50};  ///< 0: never for this reason
  bool failed = true;
  bool sampled = true;
  double sample = 0.01;
  std::chrono::nanoseconds settle = std::chrono::seconds{2};
  std::chrono::nanoseconds interval = std::chrono::milliseconds{500};
  std::chrono::nanoseconds timeout = std::chrono::seconds{5};
  std::size_t events = 100'000;               ///< held at one time for each bus; as many calls
  std::size_t queue = std::size_t{16} << 20;  ///< bytes; MiB in the file

  friend bool operator==(const TraceSettings&, const TraceSettings&) = default;
};

}  // namespace shmbus::daemon
