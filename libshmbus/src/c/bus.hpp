#pragma once

#include <memory>

#include "c/call.hpp"
#include "shmbus/bus.hpp"

namespace shmbus::c {

/// What a handle of a bus names. Shared, so that one thread may close it while another one waits in it.
struct BusObject {
  static constexpr Kind kKind = Kind::bus;
  std::shared_ptr<Bus> shared;
};

/// Calls `work(Bus&)`.
template <class Work>
shmbus_status with_bus(shmbus_bus handle, Work&& work) {
  return guarded([&] {
    const std::shared_ptr<Bus> bus = share<BusObject>(handle.number);
    return bus == nullptr ? invalid_handle("bus") : static_cast<shmbus_status>(work(*bus));
  });
}

}  // namespace shmbus::c
