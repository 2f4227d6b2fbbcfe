#include "registry/bus_name_lock.hpp"

#include <chrono>
#include <thread>
#include <utility>

#include "platform/fork_guard.hpp"
#include "shmbus/error.hpp"

namespace shmbus::registry {

using platform::Access;
using platform::LockedByte;
using platform::SegmentFile;

std::optional<LockedByte> lock_bus_name(const SegmentFile& file, const base::BusName& bus, platform::Lock lock) {
  using namespace std::chrono_literals;
  const std::string object = bus.object(), name = bus.registry_file();
  for (auto waited = 0ms;; waited += 1ms) {
    {
      const platform::NoFork no_fork;
      auto own = SegmentFile::open(name, Access::read_write, object);
      if (!own || !own->is_same(file)) return std::nullopt;
      auto held = LockedByte::take(std::move(*own), layout::kRemovalLock, object, lock);
      if (held && !file.is_named(name)) held.reset();
      if (held || !file.is_named(name)) return held;
    }
    if (waited >= 5s) {
      throw Error(ErrorCode::busy,
                  {object, "to be removed by one process", "another process has been removing it for seconds",
                   "check whether that process is stopped; try again"});
    }
    std::this_thread::sleep_for(1ms);
  }
}

}  // namespace shmbus::registry
