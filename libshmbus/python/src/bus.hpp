#pragma once

#include <memory>
#include <string>
#include <vector>

#include "python.hpp"
#include "shmbus/bus.hpp"

namespace shmbus::python {

/// A membership of a bus. What it made goes on when it is closed.
class BusObject {
 public:
  BusObject(const std::string& name, bool create, unsigned mode, std::string group, std::vector<uid_t> owners,
            double stall_limit, bool causes, std::string journals, const std::string& record, std::uint64_t low_space);
  ~BusObject() { close(); }

  const std::shared_ptr<Bus>& get() const {
    if (bus_ == nullptr) fail_closed("bus '" + name_ + "'");
    return bus_;
  }
  void close() {
    std::shared_ptr<Bus> bus = std::move(bus_);
    const py::gil_scoped_release without;
    bus.reset();
  }
  bool closed() const noexcept { return bus_ == nullptr; }
  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
  std::shared_ptr<Bus> bus_;
};

/// Calls `work(Bus&)` without the GIL, on a bus that is not closed meanwhile.
template <class Work>
auto without_gil(const BusObject& object, Work&& work) {
  const std::shared_ptr<Bus> bus = object.get();
  const py::gil_scoped_release without;
  return work(*bus);
}

}  // namespace shmbus::python
