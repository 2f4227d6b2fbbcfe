#pragma once

#include <span>

#include "python.hpp"

namespace shmbus::python {

/// The bytes that a value of Python is published as: bytes and other buffers as they are, str as UTF-8, dict and list as JSON.
class Payload {
 public:
  /// *Throws* TypeError for anything else.
  explicit Payload(py::handle value) {
    if (PyBytes_Check(value.ptr())) [[likely]] {
      set(PyBytes_AS_STRING(value.ptr()), PyBytes_GET_SIZE(value.ptr()));
      return;
    }
    take(value);
  }
  Payload(const Payload&) = delete;
  Payload& operator=(const Payload&) = delete;
  ~Payload() {
    if (view_.obj != nullptr) PyBuffer_Release(&view_);
  }
  std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  void set(const void* data, py::ssize_t size) noexcept {
    bytes_ = {static_cast<const std::byte*>(data), static_cast<std::size_t>(size)};
  }
  void take(py::handle value);

  std::span<const std::byte> bytes_;
  py::object json_;
  Py_buffer view_{};
};

}  // namespace shmbus::python
